package warehouse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Every number of every result of the fixture is as many visitors as are named
// behind it, each once, the last to enter first.
func TestMembersAreWhomResultsCount(t *testing.T) {
	t.Parallel()
	w, archive, dsn := loaded(t, "testdata/attribution.txtar")
	conn := connect(t, dsn)
	named := 0
	// list names who is behind numbers, of which there are so many in all.
	list := func(t *testing.T, q warehouse.MembersQuery, want uint64) []warehouse.Member {
		t.Helper()
		q.Limit = 100
		got, err := w.Members(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if uint64(len(got.List)) != want || got.All != want {
			t.Errorf("%s %s %s=%s: %d are named of %d, results have %d", q.Variant, q.Who, q.By, q.Slice, len(got.List), got.All, want)
		}
		seen := map[string]bool{}
		for i, m := range got.List {
			if seen[m.Visitor] || i > 0 && m.Entered.After(got.List[i-1].Entered) {
				t.Errorf("%s %s: %+v is named twice or out of order", q.Variant, q.Who, m)
			}
			seen[m.Visitor] = true
		}
		named += len(got.List)
		return got.List
	}
	for i, file := range archive.Files {
		kind, title, _ := strings.Cut(file.Name, ": ")
		if kind != "want" && kind != "daily" && kind != "by" || kind == "want" && i%3 != 0 && !strings.Contains(title, "full=true") {
			continue // the texts differ in their parameters only
		}
		t.Run(file.Name, func(t *testing.T) {
			q := query(t, title)
			by, _, _ := strings.Cut(title, ",")
			var parts []warehouse.Slice
			var err error
			switch kind {
			case "want":
				var sums warehouse.Sums
				sums, err = w.Results(t.Context(), q)
				parts, by = []warehouse.Slice{{Arms: sums.Arms}}, ""
			case "daily":
				parts, err = w.Daily(t.Context(), q, by)
			default:
				parts, err = w.Breakdown(t.Context(), q, by)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range parts {
				asked := warehouse.MembersQuery{Query: q, Who: warehouse.Exposed, By: by, Slice: part.Key}
				if kind == "daily" {
					asked.By, asked.Zone = "day", by
				}
				all := uint64(0)
				for _, a := range part.Arms {
					all += a.Exposed
				}
				members := list(t, asked, all)
				for _, a := range part.Arms {
					got := warehouse.Arm{}
					for _, m := range members {
						if m.Variant == a.Variant {
							got.Exposed, got.Sum = got.Exposed+1, got.Sum+m.Value
							got.Converted, got.Clicked = got.Converted+one(m.Converted), got.Clicked+one(m.Clicked)
							got.Closed, got.Failed = got.Closed+one(m.Closed), got.Failed+one(m.Failed)
						}
					}
					if got.Exposed != a.Exposed || got.Sum != a.Sum || got.Converted != a.Converted || got.Clicked != a.Clicked || got.Closed != a.Closed || got.Failed != a.Failed {
						t.Errorf("%s %s of those named: %+v, results have %+v", part.Key, a.Variant, got, a)
					}
				}
			}
		})
	}
	t.Run("each number by itself", func(t *testing.T) {
		q := query(t, "costs, campaign=m past=100")
		sums, err := w.Results(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range sums.Arms[:2] {
			for who, want := range map[string]uint64{
				warehouse.Exposed: a.Exposed, warehouse.Matured: a.Matured, warehouse.Converted: a.Converted,
				warehouse.Clicked: a.Clicked, warehouse.Closed: a.Closed, warehouse.Failed: a.Failed,
			} {
				list(t, warehouse.MembersQuery{Query: q, Who: who, Variant: a.Variant}, want)
			}
		}
		q = query(t, "newest,")
		if sums, err = w.Results(t.Context(), q); err != nil || sums.Crossovers == 0 || sums.CarriedOver == 0 {
			t.Fatalf("%+v, %v", sums, err)
		}
		for _, a := range sums.Arms {
			list(t, warehouse.MembersQuery{Query: q, Who: warehouse.Converted, Variant: a.Variant}, a.Converted)
		}
		list(t, warehouse.MembersQuery{Query: q, Who: warehouse.Crossed}, sums.Crossovers)
		carried := warehouse.MembersQuery{Query: q, Who: warehouse.Carried, Limit: 100}
		list(t, carried, sums.CarriedOver)
		if lines := strings.Split(ask(t, conn, warehouse.MembersSQL(carried)), "\n"); uint64(len(lines)) != sums.CarriedOver || !strings.HasPrefix(lines[0], "carried ") {
			t.Errorf("the printed query gives %q", lines)
		}
		if sums, err = w.Results(t.Context(), query(t, "bandit, campaign=b as_of=172900000")); err != nil || len(sums.Periods) < 2 {
			t.Fatalf("%+v, %v", sums, err)
		}
		for _, p := range sums.Periods {
			a := p.Arms[1]
			list(t, warehouse.MembersQuery{Query: sums.Query, Who: warehouse.Exposed, Variant: a.Variant, Period: fmt.Sprint(p.Period)}, a.Exposed)
		}
	})
	if named < 60 {
		t.Errorf("only %d were named in all", named)
	}
}

func one(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

// A list is bounded, and tells how many there are beyond.
func TestMembersAreBounded(t *testing.T) {
	t.Parallel()
	w, _, _ := loaded(t, "testdata/attribution.txtar")
	q := warehouse.MembersQuery{Query: warehouse.Query{Campaign: "c", Window: time.Second, AsOf: start.Add(time.Hour)}, Who: warehouse.Exposed, Limit: 3}
	got, err := w.Members(t.Context(), q)
	if err != nil || len(got.List) != 3 || got.All <= 3 {
		t.Errorf("%+v, %v", got, err)
	}
	// Page by page everybody is named once, in the same order.
	all := warehouse.MembersQuery{Query: q.Query, Who: q.Who, Limit: 1000}
	whole, err := w.Members(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	var paged []warehouse.Member
	for q.Skip = 0; q.Skip < len(whole.List); q.Skip += q.Limit {
		page, err := w.Members(t.Context(), q)
		if err != nil || page.All != whole.All {
			t.Fatalf("%+v, %v", page, err)
		}
		paged = append(paged, page.List...)
	}
	if !slices.Equal(paged, whole.List) {
		t.Errorf("page by page %+v, at once %+v", paged, whole.List)
	}
	q.Skip = 0
	for _, nobody := range []warehouse.MembersQuery{{Query: q.Query, Who: "everybody", Limit: 3}, {Query: q.Query, Who: warehouse.Exposed, Variant: "z", Limit: 3}} {
		if got, err := w.Members(t.Context(), nobody); err != nil || got.All != 0 || len(got.List) != 0 {
			t.Errorf("%+v: %+v, %v", nobody, got, err)
		}
	}
	if _, err := w.Members(t.Context(), warehouse.MembersQuery{Query: q.Query, Zone: "Mars"}); err == nil || err.Error() != `who is behind c: the time zone "Mars" is not known; name one as Asia/Tokyo or UTC` {
		t.Error(err)
	}
}

// Every step of a funnel is as many visitors, by as many decisions, as are named.
func TestWhoCameToAStep(t *testing.T) {
	t.Parallel()
	w, archive, _ := loaded(t, "testdata/funnel.txtar")
	for _, file := range archive.Files {
		title, ok := strings.CutPrefix(file.Name, "want: ")
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			asked := query(t, title)
			q := warehouse.FunnelQuery{Campaign: asked.Campaign, Phase: asked.Phase, From: asked.From, To: asked.To, AsOf: asked.AsOf, Zone: zone(title)}
			days, err := w.Funnel(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range days[0].Steps {
				if title[:3] == "all" && i%2 != 0 || title[:3] != "all" && i%7 != 0 {
					continue // the texts differ in their parameters only
				}
				got, err := w.CameTo(t.Context(), warehouse.StepQuery{FunnelQuery: q, Step: s.Name, Reason: s.Reason, Limit: 100})
				if err != nil {
					t.Fatal(err)
				}
				decisions := uint64(0)
				for _, v := range got.List {
					decisions += v.Decisions
				}
				if decisions != s.Decisions || uint64(len(got.List)) != s.Visitors || got.All != s.Visitors {
					t.Errorf("%s %s: %d visitors by %d decisions, the funnel has %d by %d", s.Name, s.Reason, len(got.List), decisions, s.Visitors, s.Decisions)
				}
				if !slices.IsSortedFunc(got.List, func(a, b warehouse.CameVisitor) int { return b.Last.Compare(a.Last) }) {
					t.Errorf("%s %s is out of order", s.Name, s.Reason)
				}
			}
		})
	}
	got, err := w.CameTo(t.Context(), warehouse.StepQuery{FunnelQuery: warehouse.FunnelQuery{Campaign: "c", AsOf: start.Add(100 * time.Hour)}, Step: warehouse.StepMatched, Limit: 2})
	if err != nil || len(got.List) != 2 || got.All <= 2 {
		t.Errorf("two of them: %+v, %v", got, err)
	}
}

// Phases are those that results know, the newest first, each with whom they leave out.
func TestPhases(t *testing.T) {
	t.Parallel()
	w, _, _ := loaded(t, "testdata/attribution.txtar")
	asOf := start.Add(100 * time.Hour)
	for campaign, want := range map[string]string{
		"c":      "p2 true, p1 true",
		"silent": "s1 false",
		"k":      "k2 true, k1 true",
		"b":      "b1 true",
		"nobody": "",
	} {
		phases, err := w.Phases(t.Context(), warehouse.Query{Campaign: campaign, AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range phases {
			got = append(got, fmt.Sprint(p.ID, " ", p.Exposed))
			if p.Began.Before(start) || p.Began.After(asOf) {
				t.Errorf("%s began %s", p.ID, p.Began)
			}
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s: %s, want %s", campaign, text, want)
		}
	}
	left := func(campaign, phase string, to time.Time) string {
		t.Helper()
		phases, err := w.Phases(t.Context(), warehouse.Query{Campaign: campaign, AsOf: asOf, To: to})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range phases {
			if p.ID == phase {
				return fmt.Sprint(p.Bots, " ", p.Staff, " ", p.Forced)
			}
		}
		return "no such phase"
	}
	for _, c := range []struct {
		campaign, phase string
		to              time.Time
		want            string
	}{{"c", "p2", time.Time{}, "1 1 1"}, {"c", "p2", start.Add(100 * time.Second), "0 0 0"}, {"i", "i1", time.Time{}, "0 2 0"}, {"c", "p1", time.Time{}, "0 0 0"}} {
		if got := left(c.campaign, c.phase, c.to); got != c.want {
			t.Errorf("left out of %s %s to %s: bots, staff, previews %s, want %s", c.campaign, c.phase, c.to, got, c.want)
		}
		var named []string
		for _, who := range []string{warehouse.LeftBots, warehouse.LeftStaff, warehouse.LeftPreviews} {
			came, err := w.CameAside(t.Context(), warehouse.AsideQuery{Campaign: c.campaign, Phase: c.phase, Who: who, To: c.to, AsOf: asOf, Limit: 100})
			if err != nil || uint64(len(came.List)) != came.All {
				t.Fatalf("%s of %s: %+v, %v", who, c.campaign, came, err)
			}
			named = append(named, fmt.Sprint(came.All))
		}
		if got := strings.Join(named, " "); got != c.want {
			t.Errorf("named of those left out of %s %s to %s: %s, want %s", c.campaign, c.phase, c.to, got, c.want)
		}
	}
}
