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
	narrow, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler), Letters: 16})
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
	p.runs(b, func() bool { now := p.ledger.Letters(); return now.Count == 14 && now.GivenUp == 14 })
	var left []string
	for _, e := range p.list(b) {
		left = append(left, e.ID)
	}
	if slices.Contains(left, "z-99") || !slices.Contains(left, "z-98") || len(left) != 14 {
		t.Errorf("left are %v", left)
	}
	if err := testutil.GatherAndCompare(metrics, strings.NewReader(`
# HELP omo_outbox_forgotten_total Webhooks and e-mails that were given up and are forgotten: for their age (30 days), or for room.
# TYPE omo_outbox_forgotten_total counter
omo_outbox_forgotten_total{why="room"} 1
# HELP omo_outbox_given_up Webhooks and e-mails that were given up and are kept to be looked at.
# TYPE omo_outbox_given_up gauge
omo_outbox_given_up 14
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
