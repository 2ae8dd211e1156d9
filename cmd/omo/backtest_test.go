package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/rules"
)

// omo runs a command of the command line and gives what it prints.
func omo(t *testing.T, args ...string) string {
	t.Helper()
	root := newRoot()
	var out, complaints strings.Builder
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&complaints)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("omo %s: %v\n%s", strings.Join(args, " "), err, complaints.String())
	}
	return out.String()
}

// The demo's crowd through the whole product, its rules changed on the way:
// then, while the server runs, every decision is reproduced from the warehouse,
// the present rules beside themselves change nothing, a changed folder changes
// what it should, and a visitor's decisions are explained as they were logged.
func TestBacktestAndExplainOnTheDemosTraffic(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rules")
	if err := copyRules(dir); err != nil {
		t.Fatal(err)
	}
	a, c := product(t, config{Rules: dir})
	t.Setenv("OMO_SECRET_KEY", c.key)
	o := demoOptions{visitors: 60, seed: 7}
	crowd, err := o.crowd(a, "https://shop.example", nil, signer(a), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := crowd.Run(t.Context(), 0, o.visitors/2, 0); err != nil {
		t.Fatal(err)
	}
	was := a.engine.Live().Set.Hash
	if err := os.WriteFile(filepath.Join(dir, "campaigns", "more.yaml"), []byte(strings.NewReplacer("hello", "more", "TITLE", "もう一つ").Replace(hello)), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the changed rules are in use", func() bool { return a.engine.Live().Set.Hash != was })
	if err := crowd.Run(t.Context(), o.visitors/2, o.visitors, 0); err != nil {
		t.Fatal(err)
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}

	dsn := a.child.DSN()
	report := backtestOf(t, "backtest", dir, "--since", "1d", "--clickhouse", dsn)
	if report.Decisions < 200 || report.Reproduced.Equal != report.Decisions {
		t.Errorf("%d of %d decisions are reproduced: %+v", report.Reproduced.Equal, report.Decisions, report.Reproduced)
	}
	for _, x := range report.Campaigns {
		if x.Visitors.Present != x.Visitors.Changed || x.Gained+x.Lost > 0 {
			t.Errorf("the same rules change %+v", x)
		}
	}

	without := filepath.Join(t.TempDir(), "rules")
	if err := os.CopyFS(without, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(without, "campaigns", "more.yaml")); err != nil {
		t.Fatal(err)
	}
	report = backtestOf(t, "backtest", without, "--since", "1d", "--clickhouse", dsn, "--campaign", "more")
	if len(report.Campaigns) != 1 || report.Campaigns[0].Visitors.Present < 10 || report.Campaigns[0].Lost != report.Campaigns[0].Visitors.Present || report.Campaigns[0].Visitors.Changed != 0 {
		t.Errorf("%+v", report.Campaigns)
	}
	if table := omo(t, "backtest", without, "--since", "1d", "--clickhouse", dsn, "--json=false"); !strings.Contains(table, "100.00 % come out as logged") || !strings.Contains(table, "\n more ") {
		t.Error(table)
	}
	if half := backtestOf(t, "backtest", dir, "--since", "1d", "--clickhouse", dsn, "--sample", "50%"); half.Visitors >= report.Visitors || half.Visitors == 0 {
		t.Errorf("half of %d visitors is %d", report.Visitors, half.Visitors)
	}
	fromPlayground(t, c, dir, dsn)
	explained(t, a, c)
}

// fromPlayground runs a back-test on the screen, and omo backtest of the same.
func fromPlayground(t *testing.T, c *client, dir, dsn string) {
	t.Helper()
	changed := strings.NewReplacer("hello", "more", "TITLE", "別の言葉", "weight: 1,", "weight: 3,", "variants:", "frequency: {max: 1}\nvariants:\n  - {id: control, weight: 1}").Replace(hello)
	form := url.Values{"yaml": {changed}, "days": {"7"}}
	do := func(method, path string, body io.Reader) (*http.Response, []byte) {
		r, err := http.NewRequestWithContext(t.Context(), method, c.server+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("anybody", c.key)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, text
	}
	begun, text := do(http.MethodPost, "/ui/playground/backtest", strings.NewReader(form.Encode()))
	at := begun.Header.Get("Location")
	if at == "" {
		t.Fatalf("%s: %s", begun.Status, text)
	}
	eventually(t, "the back-test is over", func() bool {
		page, text := do(http.MethodGet, at, nil)
		return page.StatusCode == http.StatusOK && !strings.Contains(string(text), "<progress")
	})
	var screen replay.Report
	if _, text = do(http.MethodGet, at+"/report", nil); json.Unmarshal(text, &screen) != nil || screen.Visitors == 0 {
		t.Fatalf("%s", text)
	}
	with := filepath.Join(t.TempDir(), "rules")
	if err := os.CopyFS(with, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(with, "campaigns", "more.yaml"), []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	command := backtestOf(t, "backtest", with, "--since", "7d", "--clickhouse", dsn)
	command.From, command.To, command.Changed = screen.From, screen.To, screen.Changed // other clocks; and file names are in a rule set's hash
	ours, err := json.Marshal(screen)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if string(ours) != string(theirs) {
		t.Errorf("the screen's report\n%s\nand omo backtest's\n%s", ours, theirs)
	}
	i := slices.IndexFunc(screen.Funnels, func(f replay.Funnel) bool { return f.Campaign == "more" })
	if i < 0 || screen.Funnels[i].Matched.Decisions.Changed == 0 || screen.Funnels[i].Came[0].Variant != "hi" || screen.Funnels[i].Came[0].Decisions.Changed >= screen.Funnels[i].Came[0].Decisions.Present {
		t.Errorf("%+v", screen.Funnels)
	}
}

func backtestOf(t *testing.T, args ...string) replay.Report {
	t.Helper()
	var report replay.Report
	if err := json.Unmarshal([]byte(omo(t, args...)), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// explained asks the server about logged decisions, at their places.
func explained(t *testing.T, a *app, c *client) {
	all, err := a.ledger.Read(context.Background(), 0, a.ledger.Last(), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range all {
		e := &all[i].Event
		if e.Name != "omo_decision" || i%9 > 0 {
			continue
		}
		n++
		at, err := json.Marshal(e.Seq)
		if err != nil {
			t.Fatal(err)
		}
		var answer replay.Answer
		text := omo(t, "explain", e.Visitor, "--at", string(at), "--server", c.server)
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Decision != e.ID || !*answer.AsLogged || len(answer.Campaigns) == 0 {
			t.Fatalf("%s", text)
		}
		if n == 1 {
			table := omo(t, "explain", e.Visitor, "--at", string(at), "--server", c.server, "--json=false", "--campaign", answer.Campaigns[0].Campaign)
			for _, want := range []string{"as logged: made again", "visitor " + e.Visitor, " gate", " consent ", "decision " + e.ID} {
				if !strings.Contains(table, want) {
					t.Errorf("%q is missing in\n%s", want, table)
				}
			}
			now := omo(t, "explain", e.Visitor, "--server", c.server, "--json=false", "--page", "https://shop.example/cart")
			if !strings.Contains(now, "would be decided on https://shop.example/cart, rule set "+a.engine.Live().Set.Hash[:12]) {
				t.Error(now)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d decisions were explained", n)
	}
}

// A clear word for every misuse.
func TestBacktestOptions(t *testing.T) {
	t.Parallel()
	for text, o := range map[string]backtestOptions{
		"--since soon is not a length of time like 28d or 12h":                   {since: "soon", sample: "100%", against: "present"},
		"--sample 10 is not a share like 10%, from 0.01% to 100%":                {since: "1d", sample: "10", against: "present"},
		"--sample 200% is not a share like 10%, from 0.01% to 100%":              {since: "1d", sample: "200%", against: "present"},
		"--against tomorrow is neither present nor recorded":                     {since: "1d", sample: "1%", against: "tomorrow"},
		"no campaign xmas, neither in the folder nor in the rules that are live": {campaign: "xmas"},
	} {
		_, err := o.span(time.Now())
		if o.campaign != "" {
			err = o.known(&rules.Set{}, &rules.Set{})
		}
		if err == nil || err.Error() != text {
			t.Errorf("%v\nwant %s", err, text)
		}
	}
}
