package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/examples/shop"
	"github.com/omotenashi-web/omotenashi/examples/shop/crowd"
)

// demoOptions are what omo demo can be told; nothing must be.
type demoOptions struct {
	data, addr, shopAddr, level string
	visitors, days              int
	seconds                     float64
	seed                        uint64
	once                        bool
}

func demoCommand() *cobra.Command {
	o := demoOptions{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Everything, with nothing prepared: server, ClickHouse, sample shop, simulated visitors",
		Long: `Everything, with nothing prepared: the server with an embedded ClickHouse, a
sample shop with twenty campaigns, and simulated visitors through the real HTTP
API: four in five of them within the fourteen days before, on a clock that is put
back for that, and the others now. After a minute or two the result table is
printed; the shop and the results page stay open until Ctrl-C.

The visitors are simulated: how many pages they see, who comes back and who
buys is drawn from 12,330 real sessions (Sakar & Kastro, UCI, CC BY 4.0); what a
campaign's action changes is assumed, so that there is something to find.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "keep the data in this folder; without it, a new one is made and removed at the end")
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where omotenashi listens")
	f.StringVar(&o.shopAddr, "shop-addr", "127.0.0.1:8081", "where the shop listens")
	f.IntVar(&o.visitors, "visitors", 3000, "how many simulated visitors come")
	f.IntVar(&o.days, "days", 14, "how many past days most of them came in; 0: all come now")
	f.Float64Var(&o.seconds, "seconds", 50, "within how many seconds, if the machine keeps up; 0 is as fast as it goes")
	f.Uint64Var(&o.seed, "seed", 1, "the same seed draws the same people")
	f.BoolVar(&o.once, "once", false, "end after the table; exit 1 unless ClickHouse's numbers equal the simulator's own, arm by arm")
	f.StringVar(&o.level, "log", "warn", "debug, info, warn or error")
	return cmd
}

// demoMemory is where the collector begins to work harder; about 25 MB are alive.
const demoMemory = 56 << 20

func (o demoOptions) run(cmd *cobra.Command) error {
	ctx, errOut := cmd.Context(), cmd.ErrOrStderr()
	debug.SetGCPercent(100) // somebody's laptop: rather small than fast
	if _, told := os.LookupEnv("GOMEMLIMIT"); !told {
		debug.SetMemoryLimit(demoMemory)
	}
	log, err := logger(errOut, o.level)
	if err != nil {
		return err
	}
	data, remove, err := o.folder()
	if err != nil {
		return err
	}
	defer remove()
	clock := &crowd.Clock{}
	if _, err := os.Stat(filepath.Join(data, "ledger")); errors.Is(err, fs.ErrNotExist) { // or visitors have come, and no past can come after them
		clock = crowd.Past(time.Now(), o.days, o.visitors*4/5)
	}
	rulesDir := filepath.Join(data, "rules")
	if err := copyRules(rulesDir); err != nil {
		return err
	}
	if os.Getenv("OMO_SECRET_KEY") == "" {
		// The demo's own simulator and tables need the key, so it is made here.
		if err := os.Setenv("OMO_SECRET_KEY", "sk_demo_"+uuid.NewString()); err != nil {
			return err
		}
	}
	a, err := start(ctx, config{
		Now:      clock.Now,
		Patience: time.Minute, // the simulated visitors share the machine, and would wait
		Rules:    rulesDir, Data: data, Addr: o.addr, GuardEvery: guardUsually, Log: log, Progress: progressOn(errOut),
		Demo: "デモ：ここに見える「sim-」で始まる来訪者はシミュレーションです。",
	})
	if err != nil {
		return err
	}
	err = o.show(ctx, cmd, a, clock, rulesDir, log)
	return errors.Join(err, a.stop())
}

func (o demoOptions) show(ctx context.Context, cmd *cobra.Command, a *app, clock *crowd.Clock, rulesDir string, log *slog.Logger) error {
	errOut := cmd.ErrOrStderr()
	listener, err := listen(ctx, o.shopAddr)
	if err != nil {
		return fmt.Errorf("shop: %w (the shop's is --shop-addr)", err)
	}
	sign := signer(a)
	site := &http.Server{
		Handler:           shop.New(shop.Options{BeaconURL: "http://" + a.addr, PublicKey: a.keys.Public, Sign: sign, Open: clock.IsToday, Log: log}),
		ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := site.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("shop: %w", err)
		}
	}()
	a.later("shop", site.Shutdown)
	addresses(errOut, a, listener, rulesDir)

	c, err := o.crowd(a, "http://"+listener.Addr().String(), clock, sign, log)
	if err != nil {
		return err
	}
	if err := o.fill(ctx, cmd, a, clock, c, log); err != nil || o.once {
		return o.ended(ctx, err)
	}
	addresses(errOut, a, listener, rulesDir)
	fmt.Fprintln(errOut, "A few simulated visitors keep coming. Ctrl-C ends the demo.")
	go c.Run(ctx, o.visitors, 1<<31, trickle) // without end; what fails is told on the way
	return a.wait(ctx)
}

// fill sends the crowd and prints what came of it. Visitors that were left, or a
// table that is late, end the demo only where there is nobody to see the rest, or
// the numbers are to be compared.
func (o demoOptions) fill(ctx context.Context, cmd *cobra.Command, a *app, clock *crowd.Clock, c *crowd.Crowd, log *slog.Logger) error {
	began := clock.Now() // an earlier demo on the same data folder is not this one's crowd
	if err := o.come(ctx, clock, c, cmd.ErrOrStderr()); err != nil {
		if ctx.Err() != nil || o.once || c.Done() == 0 {
			return err
		}
		log.Warn("not all simulated visitors came to their end", "error", err)
	}
	results, err := a.counted(ctx, began)
	if err != nil {
		if ctx.Err() != nil || o.once {
			return err
		}
		log.Warn("the table of results did not come in time; the screens go on", "error", err)
		return nil
	}
	ja, err := inJapanese("")
	if err != nil {
		return err
	}
	writeResults(cmd.OutOrStdout(), reader{ja: ja, terminal: onTerminal(cmd.OutOrStdout()), zone: time.Local}, results)
	if o.once {
		return agree(cmd.OutOrStdout(), c.Tally(), results)
	}
	return nil
}

// counted are the results once the warehouse has everything.
func (a *app) counted(ctx context.Context, since time.Time) ([]resultAnswer, error) {
	if err := a.settle(ctx); err != nil {
		return nil, err
	}
	return a.results(ctx, since)
}

// signer signs the shop's identify tokens, as the shop's own server would.
func signer(a *app) func(claims map[string]any) (string, error) {
	return func(claims map[string]any) (string, error) {
		return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims)).SignedString([]byte(a.keys.Identify))
	}
}

// headerTimeout is how long a browser may take to say what it wants of the shop.
const headerTimeout = 5 * time.Second

// trickle is how many simulated visitors a second come once the table is filled: enough
// to see somebody come, and few enough that a day of them does not drown the past.
const trickle = 0.2

// settleWithin bounds the wait for ClickHouse to have what the ledger has.
const settleWithin = time.Minute

// ended is nil if the demo was stopped by hand, unless it was to compare.
func (o demoOptions) ended(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == nil:
		return err
	case o.once:
		return exit{findings, errors.New("stopped before the numbers could be compared")}
	default:
		return nil
	}
}

func addresses(w io.Writer, a *app, shop net.Listener, rulesDir string) {
	fmt.Fprintf(w, "\n  shop      http://%s\n  results   http://%s/ui\n  rules     %s   (edit a campaign: it is reloaded)\n", shop.Addr(), a.reach(), rulesDir)
	fmt.Fprintf(w, "  key       export OMO_SECRET_KEY=%s   (for omo results, omo import)\n  SQL       omo clickhouse query --data %s 'SELECT * FROM results_by_variant'\n\n", a.keys.secret, filepath.Dir(rulesDir))
}

func (o demoOptions) folder() (dir string, remove func(), err error) {
	if o.data != "" {
		if err := os.MkdirAll(o.data, 0o700); err != nil {
			return "", nil, fmt.Errorf("data folder %s cannot be made: %w; name another with --data", o.data, err)
		}
		return o.data, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "omo-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("no folder for the demo's data: %w; name one with --data", err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

// copyRules writes the sample shop's rules where they can be edited; a folder
// that is there from an earlier demo stays as its owner left it.
func copyRules(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.CopyFS(dir, shop.Rules()); err != nil {
		return fmt.Errorf("the shop's rules could not be written: %w", err)
	}
	return fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(filepath.Join(dir, path), 0o600) // embedded files are read-only
	})
}
