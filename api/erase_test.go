package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// loaded stands where loader and warehouse are: all is loaded, and nothing is there.
type loaded struct{}

func (loaded) Passed(context.Context, uint64) error { return nil }
func (loaded) Erase(_ context.Context, _ []string, found func(map[string]map[string]uint64) error) error {
	return found(map[string]map[string]uint64{})
}
func (loaded) Visitors(context.Context, func(string) error) error { return nil }

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
	same(t, "what is left", s.names(), []string{ingest.PageView, ingest.Decision})

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
	s := open(t)
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

func TestExportIsAllThatIsKept(t *testing.T) {
	t.Parallel()
	var s *shop
	s = open(t, options(func(o *api.Options) {
		o.Kept = func(_ context.Context, visitor string, each func(string, *ingest.Event) error) error {
			for _, r := range s.recorded() {
				if r.Event.Visitor == visitor {
					if err := each("here", &r.Event); err != nil {
						return err
					}
				}
			}
			return nil
		}
	}))
	b := s.browser()
	ann := b.decide(object{"visitor": object{"id": "ann"}}).Visitor.ID
	b.sends(object{"events": list{object{"name": "look", "properties": object{"at": "靴"}}}})
	s.browser().decide(nil)
	a := s.trusted().get("/v1/visitors/" + ann + "/export").is(http.StatusOK)
	var kinds []string
	var last struct {
		Kind   string
		Events int
		Event  ingest.Event
	}
	for lines := bufio.NewScanner(bytes.NewReader(a.body)); lines.Scan(); {
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
		name := last.Kind
		if name == "event" {
			name += " " + last.Event.Name
		}
		kinds = append(kinds, name)
	}
	same(t, "lines", kinds, []string{"visitor", "profile", "event page_view", "event omo_decision", "event look", "end"})
	if last.Events != 3 || !bytes.Contains(a.body, []byte("靴")) {
		t.Errorf("%s", a.body)
	}
	s.trusted().get("/v1/visitors/nobody/export").is(http.StatusNotFound)
	s.browser().get("/v1/visitors/" + ann + "/export").is(http.StatusForbidden)
}
