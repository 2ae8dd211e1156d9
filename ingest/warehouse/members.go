package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"
)

var (
	//go:embed queries/members.sql
	membersSQL string
	//go:embed queries/phases.sql
	phasesSQL string
)

// Whom MembersQuery can ask for; each is counted in Sums under that name.
const (
	Exposed   = "exposed"
	Matured   = "matured"
	Converted = "converted"
	Clicked   = "clicked"
	Closed    = "closed"
	Failed    = "failed"
	Crossed   = "crossed" // Crossovers
	Carried   = "carried" // CarriedOver
)

// MembersQuery asks who is behind a number of Results, Daily or Breakdown: the
// same Query, and which of its numbers.
type MembersQuery struct {
	Query
	Who     string // one of those above
	Variant string // "": of every arm; of Crossed and Carried the variant that was seen first
	Period  string // of a bandit: "0", "1" …; "": all
	By      string // "day" or an attribute of Breakdown; "": no slice
	Slice   string // its key
	Zone    string // of By "day"
	Limit   int    // how many to name at most
	Skip    int    // how many not to, of the last to enter
}

// Members are the visitors behind a number.
type Members struct {
	All  uint64   // how many there are
	List []Member // the last to enter first
}

// Member is one visitor as results count it; what is known of it is as it was at
// its first exposure.
type Member struct {
	Visitor, Variant          string
	Entered                   time.Time // first exposed
	Device, Newcomer, Channel string    // Newcomer: new or returning
	Rank                      string
	Value                     float64
	Converted                 bool
	Clicked, Closed, Failed   bool
}

// Members names them.
func (w *Warehouse) Members(ctx context.Context, q MembersQuery) (out Members, err error) {
	if err := q.check(); err != nil {
		return out, err
	}
	if err := knownZone(q.Zone); err != nil {
		return out, fmt.Errorf("who is behind %s: %w", q.Campaign, err)
	}
	err = w.eachOfUnits(ctx, membersSQL, q.parameters(time.Now()), func(scan func(...any) error) error {
		var m Member
		err := scan(&m.Visitor, &m.Variant, &m.Entered, &m.Device, &m.Newcomer, &m.Channel, &m.Rank, &m.Converted, &m.Value, &m.Clicked, &m.Closed, &m.Failed, &out.All)
		out.List = append(out.List, m)
		return err
	})
	if err != nil {
		return Members{}, fmt.Errorf("who is behind %s: %w", q.Campaign, err)
	}
	return out, nil
}

func (q MembersQuery) parameters(now time.Time) map[string]string {
	values := q.Query.withDefaults(now).sliced(q.By, zoneOr(q.Zone))
	values["who"], values["variant"], values["period"], values["slice"] = q.Who, q.Variant, q.Period, q.Slice
	values["limit"], values["skip"] = strconv.Itoa(q.Limit), strconv.Itoa(q.Skip)
	return values
}

// MembersSQL is the query behind Members, as SQL is that behind Results.
func MembersSQL(q MembersQuery) string {
	return filled(unitsStatement(membersSQL), q.parameters(time.Now()))
}

// Phase is a span of a campaign with the same variants and weights.
type Phase struct {
	ID      string
	Began   time.Time
	Exposed bool // whether anybody was
	// Visitors whom results leave out: crawlers, of the shop's staff, and who was
	// shown a variant that somebody asked for.
	Bots, Staff, Forced uint64
}

// Phases are a campaign's, the newest first; of the query its campaign, its span
// and as of when matter.
func (w *Warehouse) Phases(ctx context.Context, q Query) (out []Phase, err error) {
	err = w.each(ctx, phasesSQL, q.withDefaults(time.Now()).parameters(), func(scan func(...any) error) error {
		var p Phase
		err := scan(&p.ID, &p.Began, &p.Exposed, &p.Bots, &p.Staff, &p.Forced)
		out = append(out, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("phases of %s: %w", q.Campaign, err)
	}
	return out, nil
}
