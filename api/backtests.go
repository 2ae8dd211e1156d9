package api

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Recorded is all traffic that was ever loaded, for back-tests.
type Recorded interface {
	RuleSets(ctx context.Context, each func(ledger string, r *ingest.Record) error) error
	// Traffic is that of the persons who asked for a decision in [from, to), of a
	// sample of so many in 10,000, read without haste.
	Traffic(ctx context.Context, from, to time.Time, sample int) (*replay.Traffic, error)
}

// Bounds of a back-test in the server: of more traffic a sample of the persons is
// replayed, and what takes longer ends with what was replayed until then.
const (
	backtestRows = 2_000_000
	backtestTime = 15 * time.Minute
)

// backtests are run one at a time; the last one's report is kept.
type backtests struct {
	rows uint64        // that are replayed at most, about
	time time.Duration // that one takes at most

	mu   sync.Mutex
	last *backtest // nil: none was run
	over bool      // the server stops
}

// backtest is one that runs, or has ended.
type backtest struct {
	id, campaign, name, by string
	days                   int
	began                  time.Time
	cancel                 context.CancelFunc
	ended                  chan struct{} // closed when it has; then what is below the counts stands

	done, rows, visitors atomic.Uint64 // of records; 0 rows: they are being counted
	sample               atomic.Int64  // of 10,000

	report  *replay.Report // nil where err says why
	whole   bool
	stopped error // context.Canceled: by somebody; context.DeadlineExceeded: by its time
	err     error
}

// runs says whether it is under way.
func (b *backtest) runs() bool {
	select {
	case <-b.ended:
		return false
	default:
		return true
	}
}

// late says whether its time ended it.
func (b *backtest) late() bool { return errors.Is(b.stopped, context.DeadlineExceeded) }

// Why there is no report, besides a warehouse that cannot answer.
var (
	errNoRules   = errors.New("the rules in use are not loaded into ClickHouse yet")
	errNoTraffic = errors.New("no decision of that time is in ClickHouse")
)

// begin runs one, unless another is under way: that one is given back, not begun;
// nil once the server stops.
func (k *backtests) begin(b *backtest, log *slog.Logger, run func(context.Context, *backtest) error) (_ *backtest, begun bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.over:
		return nil, false
	case k.last != nil && k.last.runs():
		return k.last, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.time)
	b.cancel, b.ended = cancel, make(chan struct{})
	k.last = b
	go func() {
		defer close(b.ended)
		defer cancel()
		_, b.err = safely(log, func() (struct{}, error) { return struct{}{}, run(ctx, b) })
		switch b.stopped = ctx.Err(); {
		case b.late():
			log.Warn("a back-test was too much for its time", "campaign", b.campaign, "days", b.days, "time", k.time, "records", b.rows.Load(), "replayed", b.done.Load())
		case b.err != nil && b.stopped == nil:
			log.Error("a back-test did not come to its end", "campaign", b.campaign, "error", b.err)
		}
	}()
	return b, true
}

// find is the last one, if it has that id.
func (k *backtests) find(id string) *backtest {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == nil || k.last.id != id {
		return nil
	}
	return k.last
}

// current is the one under way, nil if none is.
func (k *backtests) current() *backtest {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == nil || !k.last.runs() {
		return nil
	}
	return k.last
}

func (k *backtests) underWay() float64 {
	if k.current() == nil {
		return 0
	}
	return 1
}

// stop ends the one under way, and begins no other; wait has it come to its end,
// until ctx is done.
func (k *backtests) stop() (wait func(ctx context.Context)) {
	k.mu.Lock()
	k.over = true
	b := k.last
	k.mu.Unlock()
	if b == nil {
		return func(context.Context) {}
	}
	b.cancel()
	return func(ctx context.Context) {
		select {
		case <-b.ended:
		case <-ctx.Done():
		}
	}
}

// replayed runs one: the rules in use, of that hash, as omo backtest takes them, and
// changed, which is made of them.
func (s *Server) replayed(inUse string, changed *rules.Set, from, to time.Time) func(context.Context, *backtest) error {
	return func(ctx context.Context, b *backtest) error {
		plan := replay.Plan{Sets: replay.NewSets(), Changed: changed, From: from, To: to}
		if err := s.recorded.RuleSets(ctx, plan.Sets.Add); err != nil {
			return err
		}
		if plan.Sets.LatestHash() != inUse {
			return errNoRules
		}
		live, err := plan.Sets.Latest()
		if err != nil {
			return err
		}
		plan.Present = live.Set
		traffic, err := s.recorded.Traffic(ctx, from, to, wholeSample)
		if err == nil && traffic.Rows > s.backtests.rows {
			traffic, err = s.recorded.Traffic(ctx, from, to, max(1, int(wholeSample*s.backtests.rows/traffic.Rows)))
		}
		if err != nil {
			return err
		}
		if traffic.Visitors == 0 {
			return errNoTraffic
		}
		b.sample.Store(int64(traffic.Sample))
		b.visitors.Store(traffic.Visitors)
		b.rows.Store(traffic.Rows)
		rests := pace{since: time.Now()}
		b.report, b.whole, err = traffic.Through(ctx, replay.NewBacktest(plan), func(n uint64) error {
			b.done.Store(n)
			rests.rest(ctx)
			return nil
		})
		if b.report != nil { // it is kept: of visitors it names nobody
			b.report.Reproduced.Differences = []replay.Mismatch{}
		}
		return err
	}
}

const wholeSample = 10_000

// pace lets whoever asks for a decision go first: after a moment's work it rests
// for as long, so that a back-test takes half a core at most.
type pace struct{ since time.Time }

const workAtOnce = 2 * time.Millisecond

func (p *pace) rest(ctx context.Context) {
	worked := time.Since(p.since)
	if worked < workAtOnce {
		return
	}
	select {
	case <-time.After(min(worked, 100*workAtOnce)):
	case <-ctx.Done():
	}
	p.since = time.Now()
}
