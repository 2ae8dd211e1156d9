package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

const anyone = "id: any\nstatus: live\nwhen: visitor.purchases > 0\nvariants: [{id: a, weight: 1, action: " + banner + "}]"

// bought is a visit with one purchase of 100, and names nobody.
func bought(e *engine.Engine, visitor string) engine.Visit {
	value := 100.0
	return engine.Visit{Visitor: visitor, Events: []ingest.Event{{
		ID: e.NewID(), Name: ingest.Purchase, Time: dawn.UnixMilli(), Received: dawn.UnixMilli(),
		Properties: []byte(`{"value":100}`), Props: ingest.Properties{Value: &value},
	}}}
}

func named(v engine.Visit, user string) engine.Visit {
	v.User, v.Signed = user, true
	return v
}

// Browsers of one person that name it all at once, in the midst of other visits
// of theirs, end in one profile that has counted every event once.
func TestBrowsersThatNameTheirPersonAtOnce(t *testing.T) {
	t.Parallel()
	const people, browsers, visits = 20, 6, 5
	l := newLedger(t)
	e := started(t, l, anyone)
	var calls sync.WaitGroup
	for person := range people {
		for browser := range browsers {
			visitor, user := fmt.Sprintf("v%d-%d", person, browser), fmt.Sprint("u", person)
			run := func(v engine.Visit) {
				answer, err := e.Visit(v, dawn)
				for errors.Is(err, engine.ErrBusy) { // six browsers wait for one profile: a client asks again
					answer, err = e.Visit(v, dawn)
				}
				if err != nil || answer.Visitor != visitor {
					t.Errorf("%s: %+v, %v", visitor, answer, err)
				}
			}
			calls.Go(func() {
				for range visits {
					run(bought(e, visitor))
				}
			})
			calls.Go(func() {
				run(named(bought(e, visitor), user))
				run(named(bought(e, visitor), user))
			})
		}
	}
	calls.Wait()
	for person := range people {
		var shared []string
		for browser := range browsers {
			visitor := fmt.Sprintf("v%d-%d", person, browser)
			p, err := e.Profile(visitor)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Visitors(); shared != nil && !slices.Equal(got, shared) {
				t.Errorf("%s shares with %v, another with %v", visitor, got, shared)
			}
			shared = p.Visitors()
			if want := browsers * (visits + 2); p.Visitor != visitor || p.Purchases != want || p.Revenue != float64(100*want) || p.User != fmt.Sprint("u", person) || len(shared) != browsers {
				t.Errorf("%s of %v is %s with %d purchases of %g by %s, want %d", visitor, shared, p.Visitor, p.Purchases, p.Revenue, p.User, want)
			}
		}
	}
	if done, refused := e.Merges(); done != people*(browsers-1) || refused != 0 {
		t.Errorf("%d merges, %d refused", done, refused)
	}
	told := map[string]int{}
	for _, event := range recorded(t, l, 0) {
		if event.Name == ingest.Merge {
			told[event.Visitor]++
		}
	}
	n := 0
	for _, times := range told {
		n += times
	}
	if n != 2*people*(browsers-1) {
		t.Errorf("%d merges are recorded, want two of each: %v", n, told)
	}
}

