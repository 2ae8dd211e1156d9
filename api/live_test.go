package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// visits sends a page view of somebody, with events before it.
func (c caller) visits(visitor, path, title string, events ...object) decision {
	c.shop.t.Helper()
	return c.decide(object{"visitor": object{"id": visitor}, "page": object{"url": "https://shop.example" + path, "title": title}, "events": events, "context": object{"user_agent": chrome}})
}

func cart(value float64) object {
	return object{"name": "add_to_cart", "properties": object{"value": value, "items": list{object{"item_id": "a", "price": value, "quantity": 1}}}}
}

// The screen shows who is on the shop, the hottest first, and asks nobody: the
// warehouse is away.
func TestLiveScreen(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.reports.away = true
	c := s.as("view")
	c.get("/ui").goes("/ui/live")
	c.get("/ui/").goes("/ui/live")
	if page := string(c.get("/ui/live").is(http.StatusOK).body); !strings.Contains(page, "いまお店にはだれもいません") || !strings.Contains(page, `<noscript><meta http-equiv="refresh" content="10"></noscript>`) {
		t.Errorf("with nobody there: %s", page)
	}
	in := s.trusted()
	in.visits("looks", "/items/9", "スニーカー <b>")
	in.visits("buys", "/cart", "かご", cart(12_000))
	in.post("/v1/decide", object{"visitor": object{"id": "member", "user_id": "u1", "traits": object{"rank": "gold"}}, "page": object{"url": "https://shop.example/?utm_source=mail&utm_campaign=winter&utm_medium=email"}}).is(http.StatusOK)
	s.clock.pass(90 * time.Second)
	page := c.get("/ui/live").is(http.StatusOK)
	for _, x := range []struct{ row, want string }{
		{"熱さ 3/5 buys", "熱さ 3/5 buys 新規 パソコン かご /cart 1 分 ¥12,000 1 点 カートに入れた 1 分 前 直接 大きなカート a 1 分 滞在 1 分"},
		{"熱さ 1/5 looks", "熱さ 1/5 looks 新規 パソコン スニーカー <b> /items/9 1 分 – 閲覧中 直接 はじめての方へ a 1 分 滞在 1 分"},
		{"熱さ 1/5 u1", "熱さ 1/5 u1 新規 gold / / 1 分 – 閲覧中 メール winter ゴールド会員 a 1 分 滞在 1 分"},
	} {
		if got := page.row(x.row); got != x.want {
			t.Errorf("the row is\n%s, want\n%s", got, x.want)
		}
	}
	text := string(page.body)
	if at := strings.Index(text, ">buys<"); at < 0 || at > strings.Index(text, ">looks<") {
		t.Error("the hottest is not the first")
	}
	if !strings.Contains(text, `href="/ui/visitors/buys"`) || !strings.Contains(text, `<p class="figure" id="figure-online">3</p>`) || !strings.Contains(text, "3 人</p>") {
		t.Errorf("the figures or links are not there: %s", text)
	}
	if text := string(c.get("/ui/live?cart=12345678").body); !strings.Contains(text, `name="cart" min="0" step="1" value="12345678"`) {
		t.Error("what the list was narrowed to is not in its field")
	}
	page = c.get("/ui/live?cart=10000&idle=60").is(http.StatusOK)
	page.row("熱さ 3/5 buys")
	if text := string(page.body); strings.Contains(text, ">looks<") || !strings.Contains(text, `<code>cart.value &gt;= 10000 &amp;&amp; idle &gt;= 60</code>`) || !strings.Contains(text, "1 人</p>") {
		t.Errorf("filtered: %s", text)
	}
	c.get("/ui/live?device=watch").says(http.StatusBadRequest, "bad_request", "device=watch is none of mobile, tablet, desktop")
	c.get("/ui/live/events?idle=x").says(http.StatusBadRequest, "bad_request", "idle=x is no time: give whole seconds, such as 60")
	s.clock.pass(4 * time.Minute)
	if page := string(c.get("/ui/live").is(http.StatusOK).body); !strings.Contains(page, "いまお店にはだれもいません") {
		t.Error("five minutes after everything somebody is still there")
	}
}

