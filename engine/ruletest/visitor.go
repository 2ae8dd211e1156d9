package ruletest

import (
	"strconv"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/bucket"
	"github.com/omotenashi-web/omotenashi/rules"
)

// tries is how many visitors are looked at: enough for one in five thousand.
const tries = 50_000

// visitor is the test's own, or the first of visitor-1, visitor-2, … who draws
// what it expects.
func (r *Runner) visitor(t *rules.Test) (id string, found bool) {
	if t.Visitor.ID != "" {
		return t.Visitor.ID, true
	}
	draws := r.draws(t)
	for i := range tries {
		id = "visitor-" + strconv.Itoa(i+1)
		fits := true
		for _, d := range draws {
			fits = fits && d.fits(id)
		}
		if fits {
			return id, true
		}
	}
	return "", false
}

// draw is a purpose whose bucket must lie in one of the ranges.
type draw struct {
	purpose, salt string
	ranges        [][2]int
}

func (d draw) fits(unit string) bool {
	b := bucket.Bucket(d.purpose, d.salt, unit)
	for _, r := range d.ranges {
		if bucket.Within(b, r[0], r[1]) {
			return true
		}
	}
	return false
}

// draws are what a test's visitor must draw. What nobody can draw (a variant
// of weight 0, a campaign without traffic) is not asked for: the test then says
// what came instead.
func (r *Runner) draws(t *rules.Test) []draw {
	var out []draw
	need := func(purpose, salt string, ranges ...[2]int) {
		wide := 0
		for _, r := range ranges {
			wide += r[1] - r[0]
		}
		if wide > 0 && wide < bucket.Buckets {
			out = append(out, draw{purpose, salt, ranges})
		}
	}
	holdout := [2]int{r.live.Set.Site.Holdout, bucket.Buckets}
	for _, e := range t.Expect {
		if e.Reason == engine.Holdout {
			holdout = [2]int{0, r.live.Set.Site.Holdout}
		}
	}
	need(bucket.Holdout, "", holdout)
	for _, e := range t.Expect {
		c := e.Campaign
		// Of campaigns that share a layer only one can come, so a plain none
		// asks for nothing there.
		comes := e.Outcome != "none" || e.Reason == engine.Traffic || e.Reason == engine.SlotTaken
		switch {
		case c.Layer == "":
		case e.Reason == engine.Layer:
			need(bucket.Layer, c.Layer, [2]int{0, c.LayerLow}, [2]int{c.LayerHigh, bucket.Buckets})
		case comes:
			need(bucket.Layer, c.Layer, [2]int{c.LayerLow, c.LayerHigh})
		}
		if e.Reason == engine.Traffic {
			need(bucket.Traffic, c.Salt, [2]int{c.Traffic, bucket.Buckets})
			continue
		}
		need(bucket.Traffic, c.Salt, [2]int{0, c.Traffic})
		var ranges [][2]int
		for _, v := range c.Variants {
			if e.Outcome == v.ID || e.Outcome == "control" && v.Control() {
				ranges = append(ranges, [2]int{v.Low, v.High})
			}
		}
		need(bucket.Variant, c.Salt, ranges...)
	}
	for _, l := range t.Sent {
		c := l.Campaign
		if c.Layer != "" {
			need(bucket.Layer, c.Layer, [2]int{c.LayerLow, c.LayerHigh})
		}
		need(bucket.Traffic, c.Salt, [2]int{0, c.Traffic})
		var ranges [][2]int
		for i := range c.Variants {
			if v := &c.Variants[i]; v.Sends() && (l.Fields["variant"] == "" || l.Fields["variant"] == v.ID) {
				ranges = append(ranges, [2]int{v.Low, v.High})
			}
		}
		need(bucket.Variant, c.Salt, ranges...)
	}
	return out
}
