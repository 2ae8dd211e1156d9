package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"
)

var (
	//go:embed queries/activity_visitors.sql
	activityVisitorsSQL string
	//go:embed queries/clashes_visitors.sql
	clashesVisitorsSQL string
	//go:embed queries/phases_visitors.sql
	phasesVisitorsSQL string
)

// Whom AsideQuery can ask for.
const (
	Met          = "met"      // Activity
	Yielded      = "yielded"  // Conflict
	LeftBots     = "bots"     // Phase.Bots
	LeftStaff    = "staff"    // Phase.Staff
	LeftPreviews = "previews" // Phase.Forced
)

// Aside are all of these.
var Aside = []string{Met, Yielded, LeftBots, LeftStaff, LeftPreviews}

// AsideQuery asks who is behind a number of one campaign that is none of its
// results: of whom it met, of whom it did not get, or of whom its results leave out.
type AsideQuery struct {
	Campaign       string
	Who            string // one of those above
	Reason, Winner string // of Yielded
	Phase          string // of those left out
	From, To       time.Time
	AsOf           time.Time // only what had been received by then; zero: now
	Zone           string    // of Met's days
	Limit, Skip    int       // how many to name at most, and how many not to, of the last
}

// CameAside names them. Their Decisions are of Met the days on which each did, and of
// those left out the exposures.
func (w *Warehouse) CameAside(ctx context.Context, q AsideQuery) (out Came, err error) {
	fail := func(err error) (Came, error) { return Came{}, fmt.Errorf("who is beside %s: %w", q.Campaign, err) }
	if err := knownZone(q.Zone); err != nil {
		return fail(err)
	}
	text := phasesVisitorsSQL
	switch q.Who {
	case Met:
		text = activityVisitorsSQL
	case Yielded:
		text = clashesSQL + clashesVisitorsSQL
	}
	values := Query{Campaign: q.Campaign, Phase: q.Phase, From: q.From, To: q.To, AsOf: q.AsOf}.withDefaults(time.Now()).parameters()
	values["who"], values["reason"], values["winner"], values["zone"] = q.Who, q.Reason, q.Winner, zoneOr(q.Zone)
	values["limit"], values["skip"] = strconv.Itoa(q.Limit), strconv.Itoa(q.Skip)
	if out, err = w.came(ctx, text, values); err != nil {
		return fail(err)
	}
	return out, nil
}
