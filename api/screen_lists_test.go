package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Every figure of the campaigns screen leads to the visitors behind it, as of when it
// was counted: the arms' to whom results counted, the days' and the clashes' to whom
// the board did.
func TestEveryFigureOfTheListLeadsToItsVisitors(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	s.reports.activity = []warehouse.Activity{{Campaign: "welcome", Day: "2026-11-20", Visitors: 1200}}
	s.reports.conflicts = []warehouse.Conflict{{Campaign: "welcome", Reason: "budget", Visitors: 7}, {Campaign: "welcome", Reason: "slot_taken", Visitors: 9}}
	s.reports.came = warehouse.Came{All: 7, List: []warehouse.CameVisitor{{Visitor: "vera", Last: s.clock.Now(), Decisions: 3}}}
	at, c := s.clock.Now(), s.as("view")
	page := c.counted("/ui/campaigns")
	s.clock.pass(5 * time.Second) // who comes to the lists comes later
	var got []string
	for _, to := range page.links() {
		if u, err := url.Parse(to); err != nil || u.Path != "/ui/campaigns/welcome/visitors" {
			continue
		}
		list := c.counted(to)
		switch q := s.reports.behind[len(s.reports.behind)-1].(type) {
		case warehouse.MembersQuery:
			got = append(got, q.Who+" "+q.Variant+" "+q.Phase)
			if !q.AsOf.Equal(at) || q.Goal != "purchase" {
				t.Errorf("%s asks %+v", to, q)
			}
		case warehouse.AsideQuery:
			got = append(got, q.Who+" "+q.Reason+" "+q.Winner)
			if !q.AsOf.Equal(at) || !q.From.Equal(time.Date(2026, 11, 7, 15, 0, 0, 0, time.UTC)) || q.Campaign != "welcome" {
				t.Errorf("%s asks %+v", to, q)
			}
			if row := list.row("vera"); row != "vera 11月21日 12:00 3" {
				t.Errorf("the row is %s", row)
			}
		}
	}
	slices.Sort(got)
	same(t, "who is asked for", got, []string{"exposed control p1", "exposed coupon10 p1", "met  ", "yielded budget ", "yielded slot_taken "})
}

// Whom results leave out can be looked at, too.
func TestWhomResultsLeaveOut(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	s.reports.came = warehouse.Came{All: 1, List: []warehouse.CameVisitor{{Visitor: "vera", Last: s.clock.Now(), Decisions: 1}}}
	c := s.as("view")
	var got []string
	for _, to := range c.counted("/ui/campaigns/welcome").links() {
		u, err := url.Parse(to)
		if err != nil || !slices.Contains(warehouse.Aside, u.Query().Get("who")) {
			continue
		}
		c.counted(to)
		if q, is := s.reports.behind[len(s.reports.behind)-1].(warehouse.AsideQuery); is {
			got = append(got, q.Who+" "+q.Phase)
			if !q.AsOf.Equal(s.clock.Now()) || !q.From.IsZero() {
				t.Errorf("%s asks %+v", to, q)
			}
		}
	}
	same(t, "who is asked for", got, []string{"bots p1", "staff p1", "previews p1"})
}

// A list that is longer than a page goes on at the next, as of the same moment.
func TestAListOfManyHasPages(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	for _, path := range []string{"/ui/campaigns/welcome/visitors?who=exposed&variant=coupon10", "/ui/campaigns/welcome/visitors?step=matched", "/ui/campaigns/welcome/visitors?chat=offered"} {
		at := s.clock.Now()
		s.reports.members, s.reports.came, s.reports.chatted = warehouse.Members{All: 101}, warehouse.Came{All: 101}, warehouse.Chatted{All: 101}
		for range 100 {
			s.reports.members.List = append(s.reports.members.List, warehouse.Member{Visitor: "vera", Entered: at})
			s.reports.came.List = append(s.reports.came.List, warehouse.CameVisitor{Visitor: "vera", Last: at})
			s.reports.chatted.List = append(s.reports.chatted.List, warehouse.ChattedVisitor{Visitor: "vera", Last: at})
		}
		c := s.as("view")
		first := c.counted(path)
		if body := string(first.body); !strings.Contains(body, "全 101 人のうち、新しい順に 100 人") || strings.Contains(body, `rel="prev"`) {
			t.Errorf("the first page of %s is %s", path, body)
		}
		next := func(page answer, rel string) string {
			t.Helper()
			_, after, found := strings.Cut(string(page.body), `rel="`+rel+`" href="`)
			to, _, _ := strings.Cut(after, `"`)
			if !found {
				t.Fatalf("%s: no %s in %s", path, rel, page.body)
			}
			return strings.ReplaceAll(to, "&amp;", "&")
		}
		s.clock.pass(time.Second)
		s.reports.members.List, s.reports.came.List, s.reports.chatted.List = s.reports.members.List[:1], s.reports.came.List[:1], s.reports.chatted.List[:1]
		second := c.counted(next(first, "next"))
		if body := string(second.body); !strings.Contains(body, "全 101 人のうち、新しい順に 101〜101 人目") || strings.Contains(body, `rel="next"`) {
			t.Errorf("the second page of %s is %s", path, body)
		}
		var skip, limit int
		var asOf time.Time
		switch q := s.reports.behind[len(s.reports.behind)-1].(type) {
		case warehouse.MembersQuery:
			skip, limit, asOf = q.Skip, q.Limit, q.AsOf
		case warehouse.StepQuery:
			skip, limit, asOf = q.Skip, q.Limit, q.AsOf
		case warehouse.ChattedQuery:
			skip, limit, asOf = q.Skip, q.Limit, q.AsOf
		}
		if skip != 100 || limit != 100 || !asOf.Equal(at) {
			t.Errorf("the second page of %s asks for %d after %d as of %s", path, limit, skip, asOf)
		}
		if u, err := url.Parse(next(second, "prev")); err != nil || u.Query().Has("page") {
			t.Errorf("before the second page is %s", u)
		}
	}
	for _, bad := range []string{"0", "-1", "one", "1e3", "10001", "01"} {
		s.as("view").get("/ui/campaigns/welcome/visitors?who=exposed&page=" + bad).is(http.StatusBadRequest)
	}
}
