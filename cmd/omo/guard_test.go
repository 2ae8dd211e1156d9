package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/omotenashi-web/omotenashi/engine/guard"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// watched is a campaign of two arms.
func watched(id, more string) string {
	return "id: " + id + "\nname: " + id + "のテスト\nstatus: live\n" + more + `variants:
  - {id: control, weight: 50}
  - {id: other, weight: 50, action: {type: banner, title: OTHER}}
`
}

// history imports, as omo import does, visitors who were exposed to the campaigns and
// bought as told.
func history(t *testing.T, c *client, prefix string, visitors int, of func(i int) (seen map[string]string, buys bool)) {
	t.Helper()
	var lines strings.Builder
	began := time.Now().Add(-3 * time.Hour)
	for i := range visitors {
		at := began.Add(time.Duration(i) * time.Second).UTC()
		line := func(name string, properties any) {
			text, err := json.Marshal(map[string]any{
				"visitor": map[string]any{"id": fmt.Sprintf("%s-%d", prefix, i)}, "name": name, "time": at.Format(time.RFC3339Nano), "properties": properties,
			})
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(text, '\n'))
			at = at.Add(time.Second)
		}
		seen, buys := of(i)
		for campaign, variant := range seen {
			line("omo_exposure", map[string]any{"campaign": campaign, "variant": variant})
		}
		if buys {
			line("purchase", map[string]any{"value": 5_000, "currency": "JPY", "transaction_id": fmt.Sprintf("%s-%d", prefix, i)})
		}
	}
	in, size, err := openImport("-", strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	log := &strings.Builder{}
	i := importing{client: c, log: log, equal: map[uuid.UUID]int{}, bar: newBar(io.Discard, "importing", size, progress.UnitsBytes)}
	if err := i.run(t.Context(), in); err != nil || i.rejected > 0 {
		t.Fatalf("import: %v\n%s", err, log)
	}
}

// given counts which variants of a campaign so many new visitors get.
func given(t *testing.T, c *client, campaign, prefix string, visitors int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for i := range visitors {
		got[variantFor(t, c, campaign, fmt.Sprintf("%s-%d", prefix, i))]++
	}
	return got
}

