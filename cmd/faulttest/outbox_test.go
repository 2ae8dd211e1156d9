package faulttest

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// thanks sends a webhook for each purchase, and names it.
const thanks = `id: thanks
status: live
on: {event: purchase}
variants: [{id: hook, weight: 1, action: {type: webhook, url: %s, title: '{{event.prop("transaction_id")}}'}}]
`

// receiver is a shop's server that webhooks are sent to. It keeps what it got
// before it answers, and does not always answer well.
type receiver struct {
	t *testing.T
	*httptest.Server

	mu      sync.Mutex
	letters map[string]*letter // by their idempotency key
	got     int                // with repeats
}

// letter is one, however often it came.
type letter struct {
	body, purchase string
	came           int
	taken          bool // with a 204
}

func receive(t *testing.T) *receiver {
	r := &receiver{t: t, letters: map[string]*letter{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// refused says whether the receiver never takes a letter about a purchase: one in
// eight, so that among a few hundred there are some.
func refused(purchase string) bool {
	return strings.HasSuffix(purchase, "0") || strings.HasSuffix(purchase, "8")
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // it was killed while it wrote
	}
	var got struct{ ID, Title string }
	key := req.Header.Get("Idempotency-Key")
	if err := json.Unmarshal(body, &got); err != nil || key == "" || got.ID != key {
		r.t.Errorf("a letter with key %q: %v: %s", key, err, body)
	}
	answer := rand.IntN(10)
	r.mu.Lock()
	l := r.letters[key]
	if l == nil {
		l = &letter{body: string(body), purchase: got.Title}
		r.letters[key] = l
	}
	if l.body != string(body) {
		r.t.Errorf("a letter that comes again says something else: %s, before %s", body, l.body)
	}
	r.got++
	l.came++
	l.taken = l.taken || answer > 1 && !refused(got.Title)
	r.mu.Unlock()
	switch {
	case refused(got.Title):
		w.WriteHeader(http.StatusGone)
	case answer == 0:
		w.WriteHeader(http.StatusServiceUnavailable)
	case answer == 1:
		panic(http.ErrAbortHandler) // it hangs up
	default:
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond) // is under way for a while
		w.WriteHeader(http.StatusNoContent)
	}
}

// outbox is what waits to be sent and what was given up.
func (s *server) outbox() (waiting, dead int) {
	s.t.Helper()
	_, answer := s.ask("/v1/outbox")
	var got struct{ Outbox []struct{ Due time.Time } }
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		s.t.Fatalf("%v: %s", err, answer)
	}
	for _, entry := range got.Outbox {
		if entry.Due.IsZero() {
			dead++
		} else {
			waiting++
		}
	}
	return waiting, dead
}

// Each purchase has a webhook sent, to a receiver that fails now and then, while
// the server is killed at random moments and when a letter is taken and that is
// not noted. Every purchase that was kept is told of, acknowledged or not, by one
// letter, under one key however often it comes, and no other is; what the receiver
// refuses is kept to be looked at.
func TestFaultOutboxKilled(t *testing.T) {
	t.Parallel()
	r, s := receive(t), newServer(t)
	s.flags = []string{"--allow-webhook-host", strings.TrimPrefix(r.URL, "http://")}
	if err := os.WriteFile(filepath.Join(s.dir, "rules", "campaigns", "thanks.yaml"), fmt.Appendf(nil, thanks, r.URL), 0o644); err != nil {
		t.Fatal(err)
	}
	const short = "OMO_SHORT=outbox.pause=200ms"
	s.start(short)
	l, ctx := noLoad(t, s)
	l.sends = true
	for n := range 2 {
		var own []string
		for range perSender {
			own = append(own, uuid.Must(uuid.NewV7()).String())
		}
		l.visitors = append(l.visitors, own...)
		c := newClient(uint64(n))
		l.senders.Go(func() {
			for ctx.Err() == nil {
				l.batch(ctx, c, own)
				rest(ctx, 40*time.Millisecond)
			}
		})
	}
	times := rounds(4, 30)
	for n := range times {
		l.flow(20 + rand.Int64N(30))
		s.kill()
		if n%2 == 0 {
			s.start(short)
			continue
		}
		at := fmt.Sprintf("outbox.taken:%d", 1+rand.IntN(30))
		s.launch("OMO_CRASH_AT="+at, short)
		s.awaitKilled(patience, "the server kills itself at "+at)
		s.start(short)
	}
	l.flow(20)
	audit(t, l, 1, fmt.Sprintf("kill -9 while webhooks go out, %d times", times+times/2))
	dead := 0
	eventually(t, patience, "all that was due is sent or given up", func() (done bool) {
		var waiting int
		waiting, dead = s.outbox()
		return waiting == 0
	})
	r.check(s, dead, times+times/2)
}

// check holds what came against the purchases that were kept.
func (r *receiver) check(s *server, dead, kills int) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := map[string]int{} // by the purchase
	again, undelivered, toRefuse := 0, 0, 0
	for key, l := range r.letters {
		keys[l.purchase]++
		again += l.came - 1
		switch {
		case refused(l.purchase):
			toRefuse++
		case !l.taken:
			undelivered++
			r.t.Errorf("letter %s about purchase %s came %d times and was never taken", key, l.purchase, l.came)
		}
	}
	purchases, exposures, missing, several := 0, 0, 0, 0
	for _, row := range openReports(r.t, s).rows() {
		switch row.name {
		case "omo_exposure":
			exposures++
		case "purchase":
			purchases++
			switch n := keys[row.id]; {
			case n == 0:
				missing++
				r.t.Errorf("no letter came about purchase %s", row.id)
			case n > 1:
				several++
				r.t.Errorf("letters of %d keys came about purchase %s", n, row.id)
			}
			delete(keys, row.id)
		}
	}
	for purchase := range keys {
		r.t.Errorf("a letter came about purchase %s, which was not kept", purchase)
	}
	if dead != toRefuse || exposures != purchases {
		r.t.Errorf("%d letters are given up, %d were refused; %d exposures of %d purchases", dead, toRefuse, exposures, purchases)
	}
	if again == 0 || dead == 0 || purchases < 50 {
		r.t.Errorf("%d purchases, %d letters that came again, %d refused: that proves little", purchases, again, dead)
	}
	r.t.Logf("fault - kill -9 while webhooks go out: purchases kept %d, letters that came %d, once more under their key %d, missing %d, of several keys %d, of nothing kept %d, never taken %d, refused and kept as dead letters %d of %d, kills %d",
		purchases, r.got, again, missing, several, len(keys), undelivered, dead, toRefuse, kills)
}
