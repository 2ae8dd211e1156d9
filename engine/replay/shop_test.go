package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

var dawn = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

const banner = `{type: banner, title: "t"}`

// site declares what visitors tell of themselves.
const site = "timezone: Asia/Tokyo\nholdout: 5%\ntraits: {rank: {type: string, trust: signed}, age: {type: number, trust: any}}\n" +
	"budget: {top: {max: 1, per: session}}\n"

// segments names events of the shop's own.
const segments = `derived:
  dear_view: {event: view_item, where: 'event.value > 1000'}
  second_order: {event: purchase, where: 'event.prop("id") == "2"'}
  first_order: {event: purchase, where: 'event.prop("id") == "1"'}
`

// shop is the real engine on a real ledger, with a clock of its own and a
// crowd that follows a seed.
type shop struct {
	testing.TB
	engine *engine.Engine
	ledger *ledger.Ledger
	now    time.Time
	ids    int
	crowd  []*person
	close  func() // done with the test, or before
	*rand.Rand
}

// person is one browser and what it was last told.
type person struct {
	id     string
	user   string       // whose browser it is, once it is told
	page   ingest.Event // the page it is on
	armed  []*rules.Campaign
	offers []shown
	last   []ingest.Event // what it sent last
	viewID string
	viewed time.Time
	code   string // it was given
}

type shown struct{ decision, campaign, variant, phase string }

