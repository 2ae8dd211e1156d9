package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// crowded is an account that more browsers share than one profile takes, and one
// of bob; besides, the warehouse and the dead letter know of a browser each whose
// profile is gone.
func crowded(t *testing.T, l *ledger.Ledger, e *engine.Engine, d *downstream) (visitors []string) {
	t.Helper()
	for i := range profile.MaxBrowsers + 2 {
		v := fmt.Sprintf("ann-%02d", i)
		visitors = append(visitors, v)
		if _, err := e.Visit(named(bought(e, v), "ann"), dawn); err != nil {
			t.Fatal(err)
		}
		d.rows[v], d.users[v] = 2, "ann"
	}
	if _, err := e.Visit(named(bought(e, "bob"), "bob"), dawn); err != nil {
		t.Fatal(err)
	}
	d.rows["bob"], d.users["bob"] = 2, "bob"
	d.rows["old"], d.users["old"] = 1, "ann"
	raw, err := ingest.Encode(&ingest.Event{ID: e.NewID(), Visitor: "dead", User: "ann", Name: ingest.Purchase})
	if err == nil {
		err = l.Settle("x", nil, []ingest.Dead{{Reason: "poison", Raw: raw}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(visitors, "dead", "old")
}

// goneAs looks for what is left of the account.
func goneAs(t *testing.T, l *ledger.Ledger, e *engine.Engine, d *downstream, visitors []string) {
	t.Helper()
	left := visitorsOf(t, l)
	for _, v := range visitors {
		if p, err := e.Profile(v); p != nil || err != nil {
			t.Errorf("profile of %s: %+v %v", v, p, err)
		}
		if gone, err := e.Erased(v); !gone || err != nil {
			t.Errorf("%s has no tombstone, %v", v, err)
		}
		if left[v] != 0 || d.rows[v] != 0 {
			t.Errorf("of %s there are %d events in the ledger and %d in the warehouse", v, left[v], d.rows[v])
		}
	}
	if dead, err := l.DeadOf("ann"); len(dead) != 0 || err != nil {
		t.Errorf("dead events of %v, %v", dead, err)
	}
	if left["bob"] == 0 || d.rows["bob"] != 2 {
		t.Errorf("bob: %d events in the ledger, %d in the warehouse", left["bob"], d.rows["bob"])
	}
}

func TestAPersonIsErasedInBrowsersThatShareNothing(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l, anyone)
	d := &downstream{rows: map[string]uint64{}, users: map[string]string{}}
	visitors := crowded(t, l, e, d)
	x, err := e.ErasePerson("ann", dawn)
	if err != nil || x.Count != profile.MaxBrowsers {
		t.Fatalf("at once %+v, %v", x, err)
	}
	if running, err := e.ErasePerson("ann", dawn); err != nil || running.ID != x.ID {
		t.Errorf("asked once more while it runs: %+v, %v", running, err)
	}
	receipt := erasing(t, e, d, x.ID)
	goneAs(t, l, e, d, visitors)
	if receipt.Count != len(visitors) || receipt.User != "" || receipt.Visitors != nil || receipt.Removed["profiles"] != 3 || receipt.Removed["event_log"] != 45 || receipt.Removed["dead_letter"] != 1 {
		t.Errorf("receipt %+v of %d", receipt, len(visitors))
	}
	sums := map[string]uint64{}
	for _, each := range receipt.Each {
		for place, n := range each {
			sums[place] += n
		}
	}
	for place, n := range receipt.Removed {
		if sums[place] != n {
			t.Errorf("%s: each browser's add up to %d, and all are %d", place, sums[place], n)
		}
	}
	if n := e.ErasedVisitors(); n != len(visitors) {
		t.Errorf("%d visitors were erased, of %d", n, len(visitors))
	}
	if done, err := e.ErasePerson("ann", dawn); err != nil || done.ID != x.ID {
		t.Errorf("asked once more when it is done: %+v, %v", done, err)
	}
	if answer, err := e.Visit(named(bought(e, "again"), "ann"), dawn); err != nil || !answer.New {
		t.Errorf("who comes afterwards: %+v, %v", answer, err)
	}
	if theirs, err := e.Browsers("ann"); err != nil || !slices.Equal(theirs, []string{"again"}) {
		t.Errorf("whose browsers are %v, %v", theirs, err)
	}
}

// Who came again under an erased user_id, in more browsers than share a profile, and
// was forgotten in those that do as a visitor, is there still: the person's old
// receipt is none of these.
func TestAnOldReceiptIsNotOfWhoCameSince(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l, anyone)
	d := &downstream{rows: map[string]uint64{}, users: map[string]string{}}
	comes := func(names string, n int) {
		t.Helper()
		for i := range n {
			v := fmt.Sprint(names, i)
			if _, err := e.Visit(named(bought(e, v), "ann"), dawn); err != nil {
				t.Fatal(err)
			}
			d.rows[v], d.users[v] = 2, "ann"
		}
	}
	comes("before", 2)
	first, err := e.ErasePerson("ann", dawn)
	if err != nil {
		t.Fatal(err)
	}
	erasing(t, e, d, first.ID)
	comes("since", profile.MaxBrowsers+1)
	visitor, err := e.Erase([]string{"since0"}, dawn)
	if err != nil || visitor.Count != profile.MaxBrowsers {
		t.Fatalf("%+v, %v", visitor, err)
	}
	erasing(t, e, d, visitor.ID)
	second, err := e.ErasePerson("ann", dawn)
	if err != nil || second.ID == first.ID {
		t.Fatalf("%+v, %v", second, err)
	}
	if receipt := erasing(t, e, d, second.ID); receipt.Count != 1 || d.rows["since20"] != 0 {
		t.Errorf("%+v; in the warehouse there are %v", receipt, d.rows)
	}
	if again, err := e.ErasePerson("ann", dawn); err != nil || again.ID != second.ID {
		t.Errorf("asked once more: %+v, %v", again, err)
	}
}

// Killed between finding the browsers that share nothing and forgetting them, the
// next start forgets them all the same.
func TestErasingAPersonGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	before := started(t, l, anyone)
	d := &downstream{rows: map[string]uint64{}, users: map[string]string{}}
	visitors := crowded(t, l, before, d)
	x, err := before.ErasePerson("ann", dawn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	killed := &stoppedLater{Ledger: l, stop: cancel}
	if err := started(t, killed, anyone).RunErasures(ctx, d, func() time.Time { return dawn }); err != nil || killed.times == 0 {
		t.Fatal(killed.times, err)
	}
	if left, _ := l.Profile("ann-20"); left == nil {
		t.Fatal("it was forgotten before the crash: nothing is shown")
	}
	after := started(t, l, anyone)
	erasing(t, after, d, x.ID)
	goneAs(t, l, after, d, visitors)
}

// stoppedLater is a ledger whose process ends when it is to forget somebody.
type stoppedLater struct {
	*ledger.Ledger
	stop  func()
	times int
}

func (s *stoppedLater) Forget(string, []ledger.Timer, string, ...string) (ledger.Forgotten, error) {
	s.times++
	s.stop()
	return ledger.Forgotten{}, errors.New("killed")
}

// failsOnce is a ledger that cannot forget the second visitor the first time.
type failsOnce struct {
	*ledger.Ledger
	times atomic.Int64
}

func (f *failsOnce) Forget(home string, over []ledger.Timer, user string, browsers ...string) (ledger.Forgotten, error) {
	if f.times.Add(1) == 2 {
		return ledger.Forgotten{}, errors.New("the disk is away")
	}
	return f.Ledger.Forget(home, over, user, browsers...)
}

// An erasure whose tombstones stand, and which then fails, is gone on with by itself.
func TestAnErasureThatFailedGoesOn(t *testing.T) {
	t.Parallel()
	store := &failsOnce{Ledger: newLedger(t)}
	e := started(t, store, anyone)
	d := &downstream{rows: map[string]uint64{}, users: map[string]string{}}
	for _, v := range []string{"first", "second"} {
		if _, err := e.Visit(bought(e, v), dawn); err != nil {
			t.Fatal(err)
		}
	}
	runErasures(t, e, d)
	first, err := e.Erase([]string{"first"}, dawn)
	if err != nil {
		t.Fatal(err)
	}
	erased(t, e, first.ID)
	if _, err := e.Erase([]string{"second"}, dawn); err == nil {
		t.Error("it does not fail")
	}
	second, err := e.Erase([]string{"second"}, dawn) // as the caller was told to
	if err != nil || second == nil {
		t.Fatal(second, err)
	}
	erased(t, e, second.ID)
}

// waits is a ledger that forgets nobody until the open erasures were read once.
type waits struct {
	*ledger.Ledger
	forgetting, read chan struct{}
	once             sync.Once
}

func (w *waits) Marks(prefix string, each func(ledger.Record) error) error {
	defer func() {
		select {
		case <-w.forgetting:
			w.once.Do(func() { close(w.read) })
		default:
		}
	}()
	return w.Ledger.Marks(prefix, each)
}

func (w *waits) Forget(home string, over []ledger.Timer, user string, browsers ...string) (ledger.Forgotten, error) {
	close(w.forgetting)
	<-w.read
	return w.Ledger.Forget(home, over, user, browsers...)
}

// An erasure that goes on beside whoever has begun one leaves that to them: the
// receipt says that a profile was removed.
func TestAReceiptCountsWhatWasForgottenMeanwhile(t *testing.T) {
	t.Parallel()
	store := &waits{Ledger: newLedger(t), forgetting: make(chan struct{}), read: make(chan struct{})}
	e := started(t, store, anyone)
	if _, err := e.Visit(bought(e, "ann"), dawn); err != nil {
		t.Fatal(err)
	}
	begun := make(chan *engine.Erasure, 1)
	go func() {
		x, err := e.Erase([]string{"ann"}, dawn)
		if err != nil {
			t.Error(err)
		}
		begun <- x
	}()
	<-store.forgetting
	runErasures(t, e, &downstream{rows: map[string]uint64{}, users: map[string]string{}})
	x := <-begun
	if x == nil {
		return
	}
	if x = erased(t, e, x.ID); x.Removed["profiles"] != 1 {
		t.Errorf("removed are %v", x.Removed)
	}
}
