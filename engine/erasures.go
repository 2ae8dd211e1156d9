package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// Downstream is where the ledger's events go, as far as erasing needs it.
type Downstream interface {
	// Passed returns once no event up to seq is on its way any more: each is
	// there, or will never be.
	Passed(ctx context.Context, seq uint64) error
	// Erase removes all rows of these visitors and returns nil only when none is
	// left. It tells, by table and visitor, what it found before it removes it.
	Erase(ctx context.Context, visitors []string, found func(rows map[string]map[string]uint64) error) error
	// VisitorsOf names the visitors that a person was known by up to seq.
	VisitorsOf(ctx context.Context, user string, seq uint64) ([]string, error)
	// Visitors names everybody who has a row.
	Visitors(ctx context.Context, each func(visitor string) error) error
}

const (
	erasuresAtOnce = 1000   // visitors: one pass and one rewriting of tables for all
	sweepAtOnce    = 10_000 // visits of the ledger in one commit
	eraseAgain     = 5 * time.Second
)

// RunErasures does what Erase began, also before a restart, until ctx is done.
// It first looks for visitors that were erased and are there again: a ledger or
// a warehouse was restored from a backup of before.
func (e *Engine) RunErasures(ctx context.Context, d Downstream, now func() time.Time) error {
	looked := false
	for ctx.Err() == nil {
		more, err := true, error(nil)
		if !looked {
			err = e.returned(ctx, d, now())
			looked = err == nil
		}
		if err == nil {
			more, err = e.eraseRound(ctx, d, now)
		}
		var again <-chan time.Time
		switch {
		case err != nil && ctx.Err() == nil:
			e.log.Warn("erasure is not complete; trying again", "error", err)
			again = time.After(eraseAgain)
		case more:
			continue
		}
		select {
		case <-ctx.Done():
		case <-e.toErase:
		case <-again:
		}
	}
	return nil
}

// returned erases once more whoever has a tombstone and, all the same, events.
func (e *Engine) returned(ctx context.Context, d Downstream, now time.Time) error {
	if e.erased.Load() == 0 {
		return nil
	}
	back := map[string]bool{}
	look := func(visitor string) error {
		if back[visitor] {
			return ctx.Err()
		}
		stands, err := e.Erased(visitor)
		if stands {
			back[visitor] = true
		}
		return err
	}
	last, failed, err := e.store.Last(), error(nil), error(nil)
	none := func(uint64, map[string]int) ([]ledger.Record, error) { return nil, failed }
	for at := uint64(0); at < last; {
		at, err = e.store.Sweep(at, last, sweepAtOnce, func(visitor string) bool {
			if err := look(visitor); err != nil {
				failed = err
			}
			return false
		}, none)
		if err != nil {
			return err
		}
	}
	if err := d.Visitors(ctx, look); err != nil {
		return err
	}
	if err := e.notBegun(back); err != nil || len(back) == 0 {
		return err
	}
	e.erasing.Lock()
	defer e.erasing.Unlock()
	if err := e.notBegun(back); err != nil || len(back) == 0 {
		return err
	}
	all := slices.Sorted(maps.Keys(back))
	e.log.Info("erased visitors are there again, as after a restore: they are erased again", "visitors", len(all))
	_, err = e.entomb(all, "", now)
	return err
}

// notBegun takes out of back whom an open erasure is of. It is asked after they were
// looked for: a tombstone that was seen by then has its erasure's record beside it,
// and an erasure that began during the look will itself find what there is.
func (e *Engine) notBegun(back map[string]bool) error {
	return e.eachOpen(func(x *Erasure) {
		for _, v := range x.Visitors {
			delete(back, v)
		}
	})
}

// eachOpen hands over the erasures that are not done, the oldest first.
func (e *Engine) eachOpen(each func(*Erasure)) error {
	return e.store.Marks(ErasureMark, func(r ledger.Record) error {
		x, err := readErasure(r)
		if err == nil && x.Done.IsZero() {
			each(x)
		}
		return err
	})
}

// open gives the erasures that are not done, the oldest first, of about as many
// visitors as are erased at once.
func (e *Engine) open() ([]*Erasure, error) {
	var all []*Erasure
	visitors := 0
	err := e.eachOpen(func(x *Erasure) {
		if visitors < erasuresAtOnce {
			all = append(all, x)
			visitors += len(x.Visitors)
		}
	})
	return all, err
}

