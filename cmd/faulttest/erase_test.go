package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// victim is a visitor that goes on sending while it is erased, and after.
type victim struct {
	load *load
	id   string

	acked, refused, after atomic.Int64 // events with a 200, refused as erased, and accepted though erased
	asked                 atomic.Bool  // the erasure was or will be asked for
	erased                atomic.Bool  // the erasure was answered: nothing may be taken from here on
}

// newVictim sends until the load stops: batches of several events, some under
// ids that were accepted already, and decides before it is erased.
func newVictim(l *load, senders *sync.WaitGroup, ctx context.Context, seed uint64) *victim {
	v := &victim{load: l, id: uuid.Must(uuid.NewV7()).String()}
	c := newClient(seed)
	senders.Go(func() {
		for ctx.Err() == nil {
			v.send(ctx, c)
			rest(ctx, 10*time.Millisecond)
		}
	})
	return v
}

func (v *victim) send(ctx context.Context, c *client) {
	var events []object
	for range 1 + c.rand.IntN(4) {
		events = append(events, event(c.rand, uuid.Must(uuid.NewV7()).String(), v.id))
	}
	path, body := "/v1/events", object{"consent": "granted", "events": events}
	if c.rand.IntN(3) == 0 && v.refused.Load() == 0 && !v.asked.Load() { // once erased it would become another visitor
		path = "/v1/decide"
		body["visitor"], body["page"] = object{"id": v.id}, object{"url": "https://shop.example/"}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		v.load.t.Error(err)
		return
	}
	erased := v.erased.Load() // before it is sent
	status, _, answer, err := c.post(ctx, v.load.server.url(), path, raw)
	switch {
	case err != nil, status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
	case status == http.StatusOK && erased:
		v.after.Add(1)
	case status == http.StatusOK:
		v.acked.Add(int64(len(events)))
	case status == http.StatusBadRequest && strings.Contains(string(answer), `"code":"erased"`):
		v.refused.Add(int64(len(events)))
	default:
		v.load.t.Errorf("an event of a visitor that is being erased: %d %s", status, answer)
	}
}

// flow waits for more events to be taken.
func (v *victim) flow(n int64) {
	v.load.t.Helper()
	want := v.acked.Load() + n
	eventually(v.load.t, patience, "more events of the visitor are taken", func() bool { return v.acked.Load() >= want })
}

// settled lets the last decide end: one that an erasure overtakes would be of
// a new visitor, whom nobody counts.
func (v *victim) settled() {
	v.asked.Store(true)
	v.flow(10)
}

// eraseOnce asks once for the erasure and gives the receipt's status, "" for
// no answer.
func (v *victim) eraseOnce(c *client) string {
	status, _, answer, err := c.do(v.load.t.Context(), http.MethodDelete, v.load.server.url(), "/v1/visitors/"+v.id, nil, secretKey)
	if err != nil {
		return ""
	}
	var got struct{ Status string }
	if err := json.Unmarshal(answer, &got); err != nil || status != http.StatusOK && status != http.StatusAccepted {
		if status != http.StatusServiceUnavailable {
			v.load.t.Errorf("erase: %d %s", status, answer)
		}
		return ""
	}
	v.erased.Store(true)
	return got.Status
}

// erase asks until it is done.
func (v *victim) erase() {
	v.load.t.Helper()
	c := newClient(77)
	eventually(v.load.t, patience, "the visitor is erased", func() bool { return v.eraseOnce(c) == "done" })
}

