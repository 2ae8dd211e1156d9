package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// loaded stands where loader and warehouse are: all is loaded, and nothing is there.
type loaded struct{}

func (loaded) Passed(context.Context, uint64) error { return nil }
func (loaded) Erase(_ context.Context, _ []string, found func(map[string]map[string]uint64) error) error {
	return found(map[string]map[string]uint64{})
}
func (loaded) VisitorsOf(context.Context, string, uint64) ([]string, error) { return nil, nil }
func (loaded) Visitors(context.Context, func(string) error) error           { return nil }

// erasing runs a shop's erasures as the product does.
func (s *shop) erasing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.engine.RunErasures(ctx, loaded{}, s.clock.Now) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

type erasure struct {
	ID, Status, Stage string
	Visitors          []string
	Count             int
	Removed           map[string]int
	Browsers          []struct {
		Visitor string
		Removed map[string]int
	}
}

const erasedText = "this visitor was erased and its id is not taken again: do not send it any more; decide gives the browser another"

func TestAnErasedVisitorIsToldSoAndTheBrowserGetsAnotherID(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.erasing(t)
	b, other := s.browser(), s.browser()
	ann := b.decide(nil).Visitor.ID
	bob := other.decide(nil).Visitor.ID
	var x erasure
	s.trusted().do(http.MethodDelete, "/v1/visitors/"+ann, nil).is(http.StatusOK).into(&x)
	if x.Status != "done" || x.Stage != "done" || x.Count != 1 || len(x.Visitors) != 1 || x.Visitors[0] != ann || x.Removed["profiles"] != 1 || x.Removed["ledger_events"] != 2 {
		t.Errorf("%+v", x)
	}
	again := erasure{}
	s.trusted().get("/v1/erasures/" + x.ID).is(http.StatusOK).into(&again)
	if again.ID != x.ID || again.Visitors != nil || again.Removed["ledger_events"] != 2 {
		t.Errorf("the receipt: %+v", again)
	}
	s.trusted().do(http.MethodDelete, "/v1/visitors/"+ann, nil).is(http.StatusOK).into(&again)
	if again.ID != x.ID {
		t.Errorf("asked once more: %+v", again)
	}
	same(t, "what is left", s.names(), []string{ingest.PageView, ingest.Decision, ingest.Audit, ingest.Audit})

	// A batch of both: hers is refused by name, his is taken.
	var sent struct {
		Accepted int
		Rejected []rejection
	}
	s.trusted().post("/v1/events", object{"events": list{
		object{"name": "look", "visitor": object{"id": ann}}, object{"name": "look", "visitor": object{"id": bob}},
	}}).is(http.StatusOK).into(&sent)
	if want := (rejection{0, "erased", erasedText}); sent.Accepted != 1 || len(sent.Rejected) != 1 || sent.Rejected[0] != want {
		t.Errorf("%+v", sent)
	}
	b.post("/v1/events", object{"events": list{object{"name": "look"}}, "consent": "granted"}).is(http.StatusBadRequest)

	// The browser still has her cookie, and an event that waited.
	a := b.answered(object{"consent": "granted", "events": list{object{"name": "look"}}})
	d := a.decision()
	if d.Visitor.ID == ann || d.Visitor.ID == "" || !d.Visitor.New || len(d.Rejected) != 1 || d.Rejected[0] != (rejection{0, "erased", erasedText}) {
		t.Errorf("%+v", d)
	}
	if cookie := a.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "omo_vid=") || len(d.Degraded) > 0 {
		t.Errorf("cookie %q, degraded %v", cookie, d.Degraded)
	}
	if next := b.decide(nil).Visitor; next.ID != d.Visitor.ID || next.New {
		t.Errorf("after %s it is %+v", d.Visitor.ID, next)
	}

	for _, ask := range []object{{"visitor": ann}, {"visitor": ann, "at": s.clock.Now().Format(time.RFC3339)}} {
		var why replay.Answer
		s.trusted().post("/v1/explain", ask).is(http.StatusOK).into(&why)
		if len(why.Campaigns) != len(s.engine.Live().Set.Campaigns) {
			t.Errorf("%+v", why)
		}
		for _, c := range why.Campaigns {
			if c.Reason != "erased" || c.Gates[1].State != "passed" || c.Gates[2].Gate != "erased" || c.Gates[2].State != "stopped" || c.Gates[3].State != "not_reached" {
				t.Errorf("%+v", c)
			}
		}
	}
	s.trusted().get("/v1/visitors/" + ann).is(http.StatusNotFound)
}

func TestAnErasureThatTakesLongIsAnsweredAsRunning(t *testing.T) {
	t.Parallel()
	s := open(t, options(func(o *api.Options) { o.EraseTime = 50 * time.Millisecond }))
	a := s.trusted().do(http.MethodDelete, "/v1/visitors/"+url.PathEscape("v 1/é"), nil).is(http.StatusAccepted)
	var x erasure
	a.into(&x)
	if x.Status != "running" || x.Visitors[0] != "v 1/é" || a.header.Get("Location") != "/v1/erasures/"+x.ID {
		t.Errorf("%+v at %s", x, a.header.Get("Location"))
	}
	s.trusted().get("/v1/erasures/" + x.ID).is(http.StatusAccepted)
	s.trusted().get("/v1/erasures/nothing").is(http.StatusNotFound)
	s.browser().do(http.MethodDelete, "/v1/visitors/v1", nil).is(http.StatusForbidden)
}

