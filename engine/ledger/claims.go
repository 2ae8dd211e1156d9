package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// Coupons are pools of single-use codes. Keys, all under c; a pool's name has no
// zero byte, nor has a visitor's id or a campaign's:
//
//	cp <pool>                     what was imported last: the digest, the next place
//	ck <pool> 0 <code>            a code and what became of it; never deleted
//	cf <pool> 0 <place>           a free code, in the order of the file
//	cv <visitor> 0 <campaign>     the code that a visitor has of a campaign
//
// A free code is picked in memory under the pool's lock, is in nobody else's
// reach from then on, and is claimed by the commit of the visit that picked it.
// A crash between the two leaves it free: nobody was told of it.

// ErrNoCode says that a pool has no free code.
var ErrNoCode = errors.New("no code is left")

// Claim is one code in one visitor's hands.
type Claim struct {
	Pool, Code        string
	Visitor, Campaign string
	Variant, Phase    string // of the offer that handed it out
	Decision          string
	At                int64 // ms

	place uint64
	kept  bool // committed before: nothing to write
}

// Kept says whether the code was the visitor's before.
func (c Claim) Kept() bool { return c.kept }

// States of a code.
const (
	free      = ""
	claimed   = "claimed"
	redeemed  = "redeemed"
	withdrawn = "withdrawn" // its line is gone from the file; nobody had it
	aside     = "aside"     // may have been told before a restore; see SetAside
)

// code is a code's record.
type code struct {
	Place    uint64 `json:"n"`
	State    string `json:"s,omitempty"`
	Visitor  string `json:"v,omitempty"` // "" of an erased one
	Campaign string `json:"c,omitempty"`
	Variant  string `json:"a,omitempty"`
	Phase    string `json:"p,omitempty"`
	Decision string `json:"d,omitempty"`
	At       int64  `json:"t,omitempty"` // claimed, ms
	Redeemed int64  `json:"r,omitempty"` // ms
	Order    string `json:"o,omitempty"` // that it was redeemed for
}

// pools are the pools that were stocked since the ledger was opened.
type pools struct {
	mu sync.RWMutex
	of map[string]*pool
}

// aheadAtOnce is how many free codes of a pool are held ready in memory.
const aheadAtOnce = 256

// pool hands out the free codes of one pool.
type pool struct {
	mu     sync.Mutex
	ahead  []spare         // the next free codes, in order
	from   uint64          // place from which the store is read next
	picked map[uint64]bool // handed to a visit that has not committed yet
	tally  Coupons
	days   map[int64]int // UTC day → codes claimed on it
}

type spare struct {
	place uint64
	code  string
}

func (l *Ledger) pool(name string) *pool {
	l.coupons.mu.RLock()
	defer l.coupons.mu.RUnlock()
	return l.coupons.of[name]
}

// Left is how many codes of a pool are free; 0 of one that was never stocked.
func (l *Ledger) Left(name string) int {
	p := l.pool(name)
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tally.Left
}

// Claimed gives the code that one of the visitors has of a campaign; the first
// of them who has one.
func (l *Ledger) Claimed(campaign string, visitors ...string) (Claim, bool, error) {
	for _, visitor := range visitors {
		at, err := l.get(claimKey(visitor, campaign))
		if err != nil || at == nil {
			if err != nil {
				return Claim{}, false, err
			}
			continue
		}
		name, text, _ := bytes.Cut(at, []byte{0})
		c, err := l.code(string(name), string(text))
		if err != nil {
			return Claim{}, false, err
		}
		if c != nil && c.Visitor == visitor && c.Campaign == campaign {
			return c.claim(string(name), string(text)), true, nil
		}
	}
	return Claim{}, false, nil
}

// Pick takes the next free code of a pool for want, whose Pool, Visitor and
// Campaign say for whom; it is the visitor's once the visit that carries it in
// Claims is committed, and must be put back with Unpick if it is not. The caller
// holds the visitor: nothing else picks for it at the same time, and it was
// asked with Claimed before.
func (l *Ledger) Pick(want Claim) (Claim, error) {
	p := l.pool(want.Pool)
	if p == nil {
		return Claim{}, fmt.Errorf("pool %s: %w", want.Pool, ErrNoCode)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ahead) == 0 {
		if err := p.fetch(l, want.Pool); err != nil {
			return Claim{}, err
		}
	}
	if len(p.ahead) == 0 {
		return Claim{}, fmt.Errorf("pool %s: %w", want.Pool, ErrNoCode)
	}
	next := p.ahead[0]
	p.ahead = p.ahead[1:]
	p.picked[next.place] = true
	p.tally.Left--
	want.Code, want.place, want.kept = next.code, next.place, false
	return want, nil
}

// Unpick puts codes back that no commit claimed. One that a commit did claim,
// though it told of an error, stays claimed: free is what the store says is.
func (l *Ledger) Unpick(claims []Claim) {
	for _, c := range claims {
		p := l.pool(c.Pool)
		if p == nil || c.kept {
			continue
		}
		p.mu.Lock()
		_, mine := p.picked[c.place]
		delete(p.picked, c.place)
		if still, err := l.get(freeKey(c.Pool, c.place)); mine && err == nil && still != nil {
			p.ahead = slices.Insert(p.ahead, 0, spare{c.place, c.Code})
			p.tally.Left++
		}
		p.mu.Unlock()
	}
}

