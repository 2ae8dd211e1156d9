package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	analytics "gopkg.in/segmentio/analytics-go.v3"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// clientRules are what OpenFeature's clients ask about.
var clientRules = []string{
	"site.yaml", `consent: opt_out
traits: {rank: {type: string, trust: signed}, plan: {type: string}}
`,
	"campaigns/all.yaml", `id: gold
status: live
when: visitor.rank == "gold"
slot: gold
variants: [{id: a, weight: 1, action: {type: banner, title: いつもありがとうございます}}]
---
id: pro
status: live
when: visitor.trait("plan") == "pro"
slot: pro
variants: [{id: a, weight: 1, action: {type: banner, title: プロの方へ}}]
---
id: kept
status: live
when: page.path == "/"
slot: corner
variants: [{id: control, weight: 1}]
`}

// perKind is how many messages of each of the seven kinds a client sends.
const perKind = 10

// Real clients, as their registries have them, against the whole product over a
// line that refuses and loses: what they send is in ClickHouse once each, in
// the canonical words, and OpenFeature's get their campaigns.
func TestClients(t *testing.T) {
	t.Parallel()
	modules := clients(t)
	a, _ := product(t, config{Rules: rulesFolder(t, clientRules...)})
	for name, run := range map[string]func(*testing.T){
		"analytics-node": func(t *testing.T) {
			l := openLine(t, a, rough)
			runNode(t, modules, "segment-node.mjs", "OMO_URL="+l.URL, "OMO_KEY="+a.keys.secret, "OMO_RUN=node", fmt.Sprint("OMO_COUNT=", perKind))
			sentOnce(t, a, l, "node", true)
		},
		"rudder-sdk-node": func(t *testing.T) {
			l := openLine(t, a, rough)
			runNode(t, modules, "rudder-node.mjs", "OMO_URL="+l.URL, "OMO_KEY="+a.keys.secret, "OMO_RUN=rudder", fmt.Sprint("OMO_COUNT=", perKind))
			sentOnce(t, a, l, "rudder", true)
		},
		"analytics-go": func(t *testing.T) { sendWithGo(t, a) },
		"analytics-next, one by one": func(t *testing.T) {
			l := openLine(t, a, rough)
			browse(t, pages(t, modules, nil)+"/segment-browser.html?"+ask(a, l, "browser", ""))
			sentOnce(t, a, l, "browser", false)
		},
		"analytics-next, in batches": func(t *testing.T) {
			l := openLine(t, a, rough)
			browse(t, pages(t, modules, nil)+"/segment-browser.html?"+ask(a, l, "batches", "batching"))
			sentOnce(t, a, l, "batches", false)
		},
		"ofrep-provider":     func(t *testing.T) { evaluateOnServer(t, a, modules) },
		"ofrep-web-provider": func(t *testing.T) { evaluateInBrowser(t, a, modules) },
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); run(t) })
	}
}

// ask is what a page of the tests is told.
func ask(a *app, l *line, run, strategy string) string {
	return url.Values{
		"api": {strings.TrimPrefix(l.URL, "http://")}, "key": {a.keys.Public}, "run": {run}, "strategy": {strategy}, "count": {fmt.Sprint(perKind)},
	}.Encode()
}

