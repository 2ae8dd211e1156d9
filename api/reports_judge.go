package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// CampaignResults is the answer of GET /v1/campaigns/{id}/results.
type CampaignResults struct {
	stats.Results
	// Past is the span before a visitor's first exposure that its money is compared
	// by (CUPED): as long as the goal's window.
	Past string `json:"past"`
	// Override is what was decided beside the campaign's file; missing where nothing was.
	Override *engine.Override `json:"override,omitempty"`
	// Former is the newest earlier phase in which anybody was exposed, where in the
	// present one nobody is yet: after a resume, or other weights or content.
	Former *Former `json:"former,omitempty"`

	// began is when the present phase did, where nobody is exposed in it yet; else the
	// zero time.
	began time.Time
}

// Former is a phase that results are not of.
type Former struct {
	Phase string    `json:"phase"`
	Began time.Time `json:"began"`
}

// resultsOf are a campaign's results, and of which phase else there are some.
func (s *Server) resultsOf(ctx context.Context, campaign *rules.Campaign, q warehouse.Query) (CampaignResults, error) {
	out, err := s.judge(ctx, campaign, q)
	if err != nil || !s.awaited(campaign, q, out.Arms) {
		return out, err
	}
	phases, err := s.behind.Phases(ctx, q)
	if err != nil {
		return CampaignResults{}, s.away("campaign", campaign.ID, err)
	}
	out.await(q, phases)
	return out, nil
}

// await says since when the phase that is asked about waits for somebody, and which
// had results before. One that the warehouse does not know yet has just begun.
func (r *CampaignResults) await(q warehouse.Query, phases []warehouse.Phase) {
	r.Former, r.began = formerOf(q.Phase, phases), q.AsOf
	if i := slices.IndexFunc(phases, func(p warehouse.Phase) bool { return p.ID == q.Phase }); i >= 0 {
		r.began = phases[i].Began
	}
}

// awaited is whether the phase that is asked about is live, and nobody is exposed in it.
func (s *Server) awaited(campaign *rules.Campaign, q warehouse.Query, arms []stats.ArmResult) bool {
	return q.Phase != "" && q.Phase == s.engine.Live().Phases[campaign.ID] &&
		!slices.ContainsFunc(arms, func(a stats.ArmResult) bool { return a.Exposed > 0 })
}

// formerOf is the newest phase but one in which anybody was exposed; nil: there is none.
func formerOf(present string, newestFirst []warehouse.Phase) *Former {
	for _, p := range newestFirst {
		if p.ID != present && p.Exposed {
			return &Former{p.ID, p.Began.UTC()}
		}
	}
	return nil
}

// judge counts in the warehouse and judges the counts.
func (s *Server) judge(ctx context.Context, campaign *rules.Campaign, q warehouse.Query) (CampaignResults, error) {
	sums, err := s.reports.Results(ctx, q)
	if err != nil {
		return CampaignResults{}, s.away("campaign", campaign.ID, err)
	}
	return s.judged(campaign, q, sums)
}

// judged is what the sums that a question was answered with say.
func (s *Server) judged(campaign *rules.Campaign, q warehouse.Query, sums warehouse.Sums) (CampaignResults, error) {
	if q.Phase != "" && q.Phase != s.engine.Live().Phases[campaign.ID] && len(sums.Arms) == 0 {
		return CampaignResults{}, problem("not_found", "campaign "+campaign.ID+" has no phase "+q.Phase+"; leave phase out for the newest").in("この施策にフェーズ " + q.Phase + " はありません。")
	}
	about := s.subject(campaign, q)
	about.Phase, about.PerDay = cmp.Or(sums.Phase, s.engine.Live().Phases[campaign.ID]), sums.PerDay
	out := CampaignResults{Past: rules.FormatDuration(q.Past)}
	if over, is := s.engine.Live().Overrides[campaign.ID]; is {
		out.Override = &over
	}
	if len(sums.Periods) > 0 {
		out.Results = stats.JudgePeriods(about, periodsOf(sums.Periods), sums.Crossovers)
	} else {
		out.Results = stats.Judge(about, armsOf(sums.Arms), sums.Crossovers)
	}
	out.CarriedOver, out.ErasedVisitors = sums.CarriedOver, s.engine.ErasedVisitors()
	return out, nil
}

// subject is what a question is about, phase and pace aside.
func (s *Server) subject(campaign *rules.Campaign, q warehouse.Query) stats.Subject {
	return stats.Subject{
		Campaign: campaign.ID, Phase: q.Phase, Goal: goalNamed(campaign, q.Goal).Name, Window: rules.FormatDuration(q.Window),
		AsOf: q.AsOf.UTC(), Status: string(s.engine.Live().Status(campaign)), Currency: s.engine.Live().Set.Site.Currency,
	}
}

// armsOf are the warehouse's sums as statistics take them.
func armsOf(sums []warehouse.Arm) []stats.Arm {
	arms := make([]stats.Arm, len(sums))
	for i, a := range sums {
		arms[i] = stats.Arm{
			Variant: a.Variant, Control: a.Control, Weight: int(a.Weight),
			N: a.Exposed, Converted: a.Converted, Sum: a.Sum, SumSquares: a.SumSquares,
			Cost: stats.Cost{Sum: a.Cost.Sum, SumSquares: a.Cost.SumSquares, WithValue: a.Cost.WithValue, WithPast: a.Cost.WithPast},
			Past: stats.Moments{Sum: a.Past.Sum, SumSquares: a.Past.SumSquares}, PastCross: a.Past.Cross,
		}
	}
	return arms
}

func periodsOf(sums []warehouse.PeriodSums) []stats.Period {
	periods := make([]stats.Period, len(sums))
	for i, p := range sums {
		periods[i] = stats.Period{Arms: armsOf(p.Arms)}
	}
	return periods
}

// away is the answer to a question that the warehouse did not answer.
func (s *Server) away(what, id string, err error) error {
	s.log.Error("the warehouse could not answer", what, id, "error", err)
	return retryLater("unavailable", "the warehouse could not answer: "+err.Error(), soon).in("ClickHouse が答えられませんでした。「稼働状況」の画面で様子を確かめてください。")
}
