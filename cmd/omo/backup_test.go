package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// asked is what ClickHouse answers to one question, without the names of columns.
func asked(t *testing.T, a *app, sql string) string {
	t.Helper()
	var out bytes.Buffer
	if err := clickhouse.Query(t.Context(), a.child.DSN(), sql, &out, "tsv"); err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
	return rows
}

func quiet() *restoring {
	log := slog.New(slog.DiscardHandler)
	return &restoring{clickhouse: clickhouse.Options{Log: log, Progress: func(string, int64, int64) {}}, ledger: ledger.Options{Log: log}}
}

// A backup made while events come in, unpacked elsewhere and started: what was
// accepted before it is there once, in ledger and warehouse alike; profiles and
// keys are the same; and what is sent again is known.
func TestBackupUnderLoadAndRestore(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", hello)
	a, c := product(t, config{Rules: dir})
	send := func(to *client, ids ...string) int {
		var events []string
		for i, id := range ids {
			events = append(events, fmt.Sprintf(`{"id":%q,"name":"purchase","visitor":{"id":"v%d"},"properties":{"value":100,"transaction_id":%q}}`, id, i%10, id))
		}
		var answer struct{ Accepted, Duplicates int }
		if err := to.call(t.Context(), "/v1/events", []byte(`{"consent":"granted","events":[`+strings.Join(events, ",")+`]}`), &answer); err != nil {
			t.Error(err)
		}
		return answer.Accepted
	}
	fresh := func(n int) []string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = uuid.Must(uuid.NewV7()).String()
		}
		return ids
	}
	before := fresh(200)
	send(c, before...)
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := fresh(50)
	send(c, late...) // most likely not loaded yet

	stop, loading := make(chan struct{}), sync.WaitGroup{}
	loading.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				send(c, fresh(20)...)
			}
		}
	})
	file := filepath.Join(t.TempDir(), "omo.backup")
	size, err := c.backup(t.Context(), file)
	close(stop)
	loading.Wait()
	if err != nil || size == 0 {
		t.Fatalf("backup: %d bytes, %v", size, err)
	}
	if left, err := filepath.Glob(filepath.Join(a.data, backupWork+"*")); err != nil || len(left) > 0 {
		t.Errorf("the backup left %v behind, %v", left, err)
	}
	if _, err := c.backup(t.Context(), file); err == nil || !strings.Contains(err.Error(), "--to") {
		t.Errorf("over a file that is there: %v", err)
	}

	archive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	m, err := quiet().restore(t.Context(), bytes.NewReader(archive), data, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if m.Ledger != a.ledger.ID() || !m.Embedded || m.Rows < 200 {
		t.Errorf("manifest: %+v", m)
	}
	b, d := productOn(t, data, config{Rules: dir})
	if b.keys.Public != a.keys.Public || !bytes.Equal(b.keys.Cookie, a.keys.Cookie) {
		t.Error("the keys are others than before")
	}
	d.key = c.key
	if err := b.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := "'" + strings.Join(append(before, late...), "','") + "'"
	if got := asked(t, b, "SELECT count(), uniqExact(event_id) FROM events WHERE toString(event_id) IN ("+all+")"); got != "250\t250" {
		t.Errorf("of 250 events accepted before the backup the restored ClickHouse has %s", got)
	}
	if got := asked(t, b, "SELECT count() = uniqExact(event_id), max(seq) <= "+fmt.Sprint(b.ledger.Last())+" FROM events"); got != "true\ttrue" && got != "1\t1" {
		t.Errorf("doubles, or rows beyond the ledger: %s", got)
	}
	profiles := func(from *app) string {
		p, err := from.engine.Profile("v0")
		if err != nil || p == nil {
			t.Fatalf("profile of v0: %v, %v", p, err)
		}
		return fmt.Sprint(p.Visitor, p.First)
	}
	if was, is := profiles(a), profiles(b); was != is {
		t.Errorf("v0 was %s and is %s", was, is)
	}
	purchases := asked(t, b, "SELECT count() FROM events WHERE visitor_id = 'v0' AND name = 'purchase'")
	if p, err := b.engine.Profile("v0"); err != nil || fmt.Sprint(p.Purchases) != purchases {
		t.Errorf("v0 has %v purchases in its profile and %s in ClickHouse (%v)", p.Purchases, purchases, err)
	}
	was := b.ledger.Last()
	send(d, before...)
	if b.ledger.Last() != was {
		t.Error("events from before the backup, sent again, were taken anew")
	}
	if again := fresh(10); send(d, again...) != 10 {
		t.Error("the restored server does not take events")
	}

	if _, err := quiet().restore(t.Context(), bytes.NewReader(archive), data, func() {}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("over a data folder: %v", err)
	}
}

