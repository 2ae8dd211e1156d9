package presence_test

import (
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/presence"
	"github.com/omotenashi-web/omotenashi/engine"
)

// Who is silent for five minutes has gone whether or not somebody looks: for a
// heartbeat, for a click on the row, and for the visit that comes next.
func TestLeavingUnseen(t *testing.T) {
	t.Parallel()
	gone := func() *watched {
		w := opened()
		return w.sees("ann", engine.Standing{User: "u1"}, "/a", "add_to_cart").pass(presence.Stay)
	}
	if w := gone(); w.Heard("ann", w.now) {
		t.Error("heard, and here again")
	}
	w := gone()
	if row, here := w.Of("ann", w.now); here {
		t.Errorf("here as %+v", row)
	}
	w = gone()
	w.sees("ann", engine.Standing{}, "/b")
	if row, here := w.Of("ann", w.now); !here || row.Row != 2 || row.Did != "" || row.Step != presence.Looking {
		t.Errorf("come again as %+v, %t", row, here)
	}
	// Somebody else's visit, in whatever shard, lets her go.
	w = gone()
	w.sees("bob", engine.Standing{}, "/a")
	before := w.now.Add(-time.Second)
	if row, here := w.Of("ann", before); here {
		t.Errorf("kept with nobody looking: %+v", row)
	}
	// Taken out, but not for good.
	w = opened().sees("ann", engine.Standing{}, "/a")
	w.Leave("ann")
	if got := w.order(""); got != "" {
		t.Errorf("after leaving: %q", got)
	}
	if got := w.sees("ann", engine.Standing{}, "/a").order(""); got != "ann" {
		t.Errorf("come again: %q", got)
	}
}
