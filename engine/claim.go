package engine

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
	"github.com/omotenashi-web/omotenashi/rules"
)

// coupons is what the engine needs of a ledger that keeps coupon codes.
type coupons interface {
	Left(pool string) int
	Claimed(campaign string, visitors ...string) (ledger.Claim, bool, error)
	Pick(ledger.Claim) (ledger.Claim, error)
	Unpick([]ledger.Claim)
	Claims(visitor string) iter.Seq2[ledger.Claim, error]
	Given(pool, code string) (ledger.Redemption, bool, error)
	Coupons(pool string, now time.Time) ledger.Coupons
	Stock(pool, digest string, codes iter.Seq[string]) error
	Settled() error
	Release(pool string, keep int) (int, error)
}

// lost is the stock of an empty pool whose code even a visitor who is known to
// have one does not have: its profile came without it.
const lost = -1

// couponOut says whether a code that c would hand out is missing. It stops every
// arm alike: who has met the campaign goes on as it was, control too, and
// nobody else comes in.
func (g *gates) couponOut(c *rules.Campaign) bool {
	if len(c.Pools) == 0 || g.live.Overrides[c.ID].Harm != nil { // then nobody gets one
		return false
	}
	empty := func(pool string) bool { return g.couponsLeft(pool) <= 0 }
	hasCode, met := g.p.Coupons[c.ID]
	switch {
	case hasCode:
		return slices.ContainsFunc(c.Pools, func(pool string) bool { return g.r.couponsLeft(pool) == lost })
	case met: // as control, say; it needs none unless the weights have changed
		v := g.variant(c)
		return v.Pool != "" && empty(v.Pool)
	default:
		return slices.ContainsFunc(c.Pools, empty)
	}
}

// couponsLeft is the stock less what this very decision gives away.
func (g *gates) couponsLeft(pool string) int { return g.r.couponsLeft(pool) - g.drawn[pool] }

// draw notes that c's offer of v takes a code.
func (g *gates) draw(c *rules.Campaign, v *rules.Variant) {
	if v.Pool == "" || g.p.Coupons[c.ID] {
		return
	}
	if g.drawn == nil {
		g.drawn = map[string]int{}
	}
	g.drawn[v.Pool]++
}

func (r *Request) couponsLeft(pool string) int {
	if r.Facts == nil {
		return 0
	}
	return r.Facts.CouponsLeft[pool]
}

// short is a pool that has fewer codes than the decision was told: others were
// faster.
type short struct {
	pool string
	had  int // codes for this very decision, before there was none
}

func (s short) Error() string { return "no code is left in the pool " + s.pool }

// decide makes the decision and gives each offer of a pool its code: the one
// that the visitor has, or the next free one. Where others were faster it is
// made once more, knowing so; that way the log tells why.
func (e *Engine) decide(live *Live, p *profile.Profile, v *Visit, answer *Answer, now time.Time) (Decision, error) {
	for {
		d := Decide(live, p, *v.Decide, now)
		err := e.handOut(&d, p, v, answer, now)
		var out short
		if !errors.As(err, &out) {
			e.furnish(&d, live, p, v.Decide, now)
			return d, err
		}
		v.Decide = v.Decide.knowing(out)
	}
}

// handOut gives the offers of d their codes. On an error nothing is picked.
func (e *Engine) handOut(d *Decision, p *profile.Profile, v *Visit, answer *Answer, now time.Time) error {
	var had map[string]int // pool → codes picked
	for i := range d.Offers {
		o := &d.Offers[i]
		if o.Armed() || o.Variant.Pool == "" {
			continue
		}
		if had == nil {
			had = map[string]int{}
		}
		claim, has, err := e.store.Claimed(o.Campaign.ID, append([]string{v.Visitor}, p.Visitors()...)...) // its own before another browser's
		if err == nil && !has {
			claim, err = e.store.Pick(ledger.Claim{
				Pool: o.Variant.Pool, Visitor: v.Visitor, Campaign: o.Campaign.ID,
				Variant: o.Variant.ID, Phase: o.Phase, Decision: d.ID, At: clock(now),
			})
		}
		if err != nil {
			e.store.Unpick(answer.picked)
			answer.picked = nil
			if errors.Is(err, ledger.ErrNoCode) {
				return short{o.Variant.Pool, had[o.Variant.Pool]}
			}
			return err
		}
		if !has {
			had[o.Variant.Pool]++
		}
		answer.picked = append(answer.picked, claim)
		o.Code, o.given = claim.Code, claim.At
	}
	if len(answer.picked) > 0 {
		crash.Point("claim.before")
	}
	return nil
}

