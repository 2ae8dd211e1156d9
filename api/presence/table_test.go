package presence_test

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/presence"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// watched is a table and its clock.
type watched struct {
	*presence.Table
	now time.Time
}

func opened() *watched { return &watched{presence.New(), noon} }

func (w *watched) pass(d time.Duration) *watched { w.now = w.now.Add(d); return w }

// sees tells of a visit with events of a visitor, the first as a page view of a path
// where it begins with a slash.
func (w *watched) sees(visitor string, s engine.Standing, events ...string) *watched {
	for _, name := range events {
		e := ingest.Event{Name: name, Time: w.now.UnixMilli()}
		if strings.HasPrefix(name, "/") {
			e.Name, e.Page, e.Device = ingest.PageView, &ingest.Page{Path: name, Title: "page " + name}, &ingest.Device{Type: "mobile"}
		}
		s.Events = append(s.Events, e)
	}
	s.Asked = true
	w.See(visitor, &s, nil, w.now)
	return w
}

// order is who is seen, from the top.
func (w *watched) order(query string) string {
	q, err := url.ParseQuery(query)
	if err != nil {
		panic(err)
	}
	f, err := presence.ReadFilter(q)
	if err != nil {
		panic(err)
	}
	var ids []string
	for _, v := range w.Look(f, 50, 10_000, w.now).Rows {
		ids = append(ids, v.ID)
	}
	return strings.Join(ids, " ")
}

// A row is what the visits told, each thing when it was told.
func TestRow(t *testing.T) {
	t.Parallel()
	w := opened()
	began := w.now.UnixMilli()
	source := &ingest.Source{Channel: "paid", Source: "google", Campaign: "winter"}
	w.sees("ann", engine.Standing{Visits: 2, Began: began, Source: source}, "/items/1", "view_item")
	w.pass(time.Second).sees("ann", engine.Standing{User: "u1", Rank: "gold", Visits: 2, Began: began, Cart: 6800, Pieces: 2, Source: source}, "add_to_cart", "omo_exposure")
	campaign := &rules.Campaign{ID: "rescue"}
	variant := &rules.Variant{ID: "coupon10", Action: []byte("{}")}
	w.pass(time.Second)
	w.See("ann", &engine.Standing{User: "u1", Rank: "gold", Visits: 2, Began: began, Cart: 6800, Pieces: 2, Source: source}, &engine.Decision{
		Offers: []engine.Offer{{Campaign: &rules.Campaign{ID: "armed"}}, {Campaign: &rules.Campaign{ID: "quiet"}, Variant: &rules.Variant{ID: "control"}}, {Campaign: campaign, Variant: variant}},
	}, w.now)
	want := presence.Visitor{
		Row: 1, ID: "ann", User: "u1", Rank: "gold", Visits: 2, Began: began, Seen: began + 2000, Path: "/items/1", Title: "page /items/1", Viewed: began,
		Cart: 6800, Pieces: 2, Step: presence.Carting, Channel: "paid", Via: "winter", Device: "mobile", Did: "add_to_cart", DidAt: began + 1000,
		Campaign: "rescue", Variant: "coupon10",
	}
	rows := w.Look(presence.Filter{}, 50, 1, w.now).Rows
	if len(rows) != 1 || rows[0] != want {
		t.Errorf("the rows are %+v, want %+v", rows, want)
	}
}

// What is told of a page that is over does not take the visitor off the next one.
func TestAway(t *testing.T) {
	t.Parallel()
	w := opened()
	left := func(path string) {
		e := ingest.Event{Name: ingest.Engagement, Time: w.now.UnixMilli(), Page: &ingest.Page{Path: path}}
		w.See("ann", &engine.Standing{Events: []ingest.Event{e}}, nil, w.now)
	}
	away := func() bool { return w.Look(presence.Filter{}, 1, 1, w.now).Rows[0].Away }
	w.sees("ann", engine.Standing{}, "/a", "/b")
	if left("/a"); away() {
		t.Error("away, since another page was left")
	}
	if left("/b"); !away() {
		t.Error("not away, though the page was left")
	}
	if w.sees("ann", engine.Standing{}, "scrolled_on"); away() {
		t.Error("away, though something happened since")
	}
}

