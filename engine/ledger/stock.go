package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Coupons is what became of a pool's codes.
type Coupons struct {
	Left      int // free
	Claimed   int // given to visitors, the redeemed ones included
	Redeemed  int
	Withdrawn int // taken out of the file before anybody had them
	Aside     int // may have been told before a restore; see SetAside
	Week      int // claimed in the last 7 days, today included
}

// stocked is what a pool's key holds.
type stocked struct {
	Digest string `json:"d"`
	Next   uint64 `json:"n"` // place of the next code that comes in
}

// stockAtOnce is how many codes are written, or withdrawn, in one step.
const stockAtOnce = 5_000

// Stock makes a pool's free codes those of its file. What is new comes in
// behind the others, in the order of the file; what is gone from the file is
// withdrawn if nobody has it. A code stays known for ever with what became of
// it, so it is given once however often it comes and goes. The digest tells
// one file from another: the same again is not read. No codes at all, nil,
// leave the pool as it is.
func (l *Ledger) Stock(name, digest string, codes iter.Seq[string]) error {
	l.stocking.Lock()
	defer l.stocking.Unlock()
	p := l.pool(name)
	if p == nil {
		p = &pool{picked: map[uint64]bool{}, days: map[int64]int{}}
		if err := p.recount(l, name); err != nil {
			return fmt.Errorf("ledger could not count the coupon pool %s: %w", name, err)
		}
		l.coupons.mu.Lock()
		l.coupons.of[name] = p
		l.coupons.mu.Unlock()
	}
	raw, err := l.get(poolKey(name))
	var last stocked
	if err == nil && raw != nil {
		err = json.Unmarshal(raw, &last)
	}
	if err == nil && codes != nil && (raw == nil || last.Digest != digest || digest == "") {
		err = l.restock(p, name, last.Next, digest, slices.Collect(codes))
	}
	if err != nil {
		return fmt.Errorf("ledger could not take in the coupon pool %s: %w", name, err)
	}
	return nil
}

func (l *Ledger) restock(p *pool, name string, next uint64, digest string, codes []string) error {
	d, err := l.against(name, codes)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(d.fresh, stockAtOnce) {
		if err := l.take(name, &next, codes, some); err != nil {
			return err
		}
		p.mu.Lock()
		if l.setAside.Load() {
			p.tally.Aside += len(some)
		} else {
			p.tally.Left += len(some)
		}
		for _, i := range some {
			if d.back[i] {
				p.tally.Withdrawn--
			}
		}
		p.mu.Unlock()
	}
	for some := range slices.Chunk(d.gone, stockAtOnce) {
		all, err := l.withdraw(p, name, some)
		if err != nil {
			return err
		}
		if !all { // one is on its way to somebody, and may come back: look again next time
			digest = ""
		}
	}
	record, err := json.Marshal(stocked{digest, next})
	if err != nil {
		return err
	}
	return l.db.Set(poolKey(name), record, pebble.Sync)
}

// difference is what a pool's file says otherwise than the ledger.
type difference struct {
	fresh []int32        // places in the file of codes that come in, ascending
	back  map[int32]bool // those of them that were withdrawn
	gone  []spare        // free codes that the file no longer has
}

// against walks through the file's codes and the ledger's side by side.
func (l *Ledger) against(name string, codes []string) (difference, error) {
	d := difference{back: map[int32]bool{}}
	order := make([]int32, len(codes))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return strings.Compare(codes[a], codes[b]) })
	err := l.each(name, func(text []byte, c code) error {
		for len(order) > 0 && codes[order[0]] < string(text) {
			d.fresh, order = append(d.fresh, order[0]), order[1:]
		}
		if len(order) > 0 && codes[order[0]] == string(text) {
			if c.State == withdrawn {
				d.fresh = append(d.fresh, order[0])
				d.back[order[0]] = true
			}
			order = order[1:]
		} else if c.State == free {
			d.gone = append(d.gone, spare{c.Place, string(text)})
		}
		return nil
	})
	d.fresh = append(d.fresh, order...)
	slices.Sort(d.fresh)
	return d, err
}

