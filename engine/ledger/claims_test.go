package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func stock(t testing.TB, l *Ledger, pool string, codes ...string) {
	t.Helper()
	if err := l.Stock(pool, strings.Join(codes, " "), slices.Values(codes)); err != nil {
		t.Fatal(err)
	}
}

// claim is what a visit does that hands out a code: it gives the code.
func claim(l *Ledger, pool, campaign, visitor string) (string, error) {
	c, known, err := l.Claimed(campaign, visitor)
	if err == nil && !known {
		c, err = l.Pick(Claim{Pool: pool, Visitor: visitor, Campaign: campaign, Variant: "a", Phase: "1", Decision: "d-" + visitor, At: noon.UnixMilli()})
	}
	if err != nil {
		return "", err
	}
	v := numbered(visitor, 1)
	v.Claims = []Claim{c}
	if _, err := l.Commit(v); err != nil {
		l.Unpick(v.Claims)
		return "", err
	}
	return c.Code, l.Sync()
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func claims(t testing.TB, l *Ledger, pool, campaign, visitor, want string) {
	t.Helper()
	got, err := claim(l, pool, campaign, visitor)
	if errors.Is(err, ErrNoCode) {
		got, err = "none", nil
	}
	if got != want || err != nil {
		t.Errorf("%s gets %q of %s for %s (%v), want %q", visitor, got, pool, campaign, err, want)
	}
}

func tallies(t testing.TB, l *Ledger, pool, want string) {
	t.Helper()
	if got := fmt.Sprintf("%+v", l.Coupons(pool, noon)); got != want {
		t.Errorf("%s has %s, want %s", pool, got, want)
	}
}

// Codes go out in the order of the file, one to a visitor and campaign, and the
// same again to whoever has one; all of it survives a restart.
func TestClaims(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := opened(t, dir)
	claims(t, l, "ten", "rescue", "nobody", "none")
	stock(t, l, "ten", "Z", "A", "M", "B")
	stock(t, l, "tenth", "T")
	claims(t, l, "ten", "rescue", "v1", "Z")
	claims(t, l, "ten", "rescue", "v2", "A")
	claims(t, l, "ten", "rescue", "v1", "Z")
	claims(t, l, "ten", "other", "v1", "M")
	tallies(t, l, "ten", "{Left:1 Claimed:3 Redeemed:0 Withdrawn:0 Aside:0 Week:3}")
	if l.Left("ten") != 1 || l.Left("tenth") != 1 || l.Left("unknown") != 0 {
		t.Errorf("left are %d, %d, %d", l.Left("ten"), l.Left("tenth"), l.Left("unknown"))
	}
	closed(t, l)
	l = opened(t, dir)
	t.Cleanup(func() { closed(t, l) })
	claims(t, l, "ten", "rescue", "v2", "A") // before anything is stocked, too
	claims(t, l, "ten", "rescue", "v3", "none")
	stock(t, l, "ten", "Z", "A", "M", "B")
	tallies(t, l, "ten", "{Left:1 Claimed:3 Redeemed:0 Withdrawn:0 Aside:0 Week:3}")
	claims(t, l, "ten", "rescue", "v3", "B")
	claims(t, l, "ten", "rescue", "v4", "none")
	claims(t, l, "ten", "other", "v1", "M")
	if week := l.Coupons("ten", noon.AddDate(0, 0, 7)).Week; week != 0 {
		t.Errorf("a week later %d were claimed in the last 7 days", week)
	}
	of := ""
	for c, err := range l.Claims("v1") {
		of += fmt.Sprintf("%s %s %s %s %s %s %d %v; ", c.Pool, c.Code, c.Campaign, c.Variant, c.Phase, c.Decision, c.At, err)
	}
	if want := fmt.Sprintf("ten M other a 1 d-v1 %d <nil>; ten Z rescue a 1 d-v1 %[1]d <nil>; ", noon.UnixMilli()); of != want {
		t.Errorf("v1 has %q, want %q", of, want)
	}
	// One of several visitors who are a person: the first that has one.
	if c, known, err := l.Claimed("rescue", "v9", "v2", "v1"); c.Code != "A" || !known || !c.Kept() || err != nil {
		t.Errorf("the person has %+v, %t, %v", c, known, err)
	}
}

// A pick that no commit claims goes back, and is the next to go out.
func TestUnpick(t *testing.T) {
	t.Parallel()
	l := fresh(t)
	stock(t, l, "ten", "A", "B")
	picked, err := l.Pick(Claim{Pool: "ten", Visitor: "v1", Campaign: "c"})
	if err != nil || picked.Code != "A" || l.Left("ten") != 1 {
		t.Fatalf("%+v, %v, %d left", picked, err, l.Left("ten"))
	}
	claims(t, l, "ten", "c", "v2", "B")
	claims(t, l, "ten", "c", "v3", "none")
	l.Unpick([]Claim{picked})
	l.Unpick([]Claim{picked}) // twice is once
	if l.Left("ten") != 1 {
		t.Errorf("%d left", l.Left("ten"))
	}
	claims(t, l, "ten", "c", "v3", "A")
	l.Unpick([]Claim{picked}) // it is another's by now
	claims(t, l, "ten", "c", "v4", "none")
	tallies(t, l, "ten", "{Left:0 Claimed:2 Redeemed:0 Withdrawn:0 Aside:0 Week:2}")
}

// The file may change as it likes: what is gone is withdrawn if nobody has it,
// what comes back is free again, what was given stays given.
func TestRestock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := opened(t, dir)
	stock(t, l, "ten", "A", "B", "C", "D")
	claims(t, l, "ten", "c", "v1", "A")
	held, err := l.Pick(Claim{Pool: "ten", Visitor: "v2", Campaign: "c", At: noon.UnixMilli()}) // B, on its way
	if err != nil {
		t.Fatal(err)
	}
	stock(t, l, "ten", "E", "D")
	tallies(t, l, "ten", "{Left:2 Claimed:1 Redeemed:0 Withdrawn:1 Aside:0 Week:1}") // C is gone
	v := numbered("v2", 1)
	v.Claims = []Claim{held}
	commit(t, l, v)
	claims(t, l, "ten", "c", "v1", "A")
	claims(t, l, "ten", "c", "v2", "B")
	claims(t, l, "ten", "c", "v3", "D")
	stock(t, l, "ten", "C", "A", "D", "E")
	claims(t, l, "ten", "c", "v4", "E")
	claims(t, l, "ten", "c", "v5", "C")
	claims(t, l, "ten", "c", "v6", "none")
	const all = "{Left:0 Claimed:5 Redeemed:0 Withdrawn:0 Aside:0 Week:5}"
	tallies(t, l, "ten", all)
	closed(t, l)
	l = opened(t, dir)
	t.Cleanup(func() { closed(t, l) })
	stock(t, l, "ten")
	tallies(t, l, "ten", all)

	// One that was on its way while its line was taken out is withdrawn later.
	stock(t, l, "new", "N")
	if held, err = l.Pick(Claim{Pool: "new", Visitor: "v1", Campaign: "n"}); err != nil {
		t.Fatal(err)
	}
	stock(t, l, "new")
	l.Unpick([]Claim{held})
	stock(t, l, "new")
	claims(t, l, "new", "n", "v1", "none")
	tallies(t, l, "new", "{Left:0 Claimed:0 Redeemed:0 Withdrawn:1 Aside:0 Week:0}")
}

