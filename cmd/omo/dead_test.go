package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// command runs one command line and gives what it prints and its exit code.
func command(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	root := newRoot()
	var buffer bytes.Buffer
	root.SetOut(&buffer)
	root.SetErr(&buffer)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	if e, is := err.(exit); is {
		if e.err != nil {
			buffer.WriteString("omo: " + err.Error())
		}
		return buffer.String(), e.code
	}
	if err != nil {
		return buffer.String() + err.Error(), misuse
	}
	return buffer.String(), 0
}

// A shop puts a constraint on the table that some of its events break. They are
// listed with the reason, wait, and go in once the constraint is gone.
func TestDeadEventsAreListedAndReplayed(t *testing.T) {
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello)})
	t.Setenv("OMO_SECRET_KEY", a.keys.secret)
	server := "--server=" + c.server
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	sql := func(text string) {
		t.Helper()
		if err := clickhouse.Query(context.Background(), a.child.DSN(), text, io.Discard, "tsv"); err != nil {
			t.Fatal(err)
		}
	}
	sql("ALTER TABLE event_log ADD CONSTRAINT no_big_orders CHECK value IS NULL OR value < 1000")
	if out, code := command(t, "dead", "list", server, "--json=false"); out != "no event is dead\n" || code != 0 {
		t.Errorf("%d: %s", code, out)
	}
	var taken struct{ Accepted int }
	if err := c.call(t.Context(), "/v1/events", []byte(`{"visitor":{"id":"v1"},"events":[{"name":"purchase","properties":{"value":5}},
		{"name":"purchase","properties":{"value":5000}},{"name":"login"},{"name":"refund","properties":{"value":7000}}]}`), &taken); err != nil || taken.Accepted != 4 {
		t.Fatalf("events: %+v, %v", taken, err)
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, code := command(t, "dead", "list", server)
	var list deadList
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list.Dead) != 2 || list.Events != 2 {
		t.Fatalf("%d, %v: %s", code, err, out)
	}
	first, second := list.Dead[0], list.Dead[1]
	if first.Name != "purchase" || second.Name != "refund" || first.Visitor != "v1" || !strings.Contains(first.Reason, "no_big_orders") || !bytes.Contains(first.Raw, []byte(`"value": 5000`)) {
		t.Errorf("listed: %s", out)
	}
	if out, code := command(t, "dead", "list", server, "--json=false", "--limit=1"); code != 0 || !strings.Contains(out, first.Place) || strings.Contains(out, "refund") || !strings.Contains(out, "1 of 2 dead events, ") {
		t.Errorf("%d: %s", code, out)
	}
	if text := readyText(t, c); !strings.Contains(text, `"dead letter","ok":true,"detail":"2 events, `) || !strings.Contains(text, `{"part":"balance","ok":true`) {
		t.Errorf("readiness: %s", text)
	}

	if out, code := command(t, "dead", "replay", server, "--all", "--json=false"); code != findings || !strings.HasPrefix(out, "0 events loaded, 2 still dead, 0 not in the dead letter\n  "+first.Place+": ") {
		t.Errorf("%d: %s", code, out)
	}
	sql("ALTER TABLE event_log DROP CONSTRAINT no_big_orders")
	if out, code := command(t, "dead", "replay", server, "--json=false", first.Place, "999999/0"); code != findings || out != "1 event loaded, 0 still dead, 1 not in the dead letter\n  999999/0 is not in the dead letter\n" {
		t.Errorf("%d: %s", code, out)
	}
	for _, want := range []string{`{
  "loaded": 1,
  "still": [],
  "unknown": []
}
`, `{
  "loaded": 0,
  "still": [],
  "unknown": []
}
`} {
		if out, code := command(t, "dead", "replay", server, "--all"); code != 0 || out != want {
			t.Errorf("%d: %s, want %s", code, out, want)
		}
	}
	records, err := a.warehouse.Visitor(t.Context(), "v1", 10)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range records {
		names = append(names, r.Event.Name)
	}
	if !slices.Equal(names, []string{"purchase", "purchase", "login", "refund"}) {
		t.Errorf("in ClickHouse: %v", names)
	}
	if err := a.settle(t.Context()); err != nil { // the audit of each replay is on its way
		t.Fatal(err)
	}
	if b, err := a.loader.Balance(); err != nil || b.Err() != nil || b.Dead != 0 || b.InLedger != 0 {
		t.Errorf("balance: %s, %v", b, err)
	}

	// What is dead is kept all the same, so that an export has it.
	sql("ALTER TABLE event_log ADD CONSTRAINT no_big_orders CHECK value IS NULL OR value < 10000")
	if err := c.call(t.Context(), "/v1/events", []byte(`{"visitor":{"id":"v9","user_id":"u9"},"events":[{"name":"purchase","properties":{"value":50000}}]}`), &taken); err != nil {
		t.Fatal(err)
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"v9"}, {"--user", "u9"}} {
		if out, code := command(t, append([]string{"export", server}, args...)...); code != 0 || strings.Count(out, `"value":50000`) != 1 || !strings.Contains(out, `"events":1}`) {
			t.Errorf("%v: %d: %s", args, code, out)
		}
	}
	if got, err := (keeper{a}).VisitorsOf(t.Context(), "u9"); err != nil || !slices.Equal(got, []string{"v9"}) {
		t.Errorf("the visitors of a person whose events are all dead: %v, %v", got, err)
	}
}

func TestDeadIsMisusedClearly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"dead", "replay"}, "omo dead replay needs --all or the places of events (1842/0), as omo dead list shows them"},
		{[]string{"dead", "replay", "--all", "1/0"}, "omo dead replay needs --all or the places of events (1842/0), as omo dead list shows them"},
		{[]string{"dead", "replay", "first"}, `"first" is no place of an event: write seq/idx as omo dead list shows it, 1842/0 say`},
		{[]string{"dead", "list", "--limit=0"}, "--limit 0: ask for one event or more"},
	} {
		if out, code := command(t, c.args...); code != misuse || out != c.want {
			t.Errorf("%v: %d %s, want %s", c.args, code, out, c.want)
		}
	}
}
