package api_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// bad are sums that no division may trip over.
func bad() map[string][]warehouse.Arm {
	arm := func(variant string, exposed, converted uint64, sum, squares float64) warehouse.Arm {
		return warehouse.Arm{Variant: variant, Control: variant == "control", Weight: 50, Exposed: exposed, Converted: converted, Sum: sum, SumSquares: squares}
	}
	return map[string][]warehouse.Arm{
		"no arm":             nil,
		"nobody":             {arm("control", 0, 0, 0, 0), arm("a", 0, 0, 0, 0)},
		"one arm empty":      {arm("control", 500, 50, 5e5, 5e9), arm("a", 0, 0, 0, 0)},
		"control empty":      {arm("control", 0, 0, 0, 0), arm("a", 500, 50, 5e5, 5e9)},
		"all converted":      {arm("control", 500, 500, 5e5, 5e8), arm("a", 500, 500, 5e5, 5e8)},
		"nobody converted":   {arm("control", 500, 0, 0, 0), arm("a", 500, 0, 0, 0)},
		"negative revenue":   {arm("control", 500, 50, -5e5, 5e9), arm("a", 500, 60, -1, 5e9)},
		"refunds above sale": {arm("control", 500, 50, 5e5, 5e9), arm("a", 500, 60, -4e5, 5e9)},
		"more than exposed":  {arm("control", 10, 11, 0, 0), arm("a", 10, 1, 0, 0)},
		"not finite":         {arm("control", 500, 50, math.Inf(1), math.NaN()), arm("a", 500, 60, math.NaN(), 1)},
		"enormous":           {arm("control", 1e18, 1e17, 1e300, 1e308), arm("a", 1e18, 2e17, 1e300, 1e308)},
		"no control":         {arm("a", 500, 50, 5e5, 5e9), arm("b", 500, 60, 5e5, 5e9)},
		"control alone":      {arm("control", 500, 50, 5e5, 5e9)},
	}
}

// Whatever the sums, every report is good JSON as openapi.yaml has it, each null
// has its reason, and nothing is a placeholder.
func TestReportsOfBadSums(t *testing.T) {
	t.Parallel()
	for name, arms := range bad() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.reports.sums = warehouse.Sums{Query: warehouse.Query{Phase: "p1"}, Arms: arms, PerDay: 10}
			s.reports.slices = []warehouse.Slice{{Key: "2026-11-20", Arms: arms}, {Key: "2026-11-21", Arms: arms}}
			a := warehouse.SiteArm{}
			if len(arms) > 1 {
				a = warehouse.SiteArm{Visitors: arms[1].Exposed, Buyers: arms[1].Converted, Sum: arms[1].Sum, SumSquares: arms[1].SumSquares}
			}
			s.reports.months = []warehouse.SiteMonth{{Month: "2026-11", Treated: a, HeldOut: a, Share: 500}, {Month: "2026-12", Treated: a}}
			for _, path := range []string{"campaigns/welcome/results", "campaigns/welcome/series", "campaigns/welcome/breakdown?by=device", "site/results", "review"} {
				body := string(s.trusted().get("/v1/" + path).is(http.StatusOK).body)
				for _, never := range []string{"NaN", "Inf", "null,\"reasons\":{}"} {
					if strings.Contains(body, never) {
						t.Errorf("%s has %s: %s", path, never, body)
					}
				}
			}
			for _, path := range []string{"", "/days", "/breakdown", "/funnel"} {
				page := string(s.trusted().counted("/ui/campaigns/welcome" + path).is(http.StatusOK).body)
				for _, never := range []string{"NaN", "Inf", "%!", "ZgotmplZ", "e+"} {
					if strings.Contains(page, never) {
						t.Errorf("the page%s has %s", path, never)
					}
				}
			}
			var got api.CampaignResults
			s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&got)
			for _, arm := range got.Arms {
				for name, known := range map[string]bool{"rate": arm.Rate.Known, "lift": arm.Lift.Known, "lift_ci": arm.LiftCI.Known, "p_value": arm.PValue.Known, "sequential_ci": arm.SequentialCI.Known} {
					if _, why := arm.Reasons[name]; known == why {
						t.Errorf("%s %s: known %v, with a reason %v", arm.Variant, name, known, why)
					}
				}
			}
			if got.Sentence.Ja == "" || got.Sentence.En == "" {
				t.Errorf("there is no sentence: %+v", got.Sentence)
			}
		})
	}
}

