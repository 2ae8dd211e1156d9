package warehouse_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// What cannot be counted is refused in words that say what to do, before
// ClickHouse is asked.
func TestWhatCannotBeCounted(t *testing.T) {
	t.Parallel()
	w, err := warehouse.Open(t.Context(), "clickhouse://127.0.0.1:1/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for want, q := range map[string]warehouse.Query{
		"results of which campaign? name one": {},
		"results of c: a window of -1h0m0s holds no event; give it a millisecond at least, such as 72h": {Campaign: "c", Window: -time.Hour},
		"results of c: a window of 1ns holds no event; give it a millisecond at least, such as 72h":     {Campaign: "c", Window: 1},
		"results of c: a past of -1s lies ahead; give a length of time, or none":                        {Campaign: "c", Past: -time.Second},
	} {
		if _, err := w.Results(t.Context(), q); err == nil || err.Error() != want {
			t.Errorf("results: %v, want %s", err, want)
		}
		if _, err := w.Daily(t.Context(), q, "UTC"); err == nil || err.Error() != want {
			t.Errorf("daily: %v, want %s", err, want)
		}
	}
	if _, err := w.Breakdown(t.Context(), warehouse.Query{Campaign: "c"}, "mood"); err == nil ||
		err.Error() != `results of c by "mood": there are device, visitor, channel and rank` {
		t.Errorf("breakdown: %v", err)
	}
	if _, err := w.Daily(t.Context(), warehouse.Query{Campaign: "c"}, "Mars/Base"); err == nil ||
		err.Error() != `results of c by day: the time zone "Mars/Base" is not known; name one as Asia/Tokyo or UTC` {
		t.Errorf("daily: %v", err)
	}
}

// A phase is asked for as offers and decisions tell it: of a bandit with the period,
// which belongs to the phase.
func TestAPeriodIsAskedForByItsPhase(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"results": warehouse.SQL(warehouse.Query{Campaign: "c", Phase: "8f14e45f-12/3"}),
		"funnel":  warehouse.FunnelSQL(warehouse.FunnelQuery{Campaign: "c", Phase: "8f14e45f-12/3"}),
	} {
		if !strings.Contains(sql, "'8f14e45f-12'") || strings.Contains(sql, "8f14e45f-12/3") {
			t.Errorf("%s does not ask for the phase alone", name)
		}
	}
}
