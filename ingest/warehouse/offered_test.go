package warehouse_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Visitors count once, where they were first offered the variant; control, other
// variants, campaigns and reasons do not.
func TestOffered(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	week := time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
	var rows []warehouse.Row
	decided := func(visitor string, at time.Time, outcomes ...ingest.Outcome) {
		raw, err := json.Marshal(ingest.Properties{DecisionID: id(uint64(100 + len(rows))), Outcomes: outcomes})
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(len(rows) + 1)
		rows = append(rows, row(t, ingest.Event{ID: id(n), Visitor: visitor, Name: ingest.Decision, Time: at.UnixMilli(), Received: at.UnixMilli(), Seq: n, Properties: raw}))
	}
	own := ingest.Outcome{Campaign: "gift", Reason: "offered", Variant: "own"}
	other := ingest.Outcome{Campaign: "other", Reason: "offered", Variant: "own"}
	decided("ann", week.Add(-time.Hour), own)
	decided("ann", week.Add(time.Hour), other, own)
	decided("bob", week, own)
	decided("bob", week.Add(time.Hour), own)
	decided("eve", week.Add(time.Hour), ingest.Outcome{Campaign: "gift", Reason: "control", Variant: "control"})
	decided("joe", week.Add(time.Hour), ingest.Outcome{Campaign: "gift", Reason: "coupon_out"}, other)
	decided("kim", week.Add(time.Hour), ingest.Outcome{Campaign: "gift", Reason: "shadow", Variant: "own"})
	if err := w.Insert(t.Context(), "one", rows); err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[[2]string]string{{"gift", "own"}: "2 1", {"gift", "control"}: "0 0", {"other", "own"}: "2 2", {"none", "own"}: "0 0"} {
		ever, lately, err := w.Offered(t.Context(), asked[0], asked[1], week)
		if got := fmt.Sprint(ever, lately); got != want || err != nil {
			t.Errorf("%v: %s, %v; want %s", asked, got, err, want)
		}
	}
}
