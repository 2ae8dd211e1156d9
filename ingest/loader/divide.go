package loader

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// divide finds the rows for which a batch was refused, and brings in all others.
//
// From now on the batch goes in parts, and the pending record says so before the
// first is sent: a start after a crash then asks which rows are there and sends
// the others, never the whole again. A part's token names its first and last
// place, which no crash and no erasure in between changes: who was sent under
// it is the same, or fewer.
func (l *Loader) divide(ctx context.Context, b *batch, rows []warehouse.Row, refusal error) bool {
	if !b.split {
		l.config.Log.Warn("rows refused for their data: looking for them", "from", b.from, "to", b.to, "rows", len(rows), "error", refusal)
		if s := l.kept(); s.Pending != nil && s.Pending.Token == b.token {
			pending := *s.Pending
			pending.Split = true
			s.Pending = &pending
			if !l.keep(ctx, s) {
				return false
			}
		}
		b.split = true
	}
	var refused []warehouse.Row
	reasons := map[ingest.Place]string{}
	bury := func(row warehouse.Row, refusal error) {
		refused = append(refused, row)
		reasons[row.Place()] = refusal.Error()
	}
	if !l.sift(ctx, b, rows, refusal, bury) {
		return false
	}
	// What a view refused and the table has taken is not dead.
	gone, ok := l.missing(ctx, refused)
	if !ok {
		return false
	}
	for i := range gone {
		b.dead = append(b.dead, l.dead(gone[i].Place(), gone[i].Raw(), reasons[gone[i].Place()]))
	}
	b.refused += len(gone)
	return true
}

// sift sends rows that were refused together in parts until those are found that
// are refused alone. The others go in on the way.
func (l *Loader) sift(ctx context.Context, b *batch, rows []warehouse.Row, refusal error, bury func(warehouse.Row, error)) bool {
	if len(rows) == 1 {
		bury(rows[0], refusal)
		return true
	}
	bring := func(rows []warehouse.Row) bool {
		if len(rows) == 0 {
			return true
		}
		refused, ok := l.send(ctx, b, rows, part(b, rows))
		if !ok || refused == nil {
			return ok
		}
		return l.sift(ctx, b, rows, refused, bury)
	}
	if at, told := warehouse.RefusedRow(refusal); told && at < len(rows) && len(rows) <= hinted {
		return bring(rows[:at]) && bring(rows[at:at+1]) && bring(rows[at+1:])
	}
	left, right := rows[:len(rows)/2], rows[len(rows)/2:]
	refused, ok := l.send(ctx, b, left, part(b, left))
	switch {
	case !ok:
		return false
	case refused == nil && len(right) > 1:
		return l.sift(ctx, b, right, refusal, bury) // so it is in there
	case refused != nil && !l.sift(ctx, b, left, refused, bury):
		return false
	}
	return bring(right)
}

// hinted is up to how many rows ClickHouse is believed which one it means: three
// inserts find it, where halving takes eight. Of more rows at a time, each round
// would send all that are behind it.
const hinted = 256

func part(b *batch, rows []warehouse.Row) string {
	first, last := rows[0].Place(), rows[len(rows)-1].Place()
	return fmt.Sprintf("%s:%s-%s", b.token, first, last)
}

// maxReason bounds what is kept of a reason, in bytes: ClickHouse may repeat the row in it.
const maxReason = 1000

func (l *Loader) dead(at ingest.Place, raw []byte, reason string) ingest.Dead {
	if len(reason) > maxReason {
		end := maxReason
		for end > 0 && !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end] + "…"
	}
	return ingest.Dead{Place: at, At: l.config.Now().UnixMilli(), Reason: reason, Raw: raw}
}

// mostTold bounds how many dead events of one batch are logged one by one.
const mostTold = 10

func (l *Loader) buried(dead []ingest.Dead) {
	l.metrics.dead.Add(float64(len(dead)))
	for i, d := range dead {
		if i == mostTold {
			l.config.Log.Error("and more: omo dead list shows all", "more", len(dead)-i)
			break
		}
		l.config.Log.Error("event cannot be loaded: it is in the dead letter", "place", d.String(), "error", d.Reason)
	}
}

// makeRoom waits until the dead letter has room for more. That is for a person
// to see to; nothing is dropped meanwhile, and nothing more is loaded.
func (l *Loader) makeRoom(ctx context.Context, dead []ingest.Dead) bool {
	more := int64(0)
	for _, d := range dead {
		more += int64(len(d.Raw))*4/3 + int64(len(d.Reason)) + 64
	}
	wait := newWait(l.config)
	defer l.stuck.Store(nil)
	for {
		held := int64(l.source.Tally().DeadBytes)
		if more == 0 || held+more <= l.config.DeadBytes {
			return true
		}
		err := fmt.Errorf("the dead letter is full: %d bytes, %d more would pass its bound of %d; nothing is loaded until omo dead list and omo dead replay have made room, or the bound is raised",
			held, more, l.config.DeadBytes)
		l.stuck.Store(&err)
		if wait.loud() {
			l.config.Log.Error("loading has stopped", "error", err)
		}
		if !wait.pause(ctx) {
			return false
		}
	}
}

// Stuck is why nothing is loaded until a person does something, nil otherwise.
func (l *Loader) Stuck() error {
	if err := l.stuck.Load(); err != nil {
		return *err
	}
	return nil
}

// insist does what may fail for a while, as long as it takes; false if ctx ended first.
func (l *Loader) insist(ctx context.Context, what string, do func() error) bool {
	wait := newWait(l.config)
	for {
		err := do()
		if err == nil {
			return true
		}
		if wait.loud() && ctx.Err() == nil {
			l.config.Log.Warn(what+": loading waits", "error", err)
		}
		if !wait.pause(ctx) {
			return false
		}
	}
}
