package loader

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Source is the ledger, as far as the loader needs it.
type Source interface {
	// ID names the ledger: seq counts within it.
	ID() string
	// Durable is the last seq that survives a power cut.
	Durable() uint64
	// Read gives the events of visits after..upTo in seq order: whole visits, at
	// least one if there is any, about max events.
	Read(ctx context.Context, after, upTo uint64, max int) ([]ingest.Record, error)
	// Changed is closed or gets a value when Durable has moved.
	Changed() <-chan struct{}
	// Mark keeps a small record durably, fsynced, under a name; Marked gives it
	// back, nil if there is none.
	Mark(name string, value []byte) error
	Marked(name string) ([]byte, error)

	letter
	counter
}

// letter is the ledger's dead letter.
type letter interface {
	// Settle is Mark, and in the same durable write these events are dead.
	Settle(name string, value []byte, dead []ingest.Dead) error
	// Dead gives those after a place in order, at most max; DeadAt those at the
	// places named that are there.
	Dead(after ingest.Place, max int) ([]ingest.Dead, error)
	DeadAt(places []ingest.Place) ([]ingest.Dead, error)
	// Raise takes out those that are in the warehouse now.
	Raise(places []ingest.Place) error
}

// counter is the ledger's own count of what was committed.
type counter interface {
	// Accepted counts the events of all visits up to one.
	Accepted(upTo uint64) (uint64, error)
	// Erased counts the events that erased visits after..upTo once had.
	Erased(after, upTo uint64) (uint64, error)
	Tally() ingest.Tally
}

// Sink is the warehouse, as far as the loader needs it. Insert's errors wrap
// warehouse.ErrRefused (and ErrData) or warehouse.ErrUnknown.
type Sink interface {
	Insert(ctx context.Context, token string, rows []warehouse.Row) error
	Loaded(ctx context.Context, ledger string, from, to uint64) (count uint64, err error)
	Places(ctx context.Context, ledger string, places []ingest.Place) (map[ingest.Place]bool, error)
}

// Config holds the bounds. Zero values are replaced by the defaults named.
type Config struct {
	MaxRows       int           // a batch is closed at so many rows: 50,000
	MaxBytes      int           // or so many bytes of them: 32 MiB
	MaxAge        time.Duration // or so long after its first event was seen: 1 s
	InsertTimeout time.Duration // of one attempt: 30 s
	StopTimeout   time.Duration // how long a running insert may go on after a stop: 10 s
	MinWait       time.Duration // before the second attempt, doubled each time: 100 ms
	MaxWait       time.Duration // up to: 2 s, so that a server that is back is soon found
	DeadBytes     int64         // of the dead letter; what would pass it stops the loader: 256 MiB
	Boot          string        // names this run of the machine: what the kernel says
	Now           func() time.Time
	Log           *slog.Logger
	Metrics       prometheus.Registerer // nil: not published
}

func (c Config) withDefaults() Config {
	number := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	number(&c.MaxRows, 50_000)
	number(&c.MaxBytes, 32<<20)
	span(&c.MaxAge, time.Second)
	span(&c.InsertTimeout, crash.Span("loader.insert", 30*time.Second))
	span(&c.StopTimeout, 10*time.Second)
	span(&c.MinWait, 100*time.Millisecond)
	span(&c.MaxWait, 2*time.Second)
	if c.DeadBytes <= 0 {
		c.DeadBytes = 256 << 20
	}
	if c.Boot == "" {
		c.Boot = bootID()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Loader moves events from one Source to one Sink. One Run at a time.
type Loader struct {
	source  Source
	sink    Sink
	config  Config
	metrics *metrics
	loading atomic.Int64         // when the first event of the batch being delivered was received, ms; 0: none
	spare   chan []warehouse.Row // of delivered batches, to be filled again
	turn    chan struct{}        // taken by whoever delivers, or keeps deliveries away
	stuck   atomic.Pointer[error]
	balance atomic.Pointer[Balance] // as last checked

	replaying chan struct{} // taken by the one replay at a time; beside turn: it may be what a full dead letter waits for
	settling  sync.Mutex    // held while the record and the dead letter change as one
	begun     bool          // the record was read; guarded by settling

	mu      sync.Mutex
	state   state         // the record, as it is in the ledger
	moved   chan struct{} // closed when the record changes, and replaced
	flushTo uint64        // somebody waits for this seq: close batches early
	asked   chan struct{} // has a value when flushTo has moved
}

// New makes a Loader; Run starts it.
func New(source Source, sink Sink, config Config) *Loader {
	l := &Loader{
		source:    source,
		sink:      sink,
		config:    config.withDefaults(),
		spare:     make(chan []warehouse.Row, 2),
		turn:      make(chan struct{}, 1),
		replaying: make(chan struct{}, 1),
		moved:     make(chan struct{}),
		asked:     make(chan struct{}, 1),
	}
	l.metrics = newMetrics(l, config.Metrics)
	return l
}

// Run loads until ctx is done; then it lets a running insert finish, for at most
// StopTimeout, and returns nil. It returns an error only if the ledger's record
// of the position cannot be understood: guessing it would double or lose events.
func (l *Loader) Run(ctx context.Context) error {
	down := l.wentDown()
	if !down {
		l.noteBoot(false)
	}
	if err := l.begin(); err != nil {
		return err
	}
	if !l.inTurn(ctx, func() bool { return l.recover(ctx) }) {
		return nil
	}
	if down {
		if !l.inTurn(ctx, func() bool { return l.recount(ctx) }) {
			return nil // the next start compares again
		}
		l.noteBoot(false)
	}
	ready := make(chan *batch)
	var preparing sync.WaitGroup
	preparing.Go(func() {
		defer close(ready)
		l.prepare(ctx, l.Position(), ready)
	})
	for b := range ready {
		if !l.inTurn(ctx, func() bool { return l.deliver(ctx, b) }) {
			break // stopped: the pending record tells the next start
		}
	}
	for range ready { // let prepare see the stop
	}
	preparing.Wait()
	l.noteBoot(true)
	return nil
}

// Position is the seq up to which everything is in the warehouse.
func (l *Loader) Position() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Position
}

// LoadedBy is a seq up to which everything was in the warehouse at a moment, 0
// where that is not known. It is exact to an hour or two, never too high, and
// known over restarts.
func (l *Loader) LoadedBy(at time.Time) uint64 {
	if l.begin() != nil {
		return 0 // Run tells why
	}
	s := l.kept()
	return s.loadedBy(at.UnixMilli())
}

// Flush returns when everything that was durable at the call is in the
// warehouse, or with ctx's error. It waits for a running Run and starts none.
func (l *Loader) Flush(ctx context.Context) error {
	target := l.source.Durable()
	l.mu.Lock()
	l.flushTo = max(l.flushTo, target)
	l.mu.Unlock()
	select {
	case l.asked <- struct{}{}:
	default:
	}
	for {
		l.mu.Lock()
		position, moved := l.state.Position, l.moved
		l.mu.Unlock()
		if position >= target {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Loader) flushTarget() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flushTo
}
