package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/omotenashi-web/omotenashi/api/beacon"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// GCPercent is the garbage collector's goal that a server should run with, and
// does under omo serve unless GOGC says otherwise. Little is alive at a time, so
// that with Go's own 100 a busy intake is collected eight times a second, and
// answers wait for it.
const GCPercent = 200

// Reports is what analysts' questions are put to.
type Reports interface {
	Results(context.Context, warehouse.Query) (warehouse.Sums, error)
	Daily(ctx context.Context, q warehouse.Query, zone string) ([]warehouse.Slice, error)
	Breakdown(ctx context.Context, q warehouse.Query, by string) ([]warehouse.Slice, error)
	Funnel(context.Context, warehouse.FunnelQuery) ([]warehouse.FunnelDay, error)
	SiteWide(ctx context.Context, from, to, asOf time.Time, zone string) ([]warehouse.SiteMonth, error)
	Usage(ctx context.Context, months int, asOf time.Time, zone string) ([]warehouse.Month, error)
	Chats(context.Context, warehouse.ChatsQuery) ([]warehouse.ChatRow, error)
	Visitor(ctx context.Context, id string, limit int) ([]ingest.Record, error)
}

// Options of New. All but Now and those from Rates on are required.
type Options struct {
	Engine    *engine.Engine
	Reports   Reports
	Overview  Overview  // for the screens
	Behind    Behind    // what is behind a campaign's figures, for its screen
	Timelines Timelines // for those of visitors
	Audits    Audits
	History   *replay.History // for explanations
	Recorded  Recorded        // for back-tests
	Dead      DeadLetter
	Keys      Keys
	Kept      Kept   // for exports
	Outbox    Outbox // of webhooks and e-mails
	Ready     func(context.Context) []Check
	Backup    Backup
	Metrics   *prometheus.Registry
	Log       *slog.Logger
	Now       func() time.Time
	Tracer    trace.Tracer // nil: no traces

	Rates         Rates         // the zero value limits nothing
	Deciding      int           // decisions under way at once; 512 for each core unless told
	Connections   int           // open at once; 10,000 unless told
	TrustProxy    bool          // take the client's address and country from a proxy's headers
	People        People        // who may come in to the screens; nil: whoever has the secret key
	OpenDashboard bool          // screens that nobody need log in to; for a demo on loopback
	Heartbeats    time.Duration // of pages, while somebody is on duty; 15 s unless told
	BacktestRows  uint64        // replayed by one back-test, about; 2,000,000 unless told
	BacktestTime  time.Duration // for one back-test; 15 minutes unless told
	EraseTime     time.Duration // for the end of an erasure, before it is answered as running; 5 s unless told
	Notice        string        // shown on the screens: that the visitors are simulated, say
}

// Kept is all that is kept of visitors in ledger and warehouse.
type Kept interface {
	// Kept hands over their events, of each visitor in the order of folding.
	Kept(ctx context.Context, visitors []string, each func(ledger string, e *ingest.Event) error) error
	// VisitorsOf names the visitors that a person was ever known by, in order.
	VisitorsOf(ctx context.Context, user string) ([]string, error)
}

// Check is one part's readiness.
type Check struct {
	Part   string `json:"part"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`

	Figures []Figure `json:"-"` // for the screens, which have words for their names
}

// Figure is a number of a part's.
type Figure struct {
	Name  string // waiting, accepted, …
	Value int64
	Bytes bool // whether it counts bytes
}

// Server answers HTTP.
type Server struct {
	echo       *echo.Echo
	http       *http.Server
	engine     *engine.Engine
	reports    Reports
	history    *replay.History
	recorded   Recorded
	backtests  backtests
	letter     DeadLetter
	enricher   *ingest.Enricher
	ring       atomic.Pointer[ring]
	tokens     *jwt.Parser
	kept       Kept
	ready      func(context.Context) []Check
	log        *slog.Logger
	now        func() time.Time
	trustProxy bool
	eraseTime  time.Duration
	notice     string
	metrics    *metrics
	shed       *shedder
	limits     *limits
	outbox     Outbox
	lines      *lines
	listener   atomic.Pointer[net.Listener]
	closing    atomic.Bool
	operators  operators
	desk       desk
	overview   Overview
	behind     Behind
	shelf      *shelf
	timelines  Timelines
	recent     counted[[]warehouse.Recent]
	audits     Audits
	actions    actions // of the playground
	board      counted[figures]
	used       counted[[]warehouse.Month]
	lively     lively

	invitations invitations
	heartbeats  time.Duration

	writeBackup Backup
	backingUp   sync.Mutex
}

