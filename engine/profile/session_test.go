package profile

import (
	"fmt"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// A session ends with a gap of thirty minutes, to the millisecond; what comes
// late belongs to the session it is near to, or to none that still counts.
func TestSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, story, want string }{
		{"a first page", "0m page_view /a", "v.1* | n 1 from 0s to 0s, 1 views; 1 ever"},
		{"a gap of less", "0m page_view\n29m59.999s page_view", "v.1* v.1* | n 1 from 0s to 29m59.999s, 2 views; 2 ever"},
		{"a gap of thirty minutes", "0m page_view\n30m page_view", "v.1* v.2 | n 2 from 30m0s to 30m0s, 1 views; 2 ever"},
		{"the gap counts from the last event of any name", "0m page_view\n20m search\n45m page_view", "v.1* v.1* v.1* | n 1 from 0s to 45m0s, 2 views; 2 ever"},
		{"out of order within a session", "10m page_view\n15m page_view\n12m page_view", "v.1* v.1* v.1* | n 1 from 10m0s to 15m0s, 3 views; 3 ever"},
		{"a moment before its start", "10m page_view\n9m59s page_view", "v.1* v.1* | n 1 from 9m59s to 10m0s, 2 views; 2 ever"},
		{"a gap before its start", "40m page_view\n10m page_view", "v.1* - | n 1 from 40m0s to 40m0s, 1 views; 2 ever"},
		{"of the session before", "0m page_view\n40m page_view\n0m page_view", "v.1* v.2 - | n 2 from 40m0s to 40m0s, 1 views; 3 ever"},
		{"days late", "0m page_view\n-2d page_view", "v.1* - | n 1 from 0s to 0s, 1 views; 2 ever"},
		{"a decision is no event of the visitor's", "0m page_view\n50m omo_decision\n55m page_view", "v.1* v.1 v.2 | n 2 from 55m0s to 55m0s, 1 views; 2 ever"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, events := after(t, c.story)
			got := ""
			for _, e := range events {
				got += orDash(e.Session)
				if e.New {
					got += "*"
				}
				got += " "
			}
			s := p.Session
			equal(t, fmt.Sprintf("%s| n %d from %s to %s, %d views; %d ever", got, s.N, minutes(s.Start), minutes(s.End), s.Views, p.Pageviews), c.want)
		})
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Averages are of completed sessions: the one under way is not among them.
func TestCompletedSessions(t *testing.T) {
	t.Parallel()
	p, _ := after(t, `
		0m page_view
		10m page_view
		2h page_view
		2h04m page_view
		2h05m search
		5h page_view`)
	equal(t, fmt.Sprintf("%d sessions, %d done, %dms, %d views, the last ended %s", p.Visits(), p.Done, p.DoneMS, p.DoneViews, minutes(p.PrevEnd)),
		"3 sessions, 2 done, 900000ms, 4 views, the last ended 2h5m0s")
	equal(t, minutes(p.First)+" "+minutes(p.Last), "0s 5h0m0s")
}

// A session remembers where it began and what brought it there.
func TestLanding(t *testing.T) {
	t.Parallel()
	p := New("v")
	for i, page := range []string{"/landing", "/second"} {
		e := told(t, fmt.Sprint(i, "m page_view ", page))
		e.Source = &ingest.Source{Channel: []string{"social", "direct"}[i], Source: "line"}
		Fold(p, &e, terms)
		e.Source.Channel = "changed later"
	}
	equal(t, fmt.Sprint(p.Session.Landing, " ", *p.Session.Source), "/landing {social  line    }")
	e := told(t, "2h page_view")
	Fold(p, &e, terms)
	equal(t, fmt.Sprintf("%q %v", p.Session.Landing, p.Session.Source), `"" <nil>`)
}

// Who the visitor is: the latest word counts.
func TestTraits(t *testing.T) {
	t.Parallel()
	p := New("v")
	for _, e := range []ingest.Event{
		{Name: "identify", Time: 1, User: "u1", Traits: map[string]any{"rank": "silver", "age": 33.0, "member": true}},
		{Name: "login", Time: 2},
		{Name: "identify", Time: 3, Traits: map[string]any{"rank": "gold"}},
	} {
		Fold(p, &e, terms)
	}
	equal(t, fmt.Sprint(p.User, " ", p.Traits), "u1 map[age:33 member:true rank:gold]")
	equal(t, p.Unit, "v")
}

// A person's bucketing unit is adopted by the event that says so, and stays.
func TestAdoptedUnit(t *testing.T) {
	t.Parallel()
	p := New("v")
	for i, unit := range []string{"", "first", "", "second", ""} {
		Fold(p, &ingest.Event{Name: "identify", Time: int64(i + 1), Unit: unit}, terms)
		equal(t, p.Unit, []string{"v", "first", "first", "second", "second"}[i])
	}
}

// A rule set that goes live is no event of a visitor's.
func TestRulesEventsAreNotFolded(t *testing.T) {
	t.Parallel()
	p, events := after(t, "0m omo_rules")
	equal(t, fmt.Sprintf("%+v %q", *p, events[0].Session), fmt.Sprintf("%+v %q", *New("v"), ""))
}
