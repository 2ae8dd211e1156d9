package stats

import (
	"bytes"
	"fmt"
	"testing"
)

// TestReviews: what is found of a campaign, in which order, and the exact words
// (testdata/review.txt).
func TestReviews(t *testing.T) {
	t.Parallel()
	about := func(id string, perDay float64) Subject {
		return Subject{Campaign: id, Status: "live", Currency: "JPY", PerDay: perDay}
	}
	// priced gives each conversion a value of 1,000 and the arm's coupons a cost.
	priced := func(arms []Arm, cost float64) []Arm {
		for i, a := range arms {
			n := float64(a.Converted)
			arms[i].Sum, arms[i].SumSquares = 1000*n, 1e6*n
			if !a.Control {
				arms[i].Cost = FixedCost(a.Converted, cost, 1000*n)
			}
		}
		return arms
	}
	quarter := func(arms []Arm) []Arm { // the arm has a quarter of the visitors
		arms[0].Weight, arms[1].Weight = 75, 25
		arms[0].N, arms[0].Converted = 3*arms[0].N, 3*arms[0].Converted
		return arms
	}
	harm := &Sentence{"「a」は害があります。", "a does harm."}
	var campaigns []Reviewed
	wanted := map[string]Finding{}
	add := func(want Finding, perDay float64, arms []Arm, change func(*Reviewed)) {
		id := fmt.Sprintf("c%d", len(campaigns)+1)
		wanted[id] = want
		r := Judge(about(id, perDay), arms, 0)
		c := Reviewed{Name: "施策" + id, Results: r, Span: r}
		if change != nil {
			change(&c)
		}
		campaigns = append(campaigns, c)
	}
	add(Won, 1000, priced(two(10_000, 300, 10_000, 400), 0), nil)
	add(Won, 1000, priced(quarter(two(10_000, 300, 10_000, 500)), 0), nil) // more is at stake: it comes first
	add(Won, 1000, two(10_000, 300, 10_000, 400), nil)                     // a goal without value
	add(Won, 0, priced(two(10_000, 300, 10_000, 400), 0), nil)             // nobody comes any more, and it won
	add(Lost, 1000, priced(quarter(two(10_000, 400, 10_000, 300)), 0), nil)
	add(Costly, 1000, priced(two(10_000, 300, 10_000, 400), 600), nil)
	add(Same, 1000, two(100_000, 10_000, 100_000, 10_050), nil)
	add(Stale, 0, two(100_000, 10_000, 100_000, 10_050), nil)
	add(Stale, 0, two(1_000, 30, 1_000, 31), func(c *Reviewed) { c.Span = Results{} })
	add(Stuck, 20, two(1_000, 30, 1_000, 33), nil)
	add(Leaning, 1000, two(10_000, 300, 10_000, 342), nil)
	add(Leaning, 1000, two(10_000, 342, 10_000, 300), nil)
	add(Young, 1000, two(1_000, 30, 1_000, 40), nil)
	add(Young, 1000, two(0, 0, 5, 1), nil)
	add(Young, 1000, two(500, 0, 500, 0), nil)
	add(Stale, 0, nil, nil)
	add(Broken, 1000, two(10_000, 300, 12_000, 400), nil)
	add(Unmeasured, 1000, two(10_000, 300, 10_000, 400)[1:], nil)
	add(Stopped, 1000, two(10_000, 300, 10_000, 400), func(c *Reviewed) { c.Harm = harm })
	add(Young, 0, two(0, 0, 0, 0), func(c *Reviewed) { c.Fresh = true })
	add(Young, 0, two(0, 0, 0, 0), func(c *Reviewed) { c.Fresh, c.Again = true, true })
	add(Stale, 0, two(0, 0, 0, 0), func(c *Reviewed) { c.Again = true })
	add(Young, 0, two(1_000, 30, 1_000, 31), func(c *Reviewed) { c.Fresh, c.Span = true, Results{} }) // its schedule opened again
	add(Won, 0, two(10_000, 300, 10_000, 400), func(c *Reviewed) { c.Fresh = true })

	var text bytes.Buffer
	for _, r := range ReviewAll(campaigns) {
		if r.Finding != wanted[r.Campaign] {
			t.Errorf("%s: %s, want %s", r.Campaign, r.Finding, wanted[r.Campaign])
		}
		stake := Missing
		if r.AtStake != nil {
			stake = r.AtStake.Value.Money("JPY").En + " [" + r.AtStake.Interval.Money("JPY", ", ").En + "] " + string(r.AtStake.Reason)
		}
		fmt.Fprintf(&text, "%s %s %s %q exposed %d, at stake %s\n  %s\n  %s\n  → %s\n  → %s\n  $ %s\n\n",
			r.Finding, r.Campaign, r.Verdict, r.Variant, r.Exposed, stake, r.Sentence.Ja, r.Sentence.En, r.Next.Ja, r.Next.En, r.Command)
	}
	golden(t, "testdata/review.txt", text.Bytes())
}

