package api_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

const (
	publicKey = "pk_0123456789abcdef"
	secretKey = "sk_fedcba9876543210"
)

var (
	cookieKey   = []byte("a cookie key that is long enough")
	identifyKey = []byte("an identify key that is long too, I say")
)

func goodKeys() api.Keys {
	return api.Keys{
		Public: publicKey, Secret: api.HashKey(secretKey),
		Cookies: [][]byte{cookieKey}, Identify: []api.TokenKey{{Secret: identifyKey}},
	}
}

// A shop is the whole server on a real ledger, and its rules from a folder.
type shop struct {
	*httptest.Server
	t       testing.TB
	ledger  *ledger.Ledger
	engine  *engine.Engine
	reports *reports
	clock   *clock
	checks  []api.Check
	log     *slog.Logger
}

// An option changes what a shop is opened with.
type option func(*opening)

type opening struct {
	files    fstest.MapFS
	store    func(engine.Store) engine.Store
	api      func(*api.Options)
	server   func(*api.Server)
	patience time.Duration // the machine may be busy: a minute unless told
}

// edit replaces a text in a file of the rules folder.
func edit(name, old, text string) option {
	return func(o *opening) {
		o.files[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(o.files[name].Data), old, text, 1))}
	}
}

// consent is what the site does about visitors who said nothing.
func consent(rule string) option { return edit("site.yaml", "opt_out", rule) }

// shadow has the campaign that is all control decided and not shown.
var shadow = edit("campaigns/quiet.yaml", "status: live", "status: shadow")

var trustProxy = options(func(o *api.Options) { o.TrustProxy = true })

// store puts something between the engine and the ledger.
func store(between func(engine.Store) engine.Store) option {
	return func(o *opening) { o.store = between }
}

// options changes what the server is assembled with.
func options(change func(*api.Options)) option { return func(o *opening) { o.api = change } }

func open(t testing.TB, changes ...option) *shop {
	t.Helper()
	o := opening{files: folder(t), store: func(s engine.Store) engine.Store { return s }, api: func(*api.Options) {}, server: func(*api.Server) {}}
	for _, change := range changes {
		change(&o)
	}
	log := slog.New(slog.DiscardHandler)
	s := &shop{t: t, clock: &clock{now: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)}, reports: &reports{}, log: log}
	var err error
	if s.ledger, err = ledger.Open(filepath.Join(t.TempDir(), "ledger"), ledger.Options{Log: log, Now: s.clock.Now, Patience: time.Minute}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	s.engine = engine.New(engine.Options{Store: o.store(s.ledger), Key: engine.NewKey(), Patience: cmp.Or(o.patience, time.Minute)})
	set, found := rules.Load(o.files)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.engine.Use(set, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	given := api.Options{
		Engine: s.engine, Reports: s.reports, History: &replay.History{Warehouse: s.reports, Ledger: s.ledger, Loaded: func() uint64 { return 0 }}, Dead: deadOf(0), Keys: goodKeys(),
		Kept: bare{}, Overview: s.reports, Behind: s.reports, Timelines: s.reports, Audits: s.reports, People: &people{},
		Ready:   func(context.Context) []api.Check { return s.checks },
		Backup:  func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, "all of it"); return err },
		Metrics: prometheus.NewRegistry(), Log: log, Now: s.clock.Now,
		EraseTime: 50 * time.Second, // less than the callers' own patience: what runs erasures may rest for a while
	}
	if given.Outbox, err = outbox.New(outbox.Options{Store: s.ledger, Log: log, Metrics: prometheus.NewRegistry(), Now: s.clock.Now, Patience: time.Minute}); err != nil {
		t.Fatal(err)
	}
	o.api(&given)
	server, err := api.New(given)
	if err != nil {
		t.Fatal(err)
	}
	o.server(server)
	s.Server = httptest.NewServer(server)
	t.Cleanup(s.Close)
	return s
}

// on is the same shop for a subtest.
func (s *shop) on(t testing.TB) *shop {
	again := *s
	again.t = t
	return &again
}

// folder is testdata/rules, ready to be changed.
func folder(t testing.TB) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	root := os.DirFS("testdata/rules")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// recorded gives everything the ledger keeps but the rule set itself.
func (s *shop) recorded() []ingest.Record {
	s.t.Helper()
	all, err := s.ledger.Read(context.Background(), 0, s.ledger.Last(), 1_000_000)
	if err != nil {
		s.t.Fatal(err)
	}
	return all[1:]
}

// names are the recorded events' names, in order.
func (s *shop) names() []string {
	s.t.Helper()
	names := []string{}
	for _, r := range s.recorded() {
		names = append(names, r.Event.Name)
	}
	return names
}

