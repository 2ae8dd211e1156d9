package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/spf13/cobra"
)

func exportCommand() *cobra.Command {
	server, to, who := "http://127.0.0.1:8080", "", whose{}
	cmd := &cobra.Command{
		Use:   "export [VISITOR | --user USER_ID]",
		Short: "All that is kept about a visitor or a person, one JSON object a line",
		Long: `All that is kept about a visitor and the other browsers of its person, or with
--user about every browser that was ever known by that user_id, one JSON object a
line: visitor or person, profile, each coupon code that was given, each letter in
the outbox, each event of a browser in the order in which it was taken, end.
Without the end line it broke off. Needs a running server and OMO_SECRET_KEY.`,
		Example: `  omo export 018f3b1e-7a00-7d10-9b1a-000000000001 > visitor.ndjson
  omo export --user member-1842 --to member-1842.ndjson`,
		Args: who.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if to == "" {
				if err := c.export(cmd.Context(), who.path(args), cmd.OutOrStdout()); err != nil {
					return exit{findings, err}
				}
				return nil
			}
			n, err := c.exportTo(cmd.Context(), who.path(args), to)
			if err != nil {
				return exit{findings, err}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes\n", to, n)
			return nil
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	cmd.Flags().StringVar(&to, "to", "", "the file to write, which must not exist; standard output unless told")
	who.flag(cmd)
	return cmd
}

// exportTo writes an export into a file, which is there only if it is whole.
func (c *client) exportTo(ctx context.Context, path, to string) (size int64, err error) {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("the export's file cannot be made: %w; name another with --to", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	b := newBar(c.log, "exporting", 0, progress.UnitsBytes)
	defer b.end()
	err = c.export(ctx, path, writeFunc(func(p []byte) (int, error) {
		n, err := f.Write(p)
		size += int64(n)
		b.set(size, 0)
		return n, err
	}))
	return size, err
}

// export copies an export, and fails where its end line is missing.
func (c *client) export(ctx context.Context, path string, to io.Writer) error {
	all := *c
	all.http = &http.Client{Transport: c.http.Transport} // it may take longer than any answer
	res, err := all.send(ctx, http.MethodGet, path+"/export", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	last := ""
	lines := bufio.NewReaderSize(res.Body, 64<<10)
	for err == nil {
		var line string
		if line, err = lines.ReadString('\n'); line != "" {
			last = line
			if _, err := io.WriteString(to, line); err != nil {
				return err
			}
		}
	}
	if err != io.EOF || !strings.HasPrefix(last, `{"kind":"end"`) {
		return fmt.Errorf("the export broke off: ask again")
	}
	return nil
}

type writeFunc func([]byte) (int, error)

func (f writeFunc) Write(p []byte) (int, error) { return f(p) }
