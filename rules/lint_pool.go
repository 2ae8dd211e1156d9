package rules

import "fmt"

// fewCodes is how many codes are few for a campaign of which nobody knows how
// many visitors it meets.
const fewCodes = 100

// stock looks for pools that run dry: those that had fewer codes left than they
// gave in a week, or, where nobody knows the traffic, that hold few at all. A
// pool is told of once, where the first campaign hands it out.
func (x *linter) stock() {
	users := map[string][]*examined{}
	for _, e := range x.all {
		for _, pool := range e.Pools {
			users[pool] = append(users[pool], e)
		}
	}
	for _, pool := range sortedKeys(users) {
		if n := x.lang.pools[pool].Len(); n > 0 { // of none the file itself is told of
			x.lasts(pool, n, users[pool])
		}
	}
}

func (x *linter) lasts(pool string, n int, users []*examined) {
	at, path := users[0].handsOut(pool)
	hint := fmt.Sprintf("add codes to coupons/%s.csv; those already given stay given", pool)
	if x.Seen == nil {
		if n < fewCodes {
			x.report.warn(at, path, "pool_short", fmt.Sprintf("the pool %q has %d codes: after so many visitors nobody is shown this", pool, n), hint+", or say in a comment that it is meant for so few")
		}
		return
	}
	ever, week := x.offers(pool, users)
	left := n
	if ever <= n { // else the file no longer holds all that were given
		left = n - ever
	}
	if x.err == nil && week > 0 && left < week {
		x.report.warn(at, path, "pool_short", fmt.Sprintf("the pool %q has about %d codes left, and %d visitors were given one in the last 7 days", pool, left, week), hint)
	}
}

// handsOut is where a campaign's first variant names the pool.
func (e *examined) handsOut(pool string) (*node, string) {
	for i, v := range e.written.Variants {
		if v.Action != nil && v.Action.Pool.S == pool {
			return v.Action.Pool.At, fmt.Sprintf("variants[%d].action.pool", i)
		}
	}
	return e.id, "id"
}

// offers counts the visitors that campaigns gave a code of the pool.
func (x *linter) offers(pool string, users []*examined) (ever, week int) {
	for _, e := range users {
		for _, v := range e.Variants {
			if v.Pool != pool || x.err != nil {
				continue
			}
			all, lately, err := x.Seen.Offered(e.ID, v.ID)
			if err != nil {
				x.err = fmt.Errorf("what was seen of campaign %s: %w", e.ID, err)
			}
			ever, week = ever+all, week+lately
		}
	}
	return ever, week
}