// Costs, past, pace and currency reach the verdict.
func TestResultsInMoney(t *testing.T) {
	t.Parallel()
	s := open(t)
	arm := func(variant string, exposed, converted uint64, cost, past float64) warehouse.Arm {
		n := float64(converted)
		return warehouse.Arm{Variant: variant, Control: variant == "control", Weight: 50, Exposed: exposed, Converted: converted,
			Sum: 1000 * n, SumSquares: 1e6 * n,
			Cost: warehouse.Cost{Sum: cost * n, SumSquares: cost * cost * n, WithValue: 1000 * cost * n},
			Past: warehouse.Past{Sum: past * n, SumSquares: past * past * n, Cross: 300 * past * n}}
	}
	s.reports.sums = warehouse.Sums{Query: warehouse.Query{Phase: "p1"}, PerDay: 200, Arms: []warehouse.Arm{arm("control", 9000, 300, 0, 500), arm("a", 9000, 330, 100, 500)}}
	var got api.CampaignResults
	s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&got)
	v := got.Arms[1].Value
	if v == nil || v.Cost.Value != 33_000 || !v.Adjusted || got.Past != "72h" || got.PerDay != 200 || got.Currency != "JPY" {
		t.Fatalf("%+v of %+v", v, got)
	}
	if !got.Incremental.Value.Known || !got.ToGo.Visitors.Known || !got.ToGo.Days.Known {
		t.Errorf("incremental %+v, to go %+v", got.Incremental, got.ToGo)
	}
	if asked := s.reports.asked[0]; asked.Past != 72*time.Hour {
		t.Errorf("asked for a past of %s", asked.Past)
	}
	page := string(s.trusted().counted("/ui/campaigns/welcome").is(http.StatusOK).body)
	for _, text := range []string{"これまでの効果", "あと約", "CUPED"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not tell %s", text)
		}
	}
}

// A bandit's arms are compared within its periods: pooled, the arm that got most
// visitors on the good day would win for that alone.
func TestResultsOfABandit(t *testing.T) {
	t.Parallel()
	s := open(t)
	arm := func(variant string, exposed, converted uint64) warehouse.Arm {
		return warehouse.Arm{Variant: variant, Control: variant == "control", Weight: 50, Exposed: exposed, Converted: converted}
	}
	good, poor := []warehouse.Arm{arm("control", 1000, 400), arm("a", 9000, 3600)}, []warehouse.Arm{arm("control", 9000, 900), arm("a", 1000, 100)}
	s.reports.sums = warehouse.Sums{Arms: []warehouse.Arm{arm("control", 10_000, 1300), arm("a", 10_000, 3700)},
		Periods: []warehouse.PeriodSums{{Period: 0, Arms: good}, {Period: 1, Arms: poor}}}
	var got api.CampaignResults
	s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&got)
	if lift := got.Arms[1].Lift; !lift.Known || math.Abs(lift.Value) > 1e-9 || got.Periods != 2 {
		t.Errorf("lift %+v over %d periods", lift, got.Periods)
	}
}

