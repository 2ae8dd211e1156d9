package profile

import (
	"fmt"
	"testing"
	"time"
)

// A thank-you page that is opened again sends its purchase again: that is no
// second purchase, so it ends no wait and begins none.
func TestAPurchaseSentAgainIsNotWhatIsAwaited(t *testing.T) {
	t.Parallel()
	waits := Terms{Gap: 30 * time.Minute, Absences: []Absence{
		{Campaign: "left", Event: "purchase", After: "add_to_cart", Within: time.Hour},
		{Campaign: "review", Event: "sign_up", After: "purchase", Within: time.Hour},
	}}
	p := New("v")
	for _, line := range []string{
		`0m purchase {"transaction_id":"t1"}`,
		`5m add_to_cart {"value":100}`,
		`10m purchase {"transaction_id":"t1"}`,
	} {
		e := told(t, line)
		e.Received = e.Time
		Fold(p, &e, waits)
	}
	got := ""
	for _, campaign := range []string{"left", "review"} {
		got += fmt.Sprintf("%s until %s; ", campaign, minutes(p.Pending[campaign]))
	}
	equal(t, got, "left until 1h5m0s; review until 1h0m0s; ")
	e := told(t, `20m purchase {"transaction_id":"t2"}`)
	e.Received = e.Time
	Fold(p, &e, waits)
	if _, still := p.Pending["left"]; still {
		t.Error("a new purchase ends no wait")
	}
}
