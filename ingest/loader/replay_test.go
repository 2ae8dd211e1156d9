package loader_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// unsure is a Sink that, told so, loses the answer of an insert that was done.
type unsure struct {
	*warehouse.Warehouse
	lose atomic.Bool
	lost context.CancelFunc
}

func (u *unsure) Insert(ctx context.Context, token string, rows []warehouse.Row) error {
	err := u.Warehouse.Insert(ctx, token, rows)
	if err == nil && u.lose.Load() {
		u.lost()
		return fmt.Errorf("%w: connection reset", warehouse.ErrUnknown)
	}
	return err
}

// dying10 has ten events, of which 2/0, 5/0, 5/1 and 7/0 are dead.
func dying10(t *testing.T) (*ledger, *unsure, *loader.Loader, driver.Conn) {
	t.Helper()
	dsn := database(t)
	conn := connect(t, dsn)
	sink := &unsure{Warehouse: openWarehouse(t, dsn)}
	do(t, conn, noPoison)
	do(t, conn, "SYSTEM STOP MERGES event_log")
	source := newLedger()
	for i, events := range [][]ingest.Event{
		{pageView(0)}, {poison(1)}, {pageView(2)}, {pageView(3)}, {poison(4), poison(5)}, {pageView(6)}, {poison(7), pageView(8)}, {pageView(9)},
	} {
		if seq := source.commit(t, events...); seq != uint64(i+1) {
			t.Fatal(seq)
		}
	}
	l := loader.New(source, sink, quick())
	run(t, l)
	flush(t, l)
	return source, sink, l, conn
}

func TestReplay(t *testing.T) {
	t.Parallel()
	source, sink, l, conn := dying10(t)
	all := []ingest.Place{{Seq: 2}, {Seq: 5}, {Seq: 5, Idx: 1}, {Seq: 7}}
	replay := func(places []ingest.Place, want string) {
		t.Helper()
		got, err := l.Replay(t.Context(), places)
		if err != nil {
			t.Fatal(err)
		}
		var still []string
		for _, d := range got.Still {
			still = append(still, d.String())
			if !strings.Contains(d.Reason, "no_poison") {
				t.Errorf("reason: %s", d.Reason)
			}
		}
		if text := fmt.Sprintf("%d loaded, still %v, unknown %v", got.Loaded, still, got.Unknown); text != want {
			t.Errorf("%s, want %s", text, want)
		}
		balanced(t, l, "")
	}
	replay(all, "0 loaded, still [2/0 5/0 5/1 7/0], unknown []")
	replay([]ingest.Place{{Seq: 1}, {Seq: 5, Idx: 2}}, "0 loaded, still [], unknown [1/0 5/2]")
	if got := rows(t, conn); got != 6 {
		t.Errorf("%d rows while the constraint is there", got)
	}
	do(t, conn, cured)
	replay(all[:1], "1 loaded, still [], unknown []")
	replay(all[:1], "0 loaded, still [], unknown [2/0]")

	// The rows go in, and the answer is lost: they stay dead until somebody asks again.
	ctx, cancel := context.WithCancel(t.Context())
	sink.lost = cancel
	sink.lose.Store(true)
	if got, err := l.Replay(ctx, all); err == nil || got.Loaded != 0 || !strings.Contains(err.Error(), "3 dead events in time") {
		t.Errorf("with the answer lost: %+v, %v", got, err)
	}
	if got := letter(t, source); got != "5/0 5/1 7/0" {
		t.Errorf("dead after the lost answer: %s", got)
	}
	sink.lose.Store(false)
	replay(all[1:], "3 loaded, still [], unknown []")
	if got := rows(t, conn); got != 10 {
		t.Errorf("%d rows in the end", got)
	}
	exact(t, conn, 10)
	balanced(t, l, "10 accepted = 10 loaded + 0 duplicate + 0 dead + 0 erased + 0 in ledger")
}

// Some are cured and some are not: each is told of for itself.
func TestReplayOfAFewThatAreStillRefused(t *testing.T) {
	t.Parallel()
	source, _, l, conn := dying10(t)
	do(t, conn, cured)
	do(t, conn, "ALTER TABLE event_log ADD CONSTRAINT no_poison CHECK seq != 5 OR idx != 1")
	got, err := l.Replay(t.Context(), []ingest.Place{{Seq: 2}, {Seq: 5}, {Seq: 5, Idx: 1}, {Seq: 7}})
	if err != nil || got.Loaded != 3 || len(got.Still) != 1 || got.Still[0].Place != (ingest.Place{Seq: 5, Idx: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got := letter(t, source); got != "5/1" {
		t.Errorf("dead: %s", got)
	}
	if got := rows(t, conn); got != 9 {
		t.Errorf("%d rows", got)
	}
	balanced(t, l, "10 accepted = 9 loaded + 0 duplicate + 1 dead + 0 erased + 0 in ledger")
}