// Days add up to what had come by each, and no slice has a verdict.
func TestSeriesAndBreakdown(t *testing.T) {
	t.Parallel()
	s := open(t)
	arm := func(variant string, exposed, converted uint64) warehouse.Arm {
		return warehouse.Arm{Variant: variant, Control: variant == "control", Weight: 50, Exposed: exposed, Converted: converted}
	}
	s.reports.slices = []warehouse.Slice{
		{Key: "2026-11-19", Arms: []warehouse.Arm{arm("control", 1000, 100), arm("a", 1000, 200)}},
		{Key: "2026-11-20", Arms: []warehouse.Arm{arm("control", 0, 0), arm("a", 0, 0)}},
		{Key: "2026-11-21", Arms: []warehouse.Arm{arm("control", 50, 5), arm("a", 60, 6)}},
	}
	var series api.Series
	s.trusted().get("/v1/campaigns/welcome/series").is(http.StatusOK).into(&series)
	if len(series.Days) != 3 || series.Zone != "Asia/Tokyo" || s.reports.words[0] != "Asia/Tokyo" {
		t.Fatalf("%+v", series)
	}
	for i, want := range [][2]uint64{{1000, 200}, {1000, 200}, {1060, 206}} {
		a := series.Days[i].Cumulative[1]
		if a.Exposed != want[0] || a.Converted != want[1] || a.Verdict != "" {
			t.Errorf("day %d: %+v", i, a)
		}
	}
	if d := series.Days[1]; d.Arms[1].Rate.Known || d.Arms[1].Reasons["rate"] != "no_visitors" || series.Days[0].Arms[1].Verdict != "" {
		t.Errorf("a day without anybody: %+v", d.Arms[1])
	}
	var by api.Breakdown
	s.trusted().get("/v1/campaigns/welcome/breakdown?by=rank").is(http.StatusOK).into(&by)
	if by.By != "rank" || len(by.Slices) != 3 || by.Slices[0].Small || !by.Slices[1].Small || !by.Slices[2].Small || by.Slices[0].Arms[1].Verdict != "" {
		t.Errorf("%+v", by)
	}
	s.trusted().get("/v1/campaigns/welcome/breakdown?by=weather").says(http.StatusBadRequest, "bad_request", "by weather is none of device, visitor, channel, rank")
	s.trusted().get("/v1/campaigns/welcome/breakdown").says(http.StatusBadRequest, "bad_request", "by  is none of device, visitor, channel, rank")
	for day := time.Date(1996, 1, 1, 0, 0, 0, 0, time.UTC); len(s.reports.slices) < 11_000; day = day.AddDate(0, 0, 1) { // a clock was wrong
		s.reports.slices = append(s.reports.slices, warehouse.Slice{Key: day.Format(time.DateOnly), Arms: []warehouse.Arm{arm("control", 0, 0), arm("a", 0, 0)}})
	}
	if s.trusted().get("/v1/campaigns/welcome/series").is(http.StatusOK).into(&series); len(series.Days) != 2 {
		t.Errorf("%d days of which two had anybody", len(series.Days))
	}
	s.reports.slices = nil
	if s.trusted().get("/v1/campaigns/welcome/series").is(http.StatusOK).into(&series); len(series.Days) != 0 {
		t.Errorf("nobody: %+v", series)
	}
	for _, path := range []string{"series", "breakdown?by=rank&", "funnel"} {
		s.trusted().get("/v1/campaigns/xmas/"+path).says(http.StatusNotFound, "not_found", "no campaign xmas in the rules folder; GET /v1/campaigns lists them")
		var told struct {
			SQL     string
			Results map[string]any
		}
		path = strings.TrimSuffix(path, "&")
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		if s.trusted().get("/v1/campaigns/welcome/" + path + sep + "sql=1").is(http.StatusOK).into(&told); !strings.Contains(told.SQL, "'welcome'") || told.Results["campaign"] != "welcome" {
			t.Errorf("%s: %s", path, told.SQL)
		}
	}
}