// TestSiteSentences: the whole site against its holdout (testdata/site.txt).
func TestSiteSentences(t *testing.T) {
	t.Parallel()
	arm := func(weight int, n, buyers uint64, each float64) Arm {
		b := float64(buyers)
		return Arm{Weight: weight, N: n, Converted: buyers, Sum: each * b, SumSquares: each * each * b}
	}
	var text bytes.Buffer
	for _, c := range []struct {
		name             string
		heldOut, treated Arm
	}{
		{"more than without", arm(500, 5_000, 150, 8000), arm(9500, 95_000, 3_600, 8000)},
		{"less than without", arm(500, 5_000, 250, 8000), arm(9500, 95_000, 3_600, 8000)},
		{"as yet the same", arm(500, 5_000, 180, 8000), arm(9500, 95_000, 3_600, 8000)},
		{"without a value", arm(500, 5_000, 180, 0), arm(9500, 95_000, 3_600, 0)},
		{"nobody bought", arm(500, 5_000, 0, 0), arm(9500, 95_000, 0, 0)},
		{"no holdout", arm(0, 0, 0, 0), arm(10_000, 95_000, 3_600, 8000)},
		{"nobody of the holdout", arm(500, 0, 0, 0), arm(9500, 50, 3, 8000)},
		{"nobody at all", arm(500, 0, 0, 0), arm(9500, 0, 0, 0)},
		{"a broken holdout", arm(500, 9_000, 300, 8000), arm(9500, 95_000, 3_600, 8000)},
	} {
		m := JudgeSite("2026-12", "JPY", c.heldOut, c.treated)
		if !m.Arms[0].Control || m.Arms[0].Variant != HeldOutArm || m.Arms[1].Variant != TreatedArm {
			t.Errorf("%s: arms %+v", c.name, m.Arms)
		}
		fmt.Fprintf(&text, "%s: %s\n  %s\n  %s\n\n", c.name, m.Verdict, m.Sentence.Ja, m.Sentence.En)
	}
	golden(t, "testdata/site.txt", text.Bytes())
}

func TestSmallSlices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arms []Arm
		want bool
	}{
		"enough":               {two(1000, 100, 1000, 100), false},
		"under 100":            {two(99, 50, 1000, 500), true},
		"nine expected":        {two(1000, 9, 1000, 9), true},
		"nobody":               {two(0, 0, 0, 0), true},
		"no control":           {two(1000, 100, 1000, 100)[1:], true},
		"no arm":               {nil, true},
		"everybody converted":  {two(1000, 1000, 1000, 1000), true},
		"ten expected in each": {two(1000, 10, 1000, 10), false},
	} {
		if got := Small(c.arms); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Sums of days added up are the sums of all days.
func TestArmsAddUp(t *testing.T) {
	t.Parallel()
	a := Arm{Variant: "a", Weight: 1, N: 1, Converted: 2, Sum: 3, SumSquares: 4, Cost: Cost{5, 6, 7, 8}, Past: Moments{9, 10}, PastCross: 11}
	want := Arm{Variant: "a", Weight: 1, N: 2, Converted: 4, Sum: 6, SumSquares: 8, Cost: Cost{10, 12, 14, 16}, Past: Moments{18, 20}, PastCross: 22}
	if got := a.Plus(a); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