// each goes through a pool's codes in order of their texts, which are only
// lent.
func (l *Ledger) each(name string, do func(text []byte, c code) error) error {
	prefix := codeKey(name, "")
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: append(bytes.Clone(prefix), 0xff)})
	if err != nil {
		return err
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		c, err := readCode(it.Value())
		if err != nil {
			return err
		}
		if err := do(it.Key()[len(prefix):], c); err != nil {
			return err
		}
	}
	return it.Error()
}

// take lets codes in; nothing changes setAside meanwhile.
func (l *Ledger) take(name string, next *uint64, codes []string, which []int32) error {
	batch := l.db.NewBatch()
	defer batch.Close()
	for _, i := range which {
		var err error
		if l.setAside.Load() {
			err = batch.Set(codeKey(name, codes[i]), asideRecord(*next), nil)
		} else if err = batch.Set(codeKey(name, codes[i]), freeRecord(*next), nil); err == nil {
			err = batch.Set(freeKey(name, *next), []byte(codes[i]), nil)
		}
		if err != nil {
			return err
		}
		*next++
	}
	record, err := json.Marshal(stocked{Next: *next})
	if err == nil {
		err = batch.Set(poolKey(name), record, nil)
	}
	if err == nil {
		err = l.db.Apply(batch, pebble.NoSync)
	}
	return err
}

// withdraw takes free codes out; all says that none of them is in a visit's
// hands just now.
func (l *Ledger) withdraw(p *pool, name string, codes []spare) (all bool, err error) {
	batch := l.db.NewBatch()
	defer batch.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	all = true
	out := map[uint64]bool{}
	for _, c := range codes {
		if p.picked[c.place] {
			all = false
			continue
		}
		still, err := l.get(freeKey(name, c.place))
		if err != nil {
			return false, err
		}
		if still == nil {
			continue // claimed since
		}
		err = batch.Delete(freeKey(name, c.place), nil)
		if err == nil {
			err = batch.Set(codeKey(name, c.code), fmt.Appendf(nil, `{"n":%d,"s":%q}`, c.place, withdrawn), nil)
		}
		if err != nil {
			return false, err
		}
		out[c.place] = true
	}
	if err := l.db.Apply(batch, pebble.NoSync); err != nil {
		return false, err
	}
	p.ahead = slices.DeleteFunc(p.ahead, func(s spare) bool { return out[s.place] })
	p.tally.Left -= len(out)
	p.tally.Withdrawn += len(out)
	return all, nil
}

// recount reads what became of a pool's codes, once after the ledger is opened.
func (p *pool) recount(l *Ledger, name string) error {
	return l.each(name, func(_ []byte, c code) error {
		switch c.State {
		case free:
			p.tally.Left++
		case withdrawn:
			p.tally.Withdrawn++
		case aside:
			p.tally.Aside++
		case claimed, redeemed:
			p.tally.Claimed++
			p.noteDay(c.At)
			if c.State == redeemed {
				p.tally.Redeemed++
			}
		default:
			return errors.New("a code is in the state " + c.State + ", which this version does not know")
		}
		return nil
	})
}

// week is how many days count as the last week.
const week = 7

const dayMS = 24 * 60 * 60 * 1000

// noteDay notes a claim's day; days that are long over are forgotten.
func (p *pool) noteDay(at int64) {
	today := at / dayMS
	p.days[today]++
	for day := range p.days {
		if len(p.days) > 2*week && day <= today-week {
			delete(p.days, day)
		}
	}
}

// Coupons says what became of a pool's codes by now; zero of one that was never
// stocked.
func (l *Ledger) Coupons(name string, now time.Time) Coupons {
	p := l.pool(name)
	if p == nil {
		return Coupons{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out, today := p.tally, now.UnixMilli()/dayMS
	for day, n := range p.days {
		if day > today-week && day <= today {
			out.Week += n
		}
	}
	return out
}