func TestFunnel(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.funnel = []warehouse.FunnelDay{{Steps: []warehouse.Step{{Name: "matched", Decisions: 5, Visitors: 3}, {Name: "lost", Reason: "holdout", Decisions: 1, Visitors: 1}}}}
	var got api.Funnel
	s.trusted().get("/v1/campaigns/welcome/funnel").is(http.StatusOK).into(&got)
	if len(got.Days) != 1 || got.Days[0].Steps[1].Reason != "holdout" || got.To.Sub(got.From) != 14*24*time.Hour || !got.To.Equal(s.clock.Now()) {
		t.Errorf("%+v", got)
	}
	s.trusted().get("/v1/campaigns/welcome/funnel?from=2026-11-01&to=2026-11-03").is(http.StatusOK).into(&got)
	if got.To.Sub(got.From) != 48*time.Hour {
		t.Errorf("%+v", got)
	}
}

// Months are whole, and campaigns that lose money are named.
func TestSite(t *testing.T) {
	t.Parallel()
	s := open(t)
	lossy := func(variant string, converted uint64) warehouse.Arm {
		n := float64(converted)
		return warehouse.Arm{Variant: variant, Control: variant == "control", Weight: 50, Exposed: 10_000, Converted: converted, Sum: 1000 * n, SumSquares: 1e6 * n}
	}
	s.reports.sums = warehouse.Sums{Arms: []warehouse.Arm{lossy("control", 400), lossy("a", 300)}}
	s.reports.months = []warehouse.SiteMonth{{Month: "2026-11", Share: 500,
		HeldOut: warehouse.SiteArm{Visitors: 5000, Buyers: 150, Sum: 1.2e6, SumSquares: 9.6e9}, Treated: warehouse.SiteArm{Visitors: 95_000, Buyers: 3600, Sum: 2.88e7, SumSquares: 2.304e11}}}
	var got api.Site
	s.trusted().get("/v1/site/results?from=2026-10-15&to=2026-11-02").is(http.StatusOK).into(&got)
	tokyo := time.FixedZone("JST", 9*60*60)
	if q := s.reports.asked[0]; !q.From.Equal(time.Date(2026, 10, 1, 0, 0, 0, 0, tokyo)) || !q.To.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, tokyo)) {
		t.Errorf("asked %s to %s", q.From, q.To)
	}
	if m := got.Months[0]; m.Verdict != "win" || !m.Incremental.Value.Known || !strings.Contains(m.Sentence.En, "3.79% bought something, against 3.00%") {
		t.Errorf("%+v", m)
	}
	if len(got.BelowZero) != 6 || !got.BelowZero[0].Sure || got.BelowZero[0].Incremental.Value.Value != -100_000 {
		t.Errorf("below zero: %+v", got.BelowZero)
	}
	s.reports.asked = nil
	s.trusted().get("/v1/site/results").is(http.StatusOK)
	if q := s.reports.asked[0]; !q.From.Equal(time.Date(2025, 12, 1, 0, 0, 0, 0, tokyo)) || !q.To.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, tokyo)) {
		t.Errorf("unless told: %s to %s", q.From, q.To)
	}
	s.reports.asked = nil
	s.trusted().get("/v1/site/results?to=2026-11-01").is(http.StatusOK)
	if q := s.reports.asked[0]; !q.From.Equal(time.Date(2025, 11, 1, 0, 0, 0, 0, tokyo)) || !q.To.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, tokyo)) {
		t.Errorf("to the end of a month: %s to %s", q.From, q.To)
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.sums = sums()
	var got api.Review
	s.trusted().get("/v1/review").is(http.StatusOK).into(&got)
	if len(got.Campaigns)+len(got.Resting) != 6 || got.To.Sub(got.From) != 14*24*time.Hour || got.Campaigns[0].Finding != "won" || got.Campaigns[0].Exposed != 45_000 {
		t.Errorf("%+v", got)
	}
	for i, q := range s.reports.asked { // the whole phase, and the span
		if from := got.To.Add(-14 * 24 * time.Hour); i%2 == 0 && !q.From.IsZero() || i%2 == 1 && !q.From.Equal(from) {
			t.Errorf("question %d is from %s", i, q.From)
		}
	}
	for query, message := range map[string]string{"since=soon": "since soon is not a length of time like 14d", "since=-1d": "since -1d is not a length of time like 14d"} {
		s.trusted().get("/v1/review?"+query).says(http.StatusBadRequest, "bad_request", message)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.usage = []warehouse.Month{{Month: "2026-09"}, {Month: "2026-10", Visitors: 7}, {Month: "2026-11", Visitors: 9, Persons: 2, Events: 30, Decisions: 12}}
	for query, want := range map[string]string{"": "2026-11", "?month=2026-10": "2026-10", "?months=2": "2026-10 2026-11", "?month=2026-11": "2026-11"} {
		var got api.Usage
		s.trusted().get("/v1/usage" + query).is(http.StatusOK).into(&got)
		var months []string
		for _, m := range got.Months {
			months = append(months, m.Month)
		}
		if strings.Join(months, " ") != want || got.Zone != "Asia/Tokyo" {
			t.Errorf("%s: %+v", query, got)
		}
	}
	for query, message := range map[string]string{
		"month=november": "month november is not a month like 2026-12", "month=2027-01": "month 2027-01 is none of the last 60", "month=1999-01": "month 1999-01 is none of the last 60",
		"months=0": "months 0 is not a number from 1 to 60", "months=many": "months many is not a number from 1 to 60",
	} {
		s.trusted().get("/v1/usage?"+query).says(http.StatusBadRequest, "bad_request", message)
	}
}

// Where the warehouse is away every report says so, and when to ask again.
func TestNoReportWithoutTheWarehouse(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.away = true
	for _, path := range []string{"campaigns/welcome/series", "campaigns/welcome/breakdown?by=device", "campaigns/welcome/funnel", "site/results", "review", "usage", "chats"} {
		s.trusted().get("/v1/"+path).says(http.StatusServiceUnavailable, "unavailable", "the warehouse could not answer: "+errAway.Error())
		s.browser().get("/v1/" + path).is(http.StatusForbidden)
	}
}

// A campaign that was stopped for harm is told as it was at the stop, and why it was.
func TestResultsAfterAHarmStop(t *testing.T) {
	t.Parallel()
	const id = "welcome"
	s := open(t, edit("campaigns/welcome.yaml", "variants:\n", "variants:\n  - {id: control, weight: 1}\n"))
	s.reports.sums = sums()
	if err := s.engine.StopHarm(id, s.engine.Live().Phases[id], engine.HarmStop{Variant: "a", Guardrail: "conversion", Ja: "「a」は害があります。", En: "a does harm."}, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	stopped := s.clock.Now()
	s.clock.pass(time.Hour)
	var got api.CampaignResults
	s.trusted().get("/v1/campaigns/" + id + "/results").is(http.StatusOK).into(&got)
	if got.Status != "stopped" || got.Override == nil || got.Override.Harm.Ja != "「a」は害があります。" || !got.AsOf.Equal(stopped) {
		t.Errorf("%+v, override %+v", got.Subject, got.Override)
	}
	var review api.Review
	s.trusted().get("/v1/review").is(http.StatusOK).into(&review)
	if c := review.Campaigns[0]; c.Campaign != id || c.Finding != "stopped" || c.Sentence.En != "a does harm." || c.Command != "omo resume "+id {
		t.Errorf("%+v", c)
	}
	page := string(s.trusted().counted("/ui/campaigns/" + id).is(http.StatusOK).body)
	for _, text := range []string{"「a」は害があります。", "悪化のため停止"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %s", text)
		}
	}
	if err := s.engine.Pause(id, "operator", s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.trusted().get("/v1/campaigns/" + id + "/results").is(http.StatusOK).into(&got)
	if s.trusted().get("/v1/review").is(http.StatusOK).into(&review); got.Status != "paused" || !strings.Contains(strings.Join(review.Resting, " "), id) {
		t.Errorf("paused: %s, resting %v", got.Status, review.Resting)
	}
}
