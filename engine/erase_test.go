package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// downstream stands where the warehouse is: rows by visitor.
type downstream struct {
	mu     sync.Mutex
	rows   map[string]uint64
	users  map[string]string // visitor → person
	away   bool
	passed []uint64
}

var errNotThere = errors.New("the warehouse is away")

func (d *downstream) Passed(_ context.Context, seq uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return errNotThere
	}
	d.passed = append(d.passed, seq)
	return nil
}

func (d *downstream) Erase(_ context.Context, visitors []string, found func(map[string]map[string]uint64) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	theirs := map[string]uint64{}
	for _, v := range visitors {
		if d.rows[v] > 0 {
			theirs[v] = d.rows[v]
		}
	}
	if err := found(map[string]map[string]uint64{"event_log": theirs}); err != nil {
		return err
	}
	for v := range theirs {
		delete(d.rows, v)
	}
	return nil
}

func (d *downstream) VisitorsOf(_ context.Context, user string, _ uint64) (visitors []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for v := range d.rows {
		if d.users[v] == user {
			visitors = append(visitors, v)
		}
	}
	return visitors, nil
}

func (d *downstream) Visitors(_ context.Context, each func(string) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for v := range d.rows {
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

func (d *downstream) back(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

// erasing runs the erasures of e until the one of that id is done.
func erasing(t *testing.T, e *engine.Engine, d *downstream, id string) *engine.Erasure {
	t.Helper()
	defer runErasures(t, e, d)()
	return erased(t, e, id)
}

// runErasures does what was begun until it is ended, at the latest with the test.
func runErasures(t *testing.T, e *engine.Engine, d *downstream) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.RunErasures(ctx, d, func() time.Time { return dawn.Add(time.Hour) }) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return end
}

// erased waits for the end of an erasure.
func erased(t *testing.T, e *engine.Engine, id string) *engine.Erasure {
	t.Helper()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		x, err := e.Erasure(id)
		if err != nil {
			t.Fatal(err)
		}
		if x != nil && x.Stage() == "done" {
			return x
		}
	}
	t.Fatal("the erasure does not end")
	return nil
}

const waiting = "id: cart-left\nstatus: live\non: {absent: {event: purchase, after: add_to_cart, within: 2h}}\nvariants: [{id: a, weight: 1, action: " + banner + "}]"

// put is a visit that begins a wait.
func put(e *engine.Engine, visitor string, at time.Time) error {
	event := ingest.Event{ID: e.NewID(), Name: "add_to_cart", Time: at.UnixMilli(), Received: at.UnixMilli()}
	_, err := e.Visit(engine.Visit{Visitor: visitor, User: visitor + "@shop", Signed: true, Events: []ingest.Event{event}}, at)
	return err
}

// visitorsOf counts the ledger's events by visitor.
func visitorsOf(t *testing.T, l *ledger.Ledger) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, e := range recorded(t, l, 0) {
		if e.Visitor != "" {
			out[e.Visitor]++
		}
	}
	return out
}

