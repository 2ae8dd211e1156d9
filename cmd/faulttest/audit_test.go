package faulttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	native "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// Bounds on how soon all is well once the faults are over, on two cores with
// nothing else to do.
const (
	acceptedWithin = 10 * time.Second
	visibleWithin  = 30 * time.Second
)

// audit ends the load, waits until a fresh event has gone all the way, counts,
// and logs the figures in one line.
func audit(t *testing.T, l *load, number int, what string, more ...string) {
	t.Helper()
	l.stop()
	began := time.Now()
	fresh := l.fresh()
	accepted := time.Since(began)
	w := openReports(t, l.server)
	w.awaitEvent(fresh, patience)
	visible := time.Since(began)
	if long() && (accepted > acceptedWithin || visible > visibleWithin) {
		t.Errorf("a fresh event was accepted after %s and visible after %s", accepted, visible)
	}

	m := l.oracle.recall()
	rows := w.rows()
	lost, duplicates, unexpected, decisions := 0, 0, 0, 0
	seen := map[string]bool{}
	for _, r := range rows {
		if l.others && !slices.Contains(l.visitors, r.visitor) {
			continue
		}
		switch {
		case seen[r.id]:
			duplicates++
		case strings.HasPrefix(r.name, "omo_") || r.name == "identify": // the server's own
			if r.name == "omo_decision" {
				decisions++
			}
		case !m.sent[r.id]:
			unexpected++
		}
		seen[r.id] = true
	}
	for id := range m.acked {
		if !seen[id] {
			lost++
		}
	}
	if decisions > m.decides && !l.sends {
		unexpected += decisions - m.decides
	}
	l.profiles(rows, m)
	l.server.sound()
	t.Logf("fault %d %s: sent %d, acked %d, lost %d, duplicates %d, unexpected %d, requests %d, without a 200 %d%s, sent home busy %d, once more after one %d, rows sent twice and collapsed %d, accepted after %s, visible after %s%s",
		number, what, len(m.sent), len(m.acked), lost, duplicates, unexpected, l.requests.Load(), l.failed.Load(), &l.unwell, l.home.Load(), l.again.Load(), w.raw()-len(rows),
		accepted.Round(time.Millisecond), visible.Round(time.Millisecond), strings.Join(append([]string{""}, more...), ", "))
	if lost+duplicates+unexpected > 0 {
		t.Errorf("lost %d, duplicates %d, unexpected %d: each must be 0", lost, duplicates, unexpected)
	}
	if len(m.acked) < 200 || l.again.Load() == 0 && !l.once {
		t.Errorf("only %d events were acknowledged and %d requests sent again: that proves little", len(m.acked), l.again.Load())
	}
}

// fresh sends one more event, which must be accepted soon.
func (l *load) fresh() string {
	l.t.Helper()
	c, id := newClient(99), uuid.Must(uuid.NewV7()).String()
	raw := fmt.Appendf(nil, `{"visitor":{"id":%q},"consent":"granted","events":[{"id":%q,"name":"login"}]}`, l.visitors[0], id)
	l.oracle.sending(id)
	eventually(l.t, patience, "a fresh event is accepted", func() bool {
		status, _, _, err := c.post(l.t.Context(), l.server.url(), "/v1/events", raw)
		return err == nil && status == http.StatusOK
	})
	l.oracle.acked(id)
	return id
}

// profiles checks that each visitor's profile holds what ClickHouse has of it, and
// of the person's other browsers if it shares one, each event once, and the person
// whom an acknowledged identify told.
func (l *load) profiles(rows []row, m memory) {
	l.t.Helper()
	views, purchases := map[string]int{}, map[string]int{}
	for _, r := range rows {
		switch r.name {
		case "page_view":
			views[r.visitor]++
		case "purchase":
			purchases[r.visitor]++
		}
	}
	c := newClient(98)
	for _, visitor := range l.visitors {
		status, _, answer, err := c.do(l.t.Context(), http.MethodGet, l.server.url(), "/v1/visitors/"+visitor, nil, secretKey)
		var got struct {
			Browsers []string
			Profile  struct {
				UserID               string `json:"user_id"`
				Pageviews, Purchases int
			}
		}
		if err != nil || status != http.StatusOK || json.Unmarshal(answer, &got) != nil {
			if len(rows) > 0 && views[visitor]+purchases[visitor] == 0 {
				continue // it never sent anything
			}
			l.t.Errorf("visitor %s: %d, %v: %.300s", visitor, status, err, answer)
			continue
		}
		if got.Browsers == nil {
			got.Browsers = []string{visitor}
		}
		viewed, bought := 0, 0
		for _, browser := range got.Browsers {
			viewed, bought = viewed+views[browser], bought+purchases[browser]
		}
		if p := got.Profile; p.Pageviews != viewed || p.Purchases != bought || m.users[visitor] != "" && p.UserID != m.users[visitor] {
			l.t.Errorf("visitor %s: the profile of %d browsers has %d page views, %d purchases and person %q; ClickHouse %d and %d, acknowledged %q",
				visitor, len(got.Browsers), p.Pageviews, p.Purchases, p.UserID, viewed, bought, m.users[visitor])
		}
	}
}

// reports is the server's own ClickHouse, asked directly.
type reports struct {
	t    *testing.T
	conn driver.Conn
}

func openReports(t *testing.T, s *server) reports {
	t.Helper()
	dsn, err := clickhouse.Find(filepath.Join(s.data(), "clickhouse"))
	if err != nil {
		t.Fatal(err)
	}
	options, err := native.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := native.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return reports{t, conn}
}

// awaitEvent waits until reports have an event.
func (r reports) awaitEvent(id string, within time.Duration) {
	r.t.Helper()
	var last error
	deadline := time.Now().Add(within)
	for {
		var n uint64
		last = r.conn.QueryRow(r.t.Context(), "SELECT count() FROM events WHERE event_id = ?", id).Scan(&n)
		if last == nil && n > 0 {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("not within %s: event %s is in ClickHouse (%v)", within, id, last)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// row is an event as reports have it.
type row struct{ id, name, visitor string }

func (r reports) rows() []row {
	r.t.Helper()
	got, err := r.conn.Query(r.t.Context(), "SELECT toString(event_id), toString(name), visitor_id FROM events")
	if err != nil {
		r.t.Fatal(err)
	}
	defer got.Close()
	var all []row
	for got.Next() {
		var one row
		if err := got.Scan(&one.id, &one.name, &one.visitor); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := got.Err(); err != nil {
		r.t.Fatal(err)
	}
	return all
}

// raw is how many rows the table has, before those of one event collapse.
func (r reports) raw() int {
	r.t.Helper()
	var n uint64
	if err := r.conn.QueryRow(r.t.Context(), "SELECT count() FROM event_log").Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return int(n)
}