func forget(l *Ledger, visitor string) error {
	gone, err := l.Forget(visitor, nil, "")
	if err == nil && gone.Codes != 1 {
		err = fmt.Errorf("%d codes bear no name any more", gone.Codes)
	}
	return err
}

// A code is redeemed by its record; who asks after another text learns nothing.
// An erased visitor's codes stay spent, without its name.
func TestRedeem(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := opened(t, dir)
	stock(t, l, "ten", "A", "B", "C")
	claims(t, l, "ten", "c", "v1", "A")
	claims(t, l, "ten", "c", "v2", "B")
	for pool, text := range map[string]string{"ten": "C", "unknown": "A", "te": "n\x00A"} {
		if r, known, err := l.Given(pool, text); known || err != nil {
			t.Errorf("%s of %s is given: %+v, %v", text, pool, r, err)
		}
	}
	r, known, err := l.Given("ten", "A")
	if !known || err != nil || r.Visitor != "v1" || r.Decision != "d-v1" || r.Redeemed != 0 {
		t.Fatalf("%+v, %t, %v", r, known, err)
	}
	r.Redeemed, r.Order = 7, "order-1"
	v := numbered("v1", 2)
	v.Redeemed = &r
	commit(t, l, v)
	if err := forget(l, "v1"); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	l = opened(t, dir)
	t.Cleanup(func() { closed(t, l) })
	stock(t, l, "ten", "A", "B", "C")
	tallies(t, l, "ten", "{Left:1 Claimed:2 Redeemed:1 Withdrawn:0 Aside:0 Week:2}")
	if r, known, err = l.Given("ten", "A"); !known || err != nil || r.Redeemed != 7 || r.Order != "order-1" || r.Visitor != "" || r.Decision != "" || r.Campaign != "c" {
		t.Errorf("redeemed and disowned: %+v, %t, %v", r, known, err)
	}
	if c, known, err := l.Claimed("c", "v1"); known || err != nil {
		t.Errorf("an erased visitor still has %+v, %v", c, err)
	}
	if raw, err := l.get(codeKey("ten", "A")); err != nil || strings.Contains(string(raw), "v1") {
		t.Errorf("the code's record says %s (%v)", raw, err)
	}
	claims(t, l, "ten", "c", "v2", "B")
}

// A million codes come in within seconds, and the next one is found at once
// however many are gone.
func TestStockMillion(t *testing.T) {
	t.Parallel()
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	codes := func(yield func(string) bool) {
		for i := range n {
			if !yield(strconv.FormatInt(1<<40+int64(i)*7919, 36)) {
				return
			}
		}
	}
	l := fresh(t)
	begin := time.Now()
	if err := l.Stock("many", "1", codes); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	if l.Left("many") != n {
		t.Errorf("%d codes are in, want %d", l.Left("many"), n)
	}
	begin = time.Now()
	const claimers = 2_000
	for i := range claimers {
		if _, err := claim(l, "many", "c", "v"+strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	each := time.Since(begin) / claimers
	begin = time.Now()
	if err := l.Stock("many", "2", codes); err != nil {
		t.Fatal(err)
	}
	if got := l.Coupons("many", noon); got.Left != n-claimers || got.Claimed != claimers || got.Withdrawn != 0 {
		t.Errorf("the same codes in another file: %+v", got)
	}
	t.Logf("%d codes: taken in within %s, compared again within %s; a claim with its fsync takes %s", n, took, time.Since(begin), each)
}