func browse(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(browsertest.New(t), 3*time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
}

// sentOnce checks that a visitor's events are those that its client sent, once
// each and in canonical words; trusted says that a server sent them.
func sentOnce(t *testing.T, a *app, l *line, visitor string, trusted bool) {
	t.Helper()
	patiently(t, "the client knows that all is taken", func() bool { return l.soFar().delivered >= 7*perKind })
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := a.warehouse.Visitor(t.Context(), visitor, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	names, ids, orders := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, r := range records {
		e := &r.Event
		names[e.Name]++
		ids[e.ID] = true
		if err := e.ParseProperties(); err != nil {
			t.Fatal(err)
		}
		switch p := e.Props; e.Name {
		case ingest.Purchase:
			i := len(orders)
			_, err := fmt.Sscanf(p.TransactionID, visitor+"-%d", &i)
			want := ingest.OrderItem{ID: fmt.Sprint("p", i), Name: "Blouse", Category: "tops", Price: 1000 + float64(i), Quantity: 1}
			if err != nil || p.Value == nil || *p.Value != want.Price || p.Currency != "JPY" || !slices.Equal(p.Items, []ingest.OrderItem{want}) {
				t.Errorf("an order came as %s", e.Properties)
			}
			orders[p.TransactionID] = true
		case ingest.PageView:
			if e.Page == nil || e.Page.Title != "カート" || e.Page.Type != "cart" || trusted != (e.Page.Path == "/cart") {
				t.Errorf("a page came as %+v", e.Page)
			}
		case "video_played":
			if !strings.Contains(string(e.Properties), `"seconds":`) {
				t.Errorf("an event of the shop's own came as %s", e.Properties)
			}
		}
		if browser := e.Device != nil && e.Device.Browser == "Chrome"; browser == trusted || e.Bot {
			t.Errorf("%s came from %+v, a crawler: %v", e.Name, e.Device, e.Bot)
		}
	}
	want := map[string]int{}
	for _, name := range []string{"identify", "page_view", "screen_view", "purchase", "video_played", "group", "alias"} {
		want[name] = perKind
	}
	if !maps.Equal(names, want) || len(ids) != len(records) || len(orders) != perKind {
		t.Errorf("in ClickHouse are %v (%d ids of %d rows, %d orders), want %v", names, len(ids), len(records), len(orders), want)
	}
	p, err := a.engine.Profile(visitor)
	if err != nil || p == nil || p.Purchases != perKind || p.Pageviews != perKind {
		t.Fatalf("profile %+v, %v", p, err)
	}
	if known := p.User == visitor+"-person" && p.Traits["rank"] == "gold"; known != trusted || p.Traits["email"] != nil {
		t.Errorf("the visitor is %q with %v; told by a trusted server: %v", p.User, p.Traits, trusted)
	}
	went := l.soFar()
	if went.refused == 0 || went.lost == 0 || went.delivered != 7*perKind {
		t.Errorf("over the line went %+v, want some refused and lost, and %d delivered", went, 7*perKind)
	}
	t.Logf("sent %d, lost 0, doubled 0; %d requests, of them %d refused and %d taken without an answer, so that %d messages came again",
		len(records), went.requests, went.refused, went.lost, went.taken)
}

// sendWithGo is gopkg.in/segmentio/analytics-go.v3 in a shop's server.
func sendWithGo(t *testing.T, a *app) {
	l := openLine(t, a, rough)
	delivered := &delivery{t: t}
	c, err := analytics.NewWithConfig(a.keys.secret, analytics.Config{
		Endpoint: l.URL, Interval: 50 * time.Millisecond, BatchSize: 20, Callback: delivered,
		Logger:     silent{},
		RetryAfter: func(int) time.Duration { return 100 * time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	const run, person = "go", "go-person"
	for i := range perKind {
		for _, m := range []analytics.Message{
			analytics.Identify{AnonymousId: run, UserId: person, Traits: analytics.NewTraits().Set("rank", "gold").SetEmail("a@shop.example")},
			analytics.Page{AnonymousId: run, UserId: person, Name: "Cart", Properties: analytics.NewProperties().SetURL(fmt.Sprint("https://shop.example/cart?n=", i)).SetTitle("カート")},
			analytics.Screen{AnonymousId: run, UserId: person, Name: "Home"},
			analytics.Track{AnonymousId: run, UserId: person, Event: "Order Completed", Properties: analytics.NewProperties().
				SetOrderId(fmt.Sprint(run, "-", i)).SetRevenue(1000+float64(i)).SetCurrency("JPY").Set("products", []map[string]any{
				{"product_id": fmt.Sprint("p", i), "name": "Blouse", "category": "tops", "price": 1000 + i, "quantity": 1},
			})},
			analytics.Track{AnonymousId: run, UserId: person, Event: "Video Played", Properties: analytics.NewProperties().Set("seconds", i)},
			analytics.Group{AnonymousId: run, UserId: person, GroupId: "g1"},
			analytics.Alias{PreviousId: run, UserId: person},
		} {
			if err := c.Enqueue(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	patiently(t, "the client knows that all is delivered", func() bool { return delivered.n.Load() == 7*perKind })
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	sentOnce(t, a, l, run, true)
}

// delivery hears what became of each message.
type delivery struct {
	t *testing.T
	n atomic.Int64
}

func (d *delivery) Success(analytics.Message) { d.n.Add(1) }
func (d *delivery) Failure(m analytics.Message, err error) {
	d.t.Errorf("%+v was given up: %v", m, err)
}

type silent struct{}

func (silent) Logf(string, ...any)   {}
func (silent) Errorf(string, ...any) {}

// evaluateOnServer asks for one campaign at a time, the first while the server
// is away.
func evaluateOnServer(t *testing.T, a *app, modules string) {
	l := openLine(t, a, func(n int) fault {
		if n == 1 {
			return refuses
		}
		return passes
	})
	before := a.ledger.Last()
	got := runNode(t, modules, "openfeature-node.mjs", "OMO_URL="+l.URL, "OMO_KEY="+a.keys.secret)
	// This provider knows no answer without a value yet, and takes the default for a fault.
	want := `away: {"value":{"mine":true},"reason":"ERROR","errorCode":"GENERAL"}
gold: {"value":{"type":"banner","title":"いつもありがとうございます"},"variant":"a","reason":"TARGETING_MATCH"}
not gold: {"value":{"mine":true},"reason":"ERROR","errorCode":"GENERAL"}
control: {"value":{"mine":true},"reason":"ERROR","errorCode":"GENERAL"}
unknown: {"value":{"mine":true},"reason":"ERROR","errorCode":"FLAG_NOT_FOUND"}
nobody: {"value":{"mine":true},"reason":"ERROR","errorCode":"TARGETING_KEY_MISSING"}
`
	if got != want {
		t.Errorf("evaluated\n%swant\n%s", got, want)
	}
	if p, err := a.engine.Profile("server-1"); p != nil || err != nil {
		t.Errorf("asking left a profile: %+v, %v; the ledger went from %d to %d", p, err, before, a.ledger.Last())
	}
}

// evaluateInBrowser asks for all campaigns and keeps asking; while nothing
// changes it is told so.
func evaluateInBrowser(t *testing.T, a *app, modules string) {
	l := openLine(t, a, func(n int) fault {
		if n == 3 { // while it polls
			return refuses
		}
		return passes
	})
	var mu sync.Mutex
	var said []string
	site := pages(t, modules, map[string]http.HandlerFunc{
		"/said": func(_ http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			said = append(said, string(text))
		},
		"/polled": func(_ http.ResponseWriter, r *http.Request) { // three answers that nothing changed
			for l.answered(http.StatusNotModified) < 3 && r.Context().Err() == nil {
				time.Sleep(20 * time.Millisecond)
			}
		},
	})
	browse(t, site+"/openfeature-browser.html?"+url.Values{"api": {l.URL}, "key": {a.keys.Public}}.Encode())
	heard := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(said)
	}
	patiently(t, "the page is done", func() bool {
		all := heard()
		return len(all) > 0 && (all[len(all)-1] == "done" || strings.HasPrefix(all[len(all)-1], "failed"))
	})
	want := []string{
		`pro: {"value":{"type":"banner","title":"プロの方へ"},"variant":"a","reason":"TARGETING_MATCH"}`,
		`control: {"value":{"mine":true},"variant":"control","reason":"TARGETING_MATCH"}`,
		`unknown: {"value":{"mine":true},"reason":"ERROR"}`,
		`pro after polling: {"value":{"type":"banner","title":"プロの方へ"},"variant":"a","reason":"TARGETING_MATCH"}`,
		`no longer pro: {"value":{"mine":true},"reason":"ERROR"}`,
		"done",
	}
	if got := heard(); !slices.Equal(got, want) {
		t.Errorf("the page said\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	t.Logf("evaluated: %d answers with campaigns, %d without a change", l.answered(http.StatusOK), l.answered(http.StatusNotModified))
}
