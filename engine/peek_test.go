package engine_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Peek says before what Visit says then, of whoever comes, and however often it
// was asked in between.
func TestPeekIsWhatVisitWillDecide(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l,
		"id: three\nstatus: live\nfrequency: {max: 2, per: session}\nslot: modal\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: "+banner+"}, {id: b, weight: 1, action: "+banner+"}]",
		"id: half\nstatus: live\ntraffic: 50%\nwhen: visitor.pageviews >= 2\nvariants: [{id: a, weight: 1, action: "+banner+"}, {id: b, weight: 1, action: "+banner+"}]",
		"id: known\nstatus: live\nwhen: visitor.identified\nvariants: [{id: a, weight: 1, action: "+banner+"}, {id: b, weight: 3, action: "+banner+"}]",
		"id: exit\nstatus: live\non: exit_intent\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	now := dawn
	rapid.Check(t, func(t *rapid.T) {
		now = now.Add(time.Duration(rapid.IntRange(1, 3600).Draw(t, "seconds")) * time.Second)
		v := asked(e, rapid.SampledFrom([]string{"ann", "bob", "cem", "dan", "eve"}).Draw(t, "visitor"), now)
		v.User = rapid.SampledFrom([]string{"", "", "u1", "u2"}).Draw(t, "user")
		v.Signed = rapid.Bool().Draw(t, "signed")
		if rapid.Bool().Draw(t, "exit") {
			v.Events, v.Decide.Trigger = nil, "exit_intent"
		}
		before := l.Last()
		first, err := e.Peek(v, now)
		if err != nil {
			t.Fatal(err)
		}
		again, err := e.Peek(v, now)
		if err != nil || !reflect.DeepEqual(first, again) {
			t.Fatalf("peeked\n%+v\nand then\n%+v, %v", first, again, err)
		}
		if l.Last() != before {
			t.Fatal("peeking left a trace")
		}
		answer, err := e.Visit(v, now)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(first.Outcomes, answer.Decision.Outcomes) || !reflect.DeepEqual(first.Offers, answer.Decision.Offers) {
			t.Fatalf("peeked\n%+v\nand decided\n%+v", first.Outcomes, answer.Decision.Outcomes)
		}
	})
}
