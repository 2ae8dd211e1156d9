package ruletest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// carried is one campaign that the server was to carry out by itself, and what
// came of it.
type carried struct {
	campaign *rules.Campaign
	at       time.Time
	outcome  outcome
	rule     rules.Clause // at that moment
}

// send does what the server does by itself of an event that just happened, or of a
// timer that came due: it decides, exposes and writes letters, which go nowhere.
func (m *moment) send(p *profile.Profile, e *ingest.Event, due bool) {
	now := time.UnixMilli(e.Time).In(m.live.Set.Site.Timezone)
	if e.Name == ingest.Exposure {
		m.beside(p, e, now)
	}
	for _, c := range m.live.Sending(e, due) {
		r := engine.Request{ID: m.newID(), Context: e, Trigger: ingest.DuePrefix + c.ID, Event: e, Consent: true, Facts: m.facts, Explain: true}
		rule, err := m.live.Set.Explain(c, m.live.Env(p, r, now), now)
		if err != nil {
			rule = rules.Clause{Op: "leaf", Text: c.When, Failed: err.Error()}
		}
		d, made := engine.Carry(m.live, p, c, r, now)
		m.carried = append(m.carried, carried{c, now, outcomeOf(&d, c), rule})
		if made == nil {
			continue
		}
		m.did(p, ingest.Decision, now, ingest.Properties{DecisionID: d.ID, Rules: d.Rules, Trigger: r.Trigger, Facts: r.Facts, Outcomes: d.Outcomes, Event: e.ID})
		if made.Reason != engine.Offered && made.Reason != engine.Control {
			continue
		}
		m.did(p, ingest.Exposure, now, ingest.Properties{Campaign: c.ID, Variant: made.Variant, Phase: made.Phase, DecisionID: d.ID})
		for i := range c.Variants {
			if v := &c.Variants[i]; v.ID == made.Variant && v.Send != nil {
				m.write(v.Send, p, e, c, v, now)
			}
		}
	}
}

// beside writes what goes with something that was shown.
func (m *moment) beside(p *profile.Profile, e *ingest.Event, now time.Time) {
	for _, c := range m.live.Set.Campaigns {
		for i := range c.Variants {
			v := &c.Variants[i]
			if c.ID != e.Props.Campaign || v.ID != e.Props.Variant {
				continue
			}
			for n := range v.Also {
				m.write(&v.Also[n], p, e, c, v, now)
			}
		}
	}
}

func (m *moment) write(s *rules.Send, p *profile.Profile, e *ingest.Event, c *rules.Campaign, v *rules.Variant, now time.Time) {
	if l, addressed := engine.Write(s, p, e, engine.Letter{Campaign: c.ID, Variant: v.ID}, now); addressed {
		m.letters = append(m.letters, l)
	}
}

// did folds an event that the server made.
func (m *moment) did(p *profile.Profile, name string, now time.Time, props ingest.Properties) {
	e := ingest.Event{ID: m.newID(), Visitor: m.visitor, User: p.User, Name: name, Time: now.UnixMilli(), Received: now.UnixMilli(), Props: props}
	profile.Fold(p, &e, m.terms)
}

// wait lets the clock go on to a moment.
func (m *moment) wait(p *profile.Profile, until time.Time) {
	for by := until.UnixMilli(); len(p.Pending) > 0 && slices.Min(slices.Collect(maps.Values(p.Pending))) <= by; {
		m.fire(p, by)
	}
}