// A row tells which segments its visitor is in, as far as there is room, and as they
// are once something was done or the time has come.
func TestLiveScreenTellsSegments(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *opening) {
		o.files["segments.yaml"] = &fstest.MapFile{Data: []byte("segments:\n  s1: visitor.visits >= 1\n  s2: page.path == \"/cart\"\n  s3: cart.value > 0\n  s4: session.seconds < 60\n  s5: device.type == \"desktop\"\n")}
		o.files["campaigns/all.yaml"] = &fstest.MapFile{Data: []byte("id: all\nname: all\nstatus: live\nwhen: in_segment(\"s1\") && (in_segment(\"s2\") || in_segment(\"s3\") || in_segment(\"s4\") || in_segment(\"s5\"))\nvariants: [{id: control, weight: 1}]\n")}
	})
	in := s.trusted()
	c := in.with("Accept-Language", "en")
	shows := func(heat, want string) {
		t.Helper()
		if row := c.get("/ui/live").row("heat " + heat + " of 5 ann"); !strings.Contains(row, " "+want+" ") {
			t.Errorf("the row is %q, want %s in it", row, want)
		}
	}
	in.visits("ann", "/", "")
	shows("2", "s1 s4 s5 desktop")
	s.clock.pass(2 * time.Minute)
	shows("1", "s1 s5 desktop")
	in.visits("ann", "/cart", "", cart(100))
	shows("2", "s1 s2 s3 +1 desktop")
}

// Those who do not allow it are not shown, nor are the erased.
func TestLiveScreenForgets(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.erasing(t)
	c := s.trusted()
	c.post("/v1/decide", object{"visitor": object{"id": "shy"}, "page": object{"url": "https://shop.example/"}, "consent": "denied"}).is(http.StatusOK)
	c.visits("ann", "/", "")
	c.visits("bob", "/", "")
	c.do(http.MethodDelete, "/v1/visitors/ann", nil).is(http.StatusOK)
	if page := string(c.get("/ui/live").is(http.StatusOK).body); strings.Contains(page, ">shy<") || strings.Contains(page, ">ann<") || !strings.Contains(page, ">bob<") {
		t.Errorf("bob alone is to be seen: %s", page)
	}
}

// pushed is what a stream sends.
type pushed struct {
	Order             []int
	None              bool
	Rows              []string
	Tiles, Sum, Staff string
	Then              *struct {
		Until, Each int64
		Was         map[string][]float64
	}
}

// stream opens the live screen's stream.
func (c caller) stream(query string) (next func() pushed, end func()) {
	t := c.shop.t
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.shop.URL+"/ui/live/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = c.with("Accept", "text/event-stream").header
	stays := *c.client
	stays.Timeout = 0 // which would bound the whole stream, not its answer
	answer, err := stays.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %v", answer.Status, answer.Header)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	t.Cleanup(cancel)
	return func() (p pushed) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &p); err != nil {
					t.Fatal(err)
				}
				return p
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return p
	}, func() { cancel(); answer.Body.Close() }
}

// A visitor is in the stream within a second, alone and in its place; who does not
// fit the filter is not.
func TestLiveStream(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.trusted().visits("looks", "/", "")
	c := s.as("view")
	next, _ := c.stream("")
	rich, _ := c.stream("?cart=10000")
	first := next()
	if p := first; len(p.Order) != 1 || len(p.Rows) != 1 || !strings.Contains(p.Rows[0], ">looks<") || !strings.HasPrefix(p.Rows[0], `<tr id="v1">`) || !strings.Contains(p.Tiles, `<p class="figure" id="figure-online">1</p>`) || strings.Contains(p.Tiles, "<svg") || p.Sum != "1 人" || !strings.Contains(p.Staff, "いまはだれもいません。") {
		t.Fatalf("the first push is %+v", p)
	}
	for _, tile := range []string{"online", "carts", "actions", "wait"} {
		if first.Then == nil || len(first.Then.Was[tile]) != 60 || first.Then.Each != 10_000 || first.Then.Until != s.clock.Now().UnixMilli() {
			t.Fatalf("the first push says of %s %+v", tile, first.Then)
		}
	}
	if p := rich(); !p.None || len(p.Rows) != 0 {
		t.Fatalf("the first push of the filtered stream is %+v", p)
	}
	sent := time.Now()
	s.trusted().visits("buys", "/cart", "かご", cart(12_000))
	p := next()
	t.Logf("a new visitor is pushed after %s", time.Since(sent).Round(time.Millisecond))
	if !slices.Equal(p.Order, []int{2, 1}) || len(p.Rows) != 1 || !strings.Contains(p.Rows[0], ">buys<") || p.Sum != "2 人" {
		t.Errorf("the next push is %+v", p)
	}
	if p := rich(); !slices.Equal(p.Order, []int{2}) || len(p.Rows) != 1 || p.Sum != "1 人" {
		t.Errorf("the next push of the filtered stream is %+v", p)
	}
	s.trusted().visits("looks", "/items/1", "")
	if p := next(); p.Order != nil || len(p.Rows) != 1 || !strings.Contains(p.Rows[0], "/items/1") {
		t.Errorf("a row that changed is pushed as %+v", p)
	}
}