// fetch reads the next free codes; those that are ahead have been read already
// and lie before from.
func (p *pool) fetch(l *Ledger, name string) error {
	lower := freeKey(name, p.from)
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: freeKey(name, 1<<64-1)})
	if err != nil {
		return fmt.Errorf("ledger could not be read: %w", err)
	}
	defer it.Close()
	for it.First(); it.Valid() && len(p.ahead) < aheadAtOnce; it.Next() {
		place := binary.BigEndian.Uint64(it.Key()[len(lower)-8:])
		if p.from = place + 1; !p.picked[place] {
			p.ahead = append(p.ahead, spare{place, string(it.Value())})
		}
	}
	return it.Error()
}

// claim writes what a visit's claims and its redemption change.
func (v *Visit) claim(batch *pebble.Batch) error {
	if v.Redeemed != nil {
		if err := v.Redeemed.redeem(batch); err != nil {
			return err
		}
	}
	for _, c := range v.Claims {
		if c.kept {
			continue
		}
		record, err := json.Marshal(code{
			Place: c.place, State: claimed, Visitor: c.Visitor, Campaign: c.Campaign,
			Variant: c.Variant, Phase: c.Phase, Decision: c.Decision, At: c.At,
		})
		if err == nil {
			err = batch.Set(codeKey(c.Pool, c.Code), record, nil)
		}
		if err == nil {
			err = batch.Delete(freeKey(c.Pool, c.place), nil)
		}
		if err == nil {
			err = batch.Set(claimKey(c.Visitor, c.Campaign), []byte(c.Pool+"\x00"+c.Code), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settle counts what a committed visit claimed and redeemed.
func (l *Ledger) settle(v *Visit) {
	for _, c := range v.Claims {
		if p := l.pool(c.Pool); p != nil && !c.kept {
			p.mu.Lock()
			delete(p.picked, c.place)
			p.tally.Claimed++
			p.noteDay(c.At)
			p.mu.Unlock()
		}
	}
	if r := v.Redeemed; r != nil {
		if p := l.pool(r.Pool); p != nil {
			p.mu.Lock()
			p.tally.Redeemed++
			if r.aside {
				p.tally.Aside--
				p.tally.Claimed++
			}
			p.mu.Unlock()
		}
	}
}

func (c *code) claim(pool, text string) Claim {
	return Claim{
		Pool: pool, Code: text, Visitor: c.Visitor, Campaign: c.Campaign, Variant: c.Variant, Phase: c.Phase,
		Decision: c.Decision, At: c.At, place: c.Place, kept: true,
	}
}

// code gives a code's record, nil of one that no file ever had.
func (l *Ledger) code(pool, text string) (*code, error) {
	raw, err := l.get(codeKey(pool, text))
	if err != nil || raw == nil {
		return nil, err
	}
	c, err := readCode(raw)
	if err != nil {
		return nil, fmt.Errorf("ledger: a code of the pool %s cannot be read: %w", pool, err)
	}
	return &c, nil
}

// freeRecord is the record of a free code, which most are.
func freeRecord(place uint64) []byte { return fmt.Appendf(nil, `{"n":%d}`, place) }

func readCode(raw []byte) (c code, err error) {
	if digits, is := bytes.CutPrefix(raw, []byte(`{"n":`)); is {
		place, err := strconv.ParseUint(string(bytes.TrimSuffix(digits, []byte{'}'})), 10, 64)
		if err == nil { // nothing else is in it
			return code{Place: place}, nil
		}
	}
	return c, json.Unmarshal(raw, &c)
}

// Claims gives every code that a visitor has.
func (l *Ledger) Claims(visitor string) iter.Seq2[Claim, error] {
	return func(yield func(Claim, error) bool) {
		prefix := claimKey(visitor, "")
		it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: append(bytes.Clone(prefix), 0xff)})
		if err != nil {
			yield(Claim{}, fmt.Errorf("ledger could not be read: %w", err))
			return
		}
		defer it.Close()
		for it.First(); it.Valid(); it.Next() {
			c, _, err := l.Claimed(string(it.Key()[len(prefix):]), visitor)
			if !yield(c, err) {
				return
			}
		}
		if err := it.Error(); err != nil {
			yield(Claim{}, err)
		}
	}
}

func poolKey(pool string) []byte       { return []byte("cp" + pool) }
func codeKey(pool, text string) []byte { return []byte("ck" + pool + "\x00" + text) }
func claimKey(visitor, campaign string) []byte {
	return []byte("cv" + visitor + "\x00" + campaign)
}

// cutPlace is freeKey undone, but for its first letters.
func cutPlace(key []byte) (pool string, place uint64, ok bool) {
	n := len(key) - 9
	if n < 0 || key[n] != 0 {
		return "", 0, false
	}
	return string(key[:n]), binary.BigEndian.Uint64(key[n+1:]), true
}

func freeKey(pool string, place uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("cf"+pool+"\x00"), place)
}
