package ledger

import (
	"path/filepath"
	"testing"
)

// backedUp is a ledger that had codes as free which it has told since: of A to F,
// of which v1 had A, v2 gets B, v3 gets C and v1's A is redeemed; v4 is erased
// when it has D; G is new and v5 has it.
func backedUp(t *testing.T) (backup, later *Ledger) {
	t.Helper()
	later = fresh(t)
	stock(t, later, "ten", "A", "B", "C", "D", "E", "F")
	stock(t, later, "tenth", "T")
	claims(t, later, "ten", "c", "v1", "A")
	dir := filepath.Join(t.TempDir(), "ledger")
	if err := later.Checkpoint(dir); err != nil {
		t.Fatal(err)
	}
	claims(t, later, "ten", "c", "v2", "B")
	claims(t, later, "ten", "c", "v3", "C")
	claims(t, later, "ten", "c", "v4", "D")
	if err := forget(later, "v4"); err != nil {
		t.Fatal(err)
	}
	stock(t, later, "ten", "A", "B", "C", "D", "G")
	claims(t, later, "ten", "c", "v5", "G")
	redeem(t, later, "ten", "A", 7)
	return opened(t, dir), later
}

func redeem(t *testing.T, l *Ledger, pool, text string, at int64) {
	t.Helper()
	r, known, err := l.Given(pool, text)
	if !known || err != nil {
		t.Fatalf("%s was not given, %v", text, err)
	}
	r.Redeemed = at
	v := numbered("shop", 3)
	v.Redeemed = &r
	commit(t, l, v)
}

// Where the later ledger is there, each code is whose it was, no visitor gets
// another one, and what was free in both is free.
func TestCodesTakenOverFromTheLaterLedger(t *testing.T) {
	t.Parallel()
	l, later := backedUp(t)
	defer closed(t, l)
	if n, err := l.Inherit(later); n != 4 || err != nil { // B, C, D, G
		t.Errorf("%d codes are taken over, %v", n, err)
	}
	stock(t, l, "ten", "A", "B", "C", "D", "E", "F", "G", "H")
	stock(t, l, "tenth", "T")
	tallies(t, l, "ten", "{Left:3 Claimed:5 Redeemed:1 Withdrawn:0 Aside:0 Week:5}")
	claims(t, l, "ten", "c", "v1", "A")
	claims(t, l, "ten", "c", "v2", "B")
	claims(t, l, "ten", "c", "v3", "C")
	claims(t, l, "ten", "c", "v5", "G")
	claims(t, l, "ten", "c", "v4", "E")
	claims(t, l, "ten", "c", "v6", "F")
	claims(t, l, "ten", "c", "v7", "H")
	claims(t, l, "ten", "c", "v8", "none")
	claims(t, l, "tenth", "c", "v9", "T")
	if r, known, err := l.Given("ten", "A"); !known || err != nil || r.Redeemed != 7 || r.Visitor != "v1" {
		t.Errorf("A: %+v, %t, %v", r, known, err)
	}
	if r, known, err := l.Given("ten", "D"); !known || err != nil || r.Visitor != "" || r.Anybody() {
		t.Errorf("D: %+v, %t, %v", r, known, err)
	}
	if n, err := l.Inherit(later); n != 0 || err != nil {
		t.Errorf("a second time %d are taken over, %v", n, err)
	}
}

