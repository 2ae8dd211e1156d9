package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// learns makes the shop's campaign a bandit with a control.
var learns = edit("campaigns/welcome.yaml", "variants:\n", "allocation: bandit\nvariants:\n  - {id: control, weight: 1}\n")

// A bandit's periods are told apart, and what pools them says so.
func TestResultScreenOfABandit(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, learns)
	measured(s)
	arms := s.reports.sums.Arms
	s.reports.sums.Periods = []warehouse.PeriodSums{{Period: 0, Arms: arms}, {Period: 3, Arms: arms}}
	c := s.as("view")
	page := c.counted("/ui/campaigns/welcome")
	if row := page.row("4"); row != "4 control 50 9,000 279 3.10%" || !strings.Contains(string(page.body), "配分が動くたびに") || !strings.Contains(string(page.body), "period=3&amp;") {
		t.Errorf("the row is %s", row)
	}
	if body := string(c.counted("/ui/campaigns/welcome/visitors?who=exposed&period=3").body); !strings.Contains(body, "区間 4 ·") {
		t.Errorf("the list has another number: %s", body)
	}
	c.get("/ui/campaigns/welcome/visitors?who=exposed&period=03").is(http.StatusBadRequest)
	for _, part := range []string{"days", "breakdown"} {
		if !strings.Contains(string(c.counted("/ui/campaigns/welcome/"+part).body), "配分が自動で動きます") {
			t.Errorf("%s does not say that it pools periods", part)
		}
	}
}

// A period that tells nothing is left out of the judgement, not of the counts that
// lead to lists: table and lists agree, and the screen says how many it is.
func TestABanditsCountsAreOfAllPeriods(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t, learns)
	measured(s)
	whole := s.reports.sums.Arms
	few := []warehouse.Arm{{Variant: "control", Control: true, Weight: 1, Exposed: 1, Matured: 1}, {Variant: "coupon10", Weight: 99, Exposed: 50, Matured: 40, Converted: 9}}
	s.reports.sums.Periods = []warehouse.PeriodSums{{Arms: whole}, {Period: 1, Arms: whole}, {Period: 2, Arms: few}}
	all := slices.Clone(whole)
	for i := range all {
		all[i].Exposed, all[i].Matured, all[i].Converted = 2*all[i].Exposed+few[i].Exposed, 2*all[i].Matured+few[i].Matured, 2*all[i].Converted+few[i].Converted
	}
	s.reports.sums.Arms = all
	page := s.as("view").counted("/ui/campaigns/welcome")
	if row := page.row("coupon10"); !strings.HasPrefix(row, "coupon10 勝ち 18,250 729 3.96%") {
		t.Errorf("the row is %s", row)
	}
	for _, text := range []string{"32,241 / 36,251 人", "判定に入れていません（51 人。"} {
		if !strings.Contains(string(page.body), text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	// The files and the HTTP API count the same, and say how many are compared.
	file := string(s.as("view").get("/ui/campaigns/welcome/download?what=results&form=csv").is(http.StatusOK).body)
	if lines := strings.Split(file, "\n"); !strings.HasSuffix(lines[0], ",judged_exposed,judged_converted") || !strings.Contains(lines[2], ",coupon10,false,99,18250,729,") || !strings.HasSuffix(lines[2], ",18200,720") {
		t.Error(file)
	}
	var told api.CampaignResults
	s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&told)
	if a := told.Arms[1]; a.Exposed != 18250 || a.Converted != 729 || a.Judged == nil || *a.Judged != (stats.Judged{Exposed: 18200, Converted: 720}) {
		t.Errorf("%+v", a)
	}
}
