package engine_test

import (
	"fmt"
	"slices"
	"testing"
)

// A rule that fails switches its own campaign off for this one request, which
// is said; the campaigns beside it, in its slot as well, come as without it.
func TestFailingRuleTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	campaign := func(id, more string) string {
		return "id: " + id + "\nstatus: live\n" + more + "\nvariants: [{id: a, weight: 1, action: " + banner + "}]"
	}
	bad := []string{
		campaign("fails", "slot: modal\npriority: 9\nwhen: 'split(page.path, \"/\")[9] == \"\"'"),
		campaign("divides", "when: visitor.visits % (visitor.visits - 1) == 1"),
	}
	sound := []string{campaign("modal", "slot: modal"), campaign("bar", "slot: bar\nwhen: device.type == \"mobile\""), campaign("never", "when: visitor.visits > 5")}
	decided := func(campaigns ...string) (offers, degraded []string) {
		e := started(t, newLedger(t), campaigns...)
		answer, err := e.Visit(asked(e, "somebody", dawn), dawn)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range answer.Decision.Offers {
			offers = append(offers, o.Campaign.ID)
		}
		return offers, answer.Decision.Degraded
	}
	want, none := decided(sound...)
	got, degraded := decided(slices.Concat(bad, sound)...)
	if fmt.Sprint(want) != "[bar modal]" || none != nil || !slices.Equal(got, want) {
		t.Errorf("offered %v, without the bad ones %v", got, want)
	}
	if fmt.Sprint(degraded) != "[rule of fails failed rule of divides failed]" {
		t.Errorf("degraded %q", degraded)
	}
}
