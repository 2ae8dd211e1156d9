package outbox_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

// What was given up longest ago makes room for what is yet to be sent, and for
// nothing else: the newer of it stays to be looked at.
func TestWhatWasGivenUpMakesRoom(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	narrow, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler), Patience: time.Minute, Letters: 16})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := narrow.Close(); err != nil {
			t.Error(err)
		}
	}()
	p.ledger = narrow
	r.answer(func(*received) int { return http.StatusGone })
	metrics := prometheus.NewRegistry()
	b := p.box(func(o *outbox.Options) { r.allow(o); o.Metrics = metrics })
	for i := range 15 {
		p.hand(engine.Letter{ID: fmt.Sprint("z-", 99-i), Kind: "webhook", Campaign: "c", At: p.clock().UnixMilli(), URL: r.URL})
		p.pass(time.Minute)
	}
	p.runs(b, func() bool { now := p.ledger.Letters(); return now.Count == 13 && now.GivenUp == 13 })
	var left []string
	for _, e := range p.list(b) {
		left = append(left, e.ID)
	}
	if slices.Contains(left, "z-98") || !slices.Contains(left, "z-97") || len(left) != 13 {
		t.Errorf("left are %v", left)
	}
	if err := testutil.GatherAndCompare(metrics, strings.NewReader(`
# HELP omo_outbox_forgotten_total Webhooks and e-mails that were given up and are forgotten: for their age (30 days), or for room.
# TYPE omo_outbox_forgotten_total counter
omo_outbox_forgotten_total{why="room"} 2
# HELP omo_outbox_given_up Webhooks and e-mails that were given up and are kept to be looked at.
# TYPE omo_outbox_given_up gauge
omo_outbox_given_up 13
# HELP omo_outbox_waiting Webhooks and e-mails that are to be sent.
# TYPE omo_outbox_waiting gauge
omo_outbox_waiting 0
# HELP omo_outbox_max Bound of both together; at it events that send something are refused.
# TYPE omo_outbox_max gauge
omo_outbox_max 16
`), "omo_outbox_forgotten_total", "omo_outbox_given_up", "omo_outbox_waiting", "omo_outbox_max"); err != nil {
		t.Error(err)
	}
}

// What was given up is kept for 30 days and no longer, however much there is, and
// also where no server runs for an hour.
func TestWhatWasGivenUpIsForgottenAfterThirtyDays(t *testing.T) {
	t.Parallel()
	p := open(t)
	const many = 10_001
	young, old := p.clock().AddDate(0, 0, -30).Add(time.Second), p.clock().AddDate(0, 0, -30)
	out := make([]ledger.Outgoing, many+2)
	for i := range out {
		at := young
		if i >= many { // their ids are the last
			at = old
		}
		out[i] = ledger.Outgoing{Due: ledger.Never, ID: fmt.Sprintf("l%05d", i), Body: fmt.Appendf(nil, `{"kind":"webhook","at":%d}`, at.UnixMilli())}
	}
	out[many].Body = fmt.Appendf(nil, `{"kind":"webhook","at":1,"since":%d}`, young.UnixMilli()) // tried by hand
	if _, err := p.ledger.Commit(ledger.Visit{Out: out}); err != nil {
		t.Fatal(err)
	}
	p.runs(p.box(nil), func() bool { return p.ledger.Letters().Count <= many+1 })
	if there, err := p.ledger.GivenUp(fmt.Sprintf("l%05d", many+1)); len(there) != 0 || err != nil || p.ledger.Letters().Count != many+1 {
		t.Errorf("the old one: %v, %v; there are %+v", there, err, p.ledger.Letters())
	}
}

// However much was given up, it is the oldest of all that makes room.
func TestTheOldestOfMuchMakesRoom(t *testing.T) {
	t.Parallel()
	const many = 14_000
	narrow, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler), Patience: time.Minute, Letters: 15_200})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := narrow.Close(); err != nil {
			t.Error(err)
		}
	}()
	p := open(t)
	p.ledger = narrow
	out := make([]ledger.Outgoing, many)
	for i := range out { // the last id is the oldest
		out[i] = ledger.Outgoing{Due: ledger.Never, ID: fmt.Sprintf("l%05d", i), Body: fmt.Appendf(nil, `{"kind":"webhook","at":%d}`, p.clock().UnixMilli()-int64(i))}
	}
	if _, err := p.ledger.Commit(ledger.Visit{Out: out}); err != nil {
		t.Fatal(err)
	}
	b := p.box(nil)
	p.runs(b, func() bool { return p.ledger.Letters().Count < many })
	if n := p.ledger.Letters().Count; n != 15_200/16*13 {
		t.Errorf("%d are left", n)
	}
	for id, want := range map[string]int{"l00000": 1, "l12349": 1, "l12350": 0, "l13999": 0} {
		if there, err := p.ledger.GivenUp(id); len(there) != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", id, len(there), err, want)
		}
	}
}

// All that was given up is tried again, a part at a time; one by its id, wherever
// it stands.
func TestMuchIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := open(t)
	b := p.box(nil)
	out := make([]ledger.Outgoing, 502)
	for i := range out {
		out[i] = ledger.Outgoing{Due: ledger.Never, ID: fmt.Sprintf("l%03d", i), Body: []byte(`{"kind":"webhook"}`)}
	}
	if _, err := p.ledger.Commit(ledger.Visit{Out: out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		id   string
		n    int
		more bool
	}{{"l501", 1, false}, {"l501", 0, false}, {"", 500, true}, {"", 1, false}, {"", 0, false}} {
		if n, more, err := b.Retry(want.id); n != want.n || more != want.more || err != nil {
			t.Errorf("retry %q: %d, %t, %v", want.id, n, more, err)
		}
	}
	if now := p.ledger.Letters(); now.Count != 502 || now.GivenUp != 0 {
		t.Errorf("%+v", now)
	}
}