// The order is that of heat: a full cart that has become silent, checkout, a cart,
// looking around, gone.
func TestHeat(t *testing.T) {
	t.Parallel()
	now := noon.UnixMilli()
	ago := func(seconds int64) int64 { return now - 1000*seconds }
	for _, x := range []struct {
		what string
		v    presence.Visitor
		want float64
	}{
		{"just looking", presence.Visitor{Seen: now}, 20},
		{"looking, silent for a minute", presence.Visitor{Seen: ago(60)}, 10},
		{"an item", presence.Visitor{Seen: now, Step: presence.Choosing}, 28},
		{"half a cart", presence.Visitor{Seen: now, Step: presence.Carting, Cart: 10_000}, 56},
		{"that cart, silent for a minute", presence.Visitor{Seen: ago(60), Step: presence.Carting, Cart: 10_000}, 56},
		{"that cart, silent for three minutes", presence.Visitor{Seen: ago(180), Step: presence.Carting, Cart: 10_000}, 38.5},
		{"that cart, the page left", presence.Visitor{Seen: ago(60), Step: presence.Carting, Cart: 10_000, Away: true}, 23},
		{"a large cart at checkout", presence.Visitor{Seen: now, Step: presence.Checkout, Cart: 30_000}, 74},
		{"paying, and now silent", presence.Visitor{Seen: ago(60), Step: presence.Paying, Cart: 30_000}, 80},
		{"bought", presence.Visitor{Seen: now, Step: presence.Looking}, 20},
		{"everything", presence.Visitor{Seen: now, Step: presence.Paying, Cart: 1e12}, 90},
	} {
		if got := x.v.Heat(now, 10_000); got < x.want-.01 || got > x.want+.01 {
			t.Errorf("%s: %.2f, want %.2f", x.what, got, x.want)
		}
	}
}

