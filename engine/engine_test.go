package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

const banner = `{type: banner, title: "t"}`

// folder is a rules folder of these campaigns.
func folder(campaigns ...string) fstest.MapFS {
	return fstest.MapFS{"campaigns/all.yaml": {Data: []byte(strings.Join(campaigns, "\n---\n"))}}
}

func started(t testing.TB, store engine.Store, campaigns ...string) *engine.Engine {
	t.Helper()
	e := engine.New(engine.Options{Store: store, Key: []byte("key"), Patience: time.Minute})
	if err := e.Use(load(t, folder(campaigns...)), dawn); err != nil {
		t.Fatal(err)
	}
	return e
}

// asked is a visit that views a page and asks for a decision.
func asked(e *engine.Engine, visitor string, now time.Time) engine.Visit {
	context := ingest.Event{ID: e.NewID(), Name: ingest.PageView, Time: now.UnixMilli(), Received: now.UnixMilli(),
		Page:   &ingest.Page{URL: "https://shop.example/cart", Path: "/cart"},
		Device: &ingest.Device{Type: "mobile"}, Geo: &ingest.Geo{Country: "JP"}}
	return engine.Visit{Visitor: visitor, Events: []ingest.Event{context}, Decide: &engine.Request{ID: e.NewID(), Context: &context, Consent: true}}
}

// A hundred tabs at once, each asking whether it may open: a cap of one lets
// one, on a page's slot as well, and the ledger holds one decision of each.
func TestManyTabsNeverExceedACap(t *testing.T) {
	t.Parallel()
	const tabs = 100
	l := newLedger(t)
	e := started(t, l,
		"id: once\nstatus: live\non: exit_intent\nfrequency: {max: 1}\nvariants: [{id: a, weight: 1, action: "+banner+"}]",
		"id: thrice\nstatus: live\non: exit_intent\nfrequency: {max: 3, per: session}\nvariants: [{id: control, weight: 1}]",
		"id: slot-a\nstatus: live\non: exit_intent\nslot: modal\nvariants: [{id: a, weight: 1, action: "+banner+"}]",
		"id: slot-b\nstatus: live\non: exit_intent\nslot: modal\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	if _, err := e.Visit(asked(e, "ann", dawn), dawn); err != nil {
		t.Fatal(err)
	}
	before := l.Last()
	var mu sync.Mutex
	opened := map[string]int{}
	var calls sync.WaitGroup
	for range tabs {
		calls.Go(func() {
			v := asked(e, "ann", dawn)
			v.Events, v.Decide.Trigger = nil, "exit_intent"
			answer, err := e.Visit(v, dawn.Add(time.Second))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, o := range answer.Decision.Offers {
				opened[o.Campaign.ID]++
			}
		})
	}
	calls.Wait()
	if want := map[string]int{"once": 1, "thrice": 3, "slot-a": 1}; !reflect.DeepEqual(opened, want) {
		t.Errorf("opened %v, want %v", opened, want)
	}
	if got := l.Last() - before; got != tabs {
		t.Errorf("%d decisions are in the ledger, want %d", got, tabs)
	}
}

