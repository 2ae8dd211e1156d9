package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/rules"
)

const connections = 32

// hundred are 100 live campaigns.
func hundred(o *opening) { campaigns(100)(o) }

// campaigns are n live campaigns of four conditions each, of which the page of
// the benchmark matches two: number 17 and number 42.
func campaigns(n int) option {
	return func(o *opening) { o.files = manyRules(o.files["site.yaml"], n) }
}

func manyRules(site *fstest.MapFile, n int) fstest.MapFS {
	files := fstest.MapFS{"site.yaml": site}
	for i := range n {
		rank := []string{"silver", "bronze", "diamond"}[i%3]
		when := []string{
			fmt.Sprintf(`device.type == "desktop" && visitor.visits >= %d && visitor.rank == %q && now.hour >= %d`, 1+i%3, rank, i%12),
			fmt.Sprintf(`device.type == "desktop" && page.path startsWith "/items/%d/" && visitor.visits >= 1 && geo.country == "JP"`, i),
			fmt.Sprintf(`geo.country == "JP" && device.type == "mobile" && visitor.visits < %d && now.hour < %d`, 3+i%5, 12+i%12),
			fmt.Sprintf(`visitor.visits >= 1 && geo.country == "JP" && now.hour >= 0 && visitor.rank == %q`, rank),
		}[i%4]
		if i == 17 || i == 42 {
			when = `device.type == "desktop" && visitor.visits >= 1 && page.path startsWith "/items/7/" && visitor.rank == "gold"`
		}
		files[fmt.Sprintf("campaigns/c%02d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `id: c%02d
status: live
when: '%s'
priority: %d
variants:
  - {id: control, weight: 20}
  - {id: banner, weight: 80, action: {type: banner, title: "今だけ送料無料", body: "5,000円以上のお買い物で", link: /guide/shipping, button: 詳しく見る}}
`, i, when, i)}
	}
	return files
}

// BenchmarkDecideHTTP: decide over loopback with 100 live campaigns of four
// conditions, two of which match, warm profiles and the page view committed,
// against two echo handlers that decode the same body and encode an answer of
// the same size and do nothing else: a bare one, as echo comes, and one with the
// faster decoder and encoder that decide has, which is the harder measure. All in
// turns of a quarter of a second, with the same clients.
func BenchmarkDecideHTTP(b *testing.B) {
	s := open(b, hundred, options(func(o *api.Options) { o.Now, o.TrustProxy = time.Now, true }))
	asks := s.members(16384)
	toShop := dialAll(b, s.URL)
	example, err := toShop[0].ask(asks[0])
	if err != nil {
		b.Fatal(err)
	}
	same, err := api.SameCodecEcho(example)
	if err != nil {
		b.Fatal(err)
	}
	echo := httptest.NewServer(same)
	b.Cleanup(echo.Close)
	toSame := dialAll(b, echo.URL)
	bare, err := api.BareEcho(example)
	if err != nil {
		b.Fatal(err)
	}
	plain := httptest.NewServer(bare)
	b.Cleanup(plain.Close)
	toBare := dialAll(b, plain.URL)
	asked := make([]int, connections)
	next := func(i int) []byte { // each line speaks for visitors of its own, in turn
		asked[i]++
		return asks[(i+asked[i]*connections)%len(asks)]
	}
	check := theDecision
	const round = 250 * time.Millisecond
	drive(b, toSame, round, next, check)
	drive(b, toBare, round, next, check)
	drive(b, toShop, round, next, check)
	var sameLoad, bareLoad, load load
	before := s.ledger.Last()
	for b.Loop() {
		sameLoad.add(drive(b, toSame, round, next, check))
		bareLoad.add(drive(b, toBare, round, next, check))
		load.add(drive(b, toShop, round, next, check))
	}
	if grown := s.ledger.Last() - before; grown != uint64(len(load.waits)) {
		b.Errorf("%d visits were committed for %d calls", grown, len(load.waits))
	}
	report(b, "same-codec", &sameLoad)
	report(b, "decide", &load)
	report(b, "bare", &bareLoad)
	b.ReportMetric(load.perSecond()/sameLoad.perSecond(), "of-same-codec-echo")
	b.ReportMetric(load.perSecond()/bareLoad.perSecond(), "of-bare-echo")
	b.ReportMetric(float64(load.quantile(.99))/float64(bareLoad.quantile(.99)), "p99-of-bare-echo")
	b.ReportMetric(0, "ns/op")
}

// theDecision checks an answer about the page of the benchmark.
func theDecision(answer []byte) error {
	if bytes.Count(answer, []byte(`"campaign":`)) != 2 || !bytes.Contains(answer, []byte(`"campaign":"c17"`)) || !bytes.Contains(answer, []byte(`"degraded":[]`)) {
		return fmt.Errorf("not the decision: %s", answer)
	}
	return nil
}

// BenchmarkDecideCampaigns: the same decision with 100 live campaigns and with
// 10,000, in turns with the same clients.
func BenchmarkDecideCampaigns(b *testing.B) {
	type side struct {
		shop  *shop
		lines []*line
		asks  [][]byte
		asked []int
		load  load
	}
	sides := make([]*side, 2)
	for i, n := range []int{100, 10_000} {
		s := open(b, campaigns(n), options(func(o *api.Options) { o.Now, o.TrustProxy = time.Now, true }))
		sides[i] = &side{shop: s, lines: dialAll(b, s.URL), asks: s.members(4096), asked: make([]int, connections)}
	}
	turn := func(s *side) load {
		return drive(b, s.lines, 250*time.Millisecond, func(i int) []byte {
			s.asked[i]++
			return s.asks[(i+s.asked[i]*connections)%len(s.asks)]
		}, theDecision)
	}
	for _, s := range sides {
		turn(s)
	}
	for b.Loop() {
		for _, s := range sides {
			s.load.add(turn(s))
		}
	}
	report(b, "hundred", &sides[0].load)
	report(b, "10000", &sides[1].load)
	cost := func(l *load) float64 { return float64(l.cpu) / float64(len(l.waits)) }
	b.ReportMetric(cost(&sides[1].load)/cost(&sides[0].load), "cpu-of-hundred")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkDecideDuringReload: decisions while a changed rules folder of 100
// campaigns is loaded and put to use, over and over, against decisions while
// nothing changes, in turns.
func BenchmarkDecideDuringReload(b *testing.B) {
	s := open(b, hundred, options(func(o *api.Options) { o.Now, o.TrustProxy = time.Now, true }))
	asks, lines, asked := s.members(4096), dialAll(b, s.URL), make([]int, connections)
	site := folder(b)["site.yaml"]
	turn := func() load {
		return drive(b, lines, 250*time.Millisecond, func(i int) []byte {
			asked[i]++
			return asks[(i+asked[i]*connections)%len(asks)]
		}, theDecision)
	}
	turn()
	reloads := 0
	reload := func() {
		files := manyRules(site, 100)
		files["campaigns/c00.yaml"].Data = append(files["campaigns/c00.yaml"].Data, fmt.Sprintf("name: reload %d\n", reloads)...)
		set, found := rules.Load(files)
		if err := found.Err(); err != nil {
			b.Error(err)
			return
		}
		if err := s.engine.Use(set, time.Now()); err != nil {
			b.Error(err)
		}
		reloads++
	}
	var quiet, busy load
	for b.Loop() {
		quiet.add(turn())
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				reload()
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		}()
		busy.add(turn())
		close(stop)
		<-done
	}
	report(b, "quiet", &quiet)
	report(b, "reload", &busy)
	b.ReportMetric(float64(reloads), "reloads")
	b.ReportMetric(float64(busy.quantile(.99))/float64(quiet.quantile(.99)), "p99-of-quiet")
	b.ReportMetric(0, "ns/op")
}

func dialAll(b *testing.B, url string) []*line { return dialMany(b, url, connections) }

func dialMany(b *testing.B, url string, n int) []*line {
	b.Helper()
	lines := make([]*line, n)
	for i := range lines {
		lines[i] = dial(b, url)
	}
	return lines
}

func report(b *testing.B, name string, l *load) {
	b.ReportMetric(l.perSecond(), name+"/s")
	b.ReportMetric(float64(l.cpu.Microseconds())/float64(len(l.waits)), name+"-cpu-µs")
	b.ReportMetric(float64(l.quantile(.5).Microseconds()), name+"-p50-µs")
	b.ReportMetric(float64(l.quantile(.99).Microseconds()), name+"-p99-µs")
}

// members are visitors with a history; each one's request for a page, as its
// browser sends it, comes back.
func (s *shop) members(n int) [][]byte {
	header := s.browser().with("Authorization", "").with("Cf-Ipcountry", "JP").with("X-Forwarded-For", "203.0.113.7").
		with("Accept-Language", "ja,en-US;q=0.9").with("Origin", "https://shop.example").with("Content-Type", "text/plain;charset=UTF-8").header
	server := s.Config.Handler.(*api.Server)
	asks := make([][]byte, n)
	events := list{}
	before := time.Now().Add(-48 * time.Hour).UnixMilli()
	for i := range n {
		id := fmt.Sprintf("018f3c5e-7a10-7cc3-98c4-%012d", i)
		who := object{"id": id, "user_id": fmt.Sprintf("u%d", i), "traits": object{"rank": "gold"}}
		events = append(events,
			object{"visitor": who, "name": "page_view", "time": before, "page": object{"url": "https://shop.example/"}},
			object{"visitor": object{"id": id}, "name": "purchase", "time": before, "properties": object{"value": 5400, "transaction_id": fmt.Sprint(i)}},
			object{"visitor": object{"id": id}, "name": "add_to_cart", "properties": object{"items": list{object{"item_id": "sku-7", "price": 2980, "quantity": 1}}}})
		if len(events) > 450 || i == n-1 {
			s.trusted().sends(object{"events": events})
			events = list{}
		}
		header.Set("Cookie", server.CookieOf(id))
		asks[i] = request("/v1/decide?k="+publicKey, header, rawBody(s.t, object{
			"visitor": object{"id": id},
			"page":    object{"url": "https://shop.example/items/7/blue?color=navy", "title": "ネイビーのシャツ | お店", "referrer": "https://shop.example/items", "type": "item", "lang": "ja", "item": object{"id": "7", "name": "シャツ", "price": 2980}},
			"sent_at": time.Now().UTC().Format(time.RFC3339Nano), "consent": "granted",
		}))
	}
	return asks
}

// BenchmarkEvents: batches of 50 events of ten visitors, out of 100,000, over
// 32 connections, each answered once it is on disk. An iteration is half a second.
func BenchmarkEvents(b *testing.B) {
	in := openIntake(b, connections)
	var all load
	for b.Loop() {
		all.add(drive(b, in.lines, 500*time.Millisecond, in.batch, in.check(50)))
	}
	in.whole(50, 10, len(all.waits))
	b.ReportMetric(50*all.perSecond(), "events/s")
	b.ReportMetric(float64(all.quantile(.5).Microseconds()), "p50-µs")
	b.ReportMetric(float64(all.quantile(.99).Microseconds()), "p99-µs")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSingleEvents: one event a request over 64 connections, each answered
// once it is on disk: what a shop that posts every event to ClickHouse would do.
func BenchmarkSingleEvents(b *testing.B) {
	in := openIntake(b, 64)
	var all load
	for b.Loop() {
		all.add(drive(b, in.lines, 500*time.Millisecond, in.single, in.check(1)))
	}
	in.whole(1, 1, len(all.waits))
	b.ReportMetric(all.perSecond(), "events/s")
	b.ReportMetric(float64(all.quantile(.99).Microseconds()), "p99-µs")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkEventsAtHalfLoad: batches of 50 that come at half the burst which the
// product promises, 60,000 events a second, whether the server keeps up or not; an
// answer's wait counts from when its batch was due. The first two seconds, in which
// the store has nothing to flush or to merge yet, are not measured.
func BenchmarkEventsAtHalfLoad(b *testing.B) {
	in := openIntake(b, connections)
	between := 50 * connections * time.Second / 30_000
	settling := pace(b, in.lines, 2*time.Second, between, in.batch, in.check(50))
	var half load
	for b.Loop() {
		half.add(pace(b, in.lines, 500*time.Millisecond, between, in.batch, in.check(50)))
	}
	in.whole(50, 10, len(settling.waits)+len(half.waits))
	b.ReportMetric(50*half.perSecond(), "events/s")
	b.ReportMetric(float64(half.quantile(.5).Microseconds()), "p50-µs")
	b.ReportMetric(float64(half.quantile(.9).Microseconds()), "p90-µs")
	b.ReportMetric(float64(half.quantile(.99).Microseconds()), "p99-µs")
	b.ReportMetric(0, "ns/op")
}

// intake is a shop that events are sent to, and what it must have in the end.
type intake struct {
	*shop
	b      *testing.B
	lines  []*line
	drafts []draft // of each line
	header http.Header
	sent   atomic.Int64
	before uint64
}

// draft is a line's next request, in the memory of the one before it: the server's
// garbage is measured, not ours.
type draft struct {
	body []byte
	wire bytes.Buffer
}

func openIntake(b *testing.B, clients int) *intake {
	debug.SetGCPercent(api.GCPercent)
	s := open(b, options(func(o *api.Options) { o.Now = time.Now }))
	return &intake{shop: s, b: b, lines: dialMany(b, s.URL, clients), drafts: make([]draft, clients), header: s.browser().header, before: s.ledger.Last()}
}

func (in *intake) batch(line int) []byte { return in.draft(line, 50) }

func (in *intake) single(line int) []byte { return in.draft(line, 1) }

func (in *intake) draft(line, events int) []byte {
	d := &in.drafts[line]
	d.body = batch(d.body[:0], int(in.sent.Add(1)), events)
	writeRequest(&d.wire, "/v1/events", in.header, d.body)
	return d.wire.Bytes()
}

func (in *intake) check(events int) func([]byte) error {
	return func(answer []byte) error {
		var r received
		if err := json.Unmarshal(answer, &r); err != nil || r.Accepted != events || len(r.Rejected) != 0 {
			return fmt.Errorf("not %d accepted: %s", events, answer)
		}
		return nil
	}
}

// whole checks that the ledger has every event that was acknowledged, durably.
func (in *intake) whole(events, visitors, answers int) {
	in.b.Helper()
	if in.ledger.Durable() != in.ledger.Last() {
		in.b.Errorf("durable %d of %d", in.ledger.Durable(), in.ledger.Last())
	}
	if visits := in.ledger.Last() - in.before; visits != uint64(visitors*answers) {
		in.b.Errorf("%d visits were committed for %d requests of %d visitors", visits, answers, visitors)
	}
	if n := len(in.recorded()); n != events*answers {
		in.b.Errorf("%d events are in the ledger, %d were acknowledged", n, events*answers)
	}
}

// batch appends the n-th of so many events, of ten visitors out of 100,000.
func batch(out []byte, n, events int) []byte {
	out = append(out, `{"sent_at":"`+time.Now().UTC().Format(time.RFC3339Nano)+`","events":[`...)
	for i := range events {
		if i > 0 {
			out = append(out, ',')
		}
		visitor := (n*7919 + i%10*10007) % 100_000
		out = fmt.Appendf(out, `{"id":"%s","name":"view_item","time":%d,"visitor":{"id":"visitor-%06d"},"page":{"url":"https://shop.example/items/%d","title":"商品"},"properties":{"value":%d,"currency":"JPY","items":[{"item_id":"sku-%d","price":%d}]}}`,
			uuid.Must(uuid.NewV7()), time.Now().UnixMilli(), visitor, i, 100*i, i, 100*i)
	}
	return append(out, `]}`...)
}