func TestOrderAndFilters(t *testing.T) {
	t.Parallel()
	w := opened()
	w.sees("silent", engine.Standing{Visits: 3, Cart: 12_000, Pieces: 1, Source: &ingest.Source{Channel: "search", ReferrerHost: "www.google.com"}}, "/cart", "add_to_cart")
	w.pass(time.Minute)
	w.sees("small", engine.Standing{Visits: 1, Cart: 900, Pieces: 1}, "/cart", "add_to_cart")
	w.sees("looks", engine.Standing{User: "Hanako", Visits: 1}, "/items/9")
	w.sees("clerk", engine.Standing{Staff: true}, "/items/9")
	w.See("crawler", &engine.Standing{Events: []ingest.Event{{Name: ingest.PageView, Time: w.now.UnixMilli(), Bot: true}}}, nil, w.now)
	w.sees("imported", engine.Standing{Events: []ingest.Event{{Name: "purchase", Time: w.now.Add(-time.Hour).UnixMilli()}}})
	for query, want := range map[string]string{
		"":                    "silent small looks",
		"cart=900":            "silent small",
		"cart=900.5":          "silent",
		"idle=60":             "silent",
		"idle=61":             "",
		"cart=10000&idle=60":  "silent",
		"device=mobile":       "silent small looks",
		"device=desktop":      "",
		"source=search":       "silent",
		"visits=new":          "small looks",
		"visits=returning":    "silent",
		"who=staff":           "clerk",
		"who=bots":            "crawler",
		"q=HANAKO":            "looks",
		"q=items/9":           "looks",
		"q=google":            "silent",
		"q=ADD_to":            "silent small",
		"q=items&visits=new":  "looks",
		"q=nothing+like+that": "",
	} {
		if got := w.order(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	got := w.Look(presence.Filter{Cart: 1}, 1, 10_000, w.now)
	if rows := got.Rows; len(rows) != 1 || rows[0].ID != "silent" {
		t.Errorf("the hottest is %+v", rows)
	}
	if got.Rows = nil; !reflect.DeepEqual(got, presence.Here{Matching: 2, Online: 3, Carts: 2, Staff: 1, Bots: 1}) {
		t.Errorf("counted %+v", got)
	}
}

func TestFilterIsReadAndTold(t *testing.T) {
	t.Parallel()
	for query, says := range map[string]string{
		"":                           "",
		"cart=0&idle=&q=+":           "",
		"cart=10000&idle=60":         `cart.value >= 10000 && idle >= 60`,
		"device=mobile&source=ai":    `device.type == "mobile" && session.channel == "ai"`,
		"visits=new&q=a%22b":         `visitor.new && text contains "a\"b"`,
		"visits=returning&who=staff": `!visitor.new && staff`,
	} {
		q, _ := url.ParseQuery(query)
		f, err := presence.ReadFilter(q)
		if err != nil || f.String() != says {
			t.Errorf("%q says %q, %v; want %q", query, f.String(), err, says)
		}
		q, _ = url.ParseQuery(f.Query())
		if again, err := presence.ReadFilter(q); err != nil || again != f {
			t.Errorf("%q is %q again: %+v, %v", query, f.Query(), again, err)
		}
	}
	for query, want := range map[string]string{
		"cart=a lot":                    "cart=a lot is no value: give a number, such as 10000",
		"cart=-1":                       "cart=-1 is no value: give a number, such as 10000",
		"cart=NaN":                      "cart=NaN is no value: give a number, such as 10000",
		"idle=1m":                       "idle=1m is no time: give whole seconds, such as 60",
		"device=watch":                  "device=watch is none of mobile, tablet, desktop",
		"q=" + strings.Repeat("x", 201): "q is longer than 200 bytes: name a part of what is looked for",
	} {
		q, _ := url.ParseQuery(query)
		_, err := presence.ReadFilter(q)
		if got := fmt.Sprint(err); err != nil && got != want || err == nil && want != "" {
			t.Errorf("%q: %v, want %s", query, err, want)
		}
	}
}

// Who is silent for five minutes has gone, and so has who was erased, even if a
// visit of that id ends just then.
func TestLeaving(t *testing.T) {
	t.Parallel()
	w := opened()
	w.sees("ann", engine.Standing{}, "/a").pass(time.Minute).sees("bob", engine.Standing{}, "/b")
	w.pass(presence.Stay - time.Minute - 1)
	if got := w.order(""); got != "bob ann" {
		t.Errorf("just before five minutes: %q", got)
	}
	w.pass(1)
	if got := w.order(""); got != "bob" {
		t.Errorf("after five minutes: %q", got)
	}
	w.Forget([]string{"bob"}, w.now)
	if got := w.sees("bob", engine.Standing{}, "/b").order(""); got != "" {
		t.Errorf("after it was erased: %q", got)
	}
}

// There is room for Most visitors; one more takes the place of who was silent longest.
func TestBound(t *testing.T) {
	t.Parallel()
	w := opened()
	for i := range 2 * presence.Most {
		w.pass(time.Millisecond).sees(fmt.Sprint("v", i), engine.Standing{}, "/a")
	}
	got := w.Look(presence.Filter{}, 50, 1, w.now)
	if got.Online != presence.Most || w.Pushed() != presence.Most {
		t.Errorf("%d are on the shop, %d were let go", got.Online, w.Pushed())
	}
	if rows := got.Rows; len(rows) != 50 || rows[0].ID != fmt.Sprint("v", 2*presence.Most-1) || rows[49].ID != fmt.Sprint("v", 2*presence.Most-50) {
		t.Errorf("the hottest are %s to %s", rows[0].ID, rows[len(rows)-1].ID)
	}
}

// Who gave a sign of life late stays while others go, however early that visitor
// came; and who came late with old events only is no later than those.
func TestBoundKeepsTheLively(t *testing.T) {
	t.Parallel()
	w := opened()
	come := func(name string, n int) {
		for i := range n {
			w.pass(time.Millisecond).sees(fmt.Sprint(name, i), engine.Standing{}, "/a")
		}
	}
	come("early", 100)
	come("others", presence.Most)
	for i := range 100 {
		if w.pass(time.Millisecond); i%2 == 0 {
			w.sees(fmt.Sprint("early", i), engine.Standing{}, "/b")
		} else {
			w.sees(fmt.Sprint("early", i), engine.Standing{}, "/b").Heard(fmt.Sprint("early", i), w.now)
		}
		old := ingest.Event{Name: ingest.PageView, Time: noon.Add(-time.Minute).UnixMilli(), Page: &ingest.Page{Path: "/a"}}
		w.See(fmt.Sprint("old", i), &engine.Standing{Events: []ingest.Event{old}}, nil, w.now)
	}
	come("more", presence.Most/2) // some 300 of the 625 of each shard have to go
	for i := range 100 {
		if _, ok := w.Of(fmt.Sprint("early", i), w.now); !ok {
			t.Fatalf("early%d had to go, who was there just before", i)
		}
		if _, ok := w.Of(fmt.Sprint("old", i), w.now); ok {
			t.Fatalf("old%d stays, of whom nothing was heard for longer than of all others", i)
		}
	}
	if got := w.Look(presence.Filter{}, 1, 1, w.now); got.Online != presence.Most {
		t.Errorf("%d are on the shop", got.Online)
	}
}
