package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

func serveCommand() *cobra.Command {
	c := config{Cap: ledger.DefaultCap, GuardEvery: guardUsually}
	level, keep := "info", keepUsually
	cmd := &cobra.Command{
		Use:   "serve --rules DIR",
		Short: "Run the server; it reloads rules when they change",
		Long: `Run the server. Without --clickhouse it runs ClickHouse itself, as a child
process on a loopback port with a random password: others on a shared host
cannot read it but can disturb it, so name a server of your own there.

Keys come from OMO_PUBLIC_KEY, OMO_SECRET_KEY and OMO_IDENTIFY_SECRET, or are
minted into the data folder and printed once; omo keys adds, revokes and
changes them.

A shop proves who its members are with JWTs, HS256 or EdDSA, with sub and exp.
Two keys are good at a time. To change an HS256 secret, start with the new one
in OMO_IDENTIFY_SECRET and the old one in OMO_IDENTIFY_SECRET_OLD, sign with the
new one, and leave the old one out once its tokens have expired. With
--identify-keys, add the new public key beside the old one, sign with the new
key and its kid, and take the old one out. A token's aud, if it has one, must
name an origin of site.yaml, or OMO_IDENTIFY_AUDIENCE where that is set.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := logger(cmd.ErrOrStderr(), level)
			if err != nil {
				return err
			}
			c.Keep = time.Duration(keep)
			c.Log, c.Progress = log, progressOn(cmd.ErrOrStderr())
			a, err := start(cmd.Context(), c)
			if err != nil {
				return err
			}
			a.greet(cmd.ErrOrStderr())
			err = a.wait(cmd.Context())
			log.Info("stopping")
			return errors.Join(err, a.stop())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Rules, "rules", "", "the rules folder (site.yaml, segments.yaml, campaigns/*.yaml)")
	f.StringVar(&c.Data, "data", "omo-data", "the data folder: ledger, keys, embedded ClickHouse")
	f.StringVar(&c.ClickHouse, "clickhouse", "", "a ClickHouse server, clickhouse://user:password@host:9000/database; without it the embedded one runs")
	f.StringVar(&c.Addr, "addr", "127.0.0.1:8080", "where to listen")
	f.StringVar(&c.Pprof, "pprof", "", "serve Go's profiles on an address of this machine only, 127.0.0.1:6060 say")
	f.Var(&keep, "keep", "how long events and the profiles of visitors who stay away are kept, by whole months (or forever)")
	f.DurationVar(&c.GuardEvery, "guard-every", c.GuardEvery, "how often each live campaign is looked at for harm, and a bandit's weights for better ones; 0 never stops or moves anything")
	f.BoolVar(&c.TrustProxy, "trust-proxy", false, "take the visitor's address and country from a proxy's headers (only behind one)")
	f.Float64Var(&c.Rate, "rate", 200, "requests a second from one client's address, five times as many at once; a visitor has 20; private and loopback addresses are not limited; 0 limits nothing")
	f.StringVar(&c.SMTP, "smtp", "", "where e-mail goes: smtp://user:password@host:587?from=shop@example.com; OMO_SMTP says the same, and no list of processes shows its password")
	f.StringSliceVar(&c.WebhookHosts, "allow-webhook-host", nil, "a host that webhooks may reach though it is private or plain http, host or host:port; may be repeated")
	f.StringVar(&c.IdentifyKeys, "identify-keys", "", "a file with one or two keys that prove identify tokens: Ed25519 public keys in PEM, or a JSON Web Key Set")
	f.Var(&c.Cap, "ledger-cap", "how much of events the ledger holds while ClickHouse is away; beyond it they are refused")
	f.Var(&c.Reserve, "disk-reserve", "how much of the data folder's disk stays free; below it events are refused (default 2 % of the disk, 64MiB to 512MiB)")
	f.IntVar(&c.Connections, "max-connections", 10_000, "connections open at once; one more waits until another closes")
	f.BoolVar(&c.AcceptLoss, "accept-ledger-loss", false, "start although visits at the ledger's end are lost, by damage to its files")
	f.Var(&c.DeadCap, "dead-cap", "how much the dead letter holds of events that ClickHouse refuses; beyond it loading stops (default 256MiB)")
	f.Var(&c.OutboxCap, "outbox-cap", "how much the outbox holds of webhooks and e-mails; beyond it events that send something are refused (default 256MiB)")
	f.StringVar(&level, "log", level, "debug, info, warn or error")
	if err := cmd.MarkFlagRequired("rules"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// greet says where it listens and, once, the keys.
func (a *app) greet(w io.Writer) {
	addr := a.reach()
	fmt.Fprintf(w, "omotenashi listens on http://%s (rule set %.12s, %d campaigns)\n", addr, a.engine.Live().Set.Hash, len(a.engine.Live().Set.Campaigns))
	fmt.Fprintf(w, "  script tag   <script async src=\"http://%s/b.js\" data-key=\"%s\"></script>\n", addr, a.keys.Public)
	fmt.Fprintf(w, "  results      http://%s/ui   (any user name, the secret key as password)\n", addr)
	if a.keys.minted {
		fmt.Fprintf(w, "  secret key   %s   (shown this once: keep it, and export OMO_SECRET_KEY for omo results and omo import)\n", a.keys.secret)
	}
}

// reach is the address by which this machine reaches the server.
func (a *app) reach() string {
	host, port, err := net.SplitHostPort(a.addr)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.addr
}

// logger writes for people on a terminal and JSON elsewhere.
func logger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(strings.ToUpper(level))); err != nil {
		return nil, exit{misuse, fmt.Errorf("--log %s is none of debug, info, warn, error", level)}
	}
	if onTerminal(w) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: l})), nil
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})), nil
}

// onTerminal says whether w is a terminal, where tables and bars make sense.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