// Time limits of a connection. Bodies are small: what takes longer is no browser.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 60 * time.Second // reports may take a while
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
)

// New assembles the server; Serve starts it.
func New(o Options) (*Server, error) {
	core, err := beacon.Script()
	if err != nil {
		return nil, err
	}
	renderer, err := beacon.Renderer()
	if err != nil {
		return nil, err
	}
	modules, err := beacon.Modules()
	if err != nil {
		return nil, err
	}
	screens, err := dashboard.New()
	if err != nil {
		return nil, err
	}
	if err := warm(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		echo: echo.New(), engine: o.Engine, reports: o.Reports, history: o.History, recorded: o.Recorded, backtests: backtests{rows: cmp.Or(o.BacktestRows, backtestRows), time: cmp.Or(o.BacktestTime, backtestTime)}, letter: o.Dead, kept: o.Kept, enricher: ingest.NewEnricher(),
		tokens: jwt.NewParser(jwt.WithValidMethods([]string{"HS256", "EdDSA"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(o.Now)),
		ready:  o.Ready, writeBackup: o.Backup, log: o.Log, now: o.Now, eraseTime: cmp.Or(o.EraseTime, eraseTime), trustProxy: o.TrustProxy, notice: o.Notice,
		metrics: newMetrics(o.Metrics), limits: newLimits(o.Rates, o.Metrics), outbox: o.Outbox,
		shed: newShedder(o.Deciding, o.Metrics), lines: newLines(o.Connections, o.Metrics),
		overview: o.Overview, behind: o.Behind, shelf: newShelf(o.Engine.ErasedVisitors, o.Log), audits: o.Audits, timelines: o.Timelines,
		recent: counted[[]warehouse.Recent]{log: o.Log, fresh: 3 * time.Second, old: time.Minute},
		board:  counted[figures]{log: o.Log, fresh: 10 * time.Second, old: 15 * time.Minute}, used: counted[[]warehouse.Month]{log: o.Log, fresh: 5 * time.Minute, old: 24 * time.Hour},
		lively: newLively(o.Metrics), heartbeats: cmp.Or(o.Heartbeats, heartbeatEvery),
	}
	if err := s.UseKeys(o.Keys); err != nil {
		return nil, err
	}
	s.desk = desk{screens: screens, sessions: newSessions(), people: o.People, open: o.OpenDashboard, crossing: http.NewCrossOriginProtection()}
	countMerges(o.Metrics, o.Engine.Merges)
	s.http = &http.Server{
		Handler: s.lines.hear(s.echo), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ConnState: s.lines.changed, ConnContext: s.lines.known,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	o.Metrics.MustRegister(newCouponStock(s.engine, s.now), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_backtests_under_way", Help: "Back-tests under way from the playground: one at most.",
	}, s.backtests.underWay))
	s.routes(o, core, renderer, modules)
	return s, nil
}

func (s *Server) routes(o Options, core, renderer beacon.Asset, modules map[string]beacon.Asset) {
	e := s.echo
	e.HTTPErrorHandler = s.answerError
	// echo's own defaults believe any X-Forwarded-For and X-Forwarded-Proto.
	e.IPExtractor = echo.ExtractIPDirect()
	if s.trustProxy {
		e.IPExtractor = echo.ExtractIPFromXFFHeader()
	} else {
		e.Pre(withoutForwarding)
	}
	if o.Tracer != nil {
		e.Use(traced(o.Tracer))
	}
	e.Use(s.metrics.measure, guarded, middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: s.panicked}))
	get := func(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
		e.GET(path, h, m...)
		e.HEAD(path, h, m...) // net/http leaves the body out
	}
	get("/b.js", script(core))
	get("/r.js", script(renderer))
	get("/m/:name", module(modules))
	fromPages := func(path string, h echo.HandlerFunc) {
		e.POST(path, s.forPages(s.limits.clients(s.now)(h))) // as one: echo puts a route's middleware together anew for each request
		e.OPTIONS(path, s.forPages(preflight))
	}
	fromPages("/v1/decide", s.decide)
	fromPages("/v1/events", s.events)
	fromPages("/v1/why", s.why)
	fromPages("/v1/heartbeat", s.heartbeat)
	fromPages("/ofrep/v1/evaluate/flags", s.evaluateAll)
	fromPages("/ofrep/v1/evaluate/flags/:id", s.evaluate)
	for path, call := range segmentCalls {
		fromPages("/v1/"+path, s.segment(call))
	}
	get("/v1/campaigns", s.campaigns, s.needs(ScopeReports))
	e.POST("/v1/campaigns/:id/pause", s.pause, s.needs(scopeEdit))
	e.POST("/v1/campaigns/:id/resume", s.resume, s.needs(scopeEdit))
	get("/v1/campaigns/:id/results", s.results, s.needs(ScopeReports))
	get("/v1/campaigns/:id/series", s.series, s.needs(ScopeReports))
	get("/v1/campaigns/:id/breakdown", s.breakdown, s.needs(ScopeReports))
	get("/v1/campaigns/:id/funnel", s.funnel, s.needs(ScopeReports))
	get("/v1/site/results", s.site, s.needs(ScopeReports))
	get("/v1/review", s.review, s.needs(ScopeReports))
	get("/v1/usage", s.usage, s.needs(ScopeReports))
	get("/v1/chats", s.chatLife, s.needs(ScopeReports))
	get("/v1/visitors/:id", s.visitor, s.needs(ScopeReports))
	get("/v1/visitors/:id/export", s.exportByKey, s.needs(ScopeReports))
	e.DELETE("/v1/visitors/:id", s.erase, s.needs(ScopeErase))
	get("/v1/people/:id/export", s.exportPerson, s.needs(ScopeReports))
	e.DELETE("/v1/people/:id", s.erasePerson, s.needs(ScopeErase))
	get("/v1/erasures/:id", s.erasure, s.needs(ScopeErase))
	e.PUT("/v1/operators/:id", s.putOperator, s.needs(ScopeOperators))
	e.POST("/v1/explain", s.explain, s.needs(ScopeReports))
	e.POST("/v1/preview", s.preview, s.needs(ScopeReports))
	get("/v1/coupons", s.coupons, s.needs(ScopeReports))
	e.POST("/v1/coupons/:pool/release", s.release, s.needs(ScopeAdmin))
	e.POST("/v1/coupons/:pool/redeem", s.redeem, s.needs(ScopeEvents))
	e.POST("/v1/backup", s.backup, s.needs(ScopeAdmin))
	get("/v1/dead", s.dead, s.needs(ScopeAdmin))
	e.POST("/v1/dead/replay", s.replay, s.needs(ScopeAdmin))
	get("/v1/outbox", s.listOutbox, s.needs(ScopeAdmin))
	e.POST("/v1/outbox/retry", s.retryOutbox, s.needs(ScopeAdmin))
	get("/healthz", s.healthz)
	get("/readyz", s.readyz)
	get("/metrics", metricsOf(o.Metrics))
	get("/openapi.yaml", openAPI)
	s.screenRoutes()
}

