package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// personOf puts a profile into the words of the screen, as of state.At.
func personOf(state *replay.State, codes []ledger.Redemption, zone *time.Location) *dashboard.Person {
	p, live := state.Profile, state.Live
	here := func(ms int64) time.Time {
		if ms == 0 {
			return time.Time{}
		}
		return time.UnixMilli(ms).In(zone)
	}
	out := &dashboard.Person{
		User: p.User, First: here(p.First), Last: here(p.Last), Visits: p.Visits(), Pageviews: p.Pageviews,
		Purchases: p.Purchases, Revenue: p.Revenue, LastPurchase: here(p.LastPurchase), Consent: state.Consent, Rules: live.Set.Hash,
	}
	out.CartValue, out.CartQuantity = p.Cart.Sum()
	for _, l := range p.Cart.Lines {
		out.Cart = append(out.Cart, dashboard.CartLine(l))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Traits)) {
		out.Traits = append(out.Traits, dashboard.Pair{Name: name, Value: fmt.Sprint(p.Traits[name])})
	}
	env := live.Env(p, engine.Request{Context: &ingest.Event{}}, state.At)
	for i := range live.Set.Counters {
		out.Counters = append(out.Counters, dashboard.Pair{Name: live.Set.Counters[i].String(), Value: counterText(env.Counters, &live.Set.Counters[i], i)})
	}
	slices.SortFunc(out.Counters, func(a, b dashboard.Pair) int { return cmp.Compare(a.Name, b.Name) })
	out.Segments = segmentsOf(live.Set, env, state.At)
	for _, id := range slices.Sorted(maps.Keys(p.Campaigns)) {
		x := p.Campaigns[id]
		met := dashboard.MetCampaign{
			ID: id, Name: campaignName(live.Set, id), Variant: x.Variant, Control: controls(live, id, x.Variant),
			Exposures: x.Count, Clicks: x.Clicks, Closes: x.Closes, Conversions: x.Conversions, First: here(x.First),
		}
		out.Met = append(out.Met, met)
	}
	for i := range codes {
		if x := &codes[i]; x.At <= state.At.UnixMilli() {
			coupon := dashboard.Coupon{Pool: x.Pool, Code: x.Code, Campaign: campaignName(live.Set, x.Campaign), Given: here(x.At)}
			if x.Redeemed <= state.At.UnixMilli() {
				coupon.Redeemed = here(x.Redeemed)
			}
			out.Coupons = append(out.Coupons, coupon)
		}
	}
	return out
}

// counterText is a counter's value as rules see it.
func counterText(from rules.Counters, c *rules.Counter, i int) string {
	switch c.Op {
	case "last":
		return strconv.Quote(from.Text(i))
	case "did", "exposed":
		return strconv.FormatBool(from.Number(i) != 0)
	}
	n := from.Number(i)
	if math.IsNaN(n) {
		return "unknown"
	}
	return strconv.FormatFloat(math.Round(n*100)/100, 'f', -1, 64)
}

// mostAsked bounds how many rules are taken apart for their segments.
const mostAsked = 200

// segmentsOf are the segments that campaigns ask for, and whether the visitor is
// in them. Those that no campaign asks for are nothing that profiles are kept for.
func segmentsOf(set *rules.Set, env rules.Env, at time.Time) (out []dashboard.Segment) {
	found := map[string]bool{}
	var look func(c rules.Clause)
	look = func(c rules.Clause) {
		if c.Segment() {
			found[segmentName(c.Text)] = c.Value
		}
		for _, of := range c.Of {
			look(of)
		}
	}
	asked := 0
	for _, c := range set.Campaigns {
		if !strings.Contains(c.When, "in_segment") || asked == mostAsked {
			continue
		}
		asked++
		if clause, err := set.Explain(c, env, at); err == nil {
			look(clause)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, dashboard.Segment{Name: name, In: found[name]})
	}
	return out
}

// segmentName is the name in in_segment("vip").
func segmentName(text string) string {
	name, err := strconv.Unquote(strings.TrimSuffix(strings.TrimPrefix(text, "in_segment("), ")"))
	if err != nil {
		return text
	}
	return name
}

// controls says whether a variant shows nothing.
func controls(live *engine.Live, campaign, variant string) bool {
	if c := live.Set.Written(campaign); c != nil {
		if v := c.Variant(variant); v != nil {
			return v.Control()
		}
	}
	return variant == "control"
}

// questionText is what a survey asked, in the campaign's own words; its id where
// the campaign is gone.
func questionText(live *engine.Live, campaign, variant, question string) string {
	c := live.Set.Written(campaign)
	if c == nil || c.Variant(variant) == nil {
		return question
	}
	var action struct {
		Questions []struct{ ID, Text string }
	}
	if json.Unmarshal(c.Variant(variant).Action, &action) != nil {
		return question
	}
	for _, q := range action.Questions {
		if q.ID == question {
			return cmp.Or(q.Text, question)
		}
	}
	return question
}
