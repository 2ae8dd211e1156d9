package engine_test

import (
	"testing"

	"github.com/omotenashi-web/omotenashi/engine"
)

// Who did something on a screen is told so once it is on disk.
func TestAnAuditIsDurable(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l, "id: welcome\nstatus: live\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	if err := e.Audit(engine.Change{Who: "hanako", Role: "edit", What: "invite", Of: "welcome", At: dawn}); err != nil {
		t.Fatal(err)
	}
	if l.Durable() != l.Last() {
		t.Errorf("the ledger has %d visits, and %d are durable", l.Last(), l.Durable())
	}
}
