package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

func backupCommand() *cobra.Command {
	server, to := "http://127.0.0.1:8080", ""
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Write all that a running server keeps into one file",
		Long: `Write all that a running server keeps into one file: the ledger (events,
profiles, coupons), the keys, and the embedded ClickHouse. The server goes on
serving meanwhile; the file is of one moment. A ClickHouse of your own is not in
it: back it up after this one with its own BACKUP.

The file holds what visitors did and the keys that prove their cookies: keep it
where nobody else reads it. omo restore makes a data folder of it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(server, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if to == "" {
				to = time.Now().Format("omo-20060102-150405.backup")
			}
			size, err := c.backup(cmd.Context(), to)
			if err != nil {
				return exit{findings, err}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %.1f MB\n", to, float64(size)/1e6)
			return nil
		},
	}
	cmd.Flags().StringVar(&server, "server", server, "the omo server")
	cmd.Flags().StringVar(&to, "to", "", "the file to write, omo-<date>-<time>.backup unless told; it must not exist")
	return cmd
}

var errInterrupted = errors.New("interrupted: the backup was not made, and its file is removed")

// backup fetches the server's backup into a file, which is there only if it is whole.
func (c *client) backup(ctx context.Context, to string) (size int64, err error) {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("backup file cannot be made: %w; name another with --to", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server+"/v1/backup", nil)
	if err != nil {
		return 0, fmt.Errorf("--server %s is no address: %w; write it as http://host:port", c.server, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	res, err := (&http.Client{}).Do(req) // it may take longer than any answer
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, errInterrupted
	case err != nil:
		return 0, fmt.Errorf("%s cannot be reached: %w; is omo serve running there? name another with --server", c.server, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, err := io.ReadAll(res.Body)
		return 0, errors.Join(err, refused(c.server, res, text))
	}
	b := newBar(c.log, "backing up", 0, progress.UnitsBytes)
	defer b.end()
	in := readFunc(func(p []byte) (int, error) {
		n, err := res.Body.Read(p)
		size += int64(n)
		b.set(size, 0)
		return n, err
	})
	switch _, err := io.Copy(f, in); {
	case err != nil && ctx.Err() != nil:
		return size, errInterrupted
	case err != nil:
		return size, fmt.Errorf("the backup broke off: %w; the server's log says why", err)
	}
	return size, f.Sync()
}

// backup writes the archive while the product runs: the loader stands still for
// as long as ledger and warehouse are copied, and events go on being taken.
func (a *app) backup(ctx context.Context, w io.Writer) error {
	work, err := os.MkdirTemp(a.data, backupWork)
	if err != nil {
		return fmt.Errorf("backup cannot begin: %w", err)
	}
	defer os.RemoveAll(work)
	m := manifest{Version: archiveVersion, Made: time.Now().UTC(), Ledger: a.ledger.ID(), Embedded: a.child != nil, Rules: a.engine.Live().Set.Hash}
	written := filepath.Join(clickhouse.Backups(a.clickhouseDir()), filepath.Base(work))
	defer os.RemoveAll(written)
	of := func(ctx context.Context) (err error) {
		if m.Embedded {
			if m.Rows, err = a.warehouse.Backup(ctx, filepath.Base(work)); err != nil {
				return err
			}
		}
		m.Position, m.Last = a.loader.Position(), a.ledger.Last()
		return a.ledger.Checkpoint(filepath.Join(work, "ledger"))
	}
	if m.Embedded {
		err = a.atRest(ctx, of)
	} else {
		err = of(ctx) // the loader may be waiting for a ClickHouse that is away
	}
	if err != nil {
		return err
	}
	p, err := newPacker(w)
	if err != nil {
		return err
	}
	all := func(string) bool { return false }
	err = errors.Join(p.value(manifestFile, m), p.folder(a.data, "", notKept), p.folder(filepath.Join(work, "ledger"), "ledger", all))
	if err == nil && m.Embedded {
		err = p.folder(written, "clickhouse", all)
	}
	if err != nil {
		return err
	}
	return p.close()
}

// atRest does work while the loader stands still. It gives up when the ClickHouse
// of our own has not answered for as long as a backup waits, and when the loader
// does not come to rest in four times that for another reason.
func (a *app) atRest(ctx context.Context, work func(context.Context) error) error {
	answered, give := context.WithCancelCause(ctx)
	defer give(nil)
	go func() {
		tick := time.NewTicker(min(lookEvery, a.awaits))
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-answered.Done():
				return
			case <-tick.C:
			}
			switch err := a.child.Ready(); {
			case err == nil:
				last = time.Now()
			case time.Since(last) >= a.awaits:
				give(err)
				return
			}
		}
	}()
	rest, cancel := context.WithTimeoutCause(answered, 4*a.awaits, fmt.Errorf("not within %s", 4*a.awaits))
	defer cancel()
	err := a.loader.Hold(rest, func() error { return work(answered) })
	if err != nil && ctx.Err() == nil && answered.Err() != nil {
		return fmt.Errorf("ClickHouse does not answer (%w); start the backup again when omo doctor says that it is well", context.Cause(answered))
	}
	return err
}

// backupWork begins the names of folders that a backup works in.
const backupWork = "backup-"

// notKept is what of a data folder is copied otherwise, or not at all.
func notKept(name string) bool {
	first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
	return first == "ledger" || first == "ledger.seal" || first == "clickhouse" || strings.HasPrefix(first, backupWork) || strings.HasSuffix(first, ".new")
}
