package ruletest

import (
	"fmt"
	"slices"
	"time"

	"github.com/omotenashi-web/omotenashi/rules"
)

// Coverage counts which conditions the tests made true and which false. A
// condition counts for a campaign when a test names it in expect and the
// decision came as far as its rule.
type Coverage struct {
	campaigns []*CampaignCoverage
	of        map[*rules.Campaign]*CampaignCoverage
}

// CampaignCoverage is one campaign's part.
type CampaignCoverage struct {
	Campaign   string      `json:"campaign"`
	File       string      `json:"file"`
	Line       int         `json:"line"`
	Tests      int         `json:"tests"` // that name it
	Conditions []Condition `json:"conditions"`
}

// Condition is one leaf of a campaign's rule, behind the segments it stands in.
type Condition struct {
	Text  string `json:"text"`
	True  int    `json:"true"`
	False int    `json:"false"`
}

// Coverage gives one with every campaign of the set and nothing counted.
func (r *Runner) Coverage() (*Coverage, error) {
	c := &Coverage{of: map[*rules.Campaign]*CampaignCoverage{}}
	for _, campaign := range r.live.Set.Campaigns {
		// For nobody: what its conditions are, not what they say.
		clause, err := r.live.Set.Explain(campaign, rules.Env{}, time.Time{})
		if err != nil {
			return nil, err
		}
		one := &CampaignCoverage{Campaign: campaign.ID, File: campaign.File, Line: campaign.Line, Conditions: []Condition{}}
		conditions(clause, "", func(text string, _ rules.Clause) {
			one.Conditions = append(one.Conditions, Condition{Text: text})
		})
		c.campaigns, c.of[campaign] = append(c.campaigns, one), one
	}
	return c, nil
}

// Add counts one test's result.
func (c *Coverage) Add(r Result) {
	for _, e := range r.Test.Expect {
		c.of[e.Campaign].Tests++
	}
	for i, l := range r.Test.Sent {
		if !slices.ContainsFunc(r.Test.Sent[:i], func(o rules.TestLetter) bool { return o.Campaign == l.Campaign }) {
			c.of[l.Campaign].Tests++
		}
	}
	for campaign, clause := range r.asked {
		one, i := c.of[campaign], 0
		conditions(clause, "", func(_ string, leaf rules.Clause) {
			switch {
			case leaf.Value:
				one.Conditions[i].True++
			case leaf.Failed == "":
				one.Conditions[i].False++
			}
			i++
		})
	}
}

// conditions walks the leaves that can be true or false: all but those that
// read nothing.
func conditions(c rules.Clause, within string, visit func(text string, leaf rules.Clause)) {
	if c.Op == "leaf" {
		if len(c.Facts) > 0 {
			visit(within+c.Text, c)
		}
		return
	}
	if c.Segment() {
		within += c.Text + " › "
	}
	for _, of := range c.Of {
		conditions(of, within, visit)
	}
}

// Campaigns are all campaigns of the set, highest priority first.
func (c *Coverage) Campaigns() []*CampaignCoverage { return c.campaigns }

// Share is how many of the answers that conditions can give were seen: two a
// condition.
func (c *Coverage) Share() (seen, all int) {
	for _, one := range c.campaigns {
		s, a := one.Share()
		seen, all = seen+s, all+a
	}
	return seen, all
}

// Share is the campaign's own.
func (c *CampaignCoverage) Share() (seen, all int) {
	for _, x := range c.Conditions {
		all += 2
		seen += min(1, x.True) + min(1, x.False)
	}
	return seen, all
}

// Missing says what no test made of the condition: "never true", "never false",
// "never answered", or "".
func (x Condition) Missing() string {
	switch {
	case x.True == 0 && x.False == 0:
		return "never answered"
	case x.True == 0:
		return "never true"
	case x.False == 0:
		return "never false"
	}
	return ""
}

// Percent writes a share for people: "83 %"; rounded down, so that 100 % is all.
func Percent(seen, all int) string {
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%d %%", 100*seen/all)
}
