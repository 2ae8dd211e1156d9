package beacon_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// idsOf gives the ids of a call's events of a name.
func idsOf(d decide, name string) []string {
	var ids []string
	for _, e := range d.Events {
		if e.Name == name {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func TestTheServerDecidesWhichEventWasMeant(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{waits("thanks", "modal", "add_to_cart")}
		}
		for _, e := range d.Events {
			if e.Name == d.Trigger && e.Properties["value"] == 6800.0 {
				return []offer{shows("thanks", "modal", couponAction)}
			}
		}
		return nil
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready)
	for i, value := range []string{"100", "6800"} {
		p.does(`omo("track", "add_to_cart", {value: ` + value + `})`)
		until(t, "its decide call", func() bool { return len(s.calls()) == 2+i })
		p.does(ready)
	}
	p.sees(".card")
	p.does(`omo("track", "add_to_cart", {value: 9900})`)
	until(t, "three events", func() bool { return len(s.named("add_to_cart")) == 3 })
	calls := s.calls()
	if len(calls) != 3 {
		t.Fatalf("%d decide calls, want the page view's and one for each event until the campaign was shown", len(calls))
	}
	for _, d := range calls[1:] {
		if d.Trigger != "add_to_cart" || len(idsOf(d, "add_to_cart")) != 1 {
			t.Errorf("call of %q with the events %+v, want the one that is the trigger", d.Trigger, d.Events)
		}
	}
}

func TestAnEventBeforeTheAnswerTriggersUnderItsOwnID(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{waits("story", "modal", "view_item")}
		}
		return []offer{shows("story", "modal", nil)}
	}
	p := person{t, browsertest.New(t)}
	p.before(`window.omo = function () { (omo.q = omo.q || []).push(arguments) }; omo("track", "view_item", {value: 1080})`)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the exposure", func() bool { return len(s.named("omo_exposure")) == 1 })
	calls := s.calls()
	if len(calls) != 2 || calls[1].Trigger != "view_item" {
		t.Fatalf("calls = %+v", calls)
	}
	first, second := idsOf(calls[0], "view_item"), idsOf(calls[1], "view_item")
	if len(first) != 1 || !slices.Equal(first, second) {
		t.Errorf("the event went as %v with the page view and as %v with its trigger, want one id", first, second)
	}
}

// Two campaigns that wait for the same thing ask together. A third is told by
// the server as well, which cannot know that the rest of its list is missing.
func TestCampaignsOfOneTriggerShareACallAndAListWaitsForAll(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{waits("one", "a", "exit_intent"), waits("two", "b", "exit_intent"), waits("three", "c", "exit_intent", "tab_return")}
		}
		return []offer{shows("one", "a", nil), shows("two", "b", nil), shows("three", "c", nil)}
	}
	p := person{t, browsertest.New(t)}
	p.before(hideable)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready + `.then(() => ` + leaves + `)`)
	until(t, "two exposures", func() bool { return len(s.named("omo_exposure")) >= 2 })
	p.does(ready)
	if got := campaignsOf(s.named("omo_exposure")); !slices.Equal(got, []string{"one", "two"}) || len(s.calls()) != 2 {
		t.Fatalf("exposures of %v after %d calls, want one and two after 2", got, len(s.calls()))
	}
	p.does(`hide(true); hide(false)`)
	until(t, "the third exposure", func() bool { return slices.Contains(campaignsOf(s.named("omo_exposure")), "three") })
	if calls := s.calls(); len(calls) != 3 || calls[2].Trigger != "tab_return" {
		t.Errorf("calls = %+v", calls)
	}
}

func TestNavigationWithoutALoadDisarmsAndArmsAnew(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.slow = func(string) time.Duration { return 300 * time.Millisecond }
	s.answer = func(d decide) []offer {
		if d.Trigger == "" && pathOf(d) != "/b" {
			return []offer{waits("rescue", "modal", "exit_intent")}
		}
		return nil
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	want := 1
	for _, step := range []struct {
		to    string
		acts  bool
		fires bool
	}{{"", true, true}, {"/c", false, false}, {"/b", true, false}, {"/a", true, true}} {
		if step.to != "" {
			p.does(`history.pushState(null, "", ` + quoted(step.to) + `)`)
			want++
		}
		until(t, "the page view of "+step.to, func() bool { return len(s.calls()) >= want })
		if step.acts { // before the answer: what the old view waited for is over, what the new one will wait for counts
			p.does(leaves + `; ` + leaves)
		}
		if step.fires {
			want++
			until(t, "the trigger on "+step.to, func() bool { return len(s.calls()) >= want })
		}
		p.does(`new Promise((done) => setTimeout(done, 500))`)
		if n := len(s.calls()); n != want {
			t.Fatalf("on %s: %d decide calls, want %d", step.to, n, want)
		}
	}
}

// Frameworks go to the new address first and tell what is there in the same breath.
func TestAnEventOfANewViewIsNotOfTheOldOne(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger == "" {
			return []offer{waits("story", "modal", "view_item")}
		}
		return nil
	}
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready + `.then(() => { history.pushState(null, "", "/b"); omo("track", "view_item", {value: 1080}) })`)
	until(t, "the page view and its trigger", func() bool { return len(s.calls()) == 3 })
	second, third := s.calls()[1], s.calls()[2]
	if pathOf(second) != "/b" || second.Trigger != "" || pathOf(third) != "/b" || third.Trigger != "view_item" || len(idsOf(third, "view_item")) != 1 {
		t.Errorf("calls = %+v and %+v", second, third)
	}
	if e := s.named("view_item"); len(e) != 1 || e[0].Page.URL != s.URL+"/b" {
		t.Errorf("events = %+v, want one, of the new page", e)
	}
}