// variantFor is the variant of a campaign that a visitor gets on a page view.
func variantFor(t *testing.T, c *client, campaign, visitor string) string {
	t.Helper()
	var answer struct {
		Decisions []struct{ Campaign, Variant string }
	}
	body := `{"visitor":{"id":"` + visitor + `"},"consent":"granted","page":{"url":"https://shop.example/"}}`
	if err := c.call(t.Context(), "/v1/decide", []byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	for _, d := range answer.Decisions {
		if d.Campaign == campaign {
			return d.Variant
		}
	}
	return "none"
}

// A campaign that loses four fifths of its conversions is stopped at the next look and
// one that loses nothing is not: everybody gets control, also after a restart; the shop's
// webhook, the command line and the metrics say why; and once it is resumed it begins
// with nothing remembered.
func TestAHarmfulCampaignIsStoppedUntilItIsResumed(t *testing.T) {
	receiver, letters := receive(t)
	dir := rulesFolder(t, "site.yaml", "alerts: {webhook: "+receiver+"/alert}\n",
		"campaigns/bad.yaml", watched("bad", "slot: bar\n"), "campaigns/fine.yaml", watched("fine", "slot: modal\n"))
	data := t.TempDir()
	at := config{Rules: dir, WebhookHosts: []string{strings.TrimPrefix(receiver, "http://")}}
	a, c := productOn(t, data, at)
	t.Setenv("OMO_SECRET_KEY", a.keys.secret)
	phase := a.engine.Live().Phases["bad"]

	arms := []string{"control", "other"}
	history(t, c, "past", 1_600, func(i int) (map[string]string, bool) {
		// Of every twenty in an arm five buy in control and one in bad's other; fine's arms are even.
		every := 4
		if i%2 == 1 {
			every = 20
		}
		return map[string]string{"bad": arms[i%2], "fine": arms[i/2%2]}, i/4%every == 0
	})
	if err := errors.Join(a.settle(t.Context()), a.stop()); err != nil {
		t.Fatal(err)
	}
	key := c.key // minted once
	// A look at the first half of what is imported could see harm enough, by other rates.
	at.GuardEvery = 100 * time.Millisecond
	a, c = productOn(t, data, at)
	c.key = key
	eventually(t, "the campaign that does harm is stopped", func() bool { return a.engine.Live().Overrides["bad"].Harm != nil })
	if got := given(t, c, "bad", "new", 60); got["control"] != 60 {
		t.Errorf("of 60 visitors of a stopped campaign %v", got)
	}
	if got := given(t, c, "fine", "new", 60); got["control"] < 10 || got["other"] < 10 {
		t.Errorf("the campaign that does no harm: %v", got)
	}
	if now := a.engine.Live().Phases["bad"]; now == phase {
		t.Error("what is measured while all get control must be another phase")
	}
	stopped := a.engine.Live().Overrides["bad"].Harm
	if stopped.Variant != "other" || stopped.Guardrail != "conversion" || !strings.HasPrefix(stopped.En, "other does harm: 5.") {
		t.Errorf("stopped: %+v", stopped)
	}
	told := alertTold(t, a, letters)
	if told.Type != "harm_stop" || told.Campaign != "bad" || told.Name != "badのテスト" || told.Variant != "other" || told.Guardrail != "conversion" || told.Sentence.Ja != stopped.Ja || told.Sentence.En != stopped.En {
		t.Errorf("the webhook says %+v", told)
	}
	listed(t, c, "bad", "stopped (harm: conversion of other)")
	listed(t, c, "fine", "live")
	if got := testutil.CollectAndCount(a.metrics, "omo_campaign_stopped"); got != 1 {
		t.Errorf("%d campaigns are told to be stopped", got)
	}

	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	a, c = productOn(t, data, at)
	c.key = key
	if got := given(t, c, "bad", "later", 40); got["control"] != 40 {
		t.Errorf("after a restart %v", got)
	}
	listed(t, c, "bad", "stopped (harm: conversion of other)")

	if out, code := command(t, "resume", "bad", "--server="+c.server, "--json=false"); code != 0 || out != "bad is live now; it was stopped for harm: "+stopped.En+"\n" {
		t.Fatalf("resume: %d %s", code, out)
	}
	if told := alertTold(t, a, letters); told.Type != "resume" || told.Campaign != "bad" {
		t.Errorf("the webhook says %+v", told)
	}
	listed(t, c, "bad", "live")
	if now := a.engine.Live().Phases["bad"]; now == phase {
		t.Error("a resumed campaign must begin a phase")
	}
	looksGoOn(t, a, c)
	// Nobody is exposed in that one yet: results say so, and name the one before.
	table, _ := command(t, "results", "bad", "--server="+c.server, "--lang=en", "--format=table")
	_, former, named := strings.Cut(table, "* bad: nobody has been exposed in the live phase yet. Results of the one of ")
	if _, former, _ = strings.Cut(former, "omo results bad --phase "); !named {
		t.Errorf("results say\n%s", table)
	} else if former, _, _ = strings.Cut(former, "\n"); former == a.engine.Live().Phases["bad"] {
		t.Errorf("the former phase is the live one, %s", former)
	} else if table, _ = command(t, "results", "bad", "--server="+c.server, "--lang=en", "--format=table", "--phase="+former); strings.Contains(table, "nobody has been exposed") || !strings.Contains(table, "phase "+former) {
		t.Errorf("of phase %s\n%s", former, table)
	}
	if is := a.engine.Live().Overrides["bad"]; is.Harm != nil {
		t.Errorf("stopped again for what was before: %+v", is.Harm)
	}
	if got := given(t, c, "bad", "again", 60); got["control"] < 10 || got["other"] < 10 {
		t.Errorf("a resumed campaign gives %v", got)
	}
}

// A bandit moves to the variant that more buy from; who has seen the other keeps it.
func TestABanditMovesAndWhoHasSeenAVariantKeepsIt(t *testing.T) {
	dir := rulesFolder(t, "campaigns/arms.yaml", watched("arms", "slot: bar\nallocation: bandit\n"))
	a, c := product(t, config{Rules: dir, GuardEvery: 100 * time.Millisecond})
	before := a.engine.Live().Phases["arms"]
	arms := []string{"control", "other"}
	history(t, c, "past", 600, func(i int) (map[string]string, bool) {
		return map[string]string{"arms": arms[i%2]}, i%2 == 1 && i%5 == 0 || i%20 == 0
	})
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the bandit moves", func() bool { return a.engine.Live().Overrides["arms"].Period > 0 })
	is := a.engine.Live().Overrides["arms"]
	if is.Period != 1 || is.Parts[1] < 9_000 || is.Parts[0] < 100 || a.engine.Live().Phases["arms"] != before {
		t.Errorf("moved: %+v in phase %s, from %s", is, a.engine.Live().Phases["arms"], before)
	}
	for i := range 40 {
		if got := variantFor(t, c, "arms", fmt.Sprintf("past-%d", i)); got != arms[i%2] {
			t.Errorf("visitor %d has seen %s and gets %s", i, arms[i%2], got)
		}
	}
	if got := given(t, c, "arms", "new", 60); got["other"] < 45 {
		t.Errorf("of 60 new visitors %v", got)
	}
	looksGoOn(t, a, c)
	t.Setenv("OMO_SECRET_KEY", a.keys.secret)
	listed(t, c, "arms", "live (bandit, period 1)")
	if is := a.engine.Live().Overrides["arms"]; is.Period != 1 || is.Harm != nil {
		t.Errorf("it moves once a day at most: %+v", is)
	}
}

// What the warehouse counts is what the guard compares: each sum in its place.
func TestCountsForTheGuard(t *testing.T) {
	t.Parallel()
	got := armsOf([]warehouse.Arm{{
		Variant: "a", Control: true, Weight: 1, Exposed: 2, Matured: 3, Converted: 4, Sum: 5, SumSquares: 6,
		Cost: warehouse.Cost{Sum: 7, SumSquares: 8, WithValue: 9, WithPast: 10}, Clicked: 11, Closed: 12, Failed: 13,
	}})
	want := guard.Arm{Closed: 12, Failed: 13, Arm: stats.Arm{
		Variant: "a", Control: true, Weight: 1, N: 2, Converted: 4, Sum: 5, SumSquares: 6, Cost: stats.Cost{Sum: 7, SumSquares: 8, WithValue: 9, WithPast: 10},
	}}
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A warehouse that is away stops nothing, and the metric says since when nobody looks.
func TestWithoutClickHouseNothingIsStopped(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/bad.yaml", watched("bad", ""))
	a, c := product(t, config{Rules: dir, ClickHouse: "clickhouse://127.0.0.1:1/away", GuardEvery: 50 * time.Millisecond})
	eventually(t, "looks fail", func() bool { return figure(t, c, `omo_guard_looks_total{outcome="failed"}`) > 3 })
	if age := figure(t, c, "omo_guard_oldest_look_seconds"); age <= 0 {
		t.Errorf("nobody has looked, and the oldest look is %g s old", age)
	}
	if got := given(t, c, "bad", "new", 40); got["control"] < 5 || got["other"] < 5 || len(a.engine.Live().Overrides) > 0 {
		t.Errorf("%v, %v", got, a.engine.Live().Overrides)
	}
}

// looksGoOn waits for two looks at each campaign that come to nothing.
func looksGoOn(t *testing.T, a *app, c *client) {
	t.Helper()
	done := func() float64 { return figure(t, c, `omo_guard_looks_total{outcome="nothing"}`) }
	for range 2 * len(a.engine.Live().Set.Campaigns) {
		before := done()
		eventually(t, "looks go on", func() bool { return done() > before })
	}
}

// figure is a metric's value.
func figure(t *testing.T, c *client, name string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(metric(t, c, name), 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// listed looks at what omo campaigns lists of a campaign.
func listed(t *testing.T, c *client, campaign, want string) {
	t.Helper()
	out, code := command(t, "campaigns", "--server="+c.server, "--json=false")
	for line := range strings.Lines(out) {
		if strings.Contains(line, campaign+"のテスト") && strings.Contains(line, " "+want+" ") {
			return
		}
	}
	t.Errorf("%s is not listed as %s (%d):\n%s", campaign, want, code, out)
}

type letterTold struct {
	signature string
	body      []byte
}

// receive is a shop's server that webhooks are sent to, and what came, each letter
// once: one comes again, under its key, where the sender was told to stop before it
// had read the answer.
func receive(t *testing.T) (url string, letters <-chan letterTold) {
	t.Helper()
	came := make(chan letterTold, 10)
	var known sync.Map
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it comes again
		}
		if _, again := known.LoadOrStore(r.Header.Get("Idempotency-Key"), nil); !again {
			came <- letterTold{r.Header.Get("Omo-Signature"), body}
		}
	}))
	t.Cleanup(receiver.Close)
	return receiver.URL, came
}

type alert struct {
	Type, Campaign, Name, Variant, Guardrail string
	Sentence                                 struct{ Ja, En string }
}

// alertTold is the next letter, whose signature is right.
func alertTold(t *testing.T, a *app, letters <-chan letterTold) (told alert) {
	t.Helper()
	select {
	case l := <-letters:
		fields, err := url.ParseQuery(strings.ReplaceAll(l.signature, ",", "&"))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, []byte(a.keys.Webhook))
		fmt.Fprintf(mac, "%s.%s", fields.Get("t"), l.body)
		if fields.Get("v1") != hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("signed %q: %s", l.signature, l.body)
		}
		if err := json.Unmarshal(l.body, &told); err != nil {
			t.Fatal(err)
		}
	case <-time.After(3 * time.Minute):
		t.Fatal("no alert came")
	}
	return told
}
