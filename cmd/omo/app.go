package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/guard"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
	"github.com/omotenashi-web/omotenashi/rules"
)

// config is what serve and demo are told.
type config struct {
	Rules        string // the rules folder
	Data         string
	ClickHouse   string // DSN; "" runs the embedded one
	Addr         string
	TrustProxy   bool
	Pprof        string        // a loopback address for Go's profiles; "" none
	Rate         float64       // requests a second from one client's address; 0 any number
	SMTP         string        // where e-mail goes; "" that of OMO_SMTP
	WebhookHosts []string      // that webhooks may reach though they are private
	IdentifyKeys string        // a file of keys that prove identify tokens; "" the secret of the environment or of the data folder
	Cap          byteSize      // of the ledger's events; 0: its own default
	Reserve      byteSize      // kept free on the data folder's disk; 0: the ledger's own default
	Connections  int           // open at once; 0: the server's own default
	AcceptLoss   bool          // of visits that the ledger is known to have had
	Demo         string        // shown on the results page, which is then open; "" on a real server
	Patience     time.Duration // of a decision with another call of its visitor, and of a call with the disk; 0: their own
	BackupWaits  time.Duration // for a ClickHouse of our own that does not answer; 0: half a minute
	Keep         time.Duration // what was received longer ago is forgotten; 0: never
	GuardEvery   time.Duration // between two looks at how campaigns do; 0: none
	DeadCap      byteSize      // of the dead letter; 0: the loader's own default
	OutboxCap    byteSize      // of what is to be sent; 0: the ledger's own default
	Log          *slog.Logger
	Progress     clickhouse.Progress
	Now          func() time.Time // time.Now unless told
}

// app is the running product. Each part that must be stopped is named when it
// starts, and they are undone in reverse.
type app struct {
	log       *slog.Logger
	keys      *keyring
	engine    *engine.Engine
	ledger    *ledger.Ledger
	loader    *loader.Loader
	warehouse *warehouse.Warehouse
	child     *clickhouse.Server // nil with a DSN of the user's
	addr      string             // host:port it listens on
	data      string             // the data folder
	awaits    time.Duration      // as a backup does for its ClickHouse
	pprof     string             // host:port of the profiles; "" none
	metrics   *prometheus.Registry
	failed    chan error // a part that ended by itself

	stops []stopper
}

type stopper struct {
	name string
	stop func(context.Context) error
}

// stopWithin bounds the wait for each part.
const stopWithin = 15 * time.Second

