package replay_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Each event comes one to five times, over restarts and the day's end, to a
// server whose clock jumps by an hour or a day either way, from clients whose
// clocks are up to ten years off: profile and warehouse count it once.
func TestFault10ResentOverRestartsAndClockJumps(t *testing.T) {
	t.Parallel()
	const visitors = 20
	n := 600
	if os.Getenv("OMO_FAULTS") == "long" {
		n = 20_000
	}
	r := rand.New(rand.NewPCG(10, 10))
	now := time.Date(2026, 11, 2, 14, 50, 0, 0, time.UTC) // ten minutes before midnight in Tokyo
	dir := filepath.Join(t.TempDir(), "ledger")
	var l *ledger.Ledger
	var e *engine.Engine
	start := func() {
		var err error
		if l, err = ledger.Open(dir, ledger.Options{Log: slog.New(slog.DiscardHandler), Patience: time.Minute, Now: func() time.Time { return now }}); err != nil {
			t.Fatal(err)
		}
		e = engine.New(engine.Options{Store: l, Key: []byte("key")})
		if err := e.Use(load(t, before...), now); err != nil {
			t.Fatal(err)
		}
	}
	start()
	type client struct {
		id  string
		off time.Duration // of its clock
	}
	type sending struct {
		client
		in ingest.Incoming
	}
	clocks := []time.Duration{0, time.Minute, -time.Hour, 24 * time.Hour, -10 * 365 * 24 * time.Hour, 10 * 365 * 24 * time.Hour}
	views, orders, all := map[string]int{}, map[string]int{}, map[string]bool{}
	var queue []sending
	sent, acked, repeated, restarts, jumps, late := 0, 0, 0, 0, 0, 0
	send := func(s sending) {
		sent++
		event, refused := ingest.Accept(s.in, &ingest.Who{ID: s.id}, ingest.Terms{Received: now, SentAt: ingest.Stamp(now.Add(s.off).UnixMilli()), NewID: e.NewID})
		if refused != nil {
			t.Fatal(refused.Message)
		}
		if at := event.Time; at > event.Received || at < event.Received-ingest.MaxPast.Milliseconds() || s.off != 0 && event.Stated != int64(s.in.Time) {
			t.Fatalf("%s by a clock off by %s: time %d, stated %d, received %d", event.ID, s.off, at, event.Stated, event.Received)
		}
		answer, err := e.Visit(engine.Visit{Visitor: s.id, Events: []ingest.Event{event}}, now)
		if err == nil {
			err = e.Sync()
		}
		if err != nil {
			t.Fatal(err)
		}
		acked++
		repeated += answer.Duplicates
	}
	for i := range n {
		now = now.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
		c := client{fmt.Sprintf("018f3b1e-7a00-7d10-9b1a-%012d", i%visitors), clocks[i%visitors%len(clocks)]}
		in := ingest.Incoming{ID: uuid.NewString(), Name: ingest.PageView, Time: ingest.Stamp(now.Add(c.off - time.Second).UnixMilli()), Page: &ingest.Page{URL: "https://shop.example/"}}
		if i%3 == 0 {
			in.Name, in.Properties = ingest.Purchase, json.RawMessage(fmt.Sprintf(`{"transaction_id":"T%d","value":100}`, i))
			orders[c.id]++
		} else {
			views[c.id]++
		}
		all[in.ID] = true
		send(sending{c, in})
		for range r.IntN(5) { // and up to four times more, some time later
			queue = append(queue, sending{c, in})
		}
		for len(queue) > 0 && r.IntN(3) > 0 {
			k := r.IntN(len(queue))
			send(queue[k])
			queue[k], queue = queue[len(queue)-1], queue[:len(queue)-1]
		}
		switch at := i * 12 / n; { // twelve events of the machine, evenly
		case (i+1)*12/n == at:
		case at%3 == 2:
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			restarts++
			start()
		default:
			now = now.Add([]time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour}[at*2/3%4])
			jumps++
		}
	}
	now = now.Add(3 * 24 * time.Hour) // a laptop that was shut
	for _, s := range queue {
		late++
		send(s)
	}
	s := &shop{TB: t, ledger: l}
	w, _ := s.loaded()
	lost, duplicates, unexpected, wrong := 0, 0, 0, 0
	seen := map[string]bool{}
	for i := range visitors {
		id := fmt.Sprintf("018f3b1e-7a00-7d10-9b1a-%012d", i)
		records, err := w.Visitor(t.Context(), id, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			switch id := r.Event.ID; {
			case seen[id]:
				duplicates++
			case !all[id]:
				unexpected++
			}
			seen[r.Event.ID] = true
		}
		p, err := e.Profile(id)
		if err != nil {
			t.Fatal(err)
		}
		if p.Pageviews != views[id] || p.Purchases != orders[id] || p.Revenue != float64(100*orders[id]) {
			wrong++
			t.Errorf("%s: %d views and %d purchases of %g in the profile, sent %d and %d", id, p.Pageviews, p.Purchases, p.Revenue, views[id], orders[id])
		}
	}
	for id := range all {
		if !seen[id] {
			lost++
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("fault 10 each event one to five times: sent %d of %d events, acked %d, lost %d, duplicates %d, unexpected %d, repeated and dropped %d, after three days %d, restarts %d, clock jumps %d, wrong profiles %d of %d",
		sent, n, acked, lost, duplicates, unexpected, repeated, late, restarts, jumps, wrong, visitors)
	if lost+duplicates+unexpected > 0 || repeated != sent-n || restarts < 3 || jumps < 4 {
		t.Errorf("lost %d, duplicates %d, unexpected %d, repeated %d of %d, restarts %d, jumps %d", lost, duplicates, unexpected, repeated, sent-n, restarts, jumps)
	}
}