// A page that comes back from the cache is a new page view, and no return to a tab.
func TestGoingBackIsNoReturnToTheTab(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer { return []offer{waits("rescue", "modal", "tab_return")} }
	p := person{t, browsertest.New(t)}
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the first page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready)
	p.goes(s.URL + "/b?consent=granted")
	until(t, "the second page view", func() bool { return len(s.calls()) == 2 })
	p.does(`history.back()`)
	until(t, "the third page view", func() bool { return len(s.calls()) >= 3 })
	p.does(ready)
	for _, d := range s.calls() {
		if d.Trigger != "" {
			t.Errorf("the trigger %s: nobody came back to the tab", d.Trigger)
		}
	}
}

func TestEngagementSaysWhenTriggersWouldHaveCome(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(d decide) []offer {
		if d.Trigger != "" || pathOf(d) != "/a" {
			return []offer{waits("rescue", "modal", "in_view:#end", "dwell:1h")}
		}
		return []offer{waits("rescue", "modal", "in_view:#end", "dwell:1h"), waits("told", "bar", "in_view:#end")}
	}
	p := person{t, browsertest.New(t)}
	p.before(hideable)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(ready + `.then(() => document.querySelector("#end").scrollIntoView())`)
	until(t, "the end is seen", func() bool { return len(s.calls()) == 2 })
	// At the top before the new view: what it begins with is seen, however slow the machine.
	p.does(`scrollTo(0, 0); new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`)
	p.does(`history.pushState(null, "", "/b")`)
	until(t, "the page view of /b", func() bool { return len(s.calls()) == 3 })
	p.does(`new Promise((done) => setTimeout(done, 600))`)
	p.does(`hide(true); new Promise((done) => setTimeout(done, 300))`)
	p.does(`hide(false); new Promise((done) => setTimeout(done, 200))`)
	p.does(`history.pushState(null, "", "/c")`)
	until(t, "three reports", func() bool { return len(s.named("omo_engagement")) == 3 })

	reports := s.named("omo_engagement")
	slices.SortFunc(reports, func(a, b event) int { return strings.Compare(a.ID, b.ID) })
	number := func(i int, name string) float64 { n, _ := reports[i].Properties[name].(float64); return n }
	if at := number(0, "in_view:#end"); number(0, "scroll") != 100 || at <= 0 || at > number(0, "dwell_ms") {
		t.Errorf("scrolled to the end: %+v", reports[0].Properties)
	}
	if _, has := reports[1].Properties["tab_return"]; has || number(1, "scroll") > 40 {
		t.Errorf("before the tab was left: %+v", reports[1].Properties)
	}
	if at := number(2, "tab_return"); at < 500 || at > number(1, "dwell_ms")+number(2, "dwell_ms") || number(2, "in_view:#end") != 0 {
		t.Errorf("after the return: %+v, and before %+v", reports[2].Properties, reports[1].Properties)
	}
}

// A page that goes away hears of it twice, and on a slow machine there is time between.
func TestAPageThatGoesAwaySlowlyIsReportedOnce(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	p := person{t, browsertest.New(t)}
	p.before(hideable)
	p.goes(s.URL + "/a?consent=granted")
	until(t, "the page view", func() bool { return len(s.calls()) == 1 })
	p.does(`new Promise((done) => setTimeout(done, 200)).then(() => dispatchEvent(new PageTransitionEvent("pagehide")))`)
	p.does(`new Promise((done) => setTimeout(done, 200)).then(() => hide(true)).then(() => omo("track", "last"))`)
	until(t, "the last event", func() bool { return len(s.named("last")) == 1 })
	if n := len(s.named("omo_engagement")); n != 1 {
		t.Errorf("%d reports, want one: %+v", n, s.named("omo_engagement"))
	}
}

// pathOf is the path of the page that a call is about.
func pathOf(d decide) string {
	u, err := url.Parse(d.Page.URL)
	if err != nil {
		return d.Page.URL
	}
	return u.Path
}