// start assembles the product in one straight line:
//
//	data folder ─ keys ─ ledger ─ engine ◄── rules ◄── watch
//	                        │      ▲    ▲
//	                     loader  guard  └────── http ◄── storefronts
//	                        ▼      ▼              │
//	 clickhouse child ◄─ warehouse ◄──────────────┘ results
//
// The HTTP door opens last and closes first. ClickHouse comes up beside it:
// events and decisions do not wait for it, but for its library on a machine's
// first start.
func start(ctx context.Context, c config) (_ *app, err error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &app{log: c.Log, data: c.Data, awaits: cmp.Or(c.BackupWaits, 30*time.Second), failed: make(chan error, 4)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.stop())
		}
	}()
	kept := lastGood(filepath.Join(c.Data, "last-good-rules"))
	set, broken, err := firstRules(c, kept)
	if err != nil {
		return nil, err
	}
	listener, handed, err := door(ctx, c.Addr)
	if err != nil {
		return nil, err
	}
	a.addr = listener.Addr().String()
	a.later("listener", func(context.Context) error { listener.Close(); return nil })
	if err := a.openPprof(ctx, c.Pprof); err != nil {
		return nil, err
	}
	tracer, err := a.openTraces(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder %s cannot be made: %w; name another with --data", c.Data, err)
	}
	if a.keys, err = openKeys(c.Data); err != nil {
		return nil, err
	}
	if c.IdentifyKeys != "" {
		if a.keys.named, err = readIdentifyKeys(c.IdentifyKeys); err != nil {
			return nil, exit{misuse, err}
		}
	}
	metrics := prometheus.NewRegistry()
	a.metrics = metrics
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	patience := time.Duration(0)
	if handed {
		patience = handover
	}
	if a.ledger, err = openLedger(ctx, filepath.Join(c.Data, "ledger"), ledger.Options{Log: c.Log, Cap: int64(c.Cap), Reserve: int64(c.Reserve), LetterBytes: int64(c.OutboxCap), AcceptLoss: c.AcceptLoss, Patience: c.Patience}, patience); err != nil {
		return nil, err
	}
	a.later("ledger", func(context.Context) error { return a.ledger.Close() })
	a.measureRoom(metrics)
	if err := a.openWarehouse(ctx, c); err != nil {
		return nil, err
	}
	a.loader = loader.New(a.ledger, a.warehouse, loader.Config{DeadBytes: int64(c.DeadCap), Log: c.Log, Metrics: metrics})
	a.background("loader", a.load)
	a.background("balance", a.loader.CheckBalance)
	a.background("trimming", a.trim)

	a.engine = engine.New(engine.Options{Store: a.ledger, Key: a.keys.Token, Tombs: a.keys.Tombs, Patience: c.Patience, Log: c.Log})
	if err := a.engine.Use(set, c.Now()); err != nil {
		return nil, err
	}
	a.background("back-fill", func(ctx context.Context) error { return a.engine.Backfill(ctx, past{a}, c.Now) })
	a.background("erasures", func(ctx context.Context) error { return a.engine.RunErasures(ctx, downstream{a}, c.Now) })
	if c.Keep > 0 {
		a.background("retention", func(ctx context.Context) error {
			if a.awaitClickHouse(ctx) != nil {
				return nil
			}
			return a.engine.Retain(ctx, c.Keep, a.warehouse, c.Now)
		})
	}
	a.background("rankings", func(ctx context.Context) error { return a.rank(ctx, c.Now) })
	a.background("timers", func(ctx context.Context) error { return a.engine.RunTimers(ctx, c.Now) })
	letters, err := outbox.New(outbox.Options{
		Store: a.ledger, Secret: []byte(a.keys.Webhook), Allowed: c.WebhookHosts, SMTP: cmp.Or(c.SMTP, os.Getenv("OMO_SMTP")),
		Log: c.Log, Metrics: metrics, Now: c.Now,
	})
	if err != nil {
		return nil, exit{misuse, err}
	}
	a.background("outbox", letters.Run)
	reload := newReloader(a.engine, c, set, kept, broken, metrics)
	a.background("rules watch", reload.run)

	asked := questions{a.warehouse, a.child, askWithin}
	traffic := &recorded{questions: asked, dsn: a.dsn(c)}
	a.later("back-tests", traffic.close)
	looks := guard.New(guard.Options{
		Live: a.engine.Live, Engine: a.engine, Warehouse: counts{asked}, Every: c.GuardEvery, Log: c.Log, Metrics: metrics, Now: c.Now,
	})
	a.background("guard", func(ctx context.Context) error {
		if a.awaitClickHouse(ctx) != nil {
			return nil
		}
		return looks.Run(ctx)
	})

	keys, err := a.keys.forAPI()
	if err != nil {
		return nil, err
	}
	server, err := api.New(api.Options{
		Engine:        a.engine,
		Reports:       asked,
		Overview:      asked,
		Behind:        asked,
		Timelines:     asked,
		Audits:        asked,
		People:        people{c.Data},
		History:       &replay.History{Warehouse: asked, Ledger: a.ledger, Loaded: a.loader.Position},
		Recorded:      traffic,
		Dead:          a.loader,
		Keys:          keys,
		Outbox:        letters,
		Ready:         a.checks(reload),
		Backup:        a.backup,
		Metrics:       metrics,
		Tracer:        tracer,
		Log:           c.Log,
		Now:           c.Now,
		TrustProxy:    c.TrustProxy,
		Rates:         api.GenerousRates(c.Rate),
		Connections:   c.Connections,
		Kept:          keeper{a},
		OpenDashboard: c.Demo != "" && onLoopback(a.addr),
		Notice:        c.Demo,
	})
	if err != nil {
		return nil, err
	}
	a.background("keys watch", func(ctx context.Context) error { return a.watchKeys(ctx, c.Data, server) })
	go func() {
		if err := server.Serve(listener); err != nil {
			a.failed <- err
		}
	}()
	a.later("http", server.Shutdown)
	return a, nil
}

