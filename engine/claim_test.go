package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// coupon is an action that hands out codes of the pool ten.
const coupon = `{type: coupon, title: "t", pool: ten}`

// pooled is a rules folder with a pool of these codes.
func pooled(codes string, campaigns ...string) fstest.MapFS {
	out := folder(campaigns...)
	out["coupons/ten.csv"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(codes, " ", "\n"))}
	return out
}

func running(t testing.TB, store engine.Store, files fstest.MapFS) *engine.Engine {
	t.Helper()
	e := engine.New(engine.Options{Store: store, Key: []byte("key"), Patience: time.Minute})
	if err := e.Use(load(t, files), dawn); err != nil {
		t.Fatal(err)
	}
	return e
}

// wants is a page view, decided with the stock as it is.
func wants(e *engine.Engine, visitor string) engine.Visit {
	v := asked(e, visitor, dawn)
	v.Decide.Facts, v.Decide.Explain = &ingest.Facts{CouponsLeft: map[string]int{"ten": e.CouponsLeft("ten")}}, true
	return v
}

// came is what a visit got: "campaign: code", or the reason why not.
func came(answer engine.Answer, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	var out []string
	for _, o := range answer.Decision.Offers {
		switch {
		case o.Armed():
			out = append(out, o.Campaign.ID+": armed")
		case o.Code != "":
			out = append(out, o.Campaign.ID+": "+o.Code)
		default:
			out = append(out, o.Campaign.ID+": "+o.Variant.ID)
		}
	}
	for _, s := range answer.Decision.Suppressed {
		out = append(out, s.Campaign+": "+s.Reason+" ("+s.Detail+")")
	}
	return strings.Join(out, ", ")
}

func gets(t *testing.T, e *engine.Engine, v engine.Visit, want string) {
	t.Helper()
	if got := came(e.Visit(v, dawn)); got != want {
		t.Errorf("%s gets %s, want %s", v.Visitor, got, want)
	}
}

const (
	gift = "id: gift\nstatus: live\nvariants: [{id: own, weight: 1, action: " + coupon + "}]"
	out  = "gift: coupon_out (no code is left in the pool ten)"
)

// Two browsers that had a code each before they named one person keep their own;
// a third one gets a code that the person has already, and none is drawn.
func TestCodesOfAPerson(t *testing.T) {
	t.Parallel()
	e := running(t, newLedger(t), pooled("A B C", gift))
	gets(t, e, wants(e, "phone"), "gift: A")
	gets(t, e, wants(e, "desktop"), "gift: B")
	as := func(visitor string) engine.Visit {
		v := wants(e, visitor)
		v.User, v.Signed = "ann", true
		return v
	}
	gets(t, e, as("phone"), "gift: A")
	gets(t, e, as("desktop"), "gift: B")
	gets(t, e, as("tablet"), "gift: A")
	gets(t, e, wants(e, "desktop"), "gift: B")
	if left := e.CouponsLeft("ten"); left != 1 {
		t.Errorf("%d codes are left of 3, want 1", left)
	}
}

// A visitor gets one code of a campaign and keeps it, over a restart and past
// the pool's end; nobody else does. No code leaves the ledger but in the answer.
func TestCodeIsGivenOnce(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	files := pooled("SECRET-1 SECRET-2", gift)
	e := running(t, l, files)
	gets(t, e, wants(e, "ann"), "gift: SECRET-1")
	gets(t, e, wants(e, "ann"), "gift: SECRET-1")
	gets(t, e, wants(e, "bob"), "gift: SECRET-2")
	gets(t, e, wants(e, "eve"), out)
	e = running(t, l, files)
	gets(t, e, wants(e, "ann"), "gift: SECRET-1")
	gets(t, e, wants(e, "eve"), out)
	e = running(t, l, pooled("SECRET-2 SECRET-3", gift)) // ann's is gone from the file
	gets(t, e, wants(e, "ann"), "gift: SECRET-1")
	gets(t, e, wants(e, "eve"), "gift: SECRET-3")
	again := fstest.MapFS{} // the last good set, kept without its codes
	for name, text := range e.Live().Set.Source {
		again[name] = &fstest.MapFile{Data: []byte(text)}
	}
	running(t, l, pooled("SECRET-2 SECRET-3 SECRET-4", gift))
	e = running(t, l, again)
	gets(t, e, wants(e, "ann"), "gift: SECRET-1")
	gets(t, e, wants(e, "joe"), "gift: SECRET-4")
	if l.Durable() != l.Last() {
		t.Errorf("codes were told up to visit %d, and %d are durable", l.Last(), l.Durable())
	}
	gets(t, e, wants(e, "kim"), out)
	for _, r := range recordsOf(t, l) {
		if bytes.Contains(r.Raw, []byte("SECRET")) {
			t.Errorf("an event tells a code: %s", r.Raw)
		}
	}
	if raw, err := l.Profile("ann"); err != nil || !bytes.Contains(raw, []byte(`"cp":{"gift":true}`)) || bytes.Contains(raw, []byte("SECRET")) {
		t.Errorf("the profile is %s (%v)", raw, err)
	}
}

