package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// A ledger restored from a backup has codes as free that were told to visitors
// after it. Where the ledger of until then is still there its claims are taken
// over (Inherit). Where it is not, nobody knows which codes were told, and every
// code that was free is set aside: no visitor gets it, a shop may redeem it, and
// people who know more let it free again (Release).

// asideMark is kept from SetAside until the rules folder's pools were taken in
// once: what they have and the backup had not may have been told as well.
const asideMark = "codes-aside"

// SetAside sets every free code of every pool aside, and those that the pools
// have beyond that when they are next taken in, until Settled. It says how many
// there are, by pool. No pool is stocked yet.
func (l *Ledger) SetAside() (codes map[string]int, err error) {
	if err := l.Mark(asideMark, []byte{1}); err != nil {
		return nil, err
	}
	l.setAside.Store(true)
	codes = map[string]int{}
	batch := l.db.NewBatch()
	defer func() { _ = batch.Close() }()
	err = l.walk([]byte("cf"), func(key, text []byte) error {
		name, at, ok := cutPlace(key)
		if !ok {
			return errors.New("a free coupon code has no place")
		}
		if err := batch.Set(codeKey(name, string(text)), asideRecord(at), nil); err != nil {
			return err
		}
		if err := batch.Delete(freeKey(name, at), nil); err != nil {
			return err
		}
		if codes[name]++; batch.Count() < 2*stockAtOnce {
			return nil
		}
		err := l.db.Apply(batch, pebble.NoSync)
		batch.Reset()
		return err
	})
	if err == nil {
		err = l.db.Apply(batch, pebble.Sync)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger could not set coupon codes aside: %w", err)
	}
	return codes, nil
}

// Settled says that all pools of the rules folder were taken in: codes that come
// from now on are new.
func (l *Ledger) Settled() error {
	if !l.setAside.Load() {
		return nil
	}
	if err := l.db.Delete(markKey(asideMark), pebble.Sync); err != nil {
		return fmt.Errorf("ledger could not keep that the coupon pools are taken in: %w", err)
	}
	l.setAside.Store(false)
	return nil
}

func (l *Ledger) recoverAside() error {
	set, err := l.Marked(asideMark)
	l.setAside.Store(set != nil)
	return err
}

func asideRecord(place uint64) []byte { return fmt.Appendf(nil, `{"n":%d,"s":%q}`, place, aside) }

// Inherit takes over what became of codes in the ledger that this one is a former
// state of: who was given which, and what was redeemed. It says how many codes
// were free here, or unknown. No pool is stocked yet.
func (l *Ledger) Inherit(later *Ledger) (codes int, err error) {
	batch := l.db.NewBatch()
	defer func() { _ = batch.Close() }()
	err = later.walk([]byte("ck"), func(key, raw []byte) error {
		name, text, _ := bytes.Cut(key, []byte{0})
		c, err := readCode(raw)
		if err != nil || c.State != claimed && c.State != redeemed && c.State != aside {
			return err
		}
		pool, own := string(name), string(text)
		was, err := l.code(pool, own)
		if err != nil {
			return err
		}
		if was == nil || was.State == free || was.State == withdrawn {
			codes++
		}
		if was != nil {
			c.Place = was.Place
			if was.State == free {
				err = batch.Delete(freeKey(pool, was.Place), nil)
			} else if was.Visitor != "" && was.Visitor != c.Visitor {
				err = batch.Delete(claimKey(was.Visitor, was.Campaign), nil)
			}
		}
		if err == nil && c.Visitor != "" {
			err = batch.Set(claimKey(c.Visitor, c.Campaign), []byte(pool+"\x00"+own), nil)
		}
		record, failed := json.Marshal(c)
		if err = errors.Join(err, failed); err == nil {
			err = batch.Set(codeKey(pool, own), record, nil)
		}
		if err != nil || batch.Count() < stockAtOnce {
			return err
		}
		err = l.db.Apply(batch, pebble.NoSync)
		batch.Reset()
		return err
	})
	if err == nil {
		err = l.keepPlaces(later, batch)
	}
	if err == nil {
		err = l.db.Apply(batch, pebble.Sync)
	}
	if err != nil {
		return 0, fmt.Errorf("ledger could not take over the coupon codes that were given: %w", err)
	}
	return codes, nil
}

// keepPlaces has codes that are new here come in behind those of the later ledger,
// whose places are theirs.
func (l *Ledger) keepPlaces(later *Ledger, batch *pebble.Batch) error {
	return later.walk([]byte("cp"), func(name, raw []byte) error {
		was, err := l.get(poolKey(string(name)))
		if err != nil {
			return err
		}
		var here, there stocked
		if was != nil {
			err = json.Unmarshal(was, &here)
		}
		if err = errors.Join(err, json.Unmarshal(raw, &there)); err != nil || there.Next <= here.Next {
			return err
		}
		record, err := json.Marshal(stocked{Next: there.Next}) // no digest: the file is read again
		if err != nil {
			return err
		}
		return batch.Set(poolKey(string(name)), record, nil)
	})
}

// Release frees a pool's codes that are set aside, but for the first keep of them
// in the order of the file: codes were told in that order. It says how many are
// free now; those of a pool that is not stocked are none.
func (l *Ledger) Release(name string, keep int) (released int, err error) {
	l.stocking.Lock()
	defer l.stocking.Unlock()
	p := l.pool(name)
	if p == nil {
		return 0, nil
	}
	var codes []spare
	err = l.each(name, func(text []byte, c code) error {
		if c.State == aside {
			codes = append(codes, spare{c.Place, string(text)})
		}
		return nil
	})
	slices.SortFunc(codes, func(a, b spare) int { return cmp.Compare(a.place, b.place) })
	for some := range slices.Chunk(codes[min(max(keep, 0), len(codes)):], stockAtOnce) {
		if err == nil {
			var n int
			n, err = l.release(p, name, some)
			released += n
		}
	}
	if err != nil {
		return released, fmt.Errorf("ledger could not free codes of the coupon pool %s: %w", name, err)
	}
	return released, nil
}

func (l *Ledger) release(p *pool, name string, codes []spare) (n int, err error) {
	batch := l.db.NewBatch()
	defer batch.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range codes {
		c, err := l.code(name, s.code)
		if err != nil {
			return 0, err
		}
		if c.State != aside { // it was redeemed meanwhile
			continue
		}
		err = batch.Set(codeKey(name, s.code), freeRecord(s.place), nil)
		if err == nil {
			err = batch.Set(freeKey(name, s.place), []byte(s.code), nil)
		}
		if err != nil {
			return 0, err
		}
		n++
	}
	if err := l.db.Apply(batch, pebble.Sync); err != nil {
		return 0, err
	}
	p.tally.Left += n
	p.tally.Aside -= n
	p.ahead, p.from = nil, 0 // they may lie before what has been read
	return n, nil
}

// stillAside holds the pool of a code that is redeemed though it is set aside, so
// that it is not let free at the same time.
func (l *Ledger) stillAside(r *Redemption) (unlock func(), err error) {
	if r == nil || !r.aside {
		return func() {}, nil
	}
	unlock = func() {}
	if p := l.pool(r.Pool); p != nil {
		p.mu.Lock()
		unlock = p.mu.Unlock
	}
	c, err := l.code(r.Pool, r.Code)
	if err == nil && (c == nil || c.State != aside) {
		err = errors.New("a code that was set aside is free, or redeemed, by now")
	}
	return unlock, err
}
