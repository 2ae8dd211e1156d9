package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"
)

//go:embed queries/slices.sql
var slicesSQL string

// Slice are the sums of the visitors who have one day, or one value of an
// attribute, in common.
type Slice struct {
	Key  string // a date (2026-12-01), or the attribute's value; "" not known
	Arms []Arm  // every arm of the phase, in the order of the campaign's file
}

// By what Breakdown can break down; all as it was at the first exposure.
const (
	ByDevice  = "device"  // mobile, tablet, desktop
	ByVisitor = "visitor" // new: in its first session; returning
	ByChannel = "channel" // what brought the session
	ByRank    = "rank"    // the trait rank
)

const byDay = "day"

// Daily is Results by the date of entering in the zone (Asia/Tokyo), from the
// first day on which anybody entered to the last, the days without anybody too.
func (w *Warehouse) Daily(ctx context.Context, q Query, zone string) ([]Slice, error) {
	if err := knownZone(zone); err != nil {
		return nil, fmt.Errorf("results of %s by day: %w", q.Campaign, err)
	}
	all, arms, err := w.slices(ctx, q, byDay, zoneOr(zone))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	first, err := time.Parse(time.DateOnly, all[0].Key)
	if err != nil {
		return nil, fmt.Errorf("results of %s by day: %w", q.Campaign, err)
	}
	var out []Slice
	for day := first; len(all) > 0; day = day.AddDate(0, 0, 1) {
		key := day.Format(time.DateOnly)
		if all[0].Key == key {
			out, all = append(out, all[0]), all[1:]
		} else {
			out = append(out, Slice{Key: key, Arms: slices.Clone(arms)})
		}
	}
	return out, nil
}

// Breakdown is Results by an attribute of the visitor, one of those above, as it
// was at its first exposure. Slices come in the order of their keys.
func (w *Warehouse) Breakdown(ctx context.Context, q Query, by string) ([]Slice, error) {
	if !slices.Contains([]string{ByDevice, ByVisitor, ByChannel, ByRank}, by) {
		return nil, fmt.Errorf("results of %s by %q: there are %s, %s, %s and %s", q.Campaign, by, ByDevice, ByVisitor, ByChannel, ByRank)
	}
	all, _, err := w.slices(ctx, q, by, "UTC")
	return all, err
}

func (w *Warehouse) slices(ctx context.Context, q Query, by, zone string) (all []Slice, arms []Arm, err error) {
	if err := q.check(); err != nil {
		return nil, nil, err
	}
	q = q.withDefaults(time.Now())
	err = w.eachOfUnits(ctx, slicesSQL, q.sliced(by, zone), func(scan func(...any) error) error {
		var a Arm
		var phase string
		var key *string
		if err := scan(append([]any{&phase, &key}, a.fields()...)...); err != nil {
			return err
		}
		if key == nil {
			arms = append(arms, a)
			return nil
		}
		if n := len(all); n == 0 || all[n-1].Key != *key {
			all = append(all, Slice{Key: *key, Arms: slices.Clone(arms)})
		}
		all[len(all)-1].put(a)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("results of %s by %s: %w", q.Campaign, by, err)
	}
	return all, arms, nil
}

// put adds the sums to its arm.
func (s *Slice) put(a Arm) {
	i := slices.IndexFunc(s.Arms, func(b Arm) bool { return b.Variant == a.Variant })
	if i < 0 {
		s.Arms = append(s.Arms, a)
		return
	}
	s.Arms[i].plus(a)
}

func (q Query) sliced(by, zone string) map[string]string {
	values := q.parameters()
	values["by"], values["zone"] = by, zone
	return values
}

// SQLDaily is the query behind Daily, as SQL is that behind Results.
func SQLDaily(q Query, zone string) string {
	return filled(unitsStatement(slicesSQL), q.withDefaults(time.Now()).sliced(byDay, zoneOr(zone)))
}

// SQLBreakdown is the query behind Breakdown, as SQL is that behind Results.
func SQLBreakdown(q Query, by string) string {
	return filled(unitsStatement(slicesSQL), q.withDefaults(time.Now()).sliced(by, "UTC"))
}
