package loader

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// bootMark is where the loader notes on which run of the machine it works, and
// whether it ended in order.
const bootMark = "loader-boot"

type boot struct {
	ID    string `json:"id"`
	Clean bool   `json:"clean"`
}

// bootID is what the kernel calls this run of the machine, "" where it does not say.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// wentDown says whether the machine went down under a running loader. What was
// loaded lately is then compared with the warehouse: a disk that lies about
// fsync, or a ClickHouse set up without, may have lost what it had acknowledged.
// A ClickHouse on another machine, which may go down by itself, is not noticed.
func (l *Loader) wentDown() bool {
	value, err := l.source.Marked(bootMark)
	var last boot
	if err == nil && value != nil {
		err = json.Unmarshal(value, &last)
	}
	if err != nil {
		l.config.Log.Error("on which run of the machine was loaded before is not known; what was loaded lately will be compared", "error", err)
		return true
	}
	return last.ID != "" && !last.Clean && last.ID != l.config.Boot
}

// noteBoot notes the present run. Where it cannot be kept, one more start compares.
func (l *Loader) noteBoot(clean bool) {
	value, err := json.Marshal(boot{l.config.Boot, clean})
	if err != nil {
		panic(err) // a text and a bool
	}
	if err := l.source.Mark(bootMark, value); err != nil {
		l.metrics.markErrors.Inc()
		l.config.Log.Error("keep on which run of the machine is loaded", "error", err)
	}
}

// auditAtOnce is how many visits are counted with one question.
const auditAtOnce = 5000

// recount goes over what was loaded in the last half hour of loading.
func (l *Loader) recount(ctx context.Context) bool {
	s := l.kept()
	after := uint64(0)
	if n := len(s.Loads); n > 0 {
		after = s.loadedBy(s.Loads[n-1].At - lately.Milliseconds())
	}
	l.config.Log.Warn("the machine went down under a running loader: comparing what was loaded lately with the warehouse", "from", after+1, "to", s.Position)
	started, sent := time.Now(), 0
	for ; after < s.Position; after = min(after+auditAtOnce, s.Position) {
		n, ok := l.recountRange(ctx, after, min(after+auditAtOnce, s.Position))
		if !ok {
			return false
		}
		sent += n
	}
	l.metrics.audits.Inc()
	l.metrics.restored.Add(float64(sent))
	l.config.Log.Warn("compared what was loaded lately with the warehouse", "to", s.Position, "sent_again", sent, "took", time.Since(started))
	return true
}

// recountRange counts the visits after..upTo in the warehouse, and sends what is
// missing again. The token is a new one: ClickHouse may know the old one though
// the part is lost.
func (l *Loader) recountRange(ctx context.Context, after, upTo uint64) (sent int, ok bool) {
	count := uint64(0)
	if !l.insist(ctx, "count what was loaded", func() (err error) {
		count, err = l.sink.Loaded(ctx, l.source.ID(), after+1, upTo)
		return err
	}) {
		return 0, false
	}
	before, err := l.source.Accepted(after)
	if err == nil {
		var with uint64
		if with, err = l.source.Accepted(upTo); err == nil && count >= with-before {
			return 0, true
		}
	}
	b, ok := l.reread(ctx, pending{From: after + 1, To: upTo})
	if !ok {
		return 0, false
	}
	b.split, b.dead = true, nil // what cannot be a row is in the dead letter already
	var left []warehouse.Row
	if left, ok = l.missing(ctx, b.rows); !ok {
		return 0, false
	}
	if left, ok = l.living(ctx, left); !ok || len(left) == 0 {
		return 0, ok
	}
	b.token = fmt.Sprintf("%s-audit-%s-%s", l.source.ID(), l.config.Boot, digest(left))
	if !l.bring(ctx, b, left, b.token) || !l.makeRoom(ctx, b.dead) {
		return 0, false
	}
	if b.refused > 0 { // they had been loaded
		s := l.kept()
		s.Passed.Loaded -= uint64(b.refused)
		s.Passed.Dead += uint64(b.refused)
		if !l.keep(ctx, s, b.dead...) {
			return 0, false
		}
		l.buried(b.dead)
	}
	return len(left) - b.refused, true
}

// living leaves out the rows that are in the dead letter.
func (l *Loader) living(ctx context.Context, rows []warehouse.Row) (out []warehouse.Row, ok bool) {
	buried := map[ingest.Place]bool{}
	ok = l.insist(ctx, "read the dead letter", func() error {
		dead, err := l.source.DeadAt(places(rows))
		for _, d := range dead {
			buried[d.Place] = true
		}
		return err
	})
	for i := range rows {
		if !buried[rows[i].Place()] {
			out = append(out, rows[i])
		}
	}
	return out, ok
}

// digest names these very rows: other rows under a token once used would be
// dropped without a word.
func digest(rows []warehouse.Row) string {
	h := sha256.New()
	for i := range rows {
		fmt.Fprintln(h, rows[i].Place())
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12])
}