// A hundred screens may be open; they keep nobody from shutting the server down.
func TestLiveStreamsAreBounded(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.as("view")
	var ends []func()
	for range 100 {
		_, end := c.stream("")
		ends = append(ends, end)
	}
	if a := c.with("Accept", "text/event-stream").get("/ui/live/events").is(http.StatusServiceUnavailable); a.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	ends[0]()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if c.get("/ui/live/events").status == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a screen that was closed keeps its place")
		}
	}
	next, _ := c.stream("")
	next()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Config.Handler.(*api.Server).Shutdown(ctx); err != nil {
		t.Error(err)
	}
	for end := time.Now().Add(time.Minute); strings.Contains(string(s.caller("").get("/metrics").body), "omo_live_screens 100"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the screens are still open")
		}
	}
}

// Who may edit goes on duty with some channels, stays on while the screen is open
// and five minutes after, and the log says so.
func TestDuty(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	s.as("view").submits("/ui/live/duty", "on", "yes", "channels", "chat").is(http.StatusForbidden)
	if page := string(s.as("view").get("/ui/live").body); strings.Contains(page, "対応を始める") {
		t.Error("who may only look is offered the switch")
	}
	c := s.as("edit")
	if page := string(c.get("/ui/live").body); !strings.Contains(page, "いまはだれもいません。") || !strings.Contains(page, "対応を始める") {
		t.Errorf("off duty: %s", page)
	}
	c.submits("/ui/live/duty", "on", "yes").is(http.StatusBadRequest)
	c.submits("/ui/live/duty", "on", "yes", "channels", "pigeon").is(http.StatusBadRequest)
	c.submits("/ui/live/duty", "on", "yes", "channels", "chat", "channels", "video", "query", "cart=10000&idle=60").goes("/ui/live?cart=10000&idle=60")
	on := func() bool {
		page := string(s.as("view").get("/ui/live").body)
		return strings.Contains(page, "<strong>edit</strong>") && strings.Contains(page, "チャット · ビデオ")
	}
	if !on() {
		t.Error("nobody is on duty")
	}
	s.clock.pass(4 * time.Minute)
	c.get("/ui/live").is(http.StatusOK)
	s.clock.pass(4 * time.Minute)
	if !on() {
		t.Error("off, though the screen was renewed four minutes ago")
	}
	c.get("/ui/live/events").is(http.StatusOK)
	s.clock.pass(4 * time.Minute)
	if !on() {
		t.Error("off, though the screen's stream was open four minutes ago")
	}
	s.clock.pass(time.Minute)
	if on() {
		t.Error("on five minutes after the screen was closed")
	}
	c.get("/ui/live").is(http.StatusOK)
	if on() {
		t.Error("opening the screen put somebody on duty")
	}
	c.submits("/ui/live/duty", "on", "yes", "channels", "phone").goes("/ui/live")
	c.submits("/ui/live/duty", "on", "no").goes("/ui/live")
	if on() {
		t.Error("on after going off")
	}
	var log []string
	for _, r := range s.recorded() {
		if r.Event.Name == ingest.Audit {
			change, err := engine.ReadChange(&r.Event)
			if err != nil {
				t.Fatal(err)
			}
			log = append(log, change.Who+" "+change.Role+" "+change.What+" "+change.Of)
		}
	}
	if want := []string{"edit edit operator_on chat video", "edit edit operator_on phone", "edit edit operator_off "}; !slices.Equal(log, want) {
		t.Errorf("the log is %q, want %q", log, want)
	}
}

// Two pushes of everything that the screen of 5,000 visitors shows: what a second
// of it takes at most, beside the table's own (presence's BenchmarkSecond).
func BenchmarkLivePushes(b *testing.B) {
	s := open(b)
	for i := range 5000 {
		s.trusted().visits(fmt.Sprintf("visitor-%d", i), fmt.Sprintf("/items/%d", i), "スニーカー", cart(float64(10*i)))
	}
	r := httptest.NewRequest(http.MethodGet, "/ui/live/events", nil)
	r.Header.Set("Authorization", "Bearer "+secretKey)
	processor := func() time.Duration {
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			b.Fatal(err)
		}
		return time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	start, seconds := processor(), 0
	for b.Loop() {
		seconds++
		for range 2 {
			w := deadlines{httptest.NewRecorder()}
			s.Config.Handler.ServeHTTP(w, r)
			if text := w.Body.String(); w.Code != http.StatusOK || strings.Count(text, `\u003c/tr\u003e`) != 50 || !strings.Contains(text, "5,000 人のうち、注目したい 50 人") || !strings.Contains(text, `/ui/visitors/visitor-4999\"`) {
				b.Fatalf("%d %s", w.Code, text)
			}
		}
	}
	b.ReportMetric(float64((processor()-start).Microseconds())/1000/float64(seconds), "cpu-ms/op")
}

// deadlines is a recorder that takes a connection's deadlines, and keeps none.
type deadlines struct{ *httptest.ResponseRecorder }

func (deadlines) SetReadDeadline(time.Time) error  { return nil }
func (deadlines) SetWriteDeadline(time.Time) error { return nil }