// bare keeps nothing anywhere.
type bare struct{}

func (bare) Kept(context.Context, []string, func(string, *ingest.Event) error) error { return nil }
func (bare) VisitorsOf(context.Context, string) ([]string, error)                    { return nil, nil }

// inLedger keeps what a shop's ledger has; former are a person's visitors that
// only the warehouse knows.
type inLedger struct {
	s      **shop
	former map[string][]string
}

func (k inLedger) Kept(_ context.Context, visitors []string, each func(string, *ingest.Event) error) error {
	for _, r := range (*k.s).recorded() {
		if slices.Contains(visitors, r.Event.Visitor) {
			if err := each("here", &r.Event); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k inLedger) VisitorsOf(_ context.Context, user string) ([]string, error) {
	return k.former[user], nil
}

// exported are an export's lines in short, and its last line.
func exported(t *testing.T, body []byte) (lines []string, end map[string]int) {
	t.Helper()
	for text := bufio.NewScanner(bytes.NewReader(body)); text.Scan(); {
		var line struct {
			Kind, Visitor, Pool, Campaign, Subject, To string
			UserID                                     string `json:"user_id"`
			Browsers                                   []string
			Redeemed, Due                              *time.Time
			Kept                                       struct {
				Visitor string `json:"v"`
			}
			Event struct{ Visitor, Name string }
		}
		if err := json.Unmarshal(text.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		said := line.Kind
		switch line.Kind {
		case "visitor", "person":
			said += " " + line.Visitor + line.UserID + " of " + strings.Join(line.Browsers, ", ")
		case "profile":
			said += " of " + line.Kept.Visitor
		case "coupon":
			said += " " + line.Pool + " of " + line.Visitor
			if line.Redeemed != nil {
				said += ", redeemed"
			}
		case "letter":
			said += " to " + line.To + ": " + line.Subject
			if line.Due == nil {
				said += ", given up"
			}
		case "event":
			said += " of " + line.Event.Visitor + ": " + line.Event.Name
		case "end":
			if err := json.Unmarshal([]byte(strings.Replace(text.Text(), `"kind":"end",`, "", 1)), &end); err != nil {
				t.Fatal(err)
			}
		}
		lines = append(lines, said)
	}
	return lines, end
}

func TestExportIsAllThatIsKeptInEveryBrowserOfAPerson(t *testing.T) {
	t.Parallel()
	var s *shop
	s = open(t, options(func(o *api.Options) {
		o.Kept = inLedger{&s, map[string][]string{"u1": {"ann-phone", "long-ago"}}}
	}))
	send := func(visitor, user, name string) {
		t.Helper()
		s.trusted().post("/v1/events", object{
			"visitor": object{"id": visitor, "user_id": user}, "consent": "granted",
			"events": list{object{"name": name, "properties": object{"at": "靴"}}},
		}).is(http.StatusOK)
	}
	send("ann-desk", "u1", "look")
	send("ann-phone", "u1", "touch")
	send("bob", "u2", "look")
	send("long-ago", "", "look") // as a browser that shares no profile with the others
	if _, err := s.ledger.Commit(ledger.Visit{Out: []ledger.Outgoing{
		{Due: 5, ID: "1", Body: []byte(`{"id":"1","visitor":"ann-phone","kind":"email","to":"ann@shop.example","subject":"soon"}`)},
		{Due: ledger.Never, ID: "2", Body: []byte(`{"id":"2","visitor":"ann-desk","kind":"webhook"}`)},
		{Due: 5, ID: "3", Body: []byte(`{"id":"3","visitor":"bob","subject":"not hers"}`)},
	}}); err != nil {
		t.Fatal(err)
	}
	if err := s.ledger.Stock("welcome", "d", slices.Values([]string{"A1", "B2"})); err != nil {
		t.Fatal(err)
	}
	for i, who := range []string{"ann-phone", "bob"} {
		claim, err := s.ledger.Pick(ledger.Claim{Pool: "welcome", Visitor: who, Campaign: "gift", At: int64(i) + 1})
		if err == nil {
			_, err = s.ledger.Commit(ledger.Visit{Visitor: who, Claims: []ledger.Claim{claim}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.engine.Redeem(engine.Redemption{Pool: "welcome", Code: "A1", Order: "o1"}, s.clock.Now()); err != nil {
		t.Fatal(err)
	}

	hers := []string{
		"profile of ann-desk", "coupon welcome of ann-phone, redeemed", "letter to ann@shop.example: soon", "letter to : , given up",
		"event of ann-desk: look", "event of ann-desk: omo_merge", "event of ann-phone: omo_merge", "event of ann-phone: touch", "event of ann-phone: omo_coupon", "end",
	}
	a := s.trusted().get("/v1/visitors/ann-phone/export").is(http.StatusOK)
	lines, end := exported(t, a.body)
	same(t, "of a visitor", lines, append([]string{"visitor ann-phone of ann-desk, ann-phone"}, hers...))
	if end["coupons"] != 1 || end["letters"] != 2 || end["events"] != 5 || !bytes.Contains(a.body, []byte(`"code":"A1"`)) || !bytes.Contains(a.body, []byte(`"transaction_id":"o1"`)) || !bytes.Contains(a.body, []byte("靴")) {
		t.Errorf("%v in %s", end, a.body)
	}
	lines, end = exported(t, s.trusted().get("/v1/people/u1/export").is(http.StatusOK).body)
	hers = slices.Insert(hers, 1, "profile of long-ago")
	hers = slices.Insert(hers, len(hers)-2, "event of long-ago: look")
	same(t, "of a person", lines, append([]string{"person u1 of ann-desk, ann-phone, long-ago"}, hers...))
	if end["events"] != 6 {
		t.Errorf("%v", end)
	}

	for _, path := range []string{"/v1/visitors/nobody/export", "/v1/people/nobody/export"} {
		s.trusted().get(path).is(http.StatusNotFound)
		s.browser().get(path).is(http.StatusForbidden)
	}
}

// All browsers of a person go, with a receipt that counts each; who comes under
// that user_id afterwards is somebody new, whichever door it comes by.
func TestErasingAPerson(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.erasing(t)
	send := func(visitor, user string, status int) {
		t.Helper()
		s.trusted().post("/v1/events", object{
			"visitor": object{"id": visitor, "user_id": user}, "consent": "granted", "events": list{object{"name": "look"}, object{"name": "look"}},
		}).is(status)
	}
	tells := func() {
		t.Helper()
		s.trusted().post("/v1/track", object{"userId": "u 1/é", "event": "look"}).is(http.StatusOK)
	}
	send("desk", "u 1/é", http.StatusOK)
	send("phone", "u 1/é", http.StatusOK)
	tells() // of no browser
	stead, err := s.engine.Stead("u 1/é", true)
	if err != nil {
		t.Fatal(err)
	}
	send("bob", "u2", http.StatusOK)
	path := "/v1/people/" + url.PathEscape("u 1/é")
	var x erasure
	s.trusted().do(http.MethodDelete, path, nil).is(http.StatusOK).into(&x)
	if x.Status != "done" || x.Count != 3 || x.Removed["profiles"] != 1 || x.Removed["persons"] != 1 {
		t.Errorf("%+v", x)
	}
	sums, named := map[string]int{}, []string{}
	for _, b := range x.Browsers {
		named = append(named, b.Visitor)
		for place, n := range b.Removed {
			sums[place] += n
		}
	}
	same(t, "browsers", named, []string{"desk", "phone", stead})
	for place, n := range x.Removed {
		if sums[place] != n {
			t.Errorf("%s: each browser's add up to %d, and all are %d", place, sums[place], n)
		}
	}
	if x.Browsers[0].Removed["ledger_events"] < 2 || x.Browsers[1].Removed["ledger_events"] < 2 {
		t.Errorf("%+v", x.Browsers)
	}
	again := erasure{}
	s.trusted().do(http.MethodDelete, path, nil).is(http.StatusOK).into(&again)
	if again.ID != x.ID || len(again.Browsers) != 3 || again.Browsers[0].Visitor != "" || again.Visitors != nil {
		t.Errorf("asked once more: %+v", again)
	}
	send("desk", "u 1/é", http.StatusBadRequest)
	send("bob", "u2", http.StatusOK)

	send("new", "u 1/é", http.StatusOK)
	p, err := s.engine.Profile("new")
	if err != nil || p == nil || p.User != "u 1/é" || len(p.Browsers) != 0 {
		t.Fatalf("who comes afterwards: %+v, %v", p, err)
	}
	tells()
	if now, err := s.engine.Stead("u 1/é", true); err != nil || now == stead {
		t.Errorf("who stands for the person: %s, %v", now, err)
	}
	if p, err = s.engine.Profile("new"); err != nil || len(p.Visitors()) != 2 {
		t.Errorf("and with what its server tells: %+v, %v", p, err)
	}
	s.trusted().do(http.MethodDelete, path, nil).is(http.StatusOK).into(&again)
	if again.ID == x.ID || again.Count != 2 {
		t.Errorf("the new one erased: %+v", again)
	}

	s.trusted().do(http.MethodDelete, "/v1/people/nobody", nil).is(http.StatusOK).into(&again)
	if again.Count != 0 {
		t.Errorf("nobody: %+v", again)
	}
	s.browser().do(http.MethodDelete, path, nil).is(http.StatusForbidden)
	s.trusted().do(http.MethodDelete, "/v1/people/%00", nil).is(http.StatusBadRequest)
}