func TestErasedVisitorsAreGoneAndTheOthersAreNot(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l, waiting)
	people := []string{"ann", "bob", `q"uo\te`, "客"}
	for i := range 40 {
		if err := put(e, people[i%4], dawn.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Commit(ledger.Visit{Out: []ledger.Outgoing{
		{Due: 1, ID: "1", Body: []byte(`{"visitor":"ann","to":"ann@example.com"}`)}, {Due: ledger.Never, ID: "2", Body: []byte(`{"visitor":"q\"uo\\te"}`)}, {Due: 1, ID: "3", Body: []byte(`{"visitor":"bob"}`)},
	}}); err != nil {
		t.Fatal(err)
	}
	last := l.Last()
	d := &downstream{rows: map[string]uint64{"ann": 7, "bob": 7}}
	x, err := e.Erase([]string{"ann", `q"uo\te`, "客", "ann"}, dawn)
	if err != nil {
		t.Fatal(err)
	}
	if x.Stage() != "ledger" || x.Count != 3 {
		t.Errorf("at first %+v", x)
	}
	for _, gone := range []string{"ann", `q"uo\te`, "客"} { // already now
		if err := put(e, gone, dawn.Add(time.Minute)); !errors.Is(err, engine.ErrErased) {
			t.Errorf("an event of %s: %v", gone, err)
		}
		if p, err := e.Profile(gone); p != nil || err != nil {
			t.Errorf("profile of %s: %+v %v", gone, p, err)
		}
		if unit, err := l.Unit(gone + "@shop"); unit != "" || err != nil {
			t.Errorf("its person's unit is %q, %v", unit, err)
		}
	}
	due, _, err := l.Timers(dawn.Add(24*time.Hour).UnixMilli(), 100)
	if err != nil || len(due) != 1 || due[0].Visitor != "bob" {
		t.Errorf("timers %v, %v", due, err)
	}
	if left, err := l.Outgoing(0, ledger.Never, 9); err != nil || len(left) != 1 || left[0].ID != "3" {
		t.Errorf("to be sent: %v, %v", left, err)
	}
	receipt := erasing(t, e, d, x.ID)
	want := map[string]uint64{"profiles": 3, "timers": 3, "persons": 3, "outbox": 2, "ledger_events": 30, "dead_letter": 0, "event_log": 7}
	if fmt.Sprint(receipt.Removed) != fmt.Sprint(want) || receipt.Visitors != nil || receipt.Count != 3 || !receipt.Done.Equal(dawn.Add(time.Hour)) {
		t.Errorf("receipt %+v, want %v", receipt, want)
	}
	if left := visitorsOf(t, l); left["bob"] != 10 || len(left) != 1 || d.rows["bob"] != 7 || len(d.rows) != 1 {
		t.Errorf("in the ledger %v, in the warehouse %v", left, d.rows)
	}
	if !slices.Contains(d.passed, last) {
		t.Errorf("the warehouse was cleaned before the loader had passed %d: %v", last, d.passed)
	}
	if l.Last() != last {
		t.Errorf("the ledger's last visit was %d and is %d", last, l.Last())
	}
	if again, err := e.Erase([]string{"ann", "客", `q"uo\te`}, dawn); err != nil || again.ID != x.ID {
		t.Errorf("asked once more: %+v %v", again, err)
	}
	if n := e.ErasedVisitors(); n != 3 {
		t.Errorf("%d visitors were erased", n)
	}
	if err := put(e, "bob", dawn.Add(time.Minute)); err != nil {
		t.Error(err)
	}
}

// postponing is a ledger whose outbox tries, and puts off, each letter at the very
// moment at which an erasure looks at it first.
type postponing struct {
	*ledger.Ledger
	put map[string]bool
}

func (p *postponing) EachOutgoing(each func(ledger.Outgoing) error) error {
	return p.Ledger.EachOutgoing(func(o ledger.Outgoing) error {
		if !p.put[o.ID] {
			p.put[o.ID] = true
			if err := p.Postpone(o, ledger.Outgoing{Due: o.Due + 1000, ID: o.ID, Body: o.Body}); err != nil {
				return err
			}
		}
		return each(o)
	})
}

func TestAnErasureFindsWhatWasPutOff(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, &postponing{l, map[string]bool{}}, waiting)
	if _, err := l.Commit(ledger.Visit{Out: []ledger.Outgoing{
		{Due: 1, ID: "1", Body: []byte(`{"visitor":"ann"}`)}, {Due: 2, ID: "2", Body: []byte(`{"visitor":"bob"}`)},
	}}); err != nil {
		t.Fatal(err)
	}
	x, err := e.Erase([]string{"ann"}, dawn)
	if err != nil || x.Removed["outbox"] != 1 {
		t.Errorf("%+v, %v", x, err)
	}
	if left, err := l.Outgoing(0, ledger.Never, 9); err != nil || len(left) != 1 || left[0].ID != "2" {
		t.Errorf("to be sent: %v, %v", left, err)
	}
}

// Killed behind the tombstones, with a warehouse that is away for a while: the
// next start goes on, and takes no event before it has.
func TestAnErasureGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	before := started(t, l, waiting)
	for _, who := range []string{"ann", "bob"} {
		if err := put(before, who, dawn); err != nil {
			t.Fatal(err)
		}
	}
	x, err := started(t, stopped{l}, waiting).Erase([]string{"ann"}, dawn)
	if !errors.Is(err, errStopped) || x != nil {
		t.Fatal(x, err)
	}
	after := started(t, l, waiting)
	if err := put(after, "ann", dawn); !errors.Is(err, engine.ErrErased) {
		t.Errorf("an event of the erased: %v", err)
	}
	name := ""
	if err := l.Marks("erasure/", func(r ledger.Record) error { name = r.Name[len("erasure/"):]; return nil }); err != nil || name == "" {
		t.Fatal(name, err)
	}
	d := &downstream{rows: map[string]uint64{"ann": 1}, away: true}
	time.AfterFunc(50*time.Millisecond, func() { d.back(false) })
	receipt := erasing(t, after, d, name)
	if receipt.Removed["profiles"] != 1 || receipt.Removed["ledger_events"] != 1 || receipt.Removed["event_log"] != 1 {
		t.Errorf("%+v", receipt)
	}
	if left := visitorsOf(t, l); left["bob"] != 1 || len(left) != 1 || len(d.rows) != 0 {
		t.Errorf("in the ledger %v, in the warehouse %v", left, d.rows)
	}
}

