package engine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

var listedRules = fstest.MapFS{"campaigns/a.yaml": {Data: []byte("id: a\nstatus: live\n" +
	"on: [{event: add_to_cart, where: 'event.value > 500 && event.prop(\"color\") != \"red\"'}, {dwell: 10s}]\n" +
	"variants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n")}}

// told is one call of a browser, on its way to the server.
type told struct {
	what     string // page_view, add_to_cart, dwell
	path     string
	at       time.Duration // when it happened
	received time.Duration
	value    int
	red      bool
	early    bool // a page view: just before it the page says that something was put into the cart
}

// Whatever a browser does on some pages, however late and in whatever order its
// calls come and whatever its clock says: when the last trigger comes, the list
// is complete if a look at all that was received says so.
func TestListedTriggersEqualAPlainComputation(t *testing.T) {
	t.Parallel()
	set := load(t, listedRules)
	offered, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		l, ids := newLedger(rt), 0
		newID := func() string { ids++; return fmt.Sprintf("0191e8a0-0000-7000-8000-%012d", ids) }
		e := engine.New(engine.Options{Store: l, Key: []byte("key"), NewID: newID})
		if err := e.Use(set, dawn); err != nil {
			t.Fatal(err)
		}
		// One list in six is complete: with so many browsers a check there is no luck
		// in it that ten are, even among the 20 checks of -short.
		for browser := range 6 {
			begin, visitor := dawn.Add(time.Duration(browser)*time.Hour), fmt.Sprint("ann", browser)
			wrong := rapid.SampledFrom([]time.Duration{0, 3 * time.Hour, -40 * time.Minute}).Draw(rt, "the browser's clock is off by")
			var calls []told
			at := time.Duration(0)
			for range rapid.IntRange(2, 25).Draw(rt, "calls") {
				at += time.Duration(rapid.IntRange(1, 20).Draw(rt, "seconds")) * time.Second
				calls = append(calls, told{
					what: rapid.SampledFrom([]string{"page_view", "add_to_cart", "add_to_cart", "dwell", "dwell"}).Draw(rt, "what"),
					path: rapid.SampledFrom([]string{"/", "/cart"}).Draw(rt, "path"), at: at,
					received: at + time.Duration(rapid.SampledFrom([]int{0, 0, 2, 30}).Draw(rt, "late"))*time.Second,
					value:    rapid.SampledFrom([]int{1, 500, 501, 9000}).Draw(rt, "value"), red: rapid.IntRange(0, 3).Draw(rt, "red") == 0,
					early: rapid.IntRange(0, 3).Draw(rt, "early") == 0,
				})
			}
			slices.SortStableFunc(calls, func(a, b told) int { return cmp.Compare(a.received, b.received) })
			opened, happened := map[string]time.Duration{}, map[string]time.Duration{} // path → the latest
			for i, call := range calls {
				now := begin.Add(call.received)
				idAt := func(at time.Duration) string { // as the browser makes ids
					own := fmt.Sprintf("%012x", begin.Add(at+wrong).UnixMilli())
					return fmt.Sprintf("%s-%s-7000-8000-%012x", own[:8], own[8:], int64(100*browser+i)<<32+int64(at))
				}
				page := &ingest.Page{URL: "https://shop.example" + call.path, Path: call.path}
				context := ingest.Event{ID: newID(), Name: ingest.PageView, Time: now.UnixMilli(), Received: now.UnixMilli(), Page: page}
				v := engine.Visit{Visitor: visitor, Decide: &engine.Request{ID: newID(), Context: &context, Consent: true}}
				added := func(at time.Duration) ingest.Event {
					color := map[bool]string{true: "red", false: "blue"}[call.red]
					event, refused := ingest.Accept(ingest.Incoming{
						ID: idAt(at), Name: "add_to_cart", Page: page, Properties: json.RawMessage(fmt.Sprintf(`{"value":%d,"color":%q}`, call.value, color)),
						Time: ingest.Stamp(begin.Add(at + wrong).UnixMilli()),
					}, &ingest.Who{ID: visitor}, ingest.Terms{Received: now, SentAt: ingest.Stamp(now.Add(wrong).UnixMilli()), NewID: newID})
					if refused != nil {
						t.Fatal(refused)
					}
					if call.value > 500 && !call.red {
						happened[call.path] = max(happened[call.path], call.at)
					}
					return event
				}
				switch call.what {
				case "page_view":
					viewed := context
					viewed.ID = idAt(call.at)
					if call.early {
						v.Events = append(v.Events, added(call.at-150*time.Millisecond))
					}
					v.Events = append(v.Events, viewed)
					opened[call.path] = max(opened[call.path], call.at)
				case "add_to_cart":
					v.Events, v.Decide = []ingest.Event{added(call.at)}, nil
				case "dwell":
					v.Decide.Trigger = "dwell:10s"
				}
				answer, err := e.Visit(v, now)
				if err != nil {
					t.Fatal(err)
				}
				if call.what != "dwell" {
					continue
				}
				want := engine.NotTriggered
				if been := happened[call.path]; been > 0 && been >= opened[call.path] {
					want = engine.Offered
					offered++
				} else {
					refused++
				}
				if got := answer.Decision.Outcomes[0].Reason; got != want {
					rt.Fatalf("call %d (%+v): %s, want %s\nof %+v", i, call, got, want, calls[:i+1])
				}
			}
		}
	})
	if offered < 10 || refused < 10 {
		t.Errorf("%d lists were complete and %d were not: that tries little", offered, refused)
	}
}

