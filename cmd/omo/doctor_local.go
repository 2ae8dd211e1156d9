package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// secretKeyFromEnvironment is the key by which commands speak to a server.
func secretKeyFromEnvironment() string { return os.Getenv("OMO_SECRET_KEY") }

func (d *doctor) folder() {
	info, err := os.Stat(d.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say("data folder", note, d.data+" does not exist", "omo serve makes it; name another with --data")
	case err != nil:
		d.fail("data folder", err, "give this user the folder")
	case !info.IsDir():
		d.say("data folder", trouble, d.data+" is a file", "move it away, or name another with --data")
	case info.Mode().Perm()&0o077 != 0:
		d.say("data folder", trouble, fmt.Sprintf("%s may be read by others (%s): keys and visitors are in it", d.data, info.Mode().Perm()), "chmod 700 "+d.data)
	default:
		probe, err := os.CreateTemp(d.data, ".doctor-")
		if err != nil {
			d.fail("data folder", err, "give this user the folder")
			return
		}
		probe.Close()
		os.Remove(probe.Name())
		d.say("data folder", well, d.data+" can be written, and is this user's alone", "")
	}
}

// Free space of a disk: below the first the ledger may refuse events, below the
// second that is near.
const (
	freeTrouble = 1 << 30
	freeNote    = 5 << 30
)

func (d *doctor) disk() {
	dir := d.data
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(dir)
	}
	free, err := freeSpace(dir)
	switch {
	case err != nil:
		d.say("disk", note, "its free space is not told: "+err.Error(), "")
	case free < freeTrouble:
		d.say("disk", trouble, fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30)), "make room: events are refused before the disk is full, and ClickHouse stops merging")
	case free < freeNote:
		d.say("disk", note, fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30)), "plan for more room, or keep less with --keep")
	default:
		d.say("disk", well, fmt.Sprintf("%.0f GiB free", float64(free)/(1<<30)), "")
	}
}

func (d *doctor) keys() {
	path := keysFile(d.data)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		d.say("keys", note, "none yet", "omo serve mints them, or takes OMO_PUBLIC_KEY and OMO_SECRET_KEY")
		return
	}
	var k *keyring
	if err == nil {
		k, err = readKeys(d.data)
	}
	if err == nil {
		err = k.check()
	}
	switch {
	case err != nil:
		d.fail("keys", err, "")
	case info.Mode().Perm()&0o077 != 0:
		d.say("keys", trouble, fmt.Sprintf("%s may be read by others (%s)", path, info.Mode().Perm()), "chmod 600 "+path+", and change the keys with omo keys")
	case len(k.Cookie) == 0 || len(k.Token) == 0:
		d.say("keys", trouble, path+" lacks the key of cookies or of tokens", "restore it from a backup, or move it away to mint new keys (visitors' cookies are then not known again)")
	case len(k.Tombs) == 0:
		d.say("keys", note, path+" is of an earlier version: the key of tokens makes tombstones too", "")
	default:
		d.say("keys", well, fmt.Sprintf("public %s…, %s", k.Public[:min(7, len(k.Public))], counted(1+len(k.Secrets), "secret key")), "")
	}
}

// ledger opens the ledger of a server that does not run.
func (d *doctor) ledger() {
	dir := filepath.Join(d.data, "ledger")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		d.say("ledger", note, "none yet", "omo serve makes it")
		return
	}
	l, err := ledger.Open(dir, ledger.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		if strings.Contains(err.Error(), "in use by another") {
			d.say("ledger", note, "a server runs on "+d.data+" that does not answer at "+d.server, "name its address with --server")
			return
		}
		d.fail("ledger", err, "omo restore makes a data folder of a backup")
		return
	}
	defer l.Close()
	t := l.Tally()
	d.say("ledger", well, fmt.Sprintf("opens; %d visits, %d events accepted", t.Last, t.Accepted), "")
	if t.Dead > 0 {
		d.say("dead letter", trouble, fmt.Sprintf("%d events could not be loaded", t.Dead), "omo dead list says why, omo dead replay tries again")
	}
	var loader struct{ Position uint64 }
	if raw, err := l.Marked("loader"); err == nil && len(raw) > 0 && json.Unmarshal(raw, &loader) == nil && loader.Position < t.Last {
		d.say("loader", note, fmt.Sprintf("%d visits are not in ClickHouse yet", t.Last-loader.Position), "they are loaded at the next start")
	}
	open := 0
	err = l.Marks(engine.ErasureMark, func(r ledger.Record) error {
		var x engine.Erasure
		if err := json.Unmarshal(r.Value, &x); err != nil {
			return err
		}
		if x.Stage() != "done" {
			open++
		}
		return nil
	})
	switch {
	case err != nil:
		d.fail("erasures", err, "")
	case open > 0:
		d.say("erasures", trouble, fmt.Sprintf("%d are not done", open), "start the server: it goes on by itself")
	}
}
