// Command omo is omotenashi: server, demo and tools in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// Exit codes: 0 good, findings 1, misuse 2.
const (
	findings = 1
	misuse   = 2
)

// exit ends the program with a code; what was found is already printed if
// there is no error in it.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string { return fmt.Sprint(e.err) }
func (e exit) Unwrap() error { return e.err }

func main() {
	text.OverrideRuneWidthEastAsianWidth(false) // terminals draw │, ● and − one column wide in a Japanese locale too
	clickhouse.RunChildIfAsked()
	if _, told := os.LookupEnv("GOGC"); !told {
		debug.SetGCPercent(api.GCPercent)
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var e exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		if e.err != nil {
			fmt.Fprintln(root.ErrOrStderr(), "omo:", err)
		}
		return e.code
	default:
		fmt.Fprintln(root.ErrOrStderr(), "omo:", err)
		return misuse
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "omo",
		Short: "Self-hosted, rule-based web personalization (Web接客)",
		Long: `omotenashi decides, on every page view of a shop, which banner, coupon or
ranking this visitor gets, by rules a marketer wrote in YAML, and measures each
campaign against doing nothing.

  omo demo                      everything, with nothing prepared
  omo init DIR                  a rules folder to begin with
  omo serve --rules DIR         the server
  omo check DIR                 every mistake in a rules folder, at its line

ルールで動く Web接客エンジンです。まず omo demo をお試しください。`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		demoCommand(),
		initCommand(),
		serveCommand(),
		checkCommand(),
		testCommand(),
		explainCommand(),
		previewCommand(),
		backtestCommand(),
		schemaCommand(),
		referenceCommand(),
		campaignsCommand(),
		pauseCommand(),
		resumeCommand(),
		resultsCommand(),
		reviewCommand(),
		usageCommand(),
		chatsCommand(),
		importCommand(),
		deadCommand(),
		eraseCommand(),
		exportCommand(),
		backupCommand(),
		restoreCommand(),
		keysCommand(),
		usersCommand(),
		clickhouseCommand(),
		couponsCommand(),
		doctorCommand(),
		outboxCommand(),
	)
	return root
}

// one takes the argument that a command cannot do without, and says what it is.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return fmt.Errorf("%s needs %s: %s", cmd.CommandPath(), what, strings.TrimSuffix(cmd.UseLine(), " [flags]"))
		default:
			return fmt.Errorf("%s takes one argument, %s, and there are %d: put a name with spaces in quotes", cmd.CommandPath(), what, len(args))
		}
	}
}
