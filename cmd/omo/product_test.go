package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/examples/shop/crowd"
)

// product starts the whole product, the real assembly, on a free port and an empty
// data folder, and stops it with the test.
func product(t testing.TB, c config) (*app, *client) {
	t.Helper()
	return productOn(t, t.TempDir(), c)
}

// productOn is product on a data folder that may have been used before.
func productOn(t testing.TB, data string, c config) (*app, *client) {
	t.Helper()
	c.Data, c.Addr, c.Log = data, "127.0.0.1:0", slog.New(slog.DiscardHandler)
	c.Patience = cmp.Or(c.Patience, time.Minute) // many tests share the machine
	c.Progress = func(string, int64, int64) {}
	a, err := start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return a, &client{server: "http://" + a.addr, key: a.keys.secret, http: http.DefaultClient, log: io.Discard}
}

// rulesFolder writes a rules folder: name and text in turn.
func rulesFolder(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const hello = `id: hello
status: live
slot: bar
variants:
  - {id: hi, weight: 1, action: {type: banner, title: TITLE}}
`

// decide asks for one page view and gives the decisions' titles.
func decide(t *testing.T, c *client, visitor string) []string {
	t.Helper()
	var answer struct {
		Decisions []struct {
			Action struct {
				Title string `json:"title"`
			} `json:"action"`
		} `json:"decisions"`
	}
	body := `{"visitor":{"id":"` + visitor + `"},"consent":"granted","page":{"url":"https://shop.example/"}}`
	if err := c.call(t.Context(), "/v1/decide", []byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, d := range answer.Decisions {
		titles = append(titles, d.Action.Title)
	}
	return titles
}

// eventually polls until ok or fails after a generous while.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

func TestRulesAreReloadedAndABrokenFolderKeepsTheLastGoodSet(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", strings.Replace(hello, "TITLE", "一", 1))
	a, c := product(t, config{Rules: dir, ClickHouse: "clickhouse://127.0.0.1:1/away"})
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "campaigns/hello.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(want string) func() bool {
		return func() bool { got := decide(t, c, "v1"); return len(got) == 1 && got[0] == want }
	}
	eventually(t, "the first set is in use", shows("一"))
	first := a.engine.Live().Phases["hello"]

	write(strings.Replace(hello, "TITLE", "二", 1))
	eventually(t, "the changed campaign is in use", shows("二"))
	second := a.engine.Live().Phases["hello"]
	if first == second {
		t.Error("other content, and still the same phase")
	}

	write("id: hello\nstatus: lvie\n")
	eventually(t, "readiness tells of the broken folder", func() bool {
		return strings.Contains(readyText(t, c), "campaigns/hello.yaml:2:9")
	})
	if got := decide(t, c, "v1"); len(got) != 1 || got[0] != "二" {
		t.Errorf("a broken folder changed the decision: %v", got)
	}

	write(strings.Replace(hello, "TITLE", "一", 1))
	eventually(t, "the folder is good again", shows("一"))
	if third := a.engine.Live().Phases["hello"]; third == first || third == second {
		t.Errorf("going back to former content must open a new phase, not %s again", third)
	}
}

// readyText is what /readyz says, whatever its status.
func readyText(t *testing.T, c *client) string {
	t.Helper()
	return got(t, c, "/readyz")
}

// got is what the server answers to a path, whatever its status.
func got(t *testing.T, c *client, path string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, c.server+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWithoutClickHouseEventsAndDecisionsGoOnAndReportsSayWhy(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", hello)
	_, c := product(t, config{Rules: dir, ClickHouse: "clickhouse://127.0.0.1:1/away"})
	if got := decide(t, c, "v1"); len(got) != 1 {
		t.Errorf("decisions: %v", got)
	}
	var taken struct{ Accepted int }
	if err := c.call(t.Context(), "/v1/events", []byte(`{"visitor":{"id":"v1"},"events":[{"name":"login"}]}`), &taken); err != nil || taken.Accepted != 1 {
		t.Errorf("event: %+v, %v", taken, err)
	}
	err := c.call(t.Context(), "/v1/campaigns/hello/results", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "503 unavailable") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("results should say 503 and which server is away: %v", err)
	}
}

func TestTheProductIsReadyForItsFirstDecisionBeforeClickHouseIs(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", hello)
	a, c := product(t, config{Rules: dir})
	if got := decide(t, c, "v1"); len(got) != 1 {
		t.Errorf("decisions: %v", got)
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := a.warehouse.Visitor(context.Background(), "v1", 10)
	if err != nil || len(got) != 2 {
		t.Errorf("want the page view and the decision in ClickHouse, got %d events, %v", len(got), err)
	}
}

func TestTheDemosNumbersAreClickHousesNumbers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "rules")
	if err := copyRules(dir); err != nil {
		t.Fatal(err)
	}
	today := time.Now()
	clock := crowd.Past(today, 1, 25)
	a, _ := product(t, config{Rules: dir, Now: clock.Now})
	o := demoOptions{visitors: 45, days: 1, seed: 7}
	c, err := o.crowd(a, "https://shop.example", clock, signer(a), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	began := clock.Now()
	if err := o.come(t.Context(), clock, c, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	since := func(when time.Time) (results []resultAnswer, exposed uint64) {
		results, err := a.results(t.Context(), when)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			for _, arm := range r.Results.Arms {
				exposed += arm.Exposed
			}
		}
		return results, exposed
	}
	results, all := since(began)
	if _, now := since(today); now < 5 || all < now+10 {
		t.Errorf("%d exposures, of which %d now: the crowd met no campaigns, or not in its past", all, now)
	}
	var out strings.Builder
	if err := agree(&out, c.Tally(), results); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	// A tally that is off by one must be seen.
	wrong := c.Tally()
	for _, arms := range wrong {
		for variant, arm := range arms {
			arm.Converted++
			arms[variant] = arm
		}
	}
	if err := agree(&out, wrong, results); err == nil {
		t.Error("a wrong tally was found to agree")
	}
}