// ServeHTTP lets tests and other servers call it without a listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Serve answers on l until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	l = s.lines.bounded(l)
	s.listener.Store(&l)
	if s.closing.Load() { // before there was a door to close: who waits at it is the next server's
		return l.Close()
	}
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) && !s.closing.Load() {
		return fmt.Errorf("http on %s: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown closes the door and lets requests under way end, until ctx is done.
func (s *Server) Shutdown(ctx context.Context) error {
	if !s.closing.Swap(true) {
		close(s.lively.over) // screens that are open would be waited for
	}
	defer s.backtests.stop()(ctx) // last: its ClickHouse may be slow to let go, and requests under way are not
	if l := s.listener.Load(); l != nil {
		if err := (*l).Close(); err != nil {
			s.log.Warn("the door does not close", "error", err)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, headerTimeout) // by then who is silent is cut off anyway
	s.lines.drain(waiting)
	cancel()
	if err := s.http.Shutdown(ctx); !errors.Is(err, net.ErrClosed) { // closed above, and again unless Serve has returned by now
		return err
	}
	return nil
}

// withoutForwarding drops the headers by which anybody could claim to be a proxy.
func withoutForwarding(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		for _, name := range [...]string{"X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Url-Scheme"} {
			h.Del(name)
		}
		return next(c)
	}
}

func (s *Server) panicked(c echo.Context, err error, stack []byte) error {
	s.log.Error("handler panicked", "path", c.Request().URL.Path, "error", err, "stack", string(stack))
	return problem("internal", "something went wrong on the server; its log says what").in("サーバーのログに理由があります。")
}