func newShop(t testing.TB, visitors int, seed uint64) *shop {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ledger")
	l, err := ledger.Open(dir, ledger.Options{Log: slog.New(slog.DiscardHandler), Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{TB: t, ledger: l, now: dawn, Rand: rand.New(rand.NewPCG(seed, 1))}
	s.close = sync.OnceFunc(func() {
		if err := errors.Join(l.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.close)
	s.engine = engine.New(engine.Options{Store: l, Key: []byte("key"), NewID: s.newID, Profiles: 512})
	for i := range visitors {
		p := &person{id: fmt.Sprintf("018f3b1e-7a00-7d10-9b1a-%012d", i), user: fmt.Sprint("user-", i)}
		if i%4 == 1 { // every other person has two browsers
			p.user = s.crowd[i-1].user
		}
		s.crowd = append(s.crowd, p)
	}
	return s
}

func (s *shop) newID() string {
	s.ids++
	return fmt.Sprintf("0191e8a0-0000-7000-8000-%012d", s.ids)
}

func folder(campaigns ...string) fstest.MapFS {
	return fstest.MapFS{"site.yaml": {Data: []byte(site)}, "segments.yaml": {Data: []byte(segments)}, "coupons/ten.csv": {Data: []byte("code\nA1\nA2\n")}, "coupons/none.csv": {}, "coupons/few.csv": {Data: []byte("F1\nF2\nF3\nF4\nF5\nF6\nF7\nF8\n")}, "campaigns/all.yaml": {Data: []byte(strings.Join(campaigns, "\n---\n"))}}
}

func load(t testing.TB, campaigns ...string) *rules.Set {
	t.Helper()
	set, found := rules.Load(folder(campaigns...))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

func (s *shop) use(set *rules.Set) {
	s.Helper()
	if err := s.engine.Use(set, s.now); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) visit(v engine.Visit) engine.Answer {
	s.Helper()
	answer, err := s.engine.Visit(v, s.now.Add(time.Duration(s.IntN(1e6)))) // never a whole millisecond
	if err != nil {
		s.Fatal(err)
	}
	return answer
}

func (s *shop) event(name, properties string) ingest.Event {
	e := ingest.Event{ID: s.newID(), Name: name, Time: s.now.UnixMilli(), Received: s.now.UnixMilli(), Properties: json.RawMessage(properties)}
	if properties == "" {
		e.Properties = nil
	}
	if err := e.ParseProperties(); err != nil {
		s.Fatal(err)
	}
	return e
}

var paths = []string{"/", "/cart", "/items/1", "/items/2", "/category/knit", "/ranking"}

// view is a page view that is decided, of any page.
func (s *shop) view(p *person) {
	var slots []string
	if s.IntN(4) == 0 {
		slots = []string{"modal"}
	}
	s.ask(p, paths[s.IntN(len(paths))], slots, s.IntN(50) == 0)
}

func (s *shop) ask(p *person, path string, slots []string, bot bool) {
	p.page = s.event(ingest.PageView, "")
	p.page.Page = &ingest.Page{URL: "https://shop.example" + path, Path: path, Type: strings.Trim(path, "/0123456789")}
	p.page.Device = &ingest.Device{Type: []string{"mobile", "desktop"}[len(p.id+path)%2], OS: "iOS", Browser: "Safari", Language: "ja"}
	p.page.Geo = &ingest.Geo{Country: "JP", Region: "13"}
	p.page.Source = &ingest.Source{Channel: "search", ReferrerHost: "www.google.co.jp"}
	p.page.Bot = bot
	v := engine.Visit{Visitor: p.id, Decide: &engine.Request{ID: s.newID(), Context: &p.page, Slots: slots, Consent: true}}
	v.Decide.Facts = s.facts()
	if s.IntN(3) == 0 {
		n := s.IntN(5)
		v.Events = append(v.Events, s.event("view_item", fmt.Sprintf(`{"value":%d,"items":[{"item_id":"sku-%d","price":%d,"quantity":1}]}`, 300*n, n, 300*n)))
	}
	if s.IntN(12) == 0 {
		v.User, v.Signed = p.user, true
		v.Traits = map[string]any{"rank": []string{"gold", "silver"}[s.IntN(2)], "age": float64(20 + s.IntN(40))}
	}
	v.Events = append(v.Events, p.page)
	v.Events[len(v.Events)-1].ID = s.newID() // the client's own, as the beacon gives it
	p.viewID, p.viewed, p.last = v.Events[len(v.Events)-1].ID, s.now, append([]ingest.Event{}, v.Events...)
	answer := s.visit(v)
	p.armed = p.armed[:0]
	for _, o := range answer.Decision.Offers {
		if o.Armed() {
			p.armed = append(p.armed, o.Campaign)
		}
	}
	p.hear(answer)
}

// facts are read before the decision; now and then others are faster.
func (s *shop) facts() *ingest.Facts {
	if s.engine.Live().Set.FactPools == nil {
		return nil
	}
	return &ingest.Facts{CouponsLeft: map[string]int{"ten": s.IntN(3), "few": s.engine.CouponsLeft("few") + s.IntN(2)}}
}

// hear keeps what an answer opens.
func (p *person) hear(answer engine.Answer) {
	for _, o := range answer.Decision.Offers {
		if o.Code != "" {
			p.code = o.Code
		}
		if !o.Armed() {
			p.offers = append(p.offers, shown{answer.Decision.ID, o.Campaign.ID, o.Variant.ID, o.Phase})
		}
	}
}

// trigger calls for what the page's campaigns wait for, as a browser does.
func (s *shop) trigger(p *person, what string) {
	context := p.page
	context.ID = s.newID()
	p.hear(s.visit(engine.Visit{Visitor: p.id, Decide: &engine.Request{ID: s.newID(), Context: &context, Trigger: what, Facts: s.facts(), Consent: true}}))
}

// about is an event about an offer: an exposure, a click, a close.
func (s *shop) about(name string, o shown) ingest.Event {
	return s.event(name, fmt.Sprintf(`{"campaign":%q,"variant":%q,"phase":%q,"decision_id":%q}`, o.campaign, o.variant, o.phase, o.decision))
}

// step lets one of the crowd do something, a few seconds after the last did.
func (s *shop) step() {
	s.now = s.now.Add(time.Duration(s.IntN(20_000)) * time.Millisecond)
	p := s.crowd[s.IntN(len(s.crowd))]
	send := func(events ...ingest.Event) {
		p.last = append([]ingest.Event{}, events...)
		s.visit(engine.Visit{Visitor: p.id, Events: events})
	}
	switch n := s.IntN(100); {
	case p.viewID == "" || n < 40:
		s.view(p)
	case n < 65 && len(p.offers) > 0:
		o := p.offers[0]
		p.offers = p.offers[1:]
		events := []ingest.Event{s.about(ingest.Exposure, o)}
		if s.IntN(4) == 0 {
			events = append(events, s.about([]string{ingest.Close, ingest.Click}[s.IntN(2)], o))
		}
		send(events...)
	case n < 75 && len(p.armed) > 0:
		s.trigger(p, []string{"exit_intent", "dwell:30s"}[s.IntN(2)])
	case n < 77: // a trigger that comes with its event
		added := s.event("add_to_cart", fmt.Sprintf(`{"value":%d}`, s.IntN(4000)))
		context := p.page
		context.ID = s.newID()
		p.hear(s.visit(engine.Visit{Visitor: p.id, Events: []ingest.Event{added}, Decide: &engine.Request{ID: s.newID(), Context: &context, Trigger: "add_to_cart", Facts: s.facts(), Consent: true}}))
	case n < 80:
		late := s.event("add_to_cart", `{"value":3000,"items":[{"item_id":"sku-2","price":3000,"quantity":1}]}`)
		late.Time -= int64(s.IntN(6 * 3_600_000)) // it lay in a phone without a net
		send(late)
	case n < 84:
		order := s.IntN(1000)
		arrives := s.now.Add(3 * time.Hour).Format(time.RFC3339)
		send(s.event(ingest.Purchase, fmt.Sprintf(`{"value":3000,"transaction_id":"t%d","id":"%d","arrives_at":"%s"}`, order, order%3, arrives)))
	case n < 86: // a page view whose answer was lost is decided once more
		context := p.page
		context.ID = s.newID()
		again := p.page
		again.ID = p.viewID
		p.hear(s.visit(engine.Visit{Visitor: p.id, Events: []ingest.Event{again}, Decide: &engine.Request{ID: s.newID(), Context: &context, Facts: s.facts(), Consent: true}}))
	case n < 88: // a client that heard no answer sends again
		s.visit(engine.Visit{Visitor: p.id, Events: append([]ingest.Event{}, p.last...)})
	case n < 89 && p.code != "":
		if _, err := s.engine.Redeem(engine.Redemption{Pool: "few", Code: p.code}, s.now); err != nil && !errors.Is(err, engine.ErrRedeemed) {
			s.Fatal(err)
		}
		p.code = ""
	case n < 90:
		s.visit(engine.Visit{Visitor: p.id, User: p.user, Signed: true, Traits: map[string]any{"rank": "gold"}})
	default:
		spent := s.now.Sub(p.viewed).Milliseconds()
		send(s.event(ingest.Engagement, fmt.Sprintf(`{"view":%q,"scroll":60,"dwell_ms":%d,"idle_ms":500}`, p.viewID, spent)))
	}
}

// timers fires what has come due.
func (s *shop) timers() {
	s.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	now := s.now
	var run sync.WaitGroup
	run.Go(func() {
		if err := s.engine.RunTimers(ctx, func() time.Time { return now }); err != nil {
			s.Error(err)
		}
	})
	for ctx.Err() == nil {
		due, _, err := s.ledger.Timers(now.UnixMilli(), 1)
		if err != nil {
			s.Fatal(err)
		}
		if len(due) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	run.Wait()
}

// records are everything the ledger holds, the canonical JSON read anew, as a
// source that has nothing else gives it.
func (s *shop) records() []ingest.Record {
	s.Helper()
	all, err := s.ledger.Read(context.Background(), 0, s.ledger.Last(), 10_000_000)
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// split gives the rule sets, and each person's visits, of a ledger's records. A
// person is known by the visitor whose profile its browsers share.
func split(t testing.TB, ledger string, records []ingest.Record) (*replay.Sets, map[string][][]ingest.Record) {
	t.Helper()
	sets, visits, homes := replay.NewSets(), map[string][][]ingest.Record{}, map[string]string{}
	for i := range records {
		r := &records[i]
		if err := sets.Add(ledger, r); err != nil {
			t.Fatal(err)
		}
		if r.Event.Name == ingest.Merge {
			m, err := ingest.ReadMerge(&r.Event)
			if err != nil {
				t.Fatal(err)
			}
			homes[m.Visitor] = m.Home
		}
	}
	for i := range records {
		r := &records[i]
		v := r.Event.Visitor
		if home := homes[v]; home != "" {
			v = home
		}
		if v == "" {
			continue
		}
		if n := len(visits[v]); n > 0 && visits[v][n-1][0].Event.Seq == r.Event.Seq {
			visits[v][n-1] = append(visits[v][n-1], *r)
		} else {
			visits[v] = append(visits[v], []ingest.Record{*r})
		}
	}
	return sets, visits
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