// eraseRound brings all open erasures to their end together. It is false when
// there were none.
func (e *Engine) eraseRound(ctx context.Context, d Downstream, now func() time.Time) (bool, error) {
	all, err := e.open()
	if err != nil || len(all) == 0 {
		return false, err
	}
	of := map[string]*Erasure{}
	var visitors []string
	var upTo uint64
	for i, x := range all {
		if !x.Forgotten {
			if x, err = e.forgetAfter(x.ID); err != nil {
				return true, err
			}
			all[i] = x
		}
		for _, v := range x.Visitors {
			of[v] = x
			visitors = append(visitors, v)
		}
		upTo = max(upTo, x.UpTo)
	}
	if err := e.sweep(ctx, all, of, upTo); err != nil {
		return true, err
	}
	// What was read of the ledger before that is still on its way.
	if err := d.Passed(ctx, upTo); err != nil {
		return true, err
	}
	for _, x := range all {
		if more, err := e.search(ctx, x, d); more || err != nil {
			return true, err // theirs are to be swept first
		}
	}
	for _, v := range visitors {
		n, err := e.store.EraseDead(v)
		if err != nil {
			return true, err
		}
		of[v].remove(v, "dead_letter", n)
	}
	err = d.Erase(ctx, visitors, func(rows map[string]map[string]uint64) error { return e.found(all, of, rows) })
	if err != nil {
		return true, err
	}
	return true, e.receipts(all, now())
}

// forgetAfter forgets the visitors of an erasure whose tombstones stand: the process
// ended there, or who set them failed. Whoever is at it still does so alone, for a
// receipt counts what its own forgetting found.
func (e *Engine) forgetAfter(id string) (*Erasure, error) {
	e.erasing.Lock()
	defer e.erasing.Unlock()
	x, err := e.Erasure(id)
	if err != nil || x.Forgotten {
		return x, err
	}
	return x, e.forget(x)
}

// sweep empties the visitors' visits in the ledger.
func (e *Engine) sweep(ctx context.Context, all []*Erasure, of map[string]*Erasure, upTo uint64) error {
	at := slices.MinFunc(all, func(a, b *Erasure) int { return cmp.Compare(a.Swept, b.Swept) }).Swept
	for at < upTo {
		if err := ctx.Err(); err != nil {
			return err
		}
		next, err := e.store.Sweep(at, upTo, sweepAtOnce, func(visitor string) bool { return of[visitor] != nil },
			func(next uint64, taken map[string]int) ([]ledger.Record, error) {
				for visitor, n := range taken {
					of[visitor].remove(visitor, "ledger_events", n)
				}
				for _, x := range all {
					x.Swept = max(x.Swept, next)
				}
				return records(all)
			})
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

func records(all []*Erasure) ([]ledger.Record, error) {
	out := make([]ledger.Record, len(all))
	for i, x := range all {
		var err error
		if out[i], err = x.record(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// found notes what the warehouse has before that is removed. It may find the
// same again after a crash, and less after a first attempt.
func (e *Engine) found(all []*Erasure, of map[string]*Erasure, rows map[string]map[string]uint64) error {
	for table, byVisitor := range rows {
		sums := map[*Erasure]uint64{}
		for visitor, n := range byVisitor {
			x := of[visitor]
			sums[x] += n
			if each := x.of(visitor); each != nil {
				each[table] = max(each[table], n)
			}
		}
		for x, n := range sums {
			x.Removed[table] = max(x.Removed[table], n)
		}
	}
	return e.keepErasures(all)
}

func (e *Engine) keepErasures(all []*Erasure) error {
	kept, err := records(all)
	if err != nil {
		return err
	}
	return e.store.Entomb(nil, kept...)
}

// receipts ends erasures: what is left of them names nobody.
func (e *Engine) receipts(all []*Erasure, now time.Time) error {
	for _, x := range all {
		x.Done, x.Visitors, x.User = now.UTC().Truncate(time.Millisecond), nil, ""
	}
	if err := e.keepErasures(all); err != nil {
		return err
	}
	for _, x := range all {
		e.log.Info("visitors were erased", "erasure", x.ID, "visitors", x.Count, "removed", x.Removed)
	}
	return nil
}