// While visitors send, and others, and the loader runs, they are erased: asked
// plainly, with the server killed somewhere in the middle, and killed just behind
// the tombstones. Nothing of them is left anywhere; of the others nothing is missing.
func TestFault13ErasureUnderLoad(t *testing.T) {
	t.Parallel()
	s := serve(t)
	l := newLoad(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	var senders sync.WaitGroup
	defer func() { cancel(); senders.Wait() }()
	var victims []*victim
	kills := 0
	for n := range rounds(6, 20) {
		v := newVictim(l, &senders, ctx, uint64(1000+n))
		victims = append(victims, v)
		v.flow(20 + rand.Int64N(100))
		v.settled()
		switch n % 3 {
		case 0:
			v.erase()
		case 1:
			asked := make(chan struct{})
			go func() { defer close(asked); v.eraseOnce(newClient(78)) }()
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) // the moment is left to chance
			s.kill()
			<-asked
			kills++
			s.start()
			v.erase()
		case 2:
			s.kill()
			s.start("OMO_CRASH_AT=erase.middle:1")
			v.flow(5)
			c := newClient(79)
			eventually(t, patience, "the erasure is begun", func() bool { v.eraseOnce(c); return !s.running() }) // a busy server sends it home
			s.awaitKilled(patience, "the server kills itself behind the tombstone")
			kills += 2
			v.erased.Store(true) // never answered, and durable all the same
			s.start()
			v.erase()
		}
		l.flow(50)
	}
	refused := int64(0)
	for _, v := range victims { // they go on for a while, and the loader too
		want := v.refused.Load() + 20
		eventually(t, patience, "the erased go on sending", func() bool { return v.refused.Load() >= want })
		refused += v.refused.Load()
	}
	cancel()
	senders.Wait()
	left, acked := 0, int64(0)
	audit(t, l, 13, fmt.Sprintf("%d visitors erased under load, all others", len(victims)), fmt.Sprintf("kills %d", kills))
	w := openReports(t, s)
	for _, when := range []string{"at once", "after a merge of all parts"} {
		for _, v := range victims {
			if n := w.about(v.id); n > 0 {
				t.Errorf("%s: %d rows tell of the erased visitor %s", when, n, v.id)
				left += int(n)
			}
		}
		if err := w.conn.Exec(t.Context(), "OPTIMIZE TABLE event_log FINAL"); err != nil {
			t.Fatal(err)
		}
	}
	c := newClient(80)
	for _, v := range victims {
		acked += v.acked.Load()
		if n := v.after.Load(); n > 0 {
			t.Errorf("%d batches of %s were accepted after its erasure was answered", n, v.id)
		}
		for _, path := range []string{"/v1/visitors/" + v.id, "/v1/visitors/" + v.id + "/export"} {
			if status, _, answer, err := c.do(t.Context(), http.MethodGet, s.url(), path, nil, secretKey); err != nil || status != http.StatusNotFound {
				t.Errorf("GET %s: %d %v %.300s", path, status, err, answer)
			}
		}
	}
	s.stop()
	kept := inLedger(t, s)
	for _, v := range victims {
		left += kept[v.id]
		if kept[v.id] > 0 {
			t.Errorf("%d events of the erased visitor %s are in the ledger", kept[v.id], v.id)
		}
	}
	t.Logf("fault 13 erasure: visitors %d, their events taken before %d, left anywhere %d, refused after %d, kills %d", len(victims), acked, left, refused, kills)
	if len(kept) < len(l.visitors)/2 {
		t.Errorf("the ledger has events of %d visitors only: that proves little", len(kept))
	}
}

// about counts the rows, of every table with visitors, that hold an id anywhere.
func (r reports) about(id string) uint64 {
	r.t.Helper()
	rows, err := r.conn.Query(r.t.Context(), `SELECT DISTINCT table FROM system.columns
		WHERE database = currentDatabase() AND name = 'visitor_id' AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')`)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	total, tables := uint64(0), 0
	for rows.Next() {
		var table string
		var n uint64
		if err := rows.Scan(&table); err != nil {
			r.t.Fatal(err)
		}
		if err := r.conn.QueryRow(r.t.Context(), "SELECT count() FROM "+table+" WHERE position(toString(tuple(*)), ?) > 0", id).Scan(&n); err != nil {
			r.t.Fatal(err)
		}
		total, tables = total+n, tables+1
	}
	if tables == 0 {
		r.t.Fatal("no table has visitors")
	}
	return total
}

// inLedger counts the events in a stopped server's ledger, by visitor.
func inLedger(t *testing.T, s *server) map[string]int {
	t.Helper()
	l, err := ledger.Open(filepath.Join(s.data(), "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out := map[string]int{}
	for after := uint64(0); ; {
		records, err := l.Read(t.Context(), after, l.Last(), 5000)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return out
		}
		for _, r := range records {
			out[r.Event.Visitor]++
			after = r.Event.Seq
		}
	}
}