// knowing is the request with what a pool really has; where that was known
// before and was not enough, the pool is lost.
func (r *Request) knowing(s short) *Request {
	own, facts := *r, ingest.Facts{}
	if r.Facts != nil {
		facts = *r.Facts
	}
	left := map[string]int{}
	maps.Copy(left, facts.CouponsLeft)
	if left[s.pool] > s.had {
		left[s.pool] = s.had
	} else {
		left[s.pool] = lost
	}
	facts.CouponsLeft = left
	own.Facts = &facts
	return &own
}

// told makes sure that a code which is about to be told is the visitor's for
// good.
func (e *Engine) told(answer *Answer) error {
	if answer.Decision == nil || !slices.ContainsFunc(answer.Decision.Offers, func(o Offer) bool { return o.Code != "" }) {
		return nil
	}
	if err := e.store.Sync(); err != nil {
		return err
	}
	crash.Point("claim.after")
	return nil
}

// withhold drops the offers of pools from a decision that was not kept: nobody
// may be told a code that is not theirs for good.
func (d *Decision) withhold() {
	if d != nil {
		d.Offers = slices.DeleteFunc(d.Offers, func(o Offer) bool { return o.Code != "" })
	}
}

// Stocked fills in what facts, which may be nil, do not say of the rule set's
// pools: as many codes as their files have. Nil where the set asks of none.
func (l *Live) Stocked(facts *ingest.Facts) *ingest.Facts {
	if len(l.Set.FactPools) == 0 {
		return facts
	}
	out := ingest.Facts{}
	if facts != nil {
		out = *facts
	}
	left := make(map[string]int, len(l.Set.FactPools))
	for _, pool := range l.Set.FactPools {
		left[pool] = l.Set.Pools[pool].Len()
	}
	maps.Copy(left, out.CouponsLeft)
	out.CouponsLeft = left
	return &out
}

// CouponsLeft is how many codes of a pool nobody has.
func (e *Engine) CouponsLeft(pool string) int { return e.store.Left(pool) }

// stockFacts are what the engine itself knows of the facts that a decision may
// rest on; nil where none rests on a pool.
func (e *Engine) stockFacts(live *Live) *ingest.Facts {
	if len(live.Set.FactPools) == 0 {
		return nil
	}
	left := make(map[string]int, len(live.Set.FactPools))
	for _, pool := range live.Set.FactPools {
		left[pool] = e.store.Left(pool)
	}
	return &ingest.Facts{CouponsLeft: left}
}

// Codes are those that visitors were given, and whether they were redeemed.
func (e *Engine) Codes(visitors ...string) ([]ledger.Redemption, error) {
	var out []ledger.Redemption
	for _, v := range visitors {
		for c, err := range e.store.Claims(v) {
			if err != nil {
				return nil, err
			}
			given, _, err := e.store.Given(c.Pool, c.Code)
			if err != nil {
				return nil, err
			}
			out = append(out, given)
		}
	}
	return out, nil
}

// ReleaseCodes frees a pool's codes that were set aside at a restore, but for the
// first keep of them, and says how many that are.
func (e *Engine) ReleaseCodes(pool string, keep int) (int, error) {
	return e.store.Release(pool, keep)
}

// stock makes the ledger's free codes those of the rule set's pools.
func (e *Engine) stock(set *rules.Set) error {
	whole := true
	for name, pool := range set.Pools {
		codes := pool.Codes()
		if pool.Recorded() {
			codes, whole = nil, false // the last good set, whose folder is broken: the ledger has its codes
		}
		if err := e.store.Stock(name, pool.Digest(), codes); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	return e.store.Settled()
}
