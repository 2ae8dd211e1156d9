package main

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const greets = `tests:
  - name: everybody is greeted
    now: 2026-12-05T12:00
    page: {url: /}
    expect: {hello: hi}
`

// begun starts the product on a data folder that outlives it.
func begun(t *testing.T, rules, data string) (*app, error) {
	t.Helper()
	return start(t.Context(), config{
		Rules: rules, Data: data, Addr: "127.0.0.1:0", ClickHouse: "clickhouse://127.0.0.1:1/away",
		Log: slog.New(slog.DiscardHandler), Progress: func(string, int64, int64) {},
	})
}

// A folder that never was good is refused with all that is wrong with it; one
// that is broken since the last run is left for the last good set, loudly.
func TestLastGoodRulesServeAfterARestart(t *testing.T) {
	t.Parallel()
	good := strings.Replace(hello, "TITLE", "一", 1)
	dir, data := rulesFolder(t, "campaigns/hello.yaml", "id: hello\nstatus: lvie\n", "campaigns/b.yaml", "id: Not An ID\n"), t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(want ...string) {
		t.Helper()
		a, err := begun(t, dir, data)
		if err == nil {
			t.Fatal(errors.Join(errors.New("a broken folder serves"), a.stop()))
		}
		for _, text := range want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("the refusal does not say %q:\n%v", text, err)
			}
		}
	}
	refused("campaigns/hello.yaml:2:9", "campaigns/b.yaml:1:5")
	if err := os.Remove(filepath.Join(dir, "campaigns/b.yaml")); err != nil {
		t.Fatal(err)
	}
	write("campaigns/hello.yaml", good)
	write("tests/hello.test.yaml", strings.Replace(greets, "hi}", "none}", 1))
	refused("tests/hello.test.yaml:5:14: everybody is greeted\n    hello: expected none, got hi")

	write("tests/hello.test.yaml", greets)
	secret := "" // told once, when it is minted
	serves := func(broken string) {
		t.Helper()
		a, err := begun(t, dir, data)
		if err != nil {
			t.Fatal(err)
		}
		secret = cmp.Or(a.keys.secret, secret)
		c := &client{server: "http://" + a.addr, key: secret, http: http.DefaultClient, log: io.Discard}
		if got := decide(t, c, "v1"); len(got) != 1 || got[0] != "一" {
			t.Errorf("decided %v", got)
		}
		text := readyText(t, c)
		if !strings.Contains(text, `"ready":true`) || broken != "" && (!strings.Contains(text, "the last good rule set ") || !strings.Contains(text, broken)) {
			t.Errorf("readiness says %s", text)
		}
		if last := metric(t, c, "omo_rules_last_good"); (last == "1") != (broken != "") {
			t.Errorf("omo_rules_last_good is %q", last)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
	}
	serves("")
	write("campaigns/hello.yaml", "id: hello\nstatus: lvie\n")
	serves("campaigns/hello.yaml:2:9")
	write("campaigns/hello.yaml", strings.Replace(hello, "id: hi", "id: ho", 1))
	serves("tests/hello.test.yaml:5")

	// What was kept is not believed when it is another than it was.
	kept, err := filepath.Glob(filepath.Join(data, "last-good-rules", "*", "campaigns", "hello.yaml"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept are %v, %v", kept, err)
	}
	if err := os.WriteFile(kept[0], []byte(hello), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("tests/hello.test.yaml:5", "was changed")
}

// metric is the value of a metric without labels.
func metric(t *testing.T, c *client, name string) string {
	t.Helper()
	_, value, _ := strings.Cut(got(t, c, "/metrics"), "\n"+name+" ")
	value, _, _ = strings.Cut(value, "\n")
	return value
}
