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

// Whom a change was of is told alike each time, and by a name that nobody can work
// out who has the id and not the server's key.
func TestADisguiseNeedsTheServersKey(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	with := func(key, kind, id string) string {
		return engine.New(engine.Options{Store: l, Key: []byte("token"), Tombs: []byte(key)}).Disguise(kind, id)
	}
	name := with("a", "visitor", "v1")
	if again := with("a", "visitor", "v1"); again != name {
		t.Errorf("%s, and then %s", name, again)
	}
	for what, other := range map[string]string{"key": with("b", "visitor", "v1"), "kind": with("a", "user", "v1"), "id": with("a", "visitor", "v2")} {
		if other == name {
			t.Errorf("another %s gives the same name %s", what, name)
		}
	}
}