// One browser that two persons name at once is the first one's; the other
// becomes another visitor. Nobody's profile has the other's purchase.
func TestTwoPersonsNameOneBrowserAtOnce(t *testing.T) {
	t.Parallel()
	const people, each = 20, 10
	e := started(t, newLedger(t), anyone)
	last := map[string]string{} // of each person
	for i := range people * each {
		visitor := fmt.Sprint("v", i)
		users := []string{fmt.Sprint("father", i%people), fmt.Sprint("mother", i%people)}
		became := make([]string, 2)
		var calls sync.WaitGroup
		for k, user := range users {
			calls.Go(func() {
				answer, err := e.Visit(named(bought(e, visitor), user), dawn)
				if err != nil {
					t.Error(err)
				}
				became[k] = answer.Visitor
			})
		}
		calls.Wait()
		if became[0] == became[1] || became[0] != visitor && became[1] != visitor {
			t.Fatalf("%s became %v", visitor, became)
		}
		last[users[0]], last[users[1]] = became[0], became[1]
	}
	for i := range people * each { // a person who is new, and one who has other browsers
		visitor, users, became := fmt.Sprint("w", i), []string{fmt.Sprint("new", i), fmt.Sprint("aunt", i/each)}, make([]string, 2)
		var calls sync.WaitGroup
		for k, user := range users {
			calls.Go(func() {
				answer, err := e.Visit(named(bought(e, visitor), user), dawn)
				if err != nil {
					t.Error(err)
				}
				became[k] = answer.Visitor
			})
		}
		calls.Wait()
		for k, user := range users {
			if p, err := e.Profile(became[k]); err != nil || p == nil || p.User != user {
				t.Fatalf("%s of %v is %+v: %v", became[k], users, p, err)
			}
		}
	}
	for user, visitor := range last {
		p, err := e.Profile(visitor)
		if err != nil {
			t.Fatal(err)
		}
		if p.User != user || p.Purchases != each || len(p.Visitors()) != each {
			t.Errorf("%s is %s, who bought %d times in %d browsers", user, p.User, p.Purchases, len(p.Visitors()))
		}
	}
}

// A merge that could not be committed did not happen: both browsers are as they
// were, and the next attempt brings them together.
func TestAMergeThatFails(t *testing.T) {
	t.Parallel()
	store := &failing{Ledger: newLedger(t)}
	e := started(t, store, anyone)
	visit := func(v engine.Visit) error {
		_, err := e.Visit(v, dawn)
		return err
	}
	for _, v := range []engine.Visit{named(bought(e, "phone"), "u1"), bought(e, "desk")} {
		if err := visit(v); err != nil {
			t.Fatal(err)
		}
	}
	is := func(visitor string, purchases, browsers int) {
		t.Helper()
		p, err := e.Profile(visitor)
		if err != nil || p.Purchases != purchases || len(p.Visitors()) != browsers {
			t.Errorf("%s bought %d times in %v: %v", visitor, p.Purchases, p.Visitors(), err)
		}
	}
	for range 3 {
		store.err = errors.New("disk is full")
		if err := visit(named(bought(e, "desk"), "u1")); !errors.Is(err, store.err) {
			t.Fatal(err)
		}
		store.err = nil
		is("phone", 1, 1)
		is("desk", 1, 1)
	}
	for _, v := range []engine.Visit{bought(e, "phone"), bought(e, "desk"), named(bought(e, "desk"), "u1"), bought(e, "phone")} {
		if err := visit(v); err != nil {
			t.Fatal(err)
		}
	}
	is("phone", 6, 2)
	is("desk", 6, 2)
	if done, _ := e.Merges(); done != 1 {
		t.Errorf("%d merges", done)
	}
}

