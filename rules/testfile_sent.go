package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// testSentFile is one letter that the server is expected to send. What it does not
// name may be anything.
type testSentFile struct {
	At          *node
	Campaign    text     `yaml:"campaign,required"`
	When        whenFile `yaml:"at"`
	Variant     text     `yaml:"variant"`
	Type        text     `yaml:"type"`
	To          text     `yaml:"to"`
	URL         text     `yaml:"url"`
	Subject     text     `yaml:"subject"`
	Title       text     `yaml:"title"`
	Body        text     `yaml:"body"`
	Unsubscribe text     `yaml:"unsubscribe"`
}

// TestLetter is one webhook or e-mail that a test expects.
type TestLetter struct {
	Campaign     *Campaign
	At           time.Time         // zero: at any time
	Fields       map[string]string // variant, type, to, url, subject, title, body, unsubscribe: those that were named
	Line, Column int
}

// LetterFields are what a test may say of a letter, in the order it is told in.
var LetterFields = []string{"type", "variant", "to", "url", "subject", "title", "body", "unsubscribe"}

// sent reads what a test expects to be sent, and how long it waits for it.
func (b *testBench) sent(r *reader, t *Test, f *testFile, path string) {
	t.Until = t.Now
	if f.Until.At != nil {
		t.Until = r.around(f.Until, t.Now, join(path, "until"))
		if t.Until.Before(t.Now) {
			r.failWith(f.Until.At, join(path, "until"), "value", "the clock goes on from now, and this lies before it", "write +2d, or a moment after now")
		}
	}
	at := f.At.value("sent")
	if t.Sends = at != nil; !t.Sends {
		if f.Until.At != nil {
			r.failWith(f.Until.At, join(path, "until"), "value", "until goes with sent", "say what is sent until then: sent: [{campaign: …, at: +1d}], or sent: [] for nothing")
		}
		return
	}
	t.SentLine = at.line
	for i := range f.Sent {
		if f.Sent[i].At != nil {
			t.Sent = append(t.Sent, b.letter(r, t, &f.Sent[i], fmt.Sprintf("%s.sent[%d]", path, i)))
		}
	}
}

func (b *testBench) letter(r *reader, t *Test, f *testSentFile, path string) TestLetter {
	out := TestLetter{Fields: map[string]string{}, Line: f.At.line, Column: f.At.column}
	if f.Campaign.At != nil {
		out.Campaign = b.known(r, f.Campaign.S, f.Campaign.At, join(path, "campaign"))
	}
	if f.When.At != nil {
		if out.At = r.around(f.When, t.Now, join(path, "at")); out.At.After(t.Until) {
			r.failWith(f.When.At, join(path, "at"), "value", "the test ends before that", "say how long it goes on: until: "+f.When.S)
		}
	}
	for name, told := range map[string]text{
		"variant": f.Variant, "type": f.Type, "to": f.To, "url": f.URL, "subject": f.Subject, "title": f.Title, "body": f.Body, "unsubscribe": f.Unsubscribe,
	} {
		if told.At != nil {
			out.Fields[name] = told.S
		}
	}
	r.oneOf(f.Type, join(path, "type"), sendTypes...)
	c := out.Campaign
	if c == nil {
		return out
	}
	var names []string
	for _, v := range c.Variants {
		if v.Sends() {
			names = append(names, v.ID)
		}
	}
	switch {
	case len(names) == 0:
		r.failWith(f.Campaign.At, join(path, "campaign"), "value", fmt.Sprintf("campaign %q sends nothing", c.ID), "its variants have no action of type webhook or email, and no also")
	case f.Variant.At != nil && !slices.Contains(names, f.Variant.S):
		r.failWith(f.Variant.At, join(path, "variant"), "value", fmt.Sprintf("campaign %q has no variant %q that sends something%s", c.ID, f.Variant.S, didYouMean(f.Variant.S, names)), "one of "+strings.Join(names, ", "))
	}
	return out
}

// Sends says whether something is sent where the variant is the one: in its place,
// or beside what it shows.
func (v *Variant) Sends() bool { return v.Send != nil || len(v.Also) > 0 }

// around reads a moment as before does, and +2d after now too.
func (r *reader) around(t whenFile, now time.Time, path string) time.Time {
	sign := map[bool]time.Duration{true: -1, false: 1}[strings.HasPrefix(t.S, "-")]
	length := strings.TrimLeft(t.S, "+-")
	if len(t.S) != len(length)+1 {
		at, _ := r.moment(t.text, path, now.Location())
		return at
	}
	d, err := ParseDuration(length)
	if err != nil {
		r.failWith(t.At, path, "value", quote(t.S)+" is not a time from now", "write +23h, -5m, or a moment such as 2026-12-05T20:58")
	}
	return now.Add(sign * d)
}
