package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// StepQuery asks who is behind a step of a funnel: the same FunnelQuery, and
// which of its steps.
type StepQuery struct {
	FunnelQuery
	Step   string // one of the names of steps
	Reason string // of StepLost
	Limit  int    // how many to name at most
	Skip   int    // how many not to, of the last to come
}

// Came are the visitors who came to a step.
type Came struct {
	All  uint64        // how many there are
	List []CameVisitor // the last to come first
}

// CameVisitor is one of them; "" stands for all decisions without one.
type CameVisitor struct {
	Visitor   string
	Last      time.Time // of its decisions that came to the step
	Decisions uint64
}

// CameTo names them.
func (w *Warehouse) CameTo(ctx context.Context, q StepQuery) (out Came, err error) {
	if err := knownZone(q.Zone); err != nil {
		return out, fmt.Errorf("who is in the funnel of %s: %w", q.Campaign, err)
	}
	values := q.withDefaults(time.Now()).parameters()
	values["step"], values["reason"], values["limit"], values["skip"] = q.Step, q.Reason, strconv.Itoa(q.Limit), strconv.Itoa(q.Skip)
	if out, err = w.came(ctx, funnelSQL+funnelVisitorsSQL, values); err != nil {
		return Came{}, fmt.Errorf("who is in the funnel of %s: %w", q.Campaign, err)
	}
	return out, nil
}

func (w *Warehouse) came(ctx context.Context, query string, values map[string]string) (out Came, err error) {
	err = w.each(ctx, query, values, func(scan func(...any) error) error {
		var v CameVisitor
		err := scan(&v.Visitor, &v.Last, &v.Decisions, &out.All)
		out.List = append(out.List, v)
		return err
	})
	return out, err
}