// Where nobody knows which codes were told, none that may have been is given,
// over restarts and new files; a shop redeems it all the same; and people who know
// more let it free.
func TestCodesSetAside(t *testing.T) {
	t.Parallel()
	l, _ := backedUp(t)
	codes, err := l.SetAside()
	if err != nil || len(codes) != 2 || codes["ten"] != 5 || codes["tenth"] != 1 {
		t.Errorf("%v, %v", codes, err)
	}
	dir := l.dir
	closed(t, l)
	l = opened(t, dir)
	stock(t, l, "ten", "A", "B", "C", "D", "E", "F", "G") // killed before the pools were all taken in
	closed(t, l)
	l = opened(t, dir)
	defer func() { closed(t, l) }()
	stock(t, l, "ten", "A", "B", "C", "D", "E", "F", "G")
	stock(t, l, "tenth", "T", "U")
	if err := l.Settled(); err != nil {
		t.Fatal(err)
	}
	tallies(t, l, "ten", "{Left:0 Claimed:1 Redeemed:0 Withdrawn:0 Aside:6 Week:1}")
	tallies(t, l, "tenth", "{Left:0 Claimed:0 Redeemed:0 Withdrawn:0 Aside:2 Week:0}")
	claims(t, l, "ten", "c", "v1", "A")
	claims(t, l, "ten", "c", "v2", "none")
	stock(t, l, "ten", "A", "B", "C", "D", "E", "F", "G", "H") // what is new by now is free
	claims(t, l, "ten", "c", "v2", "H")
	stock(t, l, "ten", "A", "C", "D", "E", "F", "G", "H")
	redeem(t, l, "ten", "B", 8) // told once, and gone from the file
	if r, known, err := l.Given("ten", "B"); !known || err != nil || r.Redeemed != 8 || r.Anybody() {
		t.Errorf("B, redeemed: %+v, %t, %v", r, known, err)
	}
	tallies(t, l, "ten", "{Left:0 Claimed:3 Redeemed:1 Withdrawn:0 Aside:5 Week:2}")

	if n, err := l.Release("ten", 3); n != 2 || err != nil { // C, D and E stay
		t.Errorf("%d are free, %v", n, err)
	}
	tallies(t, l, "ten", "{Left:2 Claimed:3 Redeemed:1 Withdrawn:0 Aside:3 Week:2}")
	picked, err := l.Pick(Claim{Pool: "ten", Visitor: "v3", Campaign: "c"})
	if err != nil || picked.Code != "F" {
		t.Fatalf("%+v, %v", picked, err)
	}
	if n, err := l.Release("ten", 2); n != 1 || err != nil { // E, which lies before what is in a visit's hands
		t.Errorf("%d are free, %v", n, err)
	}
	claims(t, l, "ten", "c", "v4", "E")
	claims(t, l, "ten", "c", "v5", "G")
	claims(t, l, "ten", "c", "v6", "none")
	l.Unpick([]Claim{picked})
	claims(t, l, "ten", "c", "v6", "F")
	for pool, want := range map[string]int{"ten": 2, "unknown": 0} {
		if n, err := l.Release(pool, 0); n != want || err != nil {
			t.Errorf("%d of %s are free, %v", n, pool, err)
		}
	}
	tallies(t, l, "ten", "{Left:2 Claimed:6 Redeemed:1 Withdrawn:0 Aside:0 Week:5}")
	closed(t, l)
	l = opened(t, dir)
	stock(t, l, "ten", "A", "C", "D", "E", "F", "G", "H")
	tallies(t, l, "ten", "{Left:2 Claimed:6 Redeemed:1 Withdrawn:0 Aside:0 Week:5}")
}

// A code that is let free while it is redeemed is one or the other.
func TestRedeemedOrLetFree(t *testing.T) {
	t.Parallel()
	l, _ := backedUp(t)
	defer closed(t, l)
	if _, err := l.SetAside(); err != nil {
		t.Fatal(err)
	}
	stock(t, l, "ten", "A", "B", "C", "D", "E", "F")
	r, known, err := l.Given("ten", "B")
	if !known || err != nil || !r.Anybody() {
		t.Fatalf("%+v, %t, %v", r, known, err)
	}
	if n, err := l.Release("ten", 0); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	v := numbered("shop", 3)
	v.Redeemed = &r
	if _, err := l.Commit(v); err == nil {
		t.Error("a code was redeemed that is free again")
	}
	claims(t, l, "ten", "c", "v2", "B")
	tallies(t, l, "ten", "{Left:4 Claimed:2 Redeemed:0 Withdrawn:0 Aside:0 Week:2}")
}

// Codes that the later ledger had set aside keep their places to themselves: who
// lets them free takes no new code's place away.
func TestCodesSetAsideLaterTakeNoPlaceAway(t *testing.T) {
	t.Parallel()
	later := fresh(t)
	stock(t, later, "ten", "A", "B")
	dir := filepath.Join(t.TempDir(), "ledger")
	if err := later.Checkpoint(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := later.SetAside(); err != nil {
		t.Fatal(err)
	}
	stock(t, later, "ten", "A", "B", "C")
	l := opened(t, dir)
	defer closed(t, l)
	if n, err := l.Inherit(later); n != 3 || err != nil {
		t.Errorf("%d codes are taken over, %v", n, err)
	}
	stock(t, l, "ten", "A", "B", "C", "D")
	if n, err := l.Release("ten", 0); n != 3 || err != nil {
		t.Errorf("%d codes are let free, %v", n, err)
	}
	for i, code := range []string{"A", "B", "C", "D"} {
		claims(t, l, "ten", "c", "v"+string(rune('1'+i)), code)
	}
}
