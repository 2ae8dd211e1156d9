package loader_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// ledger is a Source in memory. Its marks can be frozen, as by a crash: from
// then on nothing is kept, and reads fail.
type ledger struct {
	mu      sync.Mutex
	visits  [][]ingest.Record // by seq, from 1
	changed chan struct{}
	marks   map[string][]byte
	letter  map[ingest.Place]ingest.Dead
	counted []uint64 // events committed up to each visit
	tally   ingest.Tally
	erased  map[uint64]uint64 // events that erased visits had
	crashed bool
}

var errCrashed = errors.New("the process is dead")

func newLedger() *ledger {
	return &ledger{changed: make(chan struct{}), marks: map[string][]byte{}, letter: map[ingest.Place]ingest.Dead{}, counted: []uint64{0}, erased: map[uint64]uint64{}}
}

// commit adds a visit of the given events and gives its seq.
func (l *ledger) commit(t testing.TB, events ...ingest.Event) uint64 {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(t, events)
}

// commitEach adds a visit of each event, all of them at once: no reader meets a part
// of them. It gives the first and the last seq.
func (l *ledger) commitEach(t testing.TB, events ...ingest.Event) (first, last uint64) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	first = uint64(len(l.visits) + 1)
	for _, e := range events {
		last = l.add(t, []ingest.Event{e})
	}
	return first, last
}

// add is called with the ledger locked.
func (l *ledger) add(t testing.TB, events []ingest.Event) uint64 {
	t.Helper()
	seq := uint64(len(l.visits) + 1)
	visit := make([]ingest.Record, len(events))
	for i, e := range events {
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		e.Seq, e.Idx = seq, uint16(i)
		visit[i] = ingest.Record{Event: e, Raw: raw}
	}
	l.visits = append(l.visits, visit)
	l.tally.Last, l.tally.Accepted = seq, l.tally.Accepted+uint64(len(visit))
	l.counted = append(l.counted, l.tally.Accepted)
	close(l.changed)
	l.changed = make(chan struct{})
	return seq
}

func (l *ledger) ID() string { return "test-ledger" }

func (l *ledger) Durable() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.visits))
}

func (l *ledger) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *ledger) Read(ctx context.Context, after, upTo uint64, max int) ([]ingest.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.crashed {
		return nil, errCrashed
	}
	if after > upTo || upTo > uint64(len(l.visits)) {
		return nil, fmt.Errorf("read %d..%d of %d visits", after, upTo, len(l.visits))
	}
	var records []ingest.Record
	for _, visit := range l.visits[after:upTo] {
		if len(records) > 0 && len(records)+len(visit) > max {
			break
		}
		records = append(records, visit...)
	}
	return records, nil
}

func (l *ledger) Mark(name string, value []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.crashed {
		return errCrashed
	}
	l.marks[name] = value
	return nil
}

func (l *ledger) Marked(name string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.marks[name], nil
}

func (l *ledger) Settle(name string, value []byte, dead []ingest.Dead) error {
	if err := l.Mark(name, value); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range dead {
		l.letter[d.Place] = d
	}
	return nil
}

func (l *ledger) Dead(after ingest.Place, max int) (out []ingest.Dead, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.letter {
		if after.Before(d.Place) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b ingest.Dead) int {
		if a.Before(b.Place) {
			return -1
		}
		return 1
	})
	return out[:min(max, len(out))], nil
}

func (l *ledger) DeadAt(places []ingest.Place) (out []ingest.Dead, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range places {
		if d, dead := l.letter[p]; dead {
			out = append(out, d)
		}
	}
	return out, nil
}

func (l *ledger) Raise(places []ingest.Place) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range places {
		if _, dead := l.letter[p]; dead {
			delete(l.letter, p)
			l.tally.Replayed++
		}
	}
	return nil
}

func (l *ledger) Accepted(upTo uint64) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counted[upTo], nil
}

func (l *ledger) Erased(after, upTo uint64) (n uint64, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for seq := after + 1; seq <= upTo; seq++ {
		n += l.erased[seq]
	}
	return n, nil
}

func (l *ledger) Tally() ingest.Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tally
	t.Dead = uint64(len(l.letter))
	for _, d := range l.letter {
		t.DeadBytes += uint64(len(d.Raw) + len(d.Reason))
	}
	return t
}

// erase leaves a visit its number and nothing else.
func (l *ledger) erase(seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erased[seq] = uint64(len(l.visits[seq-1]))
	l.visits[seq-1] = nil
}

func (l *ledger) crash() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.crashed = true
}

// afterCrash is the same data folder, opened again.
func (l *ledger) afterCrash() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &ledger{visits: slices.Clone(l.visits), changed: make(chan struct{}), marks: maps.Clone(l.marks),
		letter: maps.Clone(l.letter), counted: l.counted, tally: l.tally, erased: maps.Clone(l.erased)}
}

// pageView is event n of a run: everything about it follows from n.
func pageView(n int) ingest.Event {
	at := int64(1_790_000_000_000 + n)
	return ingest.Event{
		ID: fmt.Sprintf("018f0000-0000-7000-8000-%012d", n), Visitor: fmt.Sprintf("018e0000-0000-7000-8000-%012d", n%5000), Name: ingest.PageView,
		Time: at, Received: at + 20, Session: fmt.Sprint("s", n%7000), Consent: "granted",
		Page:       &ingest.Page{URL: fmt.Sprintf("https://shop.example/items/%d?ref=top", n%300), Path: fmt.Sprintf("/items/%d", n%300), Title: "春のワンピース"},
		Device:     &ingest.Device{Type: "mobile", OS: "iOS", Browser: "Safari", Language: "ja"},
		Geo:        &ingest.Geo{Country: "JP", Region: "13"},
		Source:     &ingest.Source{Channel: "search", ReferrerHost: "www.google.co.jp"},
		Properties: json.RawMessage(fmt.Sprintf(`{"item_id":"sku-%d","price":%d,"stock":true}`, n%300, 1000+n%500)),
	}
}

// lose makes a visit vanish, number and all.
func (l *ledger) lose(seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.visits[seq-1] = nil
}