// sent compares what was sent with what the test expects: letters that are just as
// expected first, then the first of the same campaign for each of the others.
func (m *moment) sent() (failures []Failure) {
	left := slices.Clone(m.letters)
	var missed []*rules.TestLetter
	for i := range m.test.Sent {
		want := &m.test.Sent[i]
		at := slices.IndexFunc(left, func(l engine.Letter) bool {
			return l.Campaign == want.Campaign.ID && len(m.differences(want, &l)) == 0
		})
		if at < 0 {
			missed = append(missed, want)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, want := range missed {
		f := Failure{Line: want.Line, Column: want.Column, Campaign: want.Campaign.ID}
		if at := slices.IndexFunc(left, func(l engine.Letter) bool { return l.Campaign == want.Campaign.ID }); at >= 0 {
			f.Expected, f.Got = m.apart(want, &left[at])
			left = slices.Delete(left, at, at+1)
		} else {
			f.Expected, f.Got, f.Rule = m.wanted(want), "nothing: "+m.why(want.Campaign), m.rule(want.Campaign)
		}
		failures = append(failures, f)
	}
	expected := "nothing more"
	if len(m.test.Sent) == 0 {
		expected = "nothing to be sent"
	}
	for i := range left {
		failures = append(failures, Failure{Line: m.test.SentLine, Campaign: left[i].Campaign, Expected: expected, Got: m.described(&left[i])})
	}
	return failures
}

// fields are what a letter says, by the names that tests use.
func fields(l *engine.Letter) map[string]string {
	return map[string]string{
		"type": l.Kind, "variant": l.Variant, "to": l.To, "url": l.URL, "subject": l.Subject, "title": l.Title, "body": l.Body, "unsubscribe": l.Unsubscribe,
	}
}

// differences names what of a letter is not as expected.
func (m *moment) differences(want *rules.TestLetter, l *engine.Letter) (names []string) {
	has := fields(l)
	for _, name := range rules.LetterFields {
		if text, told := want.Fields[name]; told && text != has[name] {
			names = append(names, name)
		}
	}
	if !want.At.IsZero() && want.At.UnixMilli() != l.At {
		names = append(names, "at")
	}
	return names
}

// apart tells of both what differs.
func (m *moment) apart(want *rules.TestLetter, l *engine.Letter) (expected, got string) {
	has := fields(l)
	var a, b []string
	for _, name := range m.differences(want, l) {
		if name == "at" {
			a, b = append(a, "at "+m.clock(want.At)), append(b, "at "+m.clock(time.UnixMilli(l.At)))
			continue
		}
		a, b = append(a, said(name, want.Fields[name])), append(b, said(name, has[name]))
	}
	return strings.Join(a, ", "), strings.Join(b, ", ")
}

func said(name, text string) string {
	if name == "type" {
		return article[text]
	}
	return fmt.Sprintf("%s %q", name, text)
}

var article = map[string]string{"email": "an e-mail", "webhook": "a webhook"}

// wanted is an expected letter in words.
func (m *moment) wanted(want *rules.TestLetter) string {
	parts := []string{cmp.Or(article[want.Fields["type"]], "a letter")}
	if !want.At.IsZero() {
		parts[0] += " at " + m.clock(want.At)
	}
	for _, name := range rules.LetterFields[1:] {
		if text, told := want.Fields[name]; told {
			parts = append(parts, said(name, text))
		}
	}
	return strings.Join(parts, ", ")
}

// described is a letter that was sent, in words.
func (m *moment) described(l *engine.Letter) string {
	parts := []string{article[l.Kind] + " at " + m.clock(time.UnixMilli(l.At)), "variant " + l.Variant}
	has := fields(l)
	for _, name := range []string{"to", "url", "subject", "title"} {
		if has[name] != "" {
			parts = append(parts, said(name, has[name]))
		}
	}
	return strings.Join(parts, ", ")
}

func (m *moment) clock(at time.Time) string {
	return at.In(m.live.Set.Site.Timezone).Format(time.DateTime)
}

// why says what came of a campaign that sent nothing.
func (m *moment) why(c *rules.Campaign) string {
	if x := m.last(c); x != nil {
		return x.outcome.String() + " at " + m.clock(x.at)
	}
	if !c.Sends() {
		return "no omo_exposure of it is among the events"
	}
	return c.On[0].String() + " did not come up to " + m.clock(m.test.Until)
}

func (m *moment) rule(c *rules.Campaign) *rules.Clause {
	if x := m.last(c); x != nil && c.When != "" {
		return &x.rule
	}
	return nil
}

// last is the last time that the server was to carry out a campaign.
func (m *moment) last(c *rules.Campaign) *carried {
	for i := len(m.carried) - 1; i >= 0; i-- {
		if m.carried[i].campaign == c {
			return &m.carried[i]
		}
	}
	return nil
}
