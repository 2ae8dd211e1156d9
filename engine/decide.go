package engine

import (
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/bucket"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Reason codes, in the order in which a campaign passes the gates; the last
// ones are outcomes.
const (
	Consent       = "consent"
	Bot           = "bot"
	Erased        = "erased" // no decision is made of an erased visitor: only explanations say it
	NotLive       = "not_live"
	Backfilling   = "backfilling"
	OutOfSchedule = "out_of_schedule"
	NotThisPage   = "page"
	RuleFalse     = "rule_false"
	NotTriggered  = "trigger"
	Holdout       = "holdout"
	Frequency     = "frequency"
	Stopped       = "stopped"
	Budget        = "budget"
	Layer         = "layer"
	Traffic       = "traffic"
	CouponOut     = "coupon_out"
	SlotTaken     = "slot_taken"
	Failed        = "error"

	Armed   = "armed"
	Offered = "offered"
	Control = "control"
	Shadow  = "shadow"
	Forced  = "forced" // a preview asked for it: nobody's exposure, and in no statistics
)

// Request is one call of decide.
type Request struct {
	ID      string        // of the decision
	Context *ingest.Event // the page, device and place, enriched; on a page view that event itself
	Trigger string        // "" on a page view; else what happened: "exit_intent", "dwell:30s", an event's name
	Event   *ingest.Event // the event that is the trigger; Visit finds it among its own
	Slots   []string      // the places this page has; nil all
	Facts   *ingest.Facts // from outside, where rules ask for them
	Consent bool
	Explain bool
	// Proven: the visitor is who it says, by its signed cookie, a token or the secret
	// key. An id alone may be anybody's, and is shown nobody's traits.
	Proven bool
}

// Decision is the answer to one call.
type Decision struct {
	ID         string
	Rules      string // the rule set's hash
	Offers     []Offer
	Outcomes   []ingest.Outcome    // of every campaign whose rule matched
	Suppressed []Suppressed        // why the others did not come; only if asked
	Degraded   []string            // what went wrong, if anything
	Filled     map[string][]string // campaign → what was put into its action: items of a ranking, open channels
	Failed     []string            // campaigns whose rule failed, by an error or a panic: switched off for this call
}

// Offer is one campaign that may open, now or when its trigger comes.
type Offer struct {
	Campaign *rules.Campaign
	Variant  *rules.Variant // nil while armed
	Phase    string
	Code     string // of the variant's pool, as Visit drew it; never logged
	Action   []byte // JSON as the visitor gets it, with Code in it; nil for control and while armed

	given int64 // when Code became the visitor's, in ms
}

// Armed says whether the offer waits for its trigger.
func (o Offer) Armed() bool { return o.Variant == nil }

// Suppressed is a campaign that did not come, and the first gate that stopped it;
// Shadow where none did.
type Suppressed struct {
	Campaign string `json:"campaign"`
	Reason   string `json:"reason"`
	Detail   string `json:"detail,omitempty"` // the condition that was false, the limit that is used up, who has the slot, a shadow's variant
}

// Decide is pure: the same rule set, profile, request and clock give the same
// decision. The profile has already folded the page view being decided.
func Decide(live *Live, p *profile.Profile, r Request, now time.Time) Decision {
	d := Decision{ID: r.ID, Rules: live.Set.Hash}
	env := environment(live.Set, p, r, now)
	m := live.Set.Matcher()
	defer live.Set.Release(m)
	matched := live.Set.Match(m, env, now, make([]*rules.Campaign, 0, 16))
	for _, failed := range m.Errors() {
		d.failed(failed.Campaign)
	}
	g := gates{live: live, p: p, r: r, now: now, taken: slotsTaken(p, r, now), env: env, m: m}
	if len(matched) > 0 {
		d.Outcomes = make([]ingest.Outcome, 0, len(matched))
		d.Offers = make([]Offer, 0, min(len(matched), 4)) // most pages have a few slots
		g.offered = make([]*rules.Campaign, 0, cap(d.Offers))
	}
	for _, c := range matched {
		o := ingest.Outcome{Campaign: c.ID, Phase: live.Phase(c.ID), Slot: c.Slot}
		variant, reason := g.pass(c)
		o.Reason = reason
		if g.failed != nil {
			d.failed(c)
			g.failed = nil
		}
		switch reason {
		case Armed:
			d.Offers = append(d.Offers, Offer{Campaign: c, Phase: o.Phase})
		case Offered, Control:
			o.Variant = variant.ID
			d.Offers = append(d.Offers, Offer{Campaign: c, Variant: variant, Phase: o.Phase})
			g.offer(c)
		case Shadow:
			o.Variant = variant.ID
			if r.Explain {
				d.Suppressed = append(d.Suppressed, Suppressed{Campaign: c.ID, Reason: reason, Detail: "the visitor's variant is " + variant.ID})
			}
		default:
			if r.Explain {
				d.Suppressed = append(d.Suppressed, Suppressed{Campaign: c.ID, Reason: reason, Detail: g.detail(c, reason)})
			}
		}
		d.Outcomes = append(d.Outcomes, o)
	}
	if r.Explain {
		d.explainUnmatched(&g, m, env, matched)
	}
	return d
}

func (d *Decision) failed(c *rules.Campaign) {
	d.Failed = append(d.Failed, c.ID)
	d.Degraded = append(d.Degraded, "rule of "+c.ID+" failed")
}

// explainUnmatched adds the campaigns whose rule never matched.
func (d *Decision) explainUnmatched(g *gates, m *rules.Matcher, env rules.Env, matched []*rules.Campaign) {
	set := g.live.Set
	for _, c := range set.Campaigns {
		if slices.Contains(matched, c) {
			continue
		}
		s := Suppressed{Campaign: c.ID, Reason: g.closed(c)}
		if s.Reason == "" {
			s.Reason, s.Detail = set.Why(m, c, env, g.now)
			switch {
			case s.Reason == NotLive:
			case g.live.Overrides[c.ID].Paused:
				s.Reason, s.Detail = NotLive, g.detail(c, NotLive)
			case g.live.Waiting[c.ID]:
				s.Reason, s.Detail = Backfilling, ""
			}
		}
		d.Suppressed = append(d.Suppressed, s)
	}
}

// gates are what a campaign passes after its rule matched.
type gates struct {
	live *Live
	p    *profile.Profile
	r    Request
	now  time.Time
	env  rules.Env
	m    *rules.Matcher

	taken   []string // slots that are occupied on this page
	offered []*rules.Campaign
	drawn   map[string]int // pool → codes that this decision hands out
	failed  error          // the where of a trigger could not be answered
}

// offer notes what this very decision gives away.
func (g *gates) offer(c *rules.Campaign) {
	g.offered = append(g.offered, c)
	if c.Slot != "" {
		g.taken = append(g.taken, c.Slot)
	}
}

// pass gives the first gate that stops c, or its outcome and, unless armed,
// the variant. The order is the contract's.
func (g *gates) pass(c *rules.Campaign) (*rules.Variant, string) {
	if reason := g.closed(c); reason != "" {
		return nil, reason
	}
	if g.live.Overrides[c.ID].Paused {
		return nil, NotLive
	}
	if g.live.Waiting[c.ID] {
		return nil, Backfilling
	}
	waits, mine := g.triggered(c)
	switch {
	case g.failed != nil:
		return nil, Failed
	case !mine:
		return nil, NotTriggered
	case g.r.Consent && bucket.Bucket(bucket.Holdout, "", g.p.Unit) < g.live.Set.Site.Holdout:
		return nil, Holdout
	case capped(c, g.p, g.now):
		return nil, Frequency
	case stopped(c, g.p):
		return nil, Stopped
	case g.overBudget(c):
		return nil, Budget
	case g.shut(c):
		return nil, Layer
	case bucket.Bucket(bucket.Traffic, c.Salt, g.p.Unit) >= c.Traffic:
		return nil, Traffic
	case g.couponOut(c):
		return nil, CouponOut
	case g.unranked(c):
		return nil, Failed
	}
	shadow := c.Status == rules.Shadow
	switch {
	case !shadow && g.absent(c.Slot):
		return nil, SlotTaken
	case waits:
		return nil, Armed
	case !shadow && c.Slot != "" && slices.Contains(g.taken, c.Slot):
		return nil, SlotTaken
	}
	v := g.variant(c)
	switch {
	case shadow:
		return v, Shadow
	case v.Control():
		return v, Control
	default:
		g.draw(c, v)
		return v, Offered
	}
}

// closed is the gate that stands before every campaign, "" if none does. Without
// consent only those pass that know nothing of the visitor.
func (g *gates) closed(c *rules.Campaign) string {
	switch {
	case !g.r.Consent && !c.Contextual:
		return Consent
	case g.r.Context.Bot:
		return Bot
	default:
		return ""
	}
}

// absent says whether the page has no such slot.
func (g *gates) absent(slot string) bool {
	return slot != "" && g.r.Slots != nil && !slices.Contains(g.r.Slots, slot)
}

// variant is the one of c's that the visitor gets: by its bucket, unless
// everybody gets control, or a bandit's weights moved.
func (g *gates) variant(c *rules.Campaign) *rules.Variant {
	o, over := g.live.Overrides[c.ID]
	switch {
	case !over:
		return variantOf(c, g.p.Unit)
	case o.Harm != nil:
		return control(c)
	case o.Period == 0:
		return variantOf(c, g.p.Unit)
	}
	if kept := c.Variant(g.p.Kept(c.ID, g.live.Phases[c.ID])); kept != nil {
		return kept
	}
	b := bucket.Bucket(bucket.Variant, c.Salt, g.p.Unit)
	for i, part := range o.Parts {
		if b -= part; b < 0 {
			return &c.Variants[i]
		}
	}
	return &c.Variants[len(c.Variants)-1] // not reached: parts sum up to all buckets
}

func variantOf(c *rules.Campaign, unit string) *rules.Variant {
	b := bucket.Bucket(bucket.Variant, c.Salt, unit)
	for i := range c.Variants {
		if v := &c.Variants[i]; b >= v.Low && b < v.High {
			return v
		}
	}
	// Ranges tile [0, 10000), so this is not reached with a compiled set.
	return &c.Variants[len(c.Variants)-1]
}