// stopped is a ledger whose process ends once the tombstones stand.
type stopped struct{ *ledger.Ledger }

var errStopped = errors.New("killed")

func (stopped) Forget(string, []ledger.Timer, string, ...string) (ledger.Forgotten, error) {
	return ledger.Forgotten{}, errStopped
}

// A restored backup brings back whom it had; the tombstones are applied again.
func TestWhoCameBackWithABackupIsErasedAgain(t *testing.T) {
	t.Parallel()
	old, now := newLedger(t), newLedger(t)
	backup := started(t, old, waiting)
	for _, who := range []string{"ann", "bob", "cid"} {
		if err := put(backup, who, dawn); err != nil {
			t.Fatal(err)
		}
	}
	e := started(t, now, waiting)
	for _, who := range []string{"ann", "dan"} { // dan is known to the restored warehouse only
		if _, err := e.Erase([]string{who}, dawn); err != nil {
			t.Fatal(err)
		}
	}
	if err := now.Tombs(func(x ledger.Tomb) error { return old.Entomb([]ledger.Tomb{x}) }); err != nil {
		t.Fatal(err)
	}
	restored := started(t, old, waiting)
	d := &downstream{rows: map[string]uint64{"bob": 5, "dan": 5}}
	end := runErasures(t, restored, d)
	for limit := time.Now().Add(time.Minute); len(visitorsOf(t, old)) > 2 && time.Now().Before(limit); time.Sleep(time.Millisecond) {
	}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		d.mu.Lock()
		left := len(d.rows)
		d.mu.Unlock()
		if left == 1 {
			break
		}
	}
	end()
	if left := visitorsOf(t, old); left["bob"] != 1 || left["cid"] != 1 || len(left) != 2 || len(d.rows) != 1 || d.rows["bob"] != 5 {
		t.Errorf("in the ledger %v, in the warehouse %v", left, d.rows)
	}
	if p, err := restored.Profile("ann"); p != nil || err != nil {
		t.Errorf("a profile came back: %+v %v", p, err)
	}
}

// interrupted is a ledger in which somebody is erased while it is first looked through.
type interrupted struct {
	*ledger.Ledger
	once  sync.Once
	erase func()
}

func (i *interrupted) Sweep(after, upTo uint64, most int, gone func(string) bool, note func(uint64, map[string]int) ([]ledger.Record, error)) (uint64, error) {
	i.once.Do(i.erase)
	return i.Ledger.Sweep(after, upTo, most, gone, note)
}

// Who is erased while a start looks for those who came back with a backup is not
// taken for one of them: the erasure stays one, and its receipt counts what was there.
func TestWhoIsErasedDuringTheLookDidNotComeBack(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	before := started(t, l, anyone)
	d := &downstream{rows: map[string]uint64{}, users: map[string]string{}}
	for _, who := range []string{"ann", "zed"} {
		if _, err := before.Visit(bought(before, who), dawn); err != nil {
			t.Fatal(err)
		}
	}
	first, err := before.Erase([]string{"zed"}, dawn) // or there is nobody to look for
	if err != nil {
		t.Fatal(err)
	}
	erasing(t, before, d, first.ID)
	begun := make(chan *engine.Erasure, 1)
	store := &interrupted{Ledger: l}
	e := started(t, store, anyone)
	store.erase = func() {
		x, err := e.Erase([]string{"ann"}, dawn)
		if err != nil {
			t.Error(err)
		}
		begun <- x
	}
	runErasures(t, e, d)
	x := <-begun
	if x == nil {
		return
	}
	if done := erased(t, e, x.ID); done.Removed["ledger_events"] != 1 {
		t.Errorf("removed are %v", done.Removed)
	}
	if again, err := e.Erase([]string{"ann"}, dawn); err != nil || again.ID != x.ID {
		t.Errorf("asked once more: %+v, %v", again, err)
	}
	n := 0
	if err := l.Marks(engine.ErasureMark, func(ledger.Record) error { n++; return nil }); err != nil || n != 2 {
		t.Errorf("%d erasures, %v, want zed's and ann's", n, err)
	}
}
