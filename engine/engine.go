package engine

import (
	"bufio"
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Store is what the engine needs of a ledger.
type Store interface {
	Commit(ledger.Visit) (seq uint64, err error)
	Last() uint64
	Sync() error
	Profile(visitor string) ([]byte, error)
	Home(visitor string) (string, error)
	Seen(...ledger.ID) ([]bool, error)
	Repeated(n int)
	Unit(person string) (string, error)
	EachOutgoing(each func(ledger.Outgoing) error) error
	Sent(...ledger.Outgoing) (int, error)
	Timers(upTo int64, most int) (due []ledger.Timer, next int64, err error)
	Mark(name string, value []byte) error
	Marked(name string) ([]byte, error)
	Marks(prefix string, each func(ledger.Record) error) error
	Graves
	coupons
}

// Graves is what the engine needs of a ledger to forget visitors for good.
type Graves interface {
	Entomb(tombs []ledger.Tomb, records ...ledger.Record) error
	Tomb(ledger.Tomb) (why string, stands bool, err error)
	Tombs(each func(ledger.Tomb) error) error
	Forget(visitor string, timers []ledger.Timer, person string, browsers ...string) (ledger.Forgotten, error)
	EraseDead(visitor string) (int, error)
	DeadOf(user string) ([]string, error)
	Sweep(after, upTo uint64, most int, gone func(visitor string) bool, note func(next uint64, taken map[string]int) ([]ledger.Record, error)) (uint64, error)
}

// Options of New.
type Options struct {
	Store    Store
	Key      []byte        // signs decision tokens; kept over restarts
	Tombs    []byte        // makes tombstones of erased visitors' ids; kept for good, over restores too; Key unless told
	NewID    func() string // UUIDv7 unless told
	Profiles int           // how many decoded profiles stay in memory; 50,000 unless told
	Patience time.Duration // for which a decision waits while another call of its visitor is under way; 40 ms unless told
	Log      *slog.Logger  // of work in the background; nil: silent
}

// Engine answers visits. Safe for concurrent use.
type Engine struct {
	store    Store
	key      []byte
	provers  sync.Pool // of *prover
	newID    func() string
	patience time.Duration
	log      *slog.Logger
	using    sync.Mutex   // one Use, or one end of a back-fill, at a time
	swap     sync.RWMutex // held by every visit under way, and against all of them while live changes
	live     atomic.Pointer[Live]
	ranks    atomic.Pointer[map[string][]rules.RankItem] // by Ranking.Key; see Rank
	wake     chan struct{}                               // tells the back-fill of a new rule set
	filling  progress
	tombKey  []byte
	erased   atomic.Int64  // visitors that have a tombstone
	erasing  sync.Mutex    // one Erase begins at a time
	toErase  chan struct{} // tells RunErasures
	seed     maphash.Seed
	shards   [shardCount]shard
	people   [shardCount]door // one browser of a person at a time names it for the first time
	perMax   int              // profiles a shard keeps
	merges   merges
}

// shardCount locks and caches: visits of different visitors seldom meet.
const shardCount = 256

// shard guards the visitors that hash to it and keeps their decoded profiles.
// A profile that visitors share is in the shard of its home.
type shard struct {
	number   int // shards are locked in this order
	mu       door
	profiles map[string]*profile.Profile
	homes    map[string]string // visitors that share another's profile
}

// New gives an engine; Use must be called before the first visit.
func New(o Options) *Engine {
	if o.Tombs == nil {
		o.Tombs = o.Key
	}
	if o.NewID == nil {
		o.NewID = newIDs()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Profiles == 0 {
		o.Profiles = 50_000
	}
	e := &Engine{
		store: o.Store, key: o.Key, newID: o.NewID,
		patience: cmp.Or(o.Patience, decideWithin), log: o.Log, wake: make(chan struct{}, 1), tombKey: o.Tombs, toErase: make(chan struct{}, 1),
		seed: maphash.MakeSeed(), perMax: max(1, o.Profiles/shardCount),
	}
	e.provers.New = func() any { return &prover{mac: hmac.New(sha256.New, e.key)} }
	for i := range e.shards {
		e.shards[i] = shard{number: i, mu: newDoor(), profiles: map[string]*profile.Profile{}, homes: map[string]string{}}
		e.people[i] = newDoor()
	}
	return e
}

// newIDs makes UUIDv7s. Two are made for every page view, so what is random in
// them is fetched for many at once.
func newIDs() func() string {
	entropy := sync.Pool{New: func() any { return bufio.NewReaderSize(rand.Reader, 1024) }}
	return func() string {
		r := entropy.Get().(*bufio.Reader)
		defer entropy.Put(r)
		return uuid.Must(uuid.NewV7FromReader(r)).String()
	}
}

// NewKey is a fresh key for Options.Key.
func NewKey() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails; see crypto/rand
	return key
}

// NewID mints an id for a visitor, an event or a decision.
func (e *Engine) NewID() string { return e.newID() }

// Live is the rule set in use and what belongs to it.
func (e *Engine) Live() *Live { return e.live.Load() }

// Profile gives a copy of a visitor's profile, of a person's as seen from this
// browser; nil when nothing is known.
func (e *Engine) Profile(visitor string) (*profile.Profile, error) {
	raw, err := e.store.Profile(visitor)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		home, err := e.store.Home(visitor)
		if err != nil || home == "" {
			return nil, err
		}
		if raw, err = e.store.Profile(home); err != nil || raw == nil {
			return nil, err
		}
	}
	p, err := decodeProfile(raw)
	if err != nil || !p.Turn(visitor) {
		return nil, err
	}
	return p, nil
}

// Sync returns once everything visited before the call is durable.
func (e *Engine) Sync() error { return e.store.Sync() }

// clock is a time as events know it: milliseconds since 1970.
func clock(now time.Time) int64 { return now.UnixMilli() }