// A backup that is damaged in any place, or cut off, is refused, and no folder
// is left behind. Some bits say nothing: zstd has an unused one, and copies the
// same zeros from either of two places. What is the same unpacked is the same.
func TestDamagedBackupsAreRefused(t *testing.T) {
	t.Parallel()
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away"})
	file := filepath.Join(t.TempDir(), "omo.backup")
	if _, err := c.backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	unzstd, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unzstd.Close()
	content, err := unzstd.DecodeAll(good, nil)
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	data := filepath.Join(parent, "data")
	refused := func(what string, archive []byte) {
		t.Helper()
		_, err := quiet().restore(t.Context(), bytes.NewReader(archive), data, func() {})
		if err == nil {
			if is, err := unzstd.DecodeAll(archive, nil); err != nil || !bytes.Equal(is, content) {
				t.Errorf("%s: restored", what)
			}
			if err := os.RemoveAll(data); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
			t.Fatalf("%s: left behind %v, %v", what, left, err)
		}
	}
	for at := range good {
		damaged := bytes.Clone(good)
		damaged[at] ^= 0x10
		refused(fmt.Sprintf("byte %d of %d flipped", at, len(good)), damaged)
		if at%50 == 0 || at > len(good)-20 {
			refused(fmt.Sprintf("cut off after %d of %d bytes", at, len(good)), good[:at])
		}
	}
	refused("no backup at all", []byte("PK\x03\x04 something else"))
	m, err := quiet().restore(t.Context(), bytes.NewReader(good), data, func() {})
	if err != nil || m.Embedded || m.Last != a.ledger.Last() {
		t.Errorf("the undamaged one: %+v, %v", m, err)
	}
}

// With ClickHouse away the loader does not come to rest. A backup does not wait for
// longer than it says, and can be interrupted before; nothing is left of it, and the
// next one is not in its way.
func TestBackupWithoutItsClickHouse(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		waits time.Duration
		means string
	}{
		"gives up": {3 * time.Second, "the backup could not be made: ClickHouse does not answer (the embedded ClickHouse is closed); start the backup again when omo doctor says that it is well"},
		"stopped":  {time.Hour, "interrupted: the backup was not made, and its file is removed"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a, from := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), BackupWaits: c.waits})
			if err := a.settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := a.child.Close(); err != nil {
				t.Fatal(err)
			}
			refused := func() float64 { return figure(t, from, `omo_loader_inserts_total{outcome="refused"}`) }
			before := refused() // a ClickHouse that was not up yet may have refused some
			decide(t, from, "v1")
			eventually(t, "the loader tries again and again", func() bool { return refused() > before })
			working := func() bool {
				found, err := filepath.Glob(filepath.Join(a.data, backupWork+"*"))
				if err != nil {
					t.Fatal(err)
				}
				return len(found) > 0
			}
			for range 2 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				folder, done := t.TempDir(), make(chan error, 1)
				begin := func() {
					_, err := from.backup(ctx, filepath.Join(folder, "omo.backup"))
					done <- err
				}
				go begin()
				if c.waits == time.Hour {
					eventually(t, "the server is about it", func() bool {
						select {
						case err := <-done: // the one before has no folder any more, and is not over yet
							if !strings.Contains(err.Error(), "another backup is being made") {
								t.Fatal(err)
							}
							go begin()
						default:
						}
						return working()
					})
					cancel()
				}
				if err := <-done; err == nil || !strings.Contains(err.Error(), c.means) {
					t.Errorf("%v, want it to say %q", err, c.means)
				}
				if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
					t.Errorf("left are %v, %v", left, err)
				}
				eventually(t, "the server has put its work away", func() bool { return !working() })
			}
		})
	}
}

// Who was erased after a backup is erased again in what is restored of it, where
// the former data folder can still say who that is.
func TestRestoreErasesAgain(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", hello)
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "omo.backup")
	a, c := productOn(t, data, config{Rules: dir})
	decide(t, c, "gone")
	decide(t, c, "stays")
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if _, err := c.erase(t.Context(), "/v1/visitors/gone"); err != nil {
		t.Fatal(err)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	restored := filepath.Join(t.TempDir(), "data")
	r := quiet()
	r.former = data
	if _, err := r.restore(t.Context(), f, restored, func() {}); err != nil {
		t.Fatal(err)
	}
	b, _ := productOn(t, restored, config{Rules: dir})
	eventually(t, "the erased visitor is gone again", func() bool {
		return b.child.Ready() == nil && asked(t, b, "SELECT countIf(visitor_id = 'gone'), if(countIf(visitor_id = 'stays') > 0, 'there', 'gone') FROM event_log") == "0\tthere"
	})
	if p, err := b.engine.Profile("gone"); err != nil || p != nil {
		t.Errorf("its profile: %v, %v", p, err)
	}

	r.former = t.TempDir()
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.restore(t.Context(), f, filepath.Join(t.TempDir(), "data"), func() {}); err == nil {
		t.Error("restored with a former folder that is none")
	}
}
