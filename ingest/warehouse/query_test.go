package warehouse_test

import (
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
