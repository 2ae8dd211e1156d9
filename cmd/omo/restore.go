package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func restoreCommand() *cobra.Command {
	data, former, untold := "omo-data", "", false
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a data folder of a backup",
		Long: `Make a data folder of what omo backup wrote. The folder must not exist yet, or be
empty: nothing is ever overwritten, and if anything is wrong with the backup no
folder is left. Start omo serve on it afterwards; it goes on where the backup was
made, and sends ClickHouse again what that may not have.

A backup does not know what came after it. Where the former data folder is still
there, --former takes from it who was erased since, whom the restored server
erases again at its start, and which coupon codes were told to whom.

Without it erase them again by hand. And since nobody knows which codes were told,
all that were free in the backup are set aside, with those that the rules folder
has beyond them at the first start: no visitor gets them, a shop may redeem them,
and omo coupons release lets them be given again. Codes that are added afterwards
are given as ever. A ClickHouse of your own that goes on still knows how many were
told since: omo coupons release --help has the query.`,
		Args: one("a backup file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := logger(cmd.ErrOrStderr(), "warn")
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("backup cannot be read: %w", err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			r := &restoring{clickhouse: clickhouse.Options{Log: log, Progress: progressOn(cmd.ErrOrStderr())}, ledger: ledger.Options{Log: log}, former: former, untold: untold}
			b := newBar(cmd.ErrOrStderr(), "unpacking", info.Size(), progress.UnitsBytes)
			read := int64(0)
			in := bufio.NewReaderSize(readFunc(func(p []byte) (int, error) {
				n, err := f.Read(p)
				read += int64(n)
				b.set(read, info.Size())
				return n, err
			}), 1<<20)
			if former != "" && untold {
				return errors.New("--former knows which codes were told, and --no-code-was-told says that none was: say one of them")
			}
			m, err := r.restore(cmd.Context(), in, data, b.end)
			if err != nil {
				return exit{findings, err}
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s is as it was on %s: %d visits in the ledger", data, m.Made.Local().Format("2006-01-02 15:04:05"), m.Last)
			if m.Embedded {
				fmt.Fprintf(out, ", %d rows in ClickHouse\n", m.Rows)
			} else {
				fmt.Fprintf(out, "\nClickHouse was a server of your own: restore its database too, to a moment not before that one\n")
			}
			if r.taken > 0 {
				fmt.Fprintf(out, "coupon codes told after the backup, taken over from %s: %d\n", former, r.taken)
			}
			for _, pool := range slices.Sorted(maps.Keys(r.aside)) {
				fmt.Fprintf(out, "pool %s: %s set aside, since they may have been told after the backup; omo coupons release %[1]s frees them\n", pool, counted(r.aside[pool], "code"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", data, "the data folder to make")
	cmd.Flags().StringVar(&former, "former", "", "the former data folder, whose server has stopped: who was erased and which codes were told there is known here too")
	cmd.Flags().BoolVar(&untold, "no-code-was-told", false, "nobody was served since the backup: coupon codes that are free in it are free")
	return cmd
}

// restoring makes a data folder of an archive.
type restoring struct {
	clickhouse clickhouse.Options
	ledger     ledger.Options
	former     string // the data folder that knows what came after the backup; "" none
	untold     bool   // no coupon code was told after it

	taken int            // codes that were told after it, as former says
	aside map[string]int // codes that may have been, by pool
}

// restore works in a folder beside data and gives it its name at the very end.
func (r *restoring) restore(ctx context.Context, in io.Reader, data string, unpacked func()) (m manifest, err error) {
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return m, fmt.Errorf("data folder %s is not empty: move it away first, or name another with --data", data)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("data folder %s: %w; name another with --data", data, err)
	}
	data, err = filepath.Abs(data)
	if err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(filepath.Dir(data), filepath.Base(data)+".restoring-")
	if err != nil {
		return m, fmt.Errorf("data folder cannot be made: %w; name another with --data", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }() // nothing is there any more where all went well
	m, err = unpack(in, work)
	unpacked()
	if err != nil {
		return m, err
	}
	l, err := ledger.Open(filepath.Join(work, "ledger"), r.ledger)
	if err != nil {
		return m, fmt.Errorf("the backup's ledger is no good: %w", err)
	}
	last, id := l.Last(), l.ID()
	if err := errors.Join(r.since(l, work), l.Close()); err != nil {
		return m, err
	}
	if last < m.Last || id != m.Ledger {
		return m, fmt.Errorf("the backup's ledger ends with visit %d of %s and should reach visit %d of %s: take an older backup", last, id, m.Last, m.Ledger)
	}
	m.Last = last
	if m.Embedded {
		if err := r.warehouse(ctx, work, m); err != nil {
			return m, err
		}
	}
	if err := os.Remove(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	return m, os.Rename(work, data)
}

// since makes the ledger know of what came after the backup: who was erased and
// which codes were told, or at least that nobody knows.
func (r *restoring) since(l *ledger.Ledger, work string) (err error) {
	if r.former == "" {
		if !r.untold {
			r.aside, err = l.SetAside()
		}
		return err
	}
	was, err := readKeys(r.former)
	if err != nil {
		return err
	}
	is, err := readKeys(work)
	if err != nil {
		return err
	}
	if !bytes.Equal(was.Tombs, is.Tombs) {
		return fmt.Errorf("--former %s is not the folder that the backup was made of: its key of erased visitors is another", r.former)
	}
	path := filepath.Join(r.former, "ledger")
	if _, err := os.Stat(path); err != nil { // Open would begin a new one
		return fmt.Errorf("--former %s has no ledger: %w; without its ledger nobody knows what came after the backup: leave --former away", r.former, err)
	}
	former, err := ledger.Open(path, r.ledger)
	if err != nil {
		return fmt.Errorf("--former: %w", err)
	}
	return errors.Join(r.takeOver(l, former), former.Close())
}

// takeOver is since of a former ledger, which must be what l is a state of.
func (r *restoring) takeOver(l, former *ledger.Ledger) (err error) {
	if former.ID() != l.ID() {
		return fmt.Errorf("--former %s is not the folder that the backup was made of: its ledger is another", r.former)
	}
	if is, was := former.Last(), l.Last(); is < was {
		return fmt.Errorf("--former %s ends before the backup does, at visit %d of %d: it cannot know what came after; name another, or leave --former away", r.former, is, was)
	}
	var tombs []ledger.Tomb
	if err := former.Tombs(func(t ledger.Tomb) error { tombs = append(tombs, t); return nil }); err != nil {
		return err
	}
	if r.taken, err = l.Inherit(former); err != nil {
		return err
	}
	return l.Entomb(tombs)
}

// warehouse lets a ClickHouse on the new folder read its backup in.
func (r *restoring) warehouse(ctx context.Context, work string, m manifest) (err error) {
	const name = "restored"
	written, dir := filepath.Join(work, "written"), filepath.Join(work, "clickhouse")
	backups := clickhouse.Backups(dir)
	if err := errors.Join(os.Rename(dir, written), os.MkdirAll(backups, 0o700), os.Rename(written, filepath.Join(backups, name))); err != nil {
		return err
	}
	if _, err := clickhouse.Install(ctx, r.clickhouse.Progress); err != nil {
		return err
	}
	r.clickhouse.Dir = dir
	server, err := clickhouse.Start(ctx, r.clickhouse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	rows, err := warehouse.Restore(ctx, server.DSN(), name)
	if err != nil {
		return err
	}
	if rows != m.Rows {
		return fmt.Errorf("ClickHouse has %d rows after restoring and had %d when the backup was made: take another backup", rows, m.Rows)
	}
	return os.RemoveAll(filepath.Join(backups, name))
}
