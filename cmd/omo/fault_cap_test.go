package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// While ClickHouse is away events are taken up to the cap and then refused;
// decisions go on, reports say why they cannot.
func TestFaultLedgerCap(t *testing.T) {
	t.Parallel()
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away", Cap: 2 << 20})
	o := newFiller(t, c)
	status := 0
	for n := 0; status != http.StatusServiceUnavailable && n < 100; n++ {
		status = o.post("v1")
	}
	if room := a.ledger.Room(); status != http.StatusServiceUnavailable || room.Events > room.Cap || room.Events < room.Cap*9/10 {
		t.Errorf("the last answer was %d, with %d bytes of %d", status, room.Events, room.Cap)
	}
	o.decides("at the cap")
	if text := readyText(t, c); !strings.Contains(text, "--ledger-cap") {
		t.Errorf("readiness says %s", text)
	}
	err := c.call(t.Context(), "/v1/campaigns/hello/results", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "503 unavailable") {
		t.Errorf("reports say %v", err)
	}
	t.Logf("fault 7 ledger cap: sent %d, acked %d, refused %d", len(o.sent), len(o.acked), o.refused.Load())
}

// Once ClickHouse takes events, room comes back by itself: what is loaded is
// trimmed, and many times the cap goes through.
func TestFaultLedgerCapMakesRoom(t *testing.T) {
	t.Parallel()
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), Cap: 2 << 20})
	o := newFiller(t, c)
	const batches = 120 // of 50 KiB: three times the cap
	taken := 0
	eventually(t, "all events are taken", func() bool {
		for taken < batches {
			if o.post(fmt.Sprint("v", taken%7)) != http.StatusOK {
				return false
			}
			taken++
		}
		return true
	})
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	there, err := a.warehouse.Known(t.Context(), slices.Collect(maps.Keys(o.acked)))
	if err != nil {
		t.Fatal(err)
	}
	lost := len(o.acked) - len(there)
	if lost != 0 {
		t.Errorf("%d of %d acknowledged events are not in ClickHouse", lost, len(o.acked))
	}
	eventually(t, "the ledger is small again", func() bool { return !a.ledger.Room().Tight() })
	t.Logf("fault 7 ledger cap makes room: sent %d, acked %d, refused %d, lost %d", len(o.sent), len(o.acked), o.refused.Load(), lost)
}