// An account that everybody shares is not one person: past twenty browsers each
// keeps a profile of its own, with the person in it.
func TestACrowdIsNotOnePerson(t *testing.T) {
	t.Parallel()
	e := started(t, newLedger(t), anyone)
	for i := range profile.MaxBrowsers + 3 {
		for range 2 {
			if _, err := e.Visit(named(bought(e, fmt.Sprint("v", i)), "u1"), dawn); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range profile.MaxBrowsers + 3 {
		p, err := e.Profile(fmt.Sprint("v", i))
		if err != nil {
			t.Fatal(err)
		}
		want, share := 2*profile.MaxBrowsers, profile.MaxBrowsers
		if i >= profile.MaxBrowsers {
			want, share = 2, 1
		}
		if p.Purchases != want || len(p.Visitors()) != share || p.User != "u1" || p.Unit != "v0" {
			t.Errorf("v%d bought %d times in %d browsers, as %s of unit %s", i, p.Purchases, len(p.Visitors()), p.User, p.Unit)
		}
	}
	if done, refused := e.Merges(); done != profile.MaxBrowsers-1 || refused != 3 {
		t.Errorf("%d merges, %d refused", done, refused)
	}
}

// What was merged is found again by an engine that has never heard of it, also
// where memory has room for nothing.
func TestMergedProfilesAreForgottenAndFound(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	start := func() *engine.Engine {
		e := engine.New(engine.Options{Store: l, Key: []byte("key"), Profiles: 1})
		if err := e.Use(load(t, folder(anyone)), dawn); err != nil {
			t.Fatal(err)
		}
		return e
	}
	const people = 300
	for round := range 3 {
		e := start()
		for i := range people {
			for _, browser := range []string{"phone", "desk", "tablet"} {
				now := dawn.Add(time.Duration(round) * time.Hour)
				if _, err := e.Visit(named(asked(e, fmt.Sprint(browser, i), now), fmt.Sprint("u", i)), now); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range people {
			p, err := e.Profile(fmt.Sprint("desk", i))
			if err != nil || p.Pageviews != 3*(round+1) || p.Visits() != 3*(round+1) || p.Session.N != round+1 {
				t.Fatalf("round %d: %d views, %d visits, %d here: %v", round, p.Pageviews, p.Visits(), p.Session.N, err)
			}
		}
	}
}

// Whoever is forgotten is a person: all its browsers go, by whichever it was
// asked, and with them their waits. Somebody else's stay, and the person may
// begin anew in a browser that nobody knew.
func TestErasingAPersonWithTwoBrowsers(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l, waiting)
	visit := func(v engine.Visit) error {
		v.Events[0].Name = "add_to_cart"
		_, err := e.Visit(v, dawn)
		return err
	}
	for _, browser := range []string{"phone", "desk", "tablet"} {
		for _, v := range []engine.Visit{bought(e, browser), named(bought(e, browser), "u1"), named(bought(e, "bob"), "u2")} {
			if err := visit(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	x, err := e.Erase([]string{"desk"}, dawn)
	if err != nil || x.Count != 3 || x.Removed["profiles"] != 1 || x.Removed["timers"] != 1 || x.Removed["persons"] != 1 {
		t.Fatalf("%+v, %v", x, err)
	}
	for _, browser := range []string{"phone", "desk", "tablet"} {
		if err := visit(bought(e, browser)); !errors.Is(err, engine.ErrErased) {
			t.Errorf("an event of the %s: %v", browser, err)
		}
		home, err := l.Home(browser)
		if p, known := e.Profile(browser); p != nil || known != nil || home != "" || err != nil {
			t.Errorf("of the %s there is %+v at %q", browser, p, home)
		}
	}
	if again, err := e.Erase([]string{"tablet"}, dawn); err != nil || again.ID != x.ID {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	due, _, err := l.Timers(dawn.AddDate(1, 0, 0).UnixMilli(), 10)
	if err != nil || len(due) != 1 || due[0].Visitor != "bob" {
		t.Errorf("timers %v, %v", due, err)
	}
	if err := visit(named(bought(e, "another"), "u1")); err != nil {
		t.Fatal(err)
	}
	p, err := e.Profile("another")
	if err != nil || p.User != "u1" || len(p.Browsers) > 0 || p.Unit != "another" {
		t.Errorf("%+v, %v", p, err)
	}
	d := &downstream{rows: map[string]uint64{"phone": 3, "tablet": 3, "bob": 3}}
	if x = erasing(t, e, d, x.ID); len(d.rows) != 1 || x.Count != 3 || len(x.Visitors) > 0 {
		t.Errorf("left %v, receipt %+v", d.rows, x)
	}
	if left := visitorsOf(t, l); len(left) != 2 || left["another"] != 1 {
		t.Errorf("in the ledger there are %v", left)
	}
}

// A dry decision says of a browser that names its person what that person would
// get, and brings nobody together.
func TestADryDecisionOfASecondBrowser(t *testing.T) {
	t.Parallel()
	e := started(t, newLedger(t), anyone)
	for _, v := range []engine.Visit{named(bought(e, "phone"), "u1"), asked(e, "desk", dawn)} {
		if _, err := e.Visit(v, dawn); err != nil {
			t.Fatal(err)
		}
	}
	d, err := e.Peek(named(asked(e, "desk", dawn), "u1"), dawn)
	if err != nil || len(d.Offers) != 1 {
		t.Errorf("%+v, %v", d.Outcomes, err)
	}
	if p, err := e.Profile("desk"); err != nil || p.User != "" || len(p.Browsers) > 0 {
		t.Errorf("%+v, %v", p, err)
	}
}