// clickhouseDir is the folder of a ClickHouse of our own.
func (a *app) clickhouseDir() string { return filepath.Join(a.data, "clickhouse") }

// openWarehouse connects to the user's ClickHouse or starts our own.
func (a *app) openWarehouse(ctx context.Context, c config) (err error) {
	dsn := c.ClickHouse
	if dsn == "" {
		if _, err := clickhouse.Install(ctx, c.Progress); err != nil {
			return err
		}
		a.child, err = clickhouse.Open(clickhouse.Options{Dir: a.clickhouseDir(), Log: c.Log})
		if err != nil {
			return err
		}
		a.later("clickhouse", func(context.Context) error { return a.child.Close() })
		dsn = a.child.DSN()
	}
	if a.warehouse, err = warehouse.Open(ctx, dsn); err != nil {
		return err
	}
	a.later("warehouse", func(context.Context) error { return a.warehouse.Close() })
	if c.ClickHouse != "" {
		if err := a.warehouse.Ping(ctx); err != nil {
			a.log.Warn("ClickHouse is away; events are kept in the ledger until it is back", "error", err)
		}
	}
	return nil
}

// dsn is where its ClickHouse is.
func (a *app) dsn(c config) string {
	if a.child != nil {
		return a.child.DSN()
	}
	return c.ClickHouse
}

// load loads once ClickHouse is there.
func (a *app) load(ctx context.Context) error {
	if a.awaitClickHouse(ctx) != nil {
		return nil
	}
	return a.loader.Run(ctx)
}

// awaitClickHouse waits for a ClickHouse of our own to be up, however long its
// breaker is open: asked before it has its database, it would end and start
// again. It is an error only where ctx ends first.
func (a *app) awaitClickHouse(ctx context.Context) error {
	for told := false; a.child != nil; {
		err := a.child.Wait(ctx)
		if err == nil {
			break
		}
		if !told && ctx.Err() == nil {
			a.log.Warn("ClickHouse does not come up; events are kept in the ledger", "error", err)
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return nil
}

// background runs work until stop; if it ends by itself with an error, the
// whole product stops.
func (a *app) background(name string, work func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			a.failed <- fmt.Errorf("%s: %w", name, err)
		}
	})
	a.later(name, func(context.Context) error { cancel(); running.Wait(); return nil })
}

func (a *app) later(name string, stop func(context.Context) error) {
	a.stops = append(a.stops, stopper{name, stop})
}

// stop undoes what was started, the last first. The door is closed first and
// the ledger last but the listener; what is in the ledger is durable.
func (a *app) stop() error {
	var errs []error
	for _, s := range slices.Backward(a.stops) {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		done := make(chan error, 1)
		go func() { done <- s.stop(ctx) }()
		select {
		case err := <-done:
			if err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", s.name, err))
			}
		case <-ctx.Done():
			errs = append(errs, fmt.Errorf("stop %s: not within %s", s.name, stopWithin))
		}
		cancel()
	}
	a.stops = nil
	return errors.Join(errs...)
}

// wait returns when ctx is done (nil) or a part has ended by itself.
func (a *app) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.failed:
		return err
	}
}

func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// loadRules reads a rules folder; warnings are not printed here.
func loadRules(dir string) (*rules.Set, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil, exit{misuse, fmt.Errorf("rules folder %[1]s does not exist: make it with omo init %[1]s, or name another with --rules", dir)}
		}
		return nil, exit{misuse, fmt.Errorf("rules folder %s cannot be read: %w", dir, err)}
	}
	set, found := rules.Load(os.DirFS(dir))
	if err := found.Err(); err != nil {
		return nil, exit{findings, fmt.Errorf("rules folder %s is not good:\n%w", dir, err)}
	}
	return set, nil
}
