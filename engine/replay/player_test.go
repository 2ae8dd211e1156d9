package replay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// hook is what the server sends.
const hook = `{type: webhook, url: "https://crm.example/hook", title: 'for {{visitor.id}}'}`

// before and after are the campaigns of a shop whose rules are changed while
// it is open: every gate, every kind of trigger, and states that a folded
// profile must get exactly right.
var before = []string{
	"id: hello\nstatus: live\nslot: bar\nfrequency: [{max: 2, per: session}, {max: 5, per: 1d}]\nwhen: visitor.visits < 4\nvariants: [{id: control, weight: 1}, {id: a, weight: 3, action: " + banner + "}]",
	"id: exit\nstatus: live\non: exit_intent\nslot: modal\npriority: 9\nfrequency: [{max: 1, per: session}, {after: {closes: 2, clicks: 3, conversions: 1}}]\ngoal: {event: first_order, window: 1d}\nwhen: cart.value >= 3000\nvariants: [{id: a, weight: 1, action: " + banner + "}, {id: b, weight: 1, action: " + banner + "}]",
	"id: stay\nstatus: live\non: {dwell: 30s}\nslot: modal\nfrequency: {max: 3, per: day}\npages: ['/items/**', /cart]\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: " + banner + "}]",
	"id: members\nstatus: live\nslot: modal\npriority: 5\nwhen: visitor.rank == \"gold\" && visitor.age >= 30\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: watched\nstatus: shadow\ntraffic: 40%\nwhen: session.seconds < 120 && visitor.purchases == 0\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: often\nstatus: live\nslot: top\nwhen: count(\"page_view\", \"2h\") >= 1 && uniq(\"view_item.item_id\", \"7d\") < 4 && last(\"view_item.item_id\") != \"sku-2\"\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: left\nstatus: live\nlayer: tests\nwhen: seconds_since(\"purchase\") > 600 || count(\"dear_view\", \"today\") > 1\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: " + banner + "}]",
	"id: right\nstatus: live\nlayer: tests\nwhen: not exposed(\"hello\", \"1d\") && sum(\"purchase.value\", \"30d\") < 9000\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: adder\nstatus: live\non: {event: add_to_cart, where: 'event.value > 2000'}\nfrequency: {max: 4, per: session}\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: forgot\nstatus: live\non: {absent: {event: purchase, after: add_to_cart, within: 30m}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: sent\nstatus: live\non: {event: add_to_cart, where: 'event.value > 1000'}\nwhen: visitor.pageviews < 60\nfrequency: {max: 3, per: day}\nvariants: [{id: control, weight: 1}, {id: a, weight: 2, action: " + hook + "}]",
	"id: missed\nstatus: live\non: {absent: {event: purchase, after: add_to_cart, within: 30m}}\ntraffic: 70%\nvariants: [{id: control, weight: 1}, {id: a, weight: 2, action: " + hook + "}]",
	"id: undecided\nstatus: live\non: {absent: {event: first_order, after: dear_view, within: 20m}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: listed\nstatus: live\non: [{event: add_to_cart, where: 'event.value > 1500'}, {dwell: 30s}]\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: beside\nstatus: live\non: [exit_intent, {event: view_item, where: 'event.value >= 300 && visitor.pageviews > 1 && count(\"page_view\", \"1d\") < 60'}]\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: " + banner + "}]",
	"id: arrives\nstatus: live\non: {event: purchase, at: event.arrives_at, offset: -2h}\nfrequency: {max: 2, per: day}\nwhen: visitor.purchases < 9\nvariants: [{id: control, weight: 1}, {id: a, weight: 2, action: " + hook + "}]",
	"id: arriving\nstatus: live\non: {event: first_order, at: event.arrives_at, offset: -2h}\nvariants: [{id: a, weight: 2, action: " + banner + "}]",
	"id: stock\nstatus: live\nwhen: coupons_left(\"ten\") > 1 || device.type == \"mobile\"\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
	"id: gift\nstatus: live\nslot: modal\npriority: 1\nwhen: visitor.pageviews > 2\nvariants: [{id: control, weight: 1}, {id: own, weight: 1, action: {type: coupon, title: t, pool: few}}]",
	"id: parting\nstatus: live\non: exit_intent\nvariants: [{id: control, weight: 1}, {id: own, weight: 1, action: {type: coupon, title: t, pool: few}}]",
	"id: night\nstatus: live\nschedule: {hours: ['20:00-02:00']}\nfrequency: {max: 1}\nwhen: now.hour != 21 && (visitor.days_since_last_visit > 0.1 || visitor.revenue > 5000)\nvariants: [{id: a, weight: 1, action: " + banner + "}]",
}

