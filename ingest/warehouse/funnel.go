package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	//go:embed queries/funnel.sql
	funnelSQL string
	//go:embed queries/funnel_steps.sql
	funnelStepsSQL string
	//go:embed queries/funnel_visitors.sql
	funnelVisitorsSQL string
)

// FunnelQuery asks what became of the decisions about one campaign. Only
// Campaign must be told.
type FunnelQuery struct {
	Campaign string
	Phase    string    // "": of every phase together, which is no statistic
	From, To time.Time // of decisions, To excluded; zero: all
	AsOf     time.Time // only what had been received by then; zero: now
	Zone     string    // whose days, as Asia/Tokyo; "": UTC
}

// Names of a funnel's steps, in its order. Decisions add up exactly, each day:
//
//	matched = Σ lost + armed + offered + control + shadow + forced
//	offered + control ≥ exposed ≥ clicked, closed, converted
//
// An armed decision ends there: when the moment comes, the browser asks again,
// and that is a decision of its own, counted as matched and as triggered, and
// then as lost, offered or control like any other.
const (
	StepMatched   = "matched"   // the rule was true
	StepTriggered = "triggered" // of matched: a trigger asked, not the page view
	StepLost      = "lost"      // stopped by a gate: one step for each Reason
	StepArmed     = "armed"     // waits for its trigger
	StepOffered   = "offered"   // a variant was handed out
	StepControl   = "control"   // control's turn: nothing to show
	StepShadow    = "shadow"    // a shadow campaign would have
	StepForced    = "forced"    // a preview: never analysed
	StepExposed   = "exposed"   // of offered and control: the visitor came to that moment
	StepClicked   = "clicked"   // of exposed
	StepClosed    = "closed"    // of exposed
	StepConverted = "converted" // of exposed: the visitor entered by it and reached the main goal
)

// reasons are in the order of the gates; a reason that is not among them comes last.
var reasons = []string{
	"", "consent", "bot", "erased", "not_live", "backfilling", "out_of_schedule", "page", "rule_false", "trigger", "holdout",
	"frequency", "stopped", "budget", "layer", "traffic", "coupon_out", "slot_taken", "error",
}

// FunnelDay is one day's funnel; Day is "2026-12-01", and "" of all days together.
type FunnelDay struct {
	Day   string
	Steps []Step // every step, also with nobody; of lost each reason that any day has
}

// Step is how many decisions came to it, and of how many different visitors.
// Visitors do not add up: one may be in several steps.
type Step struct {
	Name      string
	Reason    string // of lost: the reason code; else ""
	Decisions uint64
	Visitors  uint64
}

func (q FunnelQuery) withDefaults(now time.Time) FunnelQuery {
	q.Phase, _, _ = strings.Cut(q.Phase, "/") // a bandit's periods belong to their phase
	q.From, q.To, q.AsOf = span(q.From, q.To, q.AsOf, now)
	q.Zone = zoneOr(q.Zone)
	return q
}

func (q FunnelQuery) parameters() map[string]string {
	return map[string]string{
		"campaign": q.Campaign, "phase": q.Phase, "zone": q.Zone,
		"from": clock(q.From), "to": clock(q.To), "as_of": clock(q.AsOf),
	}
}

// FunnelSQL is the query behind Funnel with its parameters filled in. It gives
// steps that somebody came to, the total under the day ”.
func FunnelSQL(q FunnelQuery) string {
	return filled(funnelSQL+funnelStepsSQL, q.withDefaults(time.Now()).parameters())
}

// Funnel counts: first all days together, then each day from the first to the
// last that has a decision, those between without one too. Without any decision
// there is only the first, with zeros.
func (w *Warehouse) Funnel(ctx context.Context, q FunnelQuery) ([]FunnelDay, error) {
	fail := func(err error) ([]FunnelDay, error) { return nil, fmt.Errorf("funnel of %s: %w", q.Campaign, err) }
	if err := knownZone(q.Zone); err != nil {
		return fail(err)
	}
	if err := w.Migrate(ctx); err != nil {
		return fail(err)
	}
	rows, err := w.conn.Query(reporting(ctx), funnelSQL+funnelStepsSQL, named(q.withDefaults(time.Now()).parameters())...)
	if err != nil {
		return fail(w.explain(err))
	}
	defer rows.Close()
	found := map[string][]Step{"": nil}
	for rows.Next() {
		var day string
		var s Step
		if err := rows.Scan(&day, &s.Name, &s.Reason, &s.Decisions, &s.Visitors); err != nil {
			return fail(err)
		}
		found[day] = append(found[day], s)
	}
	if err := rows.Err(); err != nil {
		return fail(w.explain(err))
	}
	return funnel(found)
}

// funnel puts every step of every day in its place.
func funnel(found map[string][]Step) ([]FunnelDay, error) {
	frame := frame(found[""])
	out := []FunnelDay{{Steps: fit(frame, found[""])}}
	days, err := days(found)
	if err != nil {
		return nil, err
	}
	for _, day := range days {
		out = append(out, FunnelDay{Day: day, Steps: fit(frame, found[day])})
	}
	return out, nil
}

// frame are the steps of every day of a funnel, given those of all its days together.
func frame(total []Step) []Step {
	var lost []Step
	for _, s := range total {
		if s.Name == StepLost {
			lost = append(lost, Step{Name: StepLost, Reason: s.Reason})
		}
	}
	slices.SortStableFunc(lost, func(a, b Step) int { return gate(a.Reason) - gate(b.Reason) })
	out := []Step{{Name: StepMatched}, {Name: StepTriggered}}
	out = append(out, lost...)
	for _, name := range []string{StepArmed, StepOffered, StepControl, StepShadow, StepForced, StepExposed, StepClicked, StepClosed, StepConverted} {
		out = append(out, Step{Name: name})
	}
	return out
}

func gate(reason string) int {
	if i := slices.Index(reasons, reason); i >= 0 {
		return i
	}
	return len(reasons)
}

func fit(frame, found []Step) []Step {
	out := slices.Clone(frame)
	for i := range out {
		for _, s := range found {
			if s.Name == out[i].Name && s.Reason == out[i].Reason {
				out[i] = s
			}
		}
	}
	return out
}

// days are those from the first to the last that was found.
func days(found map[string][]Step) ([]string, error) {
	first, last := "", ""
	for day := range found {
		if day != "" && (first == "" || day < first) {
			first = day
		}
		last = max(last, day)
	}
	if first == "" {
		return nil, nil
	}
	at, err := time.Parse(time.DateOnly, first)
	if err != nil {
		return nil, err
	}
	out := []string{first}
	for out[len(out)-1] < last {
		at = at.AddDate(0, 0, 1)
		out = append(out, at.Format(time.DateOnly))
	}
	return out, nil
}
