package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// stalled commits nothing of visitors called slow… until it is released.
type stalled struct {
	engine.Store
	begun    chan string
	released chan struct{}
}

func (s stalled) Commit(v ledger.Visit) (uint64, error) {
	if strings.HasPrefix(v.Visitor, "slow") {
		s.begun <- v.Visitor
		<-s.released
	}
	return s.Store.Commit(v)
}

// Where the disk holds decisions up, a page does not wait: neither for those of
// others nor for the last one of its own visitor. It gets no campaigns, at once
// or within the 50 ms that it has, and what it told is refused, not dropped.
func TestNobodyWaitsForWhatIsHeldUp(t *testing.T) {
	t.Parallel()
	slow := stalled{begun: make(chan string, 10), released: make(chan struct{})}
	s := open(t,
		store(func(real engine.Store) engine.Store { slow.Store = real; return slow }),
		options(func(o *api.Options) { o.Deciding = 3 }),
		func(o *opening) { o.patience = 40 * time.Millisecond })
	var held sync.WaitGroup
	release := sync.OnceFunc(func() { close(slow.released); held.Wait() })
	defer release()
	names := 0
	hold := func() (visitor string) { // one whose lock nobody else has by chance
		for {
			names++
			visitor, refused, wrong := fmt.Sprintf("slow%d", names), make(chan struct{}), make(chan struct{})
			held.Go(func() {
				switch d := s.browser().decide(object{"visitor": object{"id": visitor}}); {
				case strings.Join(d.Degraded, "") == "busy":
					close(refused)
				case d.campaigns() == "" || len(d.Degraded) > 0:
					t.Errorf("what was held up is answered %+v", d)
					close(wrong)
				}
			})
			select {
			case <-slow.begun:
				return visitor
			case <-refused:
			case <-wrong:
				t.FailNow()
			}
		}
	}
	look := list{object{"name": "look"}, object{"name": "Not A Name"}}
	// An answer that waited for what is held up would never come: that is only let
	// go at the end.
	sentHome := func(visitor, why string) {
		t.Helper()
		answer := s.browser().answered(object{"visitor": object{"id": visitor}, "events": look})
		d := answer.decision()
		same(t, "degraded", d.Degraded, []string{why})
		if d.campaigns() != "" || len(d.Rejected) != 2 || d.Rejected[0].Code != "bad_name" || d.Rejected[1].Code != "overloaded" || answer.header.Get("Retry-After") != "2" {
			t.Errorf("%s: %+v", why, d)
		}
	}
	first := hold()
	sentHome(first, "busy")
	served := 0
	for n := range 5 {
		if s.browser().decide(object{"visitor": object{"id": fmt.Sprint("quick", n)}}).campaigns() != "" {
			served++
		}
	}
	if served < 2 { // some may share the lock by chance, one of 256: four once in a billion times
		t.Errorf("only %d of 5 other visitors were served", served)
	}
	hold()
	hold() // as many as may be
	sentHome("quick", "overload")
	text := string(s.trusted().get("/metrics").is(http.StatusOK).body)
	for _, want := range []string{`omo_decide_shed_total{why="overload"} 1`, "omo_decide_under_way 3", `omo_events_rejected_total{code="overloaded"} 2`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
	release()
	if d := s.browser().decide(object{"visitor": object{"id": first}, "events": list{object{"name": "look"}}}); d.campaigns() == "" || len(d.Degraded)+len(d.Rejected) > 0 {
		t.Errorf("afterwards: %+v", d)
	}
}

// A rule that fails is off for the call, and counted by its campaign.
func TestFailingRulesAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t, edit("campaigns/welcome.yaml", "when: visitor.new", "when: 'split(page.path, \"/\")[9] == \"\"'"))
	d := s.browser().decide(object{"visitor": object{"id": "v1"}})
	same(t, "degraded", d.Degraded, []string{"rule of welcome failed"})
	if text := string(s.trusted().get("/metrics").body); !strings.Contains(text, `omo_rule_failures_total{campaign="welcome"} 1`+"\n") {
		t.Error("it was not counted")
	}
}