func after() []string {
	changed := append([]string{}, before...)
	changed[0] = strings.Replace(changed[0], "weight: 3", "weight: 1", 1)
	return append(changed, "id: newer\nstatus: live\nwhen: count(\"search\", \"3h\") < 2\nvariants: [{id: a, weight: 1, action: "+banner+"}]",
		"id: new\nstatus: live\nslot: bar\npriority: 7\nwhen: visitor.pageviews > 5\nfrequency: {max: 1, per: session}\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
}

// played is a shop that was open for some days, its rules changed on the way.
func played(t testing.TB, visitors, steps int, seed uint64) *shop {
	s := newShop(t, visitors, seed)
	s.use(load(t, before...))
	for i := range steps {
		switch i {
		case steps / 2:
			s.use(load(t, after()...))
		case steps * 3 / 4: // and back, which opens phases of its own
			s.use(load(t, before...))
		}
		s.step()
		if i%200 == 0 {
			s.timers()
		}
	}
	return s
}

// Every logged decision, made again at its place from nothing but the recorded
// events, comes out as it was logged.
func TestEveryDecisionComesOutAsLogged(t *testing.T) {
	t.Parallel()
	s := played(t, 50, 9_000, 7)
	sets, visitors := split(t, s.ledger.ID(), s.records())
	decisions, merged, reasons, carried, listed := 0, 0, map[string]int{}, map[string]int{}, map[string]int{}
	player := replay.NewPlayer(sets, sets.Since(dawn)...)
	for visitor, visits := range visitors {
		player.Begin(s.ledger.ID(), visitor)
		for _, visit := range visits {
			err := player.Visit(visit, func(m *replay.Moment) error {
				decisions++
				if m.Err != nil {
					return m.Err
				}
				carried[strings.TrimPrefix(m.Logged.Props.Trigger, ingest.DuePrefix)]++
				for _, o := range m.Logged.Props.Outcomes {
					reasons[o.Reason]++
					if o.Campaign == "listed" || o.Campaign == "beside" {
						listed[o.Campaign+" "+o.Reason]++
					}
				}
				for _, d := range replay.Compare(m.Logged.Props.Outcomes, m.Again().Outcomes) {
					t.Errorf("%s at %d (%s): %s was %+v and is %+v", visitor, m.Seq, m.Cause(), d.Campaign, d.Logged, d.Made)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		got := player.Profile()
		want, err := s.engine.Profile(got.Visitor)
		if err != nil {
			t.Fatal(err)
		}
		merged += len(got.Visitors()) - 1
		got.Series, want.Series = nil, nil // a server counts from its cut, and the back-fill before
		if asJSON(t, got) != asJSON(t, want) {
			t.Errorf("the replayed profile is\n%s\nand the ledger's\n%s", asJSON(t, got), asJSON(t, want))
		}
	}
	if carried["sent"] < 20 || carried["missed"] < 20 || carried["arrives"] < 20 {
		t.Errorf("the server carried out %v", carried)
	}
	if shown := listed["beside offered"] + listed["beside control"]; min(listed["listed offered"], listed["listed trigger"], shown, listed["beside trigger"]) < 10 {
		t.Errorf("lists of triggers came to %v", listed)
	}
	for _, reason := range []string{engine.Armed, engine.Offered, engine.Control, engine.Shadow, engine.Holdout, engine.Frequency, engine.Stopped, engine.Budget, engine.Layer, engine.Backfilling, engine.Traffic, engine.CouponOut, engine.SlotTaken, engine.NotTriggered, engine.Bot} {
		if reasons[reason] < 10 {
			t.Errorf("%d decisions with reason %s: the traffic does not try it", reasons[reason], reason)
		}
	}
	if decisions < 3000 || merged < 10 {
		t.Errorf("%d decisions and %d merges only", decisions, merged)
	}
}

// Another rule set decides otherwise, and Compare says where.
func TestAnotherRuleSetDiffers(t *testing.T) {
	t.Parallel()
	const hello = "id: hello\nstatus: live\npages: [/**]\nslot: modal\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	s := newShop(t, 1, 1)
	s.use(load(t, hello, before[3]))
	s.view(s.crowd[0])
	other := engine.LiveOf(load(t, strings.Replace(hello, "a, weight", "b, weight", 1), "id: more\nstatus: live\npriority: -1\nvariants: [{id: a, weight: 1, action: "+banner+"}]"), nil, nil, nil)
	sets, visitors := split(t, s.ledger.ID(), s.records())
	player := replay.NewPlayer(sets, sets.Since(dawn)...)
	for visitor, visits := range visitors {
		player.Begin(s.ledger.ID(), visitor)
		err := player.Visit(visits[0], func(m *replay.Moment) error {
			got := asJSON(t, replay.Compare(m.Logged.Props.Outcomes, m.With(other).Outcomes))
			phase := s.engine.Live().Phases["hello"]
			want := `[{"campaign":"hello","logged":{"campaign":"hello","reason":"offered","variant":"a","phase":"` + phase + `","slot":"modal"},` +
				`"made":{"campaign":"hello","reason":"offered","variant":"b","slot":"modal"}},` +
				`{"campaign":"more","logged":null,"made":{"campaign":"more","reason":"offered","variant":"a"}}]`
			if got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The set that a decision names made it, also where another is recorded as live
// at that moment.
func TestTheSetThatIsNamedDecides(t *testing.T) {
	t.Parallel()
	s, p := scene(t, before...)
	s.open(p, "/cart")
	s.use(load(t, after()...))
	records := s.records()
	if err := replayed(t, s, p, records, func(m *replay.Moment) {
		if d := replay.Compare(m.Logged.Props.Outcomes, m.Again().Outcomes); d != nil || m.Cause() != replay.Engine {
			t.Errorf("%s: %+v", m.Cause(), d)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for i := range records { // as if the visit had come behind the reload
		if records[i].Event.Visitor != "" {
			records[i].Event.Seq = 1000
		}
	}
	if err := replayed(t, s, p, records, func(m *replay.Moment) {
		if d := replay.Compare(m.Logged.Props.Outcomes, m.Again().Outcomes); d != nil || m.Cause() != replay.Reload {
			t.Errorf("%s: %+v", m.Cause(), d)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func replayed(t *testing.T, s *shop, p *person, records []ingest.Record, each func(*replay.Moment)) error {
	sets, visitors := split(t, s.ledger.ID(), records)
	player := replay.NewPlayer(sets, sets.Since(dawn)...)
	player.Begin(s.ledger.ID(), p.id)
	for _, visit := range visitors[p.id] {
		if err := player.Visit(visit, func(m *replay.Moment) error { each(m); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// What cannot be made again says why.
func TestCauses(t *testing.T) {
	t.Parallel()
	s := newShop(t, 1, 3)
	s.use(load(t, before...))
	p := s.crowd[0]
	s.view(p)
	s.now = s.now.Add(time.Hour)
	s.view(p)
	for name, c := range map[string]struct {
		want string
		from int // records left out at the front
		sets bool
	}{
		"as it was":         {replay.Engine, 1, true},
		"no rule set":       {replay.RulesGone, 1, false},
		"the first is gone": {replay.HistoryGone, 3, true},
	} {
		records := s.records()
		sets, _ := split(t, s.ledger.ID(), records)
		if !c.sets {
			sets = replay.NewSets()
		}
		_, visitors := split(t, s.ledger.ID(), records[c.from:])
		player := replay.NewPlayer(sets, sets.Since(dawn)...)
		player.Begin(s.ledger.ID(), p.id)
		got := ""
		for _, visit := range visitors[p.id] {
			if err := player.Visit(visit, func(m *replay.Moment) error { got = m.Cause(); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if got != c.want {
			t.Errorf("%s: the cause is %q, want %q", name, got, c.want)
		}
	}
}
