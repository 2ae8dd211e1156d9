package loader

import (
	"context"
	"fmt"
	"time"
)

// Balance says where the events of one ledger are, over its whole life, restarts
// and crashes included. It is taken at one instant and is exact:
//
//	Accepted = Loaded + Duplicate + Dead + Erased + InLedger
//
// What is accepted is counted where it is written: the ledger keeps, in each
// visit's own commit, how many events there were up to it. What became of them
// is counted where they pass: the loader keeps it in the write that moves its
// position, and the dead letter is counted as it is. So an event that the loader
// did not see, or that left the dead letter by no known door, is a difference.
//
// Events are all that was committed: those of shops, and the server's own
// (decisions, rule sets). A rejected event is nowhere in it. Loaded means that
// ClickHouse said the insert is durable, or was found to have it; what is lost
// there afterwards is not a difference (see the audit), and an event that a
// visitor's erasure removes there stays loaded.
type Balance struct {
	Accepted  uint64 // events acknowledged: committed, and duplicates of such
	Loaded    uint64 // in the warehouse
	Duplicate uint64 // turned away: one of that id had been committed. Durable with the next commit, on both sides alike
	Dead      uint64 // in the dead letter
	Erased    uint64 // erased before they were loaded, or out of the dead letter
	InLedger  uint64 // committed, and not passed by the loader yet
}

// Difference is how many accepted events are not accounted for; 0, or something
// is wrong.
func (b Balance) Difference() int64 {
	return int64(b.Accepted) - int64(b.Loaded+b.Duplicate+b.Dead+b.Erased+b.InLedger)
}

func (b Balance) String() string {
	return fmt.Sprintf("%d accepted = %d loaded + %d duplicate + %d dead + %d erased + %d in ledger",
		b.Accepted, b.Loaded, b.Duplicate, b.Dead, b.Erased, b.InLedger)
}

// Err is nil if all are accounted for.
func (b Balance) Err() error {
	if d := b.Difference(); d != 0 {
		return fmt.Errorf("%d events are not accounted for: not %s", d, b)
	}
	return nil
}

// Balance takes it now. It waits for a write of the loader's record under way.
func (l *Loader) Balance() (Balance, error) {
	if err := l.begin(); err != nil {
		return Balance{}, err
	}
	l.settling.Lock()
	s, t := l.kept(), l.source.Tally()
	l.settling.Unlock()
	passed, err := l.source.Accepted(s.Position)
	if err != nil {
		return Balance{}, fmt.Errorf("take the balance: %w", err)
	}
	return Balance{
		Accepted:  t.Accepted + t.Duplicates,
		Loaded:    s.Passed.Loaded + t.Replayed,
		Duplicate: t.Duplicates,
		Dead:      t.Dead,
		Erased:    s.Passed.Erased + t.Erased,
		InLedger:  t.Accepted - passed,
	}, nil
}

// balanceEvery is how often the balance is checked.
const balanceEvery = time.Minute

// CheckBalance takes the balance each minute until ctx is done. A difference is
// logged, and is on the metrics and in LastBalance.
func (l *Loader) CheckBalance(ctx context.Context) error {
	tick := time.NewTicker(balanceEvery)
	defer tick.Stop()
	for {
		l.checkBalance()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (l *Loader) checkBalance() {
	b, err := l.Balance()
	if err != nil {
		l.config.Log.Error("the balance of events cannot be taken", "error", err)
		return
	}
	l.balance.Store(&b)
	l.metrics.checked(b)
	if d := b.Difference(); d != 0 {
		l.config.Log.Error("events are not accounted for", "difference", d, "accepted", b.Accepted, "loaded", b.Loaded,
			"duplicate", b.Duplicate, "dead", b.Dead, "erased", b.Erased, "in_ledger", b.InLedger)
	}
}

// LastBalance is the balance as last checked; false before the first time.
func (l *Loader) LastBalance() (Balance, bool) {
	if b := l.balance.Load(); b != nil {
		return *b, true
	}
	return Balance{}, false
}