// reports stands where ClickHouse is: it answers what a test wants and
// remembers what it was asked.
type reports struct {
	mu     sync.Mutex
	sums   warehouse.Sums
	slices []warehouse.Slice
	funnel []warehouse.FunnelDay
	months []warehouse.SiteMonth
	usage  []warehouse.Month
	events []ingest.Record

	activity  []warehouse.Activity
	conflicts []warehouse.Conflict
	audits    []ingest.Event
	members   warehouse.Members
	came      warehouse.Came
	chats     []warehouse.ChatRow
	chatted   warehouse.Chatted
	phases    []warehouse.Phase
	behind    []any           // what was asked of who is behind numbers
	timeline  []ingest.Record // the newest first
	recent    []warehouse.Recent

	late  chan struct{} // nil: every answer comes at once, else when it is closed
	hold  chan struct{} // nil: results are told at once, else when it is closed
	under int           // results asked for and not told yet
	most  int           // that there were at once

	away  bool
	asked []warehouse.Query
	words []string // what else was asked, in order: a zone, an attribute
}

var errAway = errors.New("ClickHouse at 127.0.0.1:9000 cannot be reached: connection refused; start it")

func (r *reports) Results(_ context.Context, q warehouse.Query) (warehouse.Sums, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, q)
	r.under++
	defer func() { r.under-- }()
	r.most = max(r.most, r.under)
	r.wait(r.hold)
	r.wait(r.late)
	if r.away {
		return warehouse.Sums{}, errAway
	}
	return r.sums, nil
}

// wait holds an answer back for as long as the test wants. The lock is the caller's.
func (r *reports) wait(hold chan struct{}) {
	if hold != nil {
		r.mu.Unlock()
		<-hold
		r.mu.Lock()
	}
}

func (r *reports) Daily(_ context.Context, q warehouse.Query, zone string) ([]warehouse.Slice, error) {
	return r.slices, r.ask(q, zone)
}

func (r *reports) Breakdown(_ context.Context, q warehouse.Query, by string) ([]warehouse.Slice, error) {
	return r.slices, r.ask(q, by)
}

func (r *reports) Funnel(_ context.Context, q warehouse.FunnelQuery) ([]warehouse.FunnelDay, error) {
	return r.funnel, r.ask(warehouse.Query{Campaign: q.Campaign, Phase: q.Phase, From: q.From, To: q.To, AsOf: q.AsOf}, q.Zone)
}

func (r *reports) SiteWide(_ context.Context, from, to, asOf time.Time, zone string) ([]warehouse.SiteMonth, error) {
	return r.months, r.ask(warehouse.Query{From: from, To: to, AsOf: asOf}, zone)
}

func (r *reports) Usage(_ context.Context, months int, asOf time.Time, zone string) ([]warehouse.Month, error) {
	return r.usage[max(0, len(r.usage)-months):], r.ask(warehouse.Query{AsOf: asOf}, zone)
}

// ask remembers a question, and fails where the warehouse is away.
func (r *reports) ask(q warehouse.Query, word string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.words = append(r.asked, q), append(r.words, word)
	r.wait(r.late)
	if r.away {
		return errAway
	}
	return nil
}

func (r *reports) Visitor(_ context.Context, _ string, limit int) ([]ingest.Record, error) {
	if r.away {
		return nil, errAway
	}
	return r.events[max(0, len(r.events)-limit):], nil
}

func (r *reports) Activity(context.Context, time.Time, string) ([]warehouse.Activity, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.activity, r.answers()
}

func (r *reports) Conflicts(context.Context, time.Time) ([]warehouse.Conflict, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conflicts, r.answers()
}

func (r *reports) Audits(context.Context, int) ([]ingest.Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.audits, r.answers()
}

func (r *reports) Members(_ context.Context, q warehouse.MembersQuery) (warehouse.Members, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behind = append(r.behind, q)
	return r.members, r.answers()
}

func (r *reports) CameTo(_ context.Context, q warehouse.StepQuery) (warehouse.Came, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behind = append(r.behind, q)
	return r.came, r.answers()
}

func (r *reports) Chats(_ context.Context, q warehouse.ChatsQuery) ([]warehouse.ChatRow, error) {
	return r.chats, r.ask(warehouse.Query{Campaign: q.Campaign, From: q.From, To: q.To, AsOf: q.AsOf}, "chats")
}

func (r *reports) Chatted(_ context.Context, q warehouse.ChattedQuery) (warehouse.Chatted, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behind = append(r.behind, q)
	return r.chatted, r.answers()
}

func (r *reports) Phases(context.Context, warehouse.Query) ([]warehouse.Phase, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phases, r.answers()
}

func (r *reports) answers() error {
	r.wait(r.late)
	if r.away {
		return errAway
	}
	return nil
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newClient has connections of its own, so that no other test closes them.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{}, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
