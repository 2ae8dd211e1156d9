package faulttest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// perBatch is how many events come in one request.
const perBatch = 50

// ClickHouse is away for a while at a steady rate, a minute at 5,000 events a
// second in the long form: no event is refused, decisions are as fast as ever, the
// memory does not follow the queue, and it is caught up soon.
func TestFaultClickHouseAwayAtLoad(t *testing.T) {
	if long() {
		t.Log("alone, since it measures")
	} else {
		t.Parallel()
	}
	s := newServer(t)
	well, env := s.ailing()
	if err := os.WriteFile(well, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.start(env...)
	eventually(t, patience, "ClickHouse is up", func() bool { return s.warehouse().OK })
	rate, away := rounds(1000, 5000), time.Duration(rounds(5, 60))*time.Second
	l, ctx := noLoad(t, s)
	l.once = true
	m := &steady{load: l, phase: "warming up", taken: map[string][]time.Duration{}, decided: map[string][]time.Duration{}}
	m.run(ctx, rate)
	time.Sleep(away / 6)
	m.enter("normal")
	time.Sleep(away / 3)
	before := s.resident()
	m.enter("away")
	if err := os.Remove(well); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.clickHouse(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	peak := before
	for end := time.Now().Add(away); time.Now().Before(end); time.Sleep(250 * time.Millisecond) {
		peak = max(peak, s.resident())
	}
	m.enter("back")
	if err := os.WriteFile(well, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "ClickHouse is back", func() bool { return s.warehouse().OK })
	began := time.Now()
	w, last := openReports(t, s), l.fresh() // behind all that waits
	w.awaitEvent(last, patience)
	caughtUp := time.Since(began)

	queued := rate * int(away/time.Second)
	grown := peak - before
	// Where the machine is slow or stands still, clients give up what nobody could answer.
	stood := time.Duration(m.stood.Load())
	failed := l.failed.Load()
	if !long() || stood > time.Second {
		failed -= int64(l.unwell.count(givenUp))
	}
	if failed > 0 {
		t.Errorf("%d requests were not answered 200%s", failed, &l.unwell)
	}
	ratio := float64(p99(m.decided["away"])) / float64(p99(m.decided["normal"]))
	if long() && stood < time.Second {
		if ratio > 1.5 {
			t.Errorf("a decide's p99 is %.2f times the normal one", ratio)
		}
		if caughtUp > 12*time.Second {
			t.Errorf("caught up only %s after its return", caughtUp)
		}
		if each := grown * 100_000 / int64(queued); each > 100<<20 {
			t.Errorf("100,000 queued events took %d MB", each>>20)
		}
	}
	audit(t, l, 4, fmt.Sprintf("ClickHouse away for %s at %d events a second", away, rate),
		fmt.Sprintf("p99 of an acknowledgement %s, then %s", p99(m.taken["normal"]), p99(m.taken["away"])),
		fmt.Sprintf("of a decide %s, then %s (%.2f)", p99(m.decided["normal"]), p99(m.decided["away"]), ratio),
		fmt.Sprintf("%d queued took %d MB", queued, grown>>20), fmt.Sprintf("this process stood still for at most %s", stood.Round(time.Millisecond)), fmt.Sprintf("caught up %s after its return", caughtUp.Round(10*time.Millisecond)))
}

// steady sends batches and decides at a steady rate and keeps how long each took,
// from the moment at which it was due.
type steady struct {
	load  *load
	stood atomic.Int64 // the longest time for which this process did not run, though it would have

	mu             sync.Mutex
	phase          string
	taken, decided map[string][]time.Duration
}

func (m *steady) enter(phase string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase = phase
}

func (m *steady) keep(of map[string][]time.Duration, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	of[m.phase] = append(of[m.phase], took)
}

// run sends until ctx ends: rate events a second, and fifty decides.
func (m *steady) run(ctx context.Context, rate int) {
	const visitors, checked, connections = 2000, 60, 16
	everybody := make([]string, visitors)
	for i := range everybody {
		everybody[i] = uuid.Must(uuid.NewV7()).String()
	}
	m.load.visitors = everybody[:checked]
	m.load.senders.Go(func() {
		for last := time.Now(); ctx.Err() == nil; last = time.Now() {
			const nap = 50 * time.Millisecond
			rest(ctx, nap)
			m.stood.Store(max(m.stood.Load(), int64(time.Since(last)-nap)))
		}
	})
	pace := func(each time.Duration, send func(c *client, due time.Time)) {
		due := make(chan time.Time)
		m.load.senders.Go(func() {
			defer close(due)
			for next := time.Now(); ctx.Err() == nil; next = next.Add(each) {
				rest(ctx, time.Until(next))
				select {
				case due <- next:
				case <-ctx.Done():
				}
			}
		})
		for w := range connections {
			c := newClient(uint64(w))
			m.load.senders.Go(func() {
				for at := range due {
					send(c, at)
				}
			})
		}
	}
	pace(time.Second*perBatch/time.Duration(rate), func(c *client, due time.Time) {
		var events []object
		var ids []string
		for range perBatch {
			id := uuid.NewString()
			ids = append(ids, id)
			events = append(events, event(c.rand, id, everybody[c.rand.IntN(visitors)]))
		}
		m.load.deliver(ctx, c, "/v1/events", object{"consent": "granted", "events": events}, ids, func() { m.keep(m.taken, time.Since(due)) })
	})
	pace(20*time.Millisecond, func(c *client, due time.Time) {
		view := uuid.NewString()
		body := fmt.Appendf(nil, `{"consent":"granted","visitor":{"id":%q},"page":{"url":"https://shop.example/"},"page_view_id":%q}`, uuid.NewString(), view)
		m.load.oracle.sending(view)
		m.load.oracle.deciding()
		status, _, answer, err := c.post(ctx, m.load.server.url(), "/v1/decide", body)
		busy := sentHome(answer) // not ClickHouse's doing
		if ctx.Err() == nil && (err != nil || status != http.StatusOK || !busy && !strings.Contains(string(answer), `"degraded":[]`)) {
			m.load.t.Errorf("a decide: %d %s, %v", status, answer, err)
		}
		if busy {
			m.load.home.Add(1)
		}
		m.keep(m.decided, time.Since(due))
	})
}

// p99 is the time that one in a hundred took or more.
func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)*99/100].Round(100 * time.Microsecond)
}
