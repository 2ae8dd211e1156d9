package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// An exposure says whom it met: what the session came by and the rank as they
// were then, and whether it was one of the staff. Other events say none of it.
func TestWhomAnExposureMet(t *testing.T) {
	t.Parallel()
	set := load(t, fstest.MapFS{
		"site.yaml": {Data: []byte(`staff: 'visitor.trait("role") == "clerk"'
traits: {rank: {type: string}, role: {type: string}}
`)},
		"campaigns/a.yaml": {Data: []byte("id: a\nstatus: live\nvariants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n")},
	})
	l, ids := newLedger(t), 0
	newID := func() string { ids++; return fmt.Sprintf("0191e8a0-0000-7000-8000-%012d", ids) }
	e := engine.New(engine.Options{Store: l, Key: []byte("key"), NewID: newID})
	if err := e.Use(set, dawn); err != nil {
		t.Fatal(err)
	}
	visit := func(visitor, name string, at time.Time, source *ingest.Source, traits map[string]any) {
		event := ingest.Event{ID: newID(), Name: name, Time: at.UnixMilli(), Received: dawn.UnixMilli(), Source: source,
			Properties: []byte(`{"campaign":"a","variant":"a"}`), Met: &ingest.Met{Rank: "told by the page"}}
		if name != ingest.Exposure {
			event.Met = nil
		}
		if err := event.ParseProperties(); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Visit(engine.Visit{Visitor: visitor, Traits: traits, Signed: true, Events: []ingest.Event{event}}, dawn); err != nil {
			t.Fatal(err)
		}
	}
	mail := &ingest.Source{Channel: "email"}
	visit("ann", ingest.PageView, dawn, mail, map[string]any{"rank": "gold"})
	visit("ann", ingest.Exposure, dawn.Add(time.Second), &ingest.Source{Channel: "direct"}, nil)
	visit("ann", ingest.Exposure, dawn.Add(2*time.Second), nil, map[string]any{"rank": "silver"})
	visit("ann", ingest.Exposure, dawn.Add(-48*time.Hour), nil, nil) // of a session that nobody knows any more
	visit("bob", ingest.PageView, dawn, mail, map[string]any{"role": "clerk"})
	visit("bob", ingest.Exposure, dawn.Add(time.Second), nil, nil)
	visit("bob", ingest.Exposure, dawn.Add(-48*time.Hour), nil, nil)
	visit("eve", ingest.Exposure, dawn, nil, nil)
	records, err := l.Read(context.Background(), 0, l.Last(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		if met := r.Event.Met; met != nil {
			got = append(got, fmt.Sprintf("%s %+v", r.Event.Visitor, *met))
		} else if r.Event.Name == ingest.Exposure {
			got = append(got, r.Event.Visitor+" nothing")
		}
	}
	want := []string{
		"ann {Staff:false Rank:gold Channel:email}", "ann {Staff:false Rank:silver Channel:email}", "ann nothing",
		"bob {Staff:true Rank: Channel:email}", "bob {Staff:true Rank: Channel:}", "eve nothing",
	}
	if !slices.Equal(got, want) {
		t.Errorf("met:\n%q\nwant:\n%q", got, want)
	}
}

// A rule set in use says of each arm what its reward costs, and how an order shows
// that it was used.
func TestWhatRewardsCostIsAnnounced(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := engine.New(engine.Options{Store: l, Key: []byte("key")})
	if err := e.Use(load(t, fstest.MapFS{
		"coupons/welcome.csv": {Data: []byte("code\nA1\nA2\n")},
		"campaigns/a.yaml": {Data: []byte(`id: a
status: live
variants:
  - {id: control, weight: 1}
  - {id: share, weight: 1, action: {type: coupon, title: t, code: SAVE10, cost: 10%}}
  - {id: pool, weight: 1, action: {type: coupon, title: t, pool: welcome, cost: 500}}
  - {id: gift, weight: 1, action: {type: banner, title: t, cost: 80}}
`)},
	}), dawn); err != nil {
		t.Fatal(err)
	}
	records, err := l.Read(context.Background(), 0, l.Last(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Campaigns []struct{ Arms []json.RawMessage }
	}
	if err := json.Unmarshal(records[0].Event.Properties, &told); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"variant":"control","weight":1,"control":true}`,
		`{"variant":"share","weight":1,"control":false,"cost_share":1000,"code":"SAVE10"}`,
		`{"variant":"pool","weight":1,"control":false,"cost_amount":500,"pool":"welcome"}`,
		`{"variant":"gift","weight":1,"control":false,"cost_amount":80}`,
	}
	for i, arm := range told.Campaigns[0].Arms {
		if string(arm) != want[i] {
			t.Errorf("arm %d:\n%s\nwant\n%s", i, arm, want[i])
		}
	}
}