// An explanation takes apart what each trigger asks of its event.
func TestAwaits(t *testing.T) {
	t.Parallel()
	ids := 0
	newID := func() string { ids++; return fmt.Sprintf("0191e8a0-0000-7000-8000-%012d", ids) }
	e := engine.New(engine.Options{Store: newLedger(t), Key: []byte("key"), NewID: newID})
	set := load(t, fstest.MapFS{
		"site.yaml": {Data: []byte("timezone: Asia/Tokyo\n")},
		"campaigns/a.yaml": {Data: []byte("id: a\nstatus: live\n" +
			"on: [{dwell: 10s}, {event: add_to_cart, where: 'event.value > 500 && visitor.pageviews > 1'}, {event: search, where: visitor.new}]\n" +
			"variants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n---\n" +
			"id: b\nstatus: live\non: {event: search, where: event.value > 1}\nvariants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n---\n" +
			"id: c\nstatus: live\non: [exit_intent, {event: search}]\nvariants: [{id: a, weight: 1, action: {type: banner, title: t}}]\n")},
	})
	if err := e.Use(set, dawn); err != nil {
		t.Fatal(err)
	}
	now := dawn
	context := ingest.Event{ID: e.NewID(), Name: ingest.PageView, Page: &ingest.Page{Path: "/"}, Time: now.UnixMilli(), Received: now.UnixMilli()}
	request := engine.Request{ID: e.NewID(), Context: &context, Consent: true}
	explained := func(trigger string) string {
		t.Helper()
		p, err := e.Profile("ann")
		if err != nil {
			t.Fatal(err)
		}
		r := request
		r.Trigger = trigger
		out := ""
		for _, c := range e.Live().Set.Campaigns {
			for _, clause := range e.Live().Awaits(c, p, r, now) {
				out += fmt.Sprintln(c.ID, clause.Lines())
			}
		}
		return out
	}
	if _, err := e.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{context}, Decide: &request}, now); err != nil {
		t.Fatal(err)
	}
	const unmet = `a [✗ add_to_cart where event.value > 500 && visitor.pageviews > 1 – the latest on this page is none, visitor.pageviews > 1 is false]
a [✓ search where visitor.new – visitor.new is true]
b [✗ search where event.value > 1]
`
	if got := explained("dwell:10s"); got != unmet {
		t.Errorf("got\n%s\nwant\n%s", got, unmet)
	}
	now = now.Add(time.Minute)
	again := context
	again.ID, again.Time, again.Received, again.Page = e.NewID(), now.UnixMilli(), now.UnixMilli(), &ingest.Page{Path: "/other"}
	added := ingest.Event{ID: e.NewID(), Name: "add_to_cart", Page: context.Page, Time: now.UnixMilli(), Received: now.UnixMilli(), Properties: json.RawMessage(`{"value":501}`)}
	if err := added.ParseProperties(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{again, added}}, now); err != nil {
		t.Fatal(err)
	}
	const met = `a [✓ add_to_cart where event.value > 500 && visitor.pageviews > 1 – the latest on this page is at 2026-12-01 09:01:00, visitor.pageviews > 1 is true]
a [✓ search where visitor.new – visitor.new is true]
b [✗ search where event.value > 1]
`
	if got := explained("dwell:10s"); got != met {
		t.Errorf("got\n%s\nwant\n%s", got, met)
	}
}