// Decide is pure: asked again it says the same, and it leaves profile, rules
// and request as they were.
func TestDecideIsPure(t *testing.T) {
	t.Parallel()
	e := started(t, newLedger(t),
		"id: three\nstatus: live\nfrequency: {max: 2, per: session}\nslot: modal\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: "+banner+"}, {id: b, weight: 1, action: "+banner+"}]",
		"id: half\nstatus: live\ntraffic: 50%\nwhen: visitor.visits >= 2 || cart.value > 100\nslot: modal\nvariants: [{id: a, weight: 1, action: "+banner+"}]",
		"id: exit\nstatus: live\non: exit_intent\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	rapid.Check(t, func(t *rapid.T) {
		now := dawn.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "second")) * time.Second)
		p := profile.New(rapid.StringN(1, 20, -1).Draw(t, "visitor"))
		for i := range rapid.IntRange(0, 5).Draw(t, "events") {
			name := rapid.SampledFrom([]string{"page_view", "add_to_cart", "omo_exposure", "omo_decision"}).Draw(t, "name")
			event := ingest.Event{Name: name, Time: dawn.Add(time.Duration(i*20) * time.Minute).UnixMilli(), Page: &ingest.Page{Path: "/cart"},
				Props: ingest.Properties{Campaign: "three", Items: []ingest.OrderItem{{ID: "a", Price: 80}}, Outcomes: []ingest.Outcome{{Campaign: "three", Reason: "offered", Slot: "modal"}}}}
			profile.Fold(p, &event, profile.Terms{Gap: 30 * time.Minute})
		}
		r := *asked(e, "", now).Decide
		r.Trigger, r.Explain = rapid.SampledFrom([]string{"", "exit_intent"}).Draw(t, "trigger"), rapid.Bool().Draw(t, "explain")
		was, _ := json.Marshal(p)
		first := engine.Decide(e.Live(), p, r, now)
		for range 3 {
			if again := engine.Decide(e.Live(), p, r, now); !reflect.DeepEqual(again, first) {
				t.Fatalf("decided\n%+v\nand then\n%+v", first, again)
			}
		}
		if is, _ := json.Marshal(p); string(is) != string(was) {
			t.Fatalf("the profile was\n%s\nand is\n%s", was, is)
		}
	})
}

// failing is a ledger whose commits can be made to fail.
type failing struct {
	*ledger.Ledger
	err error
}

func (f *failing) Commit(v ledger.Visit) (uint64, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.Ledger.Commit(v)
}

// What was not committed did not happen: the next visit starts from the
// ledger's profile, and a retry of the same events counts once.
func TestFailedCommitLeavesNoTrace(t *testing.T) {
	t.Parallel()
	store := &failing{Ledger: newLedger(t)}
	e := started(t, store, "id: once\nstatus: live\nfrequency: {max: 1}\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	full := errors.New("disk is full")
	value := 100.0
	visit := func() (engine.Answer, error) {
		v := asked(e, "ann", dawn)
		v.Events = append(v.Events, ingest.Event{ID: "018f3b1e-7a00-7d10-9b1a-0123456789ab", Name: "purchase", Time: dawn.UnixMilli(), Props: ingest.Properties{Value: &value}})
		return e.Visit(v, dawn)
	}
	for range 3 {
		store.err = full
		if _, err := visit(); !errors.Is(err, full) {
			t.Fatalf("error %v, want %v", err, full)
		}
	}
	store.err = nil
	answer, err := visit()
	if err != nil {
		t.Fatal(err)
	}
	if !answer.New || answer.Duplicates != 0 || len(answer.Decision.Offers) != 1 {
		t.Errorf("new %t, duplicates %d, offers %d, want true, 0, 1", answer.New, answer.Duplicates, len(answer.Decision.Offers))
	}
	p, err := e.Profile("ann")
	if err != nil || p.Purchases != 1 || p.Pageviews != 1 || p.Revenue != 100 {
		t.Errorf("%+v, %v", p, err)
	}
}

// Profiles that memory has no room for come back from the ledger as they were.
func TestProfilesAreForgottenAndFound(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := engine.New(engine.Options{Store: l, Key: []byte("key"), Profiles: 1})
	if err := e.Use(load(t, folder("id: x\nstatus: live\nvariants: [{id: control, weight: 1}]")), dawn); err != nil {
		t.Fatal(err)
	}
	const visitors = 2000
	for round := range 2 {
		for i := range visitors {
			now := dawn.Add(time.Duration(round) * time.Hour)
			answer, err := e.Visit(asked(e, fmt.Sprint("v", i), now), now)
			if err != nil || answer.New != (round == 0) {
				t.Fatalf("visitor %d, round %d: new %t, %v", i, round, answer.New, err)
			}
		}
	}
	p, err := e.Profile("v7")
	if err != nil || p.Visits() != 2 || p.Pageviews != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}