func recordsOf(t *testing.T, l *ledger.Ledger) []ingest.Record {
	t.Helper()
	all, err := l.Read(context.Background(), 0, l.Last(), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Only an offer that may open takes a code: not one that waits, a shadow, or
// control.
func TestCodeIsNotWasted(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := running(t, l, pooled("A B C",
		"id: leaves\nstatus: live\non: exit_intent\nvariants: [{id: own, weight: 1, action: "+coupon+"}]",
		"id: dark\nstatus: shadow\nvariants: [{id: own, weight: 1, action: "+coupon+"}]",
		"id: measure\nstatus: live\nvariants: [{id: control, weight: 1}, {id: own, weight: 0, action: "+coupon+"}]"))
	gets(t, e, wants(e, "ann"), "leaves: armed, measure: control, dark: shadow (the visitor's variant is own)")
	if left := e.CouponsLeft("ten"); left != 3 {
		t.Errorf("%d codes are left of 3", left)
	}
	v := wants(e, "ann")
	v.Events, v.Decide.Trigger = nil, "exit_intent"
	gets(t, e, v, "leaves: A, dark: trigger (waits for page_view), measure: trigger (waits for page_view)")
}

// Where others were faster than the fact, the decision is made again knowing so:
// the log says why, replay comes to the same, and the slot goes to the next.
func TestLostRace(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := running(t, l, pooled("A", "slot: modal\npriority: 9\n"+gift, "id: rest\nstatus: live\nslot: modal\nvariants: [{id: a, weight: 1, action: "+banner+"}]"))
	late := wants(e, "eve") // read before ann came
	gets(t, e, wants(e, "ann"), "gift: A, rest: slot_taken (gift has modal)")
	gets(t, e, late, "rest: a, "+out)
	all := recordsOf(t, l)
	logged := all[len(all)-1].Event
	if err := logged.ParseProperties(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(logged.Props.Outcomes[0].Reason, logged.Props.Facts.CouponsLeft); got != "coupon_outmap[ten:0]" {
		t.Errorf("logged is %s", got)
	}
	if late.Decide.Facts.CouponsLeft["ten"] != 1 {
		t.Error("the caller's facts were changed")
	}
	// Two campaigns of one visit, one code: the first has it.
	e = running(t, newLedger(t), pooled("A", "priority: 9\n"+gift, strings.Replace(gift, "id: gift", "id: second", 1)))
	gets(t, e, wants(e, "ann"), "gift: A, second: coupon_out (no code is left in the pool ten)")
	e = running(t, newLedger(t), pooled("A", "priority: 9\n"+gift, strings.Replace(gift, "id: gift", "id: second", 1)))
	late = wants(e, "ann")
	late.Decide.Facts.CouponsLeft["ten"] = 7
	gets(t, e, late, "gift: A, second: coupon_out (no code is left in the pool ten)")
}

// An empty pool stops every arm alike: whoever met the campaign before goes on
// as it was, control too, and nobody else comes in.
func TestEmptyPoolStopsEveryArm(t *testing.T) {
	t.Parallel()
	const halves = "id: gift\nstatus: live\nvariants: [{id: control, weight: 1}, {id: own, weight: 1, action: " + coupon + "}]"
	e := running(t, newLedger(t), pooled("A", halves))
	first := map[string]string{} // arm → the first visitor who got it
	later := map[string]string{}
	for i := 0; len(first) < 2; i++ {
		visitor := fmt.Sprint("visitor-", i)
		v := wants(e, visitor)
		v.Decide.Facts.CouponsLeft["ten"] = 1
		arm := came(e.Visit(v, dawn))
		if arm == "gift: A" || arm == "gift: control" && first["gift: control"] == "" {
			first[arm] = visitor
		}
	}
	for arm, visitor := range first {
		gets(t, e, wants(e, visitor), arm)
	}
	for i := 1000; i < 1020; i++ {
		got := came(e.Visit(wants(e, fmt.Sprint("visitor-", i)), dawn))
		later[got] = "came"
	}
	if len(later) != 1 || later[out] == "" {
		t.Errorf("newcomers get %v, want only %s", later, out)
	}
}

// slow is a ledger that fails where it is told to.
type slow struct {
	*ledger.Ledger
	commit, sync error
}

func (s *slow) Commit(v ledger.Visit) (uint64, error) {
	if s.commit != nil && v.Visitor != "" {
		return 0, s.commit
	}
	return s.Ledger.Commit(v)
}

func (s *slow) Sync() error {
	if s.sync != nil {
		return s.sync
	}
	return s.Ledger.Sync()
}

// Coupons fail closed: a code that could not be kept is told to nobody and is
// free again; one that may have been kept stays whose it is.
func TestCodeFailsClosed(t *testing.T) {
	t.Parallel()
	store := &slow{Ledger: newLedger(t)}
	e := running(t, store, pooled("A B", gift))
	broken := errors.New("the disk is gone")
	store.commit = broken
	if answer, err := e.Visit(wants(e, "ann"), dawn); !errors.Is(err, broken) || answer.Decision != nil && len(answer.Decision.Offers) > 0 {
		t.Errorf("%+v, %v", answer.Decision, err)
	}
	if e.CouponsLeft("ten") != 2 {
		t.Errorf("%d codes are left of 2", e.CouponsLeft("ten"))
	}
	store.commit = fmt.Errorf("cap: %w", ledger.ErrFull) // decisions go on, and codes do not
	if answer, err := e.Visit(wants(e, "ann"), dawn); !errors.Is(err, ledger.ErrFull) || answer.Decision == nil || len(answer.Decision.Offers) > 0 || e.CouponsLeft("ten") != 2 {
		t.Errorf("%+v, %v", answer.Decision, err)
	}
	store.commit, store.sync = nil, broken
	if answer, err := e.Visit(wants(e, "bob"), dawn); !errors.Is(err, broken) || len(answer.Decision.Offers) > 0 {
		t.Errorf("%+v, %v", answer.Decision, err)
	}
	store.sync = nil
	gets(t, e, wants(e, "ann"), "gift: B")
	gets(t, e, wants(e, "bob"), "gift: A")

	// A profile that knows of a code which nobody has any more.
	if _, err := store.Forget("ann", nil, ""); err != nil {
		t.Fatal(err)
	}
	gets(t, e, wants(e, "ann"), out)
	gets(t, e, wants(e, "bob"), "gift: A")
}

// What the server sends by itself knows the stock as well.
func TestSentByTheStock(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := running(t, l, pooled("A B", gift, "id: mail\nstatus: live\non: {event: booking}\nwhen: coupons_left(\"ten\") > 1\nvariants: [{id: hook, weight: 1, action: {type: webhook, url: https://crm.example/x}}]"))
	for i, want := range []int{1, 1} { // one before the code is given, no more after it
		booking := ingest.Event{ID: e.NewID(), Name: "booking", Time: dawn.UnixMilli(), Received: dawn.UnixMilli()}
		if _, err := e.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{booking}}, dawn); err != nil {
			t.Fatal(err)
		}
		if list, err := l.Outgoing(0, ledger.Never, 100); len(list) != want || err != nil {
			t.Errorf("booking %d: %d are to be sent, %v", i, len(list), err)
		}
		if i == 0 {
			gets(t, e, wants(e, "bob"), "gift: A, mail: trigger (waits for booking)")
		}
	}
}

// An erased visitor's code stays spent, and bears its name no more.
func TestErasedCodeStaysSpent(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := running(t, l, pooled("A B", gift))
	gets(t, e, wants(e, "ann"), "gift: A")
	x, err := e.Erase([]string{"ann"}, dawn)
	if err != nil || x.Removed["coupon_names"] != 1 {
		t.Fatalf("%+v, %v", x, err)
	}
	gets(t, e, wants(e, "eve"), "gift: B")
	if r, known, err := l.Given("ten", "A"); !known || r.Visitor != "" || r.Decision != "" || err != nil {
		t.Errorf("%+v, %t, %v", r, known, err)
	}
	if done, err := e.Redeem(engine.Redemption{Pool: "ten", Code: "A"}, dawn); !done.First || err != nil {
		t.Errorf("%+v, %v", done, err)
	}
}

// A code is redeemed once, by its order as often as it is told; the event names
// campaign and visitor, and not the code.
func TestRedeem(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := running(t, l, pooled("SECRET-1 SECRET-2 SECRET-3", "goal: {event: omo_coupon}\n"+gift))
	gets(t, e, wants(e, "ann"), "gift: SECRET-1")
	gets(t, e, wants(e, "bob"), "gift: SECRET-2")
	hour := dawn.Add(time.Hour)
	redeem := func(r engine.Redemption, at time.Time, want string) {
		t.Helper()
		done, err := e.Redeem(r, at)
		got := fmt.Sprintf("%s first %t", done.At.Format("15:04"), done.First)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%+v: %s, want %s", r, got, want)
		}
	}
	first := hour.UTC().Format("15:04")
	for _, text := range []string{"SECRET-3", "secret-1", "", "SECRET-9"} {
		redeem(engine.Redemption{Pool: "ten", Code: text}, hour, "nobody was given such a code")
	}
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-1", Visitor: "bob"}, hour, "nobody was given such a code")
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-1", Visitor: "ann", Order: "o-1"}, hour, first+" first true")
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-1", Order: "o-1"}, hour.Add(time.Hour), first+" first false")
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-1", Order: "o-2"}, hour, "the code was redeemed before")
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-1"}, hour, "the code was redeemed before")
	all := recordsOf(t, l)
	last := all[len(all)-1]
	if got := string(last.Event.Properties); last.Event.Name != "omo_coupon" || last.Event.Visitor != "ann" || last.Event.Seq > l.Durable() ||
		!strings.HasPrefix(got, `{"campaign":"gift","variant":"own","phase":"`) || !strings.HasSuffix(got, `"pool":"ten","transaction_id":"o-1"}`) {
		t.Errorf("recorded %s", last.Raw)
	}
	if _, err := l.Forget("bob", nil, ""); err != nil {
		t.Fatal(err)
	}
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-2", Visitor: "bob"}, hour, "nobody was given such a code")
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-2"}, hour, first+" first true")
	redeem(engine.Redemption{Pool: "ten", Code: "SECRET-2"}, hour, "the code was redeemed before")
	names := 0
	for _, r := range recordsOf(t, l) {
		if r.Event.Name == "omo_coupon" {
			names++
		}
		if bytes.Contains(r.Raw, []byte("SECRET")) {
			t.Errorf("an event tells a code: %s", r.Raw)
		}
	}
	pools := e.Pools(hour)
	if got := fmt.Sprintf("%+v", pools); names != 2 || got != "[{Name:ten Campaigns:[gift] Coupons:{Left:1 Claimed:2 Redeemed:2 Withdrawn:0 Aside:0 Week:2}}]" {
		t.Errorf("%d redemptions are recorded, and pools are %s", names, got)
	}
	p, err := e.Profile("ann")
	if err != nil || p.Visits() != 1 || p.Session.Views != 1 {
		t.Errorf("a redemption at the till opened a visit: %+v, %v", p, err)
	}
}
