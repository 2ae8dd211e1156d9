package outbox

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// Store is what the outbox needs of a ledger.
type Store interface {
	Outgoing(from, upTo int64, most int) ([]ledger.Outgoing, error)
	Sent(...ledger.Outgoing) (int, error)
	Postpone(o, next ledger.Outgoing) error
	Sync() error
	Letters() ledger.Letters
	GivenUp(id string) ([]ledger.Outgoing, error)
	EachGivenUp(each func(ledger.Outgoing) error) error
}

// Options of New.
type Options struct {
	Store   Store
	Secret  []byte   // signs webhooks
	Allowed []string // hosts that webhooks may reach though they are private or plain http
	SMTP    string   // smtp://user:password@host:port?from=…; "" sends no mail
	Log     *slog.Logger
	Metrics *prometheus.Registry
	Now     func() time.Time
	Roots   *x509.CertPool // nil: the system's

	Patience time.Duration // for which a receiver of webhooks is waited for; 5 s unless told
}

// Outbox delivers. Its methods may be called while it runs.
type Outbox struct {
	store Store
	hooks *hooks
	mail  *mailer
	log   *slog.Logger
	now   func() time.Time
	tries *prometheus.CounterVec
	first time.Duration // the pause after a first try that failed
	gone  *prometheus.CounterVec
	turn  sync.Mutex // deliveries and what people do to them take turns
}

const (
	every       = 200 * time.Millisecond
	atOnce      = 8 // deliveries side by side
	perTurn     = 64
	longest     = 2 * time.Hour
	giveUpAfter = 24 * time.Hour
	maxTries    = 40 // 24 hours have 33 at the most: this is for clocks that go back
)

// New gives an outbox; Run sends.
func New(o Options) (*Outbox, error) {
	b := &Outbox{
		store: o.Store, hooks: newHooks(o.Secret, o.Allowed, o.Roots, cmp.Or(o.Patience, hookWithin)), log: o.Log, now: o.Now, first: crash.Span("outbox.pause", 10*time.Second),
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "omo_outbox_tries_total", Help: "Webhooks and e-mails tried: sent, again later, or given up.",
		}, []string{"kind", "outcome"}),
		gone: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "omo_outbox_forgotten_total", Help: "Webhooks and e-mails that were given up and are forgotten: for their age (30 days), or for room.",
		}, []string{"why"}),
	}
	if o.SMTP != "" {
		var err error
		if b.mail, err = newMailer(o.SMTP, o.Roots); err != nil {
			return nil, err
		}
	}
	b.measure(o.Metrics)
	return b, nil
}

// final is an error that trying again does not mend.
type final struct{ error }

func (f *final) Unwrap() error { return f.error }

// later is an error that comes with a wait.
type later struct {
	error
	wait time.Duration
}

func (l *later) Unwrap() error { return l.error }

// Run sends what is due until ctx is done.
func (b *Outbox) Run(ctx context.Context) error {
	tick, clean := time.NewTicker(every), time.NewTicker(time.Hour)
	defer tick.Stop()
	defer clean.Stop()
	forget := func() {
		if err := b.forgetOld(); err != nil {
			b.log.Error("what was given up long ago could not be forgotten", "error", err)
		}
	}
	forget()
	for {
		if err := errors.Join(b.makeRoom(), b.sendDue(ctx)); err != nil && ctx.Err() == nil {
			b.log.Error("the outbox could not be worked off; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-clean.C:
			forget()
		case <-tick.C:
		}
	}
}

// sendDue tries everything that is due once, the earliest first. What goes out
// is durable: after a crash nobody has heard of what never was.
func (b *Outbox) sendDue(ctx context.Context) error {
	b.turn.Lock()
	defer b.turn.Unlock()
	due, err := b.store.Outgoing(0, b.now().UnixMilli(), perTurn)
	if err != nil || len(due) == 0 {
		return err
	}
	if err := b.store.Sync(); err != nil {
		return err
	}
	var all sync.WaitGroup
	failed := make([]error, len(due))
	slots := make(chan struct{}, atOnce)
	for i, o := range due {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				failed[i] = b.deliver(ctx, o)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// deliver tries one, and notes what became of it.
func (b *Outbox) deliver(ctx context.Context, o ledger.Outgoing) error {
	var l engine.Letter
	if err := json.Unmarshal(o.Body, &l); err != nil {
		return b.store.Postpone(o, ledger.Outgoing{Due: ledger.Never, ID: o.ID, Body: o.Body})
	}
	err := b.try(ctx, &l)
	if err == nil {
		crash.Point("outbox.taken")
		b.tries.WithLabelValues(l.Kind, "sent").Inc()
		_, err := b.store.Sent(o)
		return err
	}
	if ctx.Err() != nil {
		return nil // the server is stopping: it is tried again, under the same id
	}
	l.Tries++
	l.Error = fmt.Sprintf("%.500s", err.Error())
	now := b.now()
	due := now.Add(b.pause(l.Tries, err)).UnixMilli()
	var never *final
	outcome := "later"
	if errors.As(err, &never) || l.Tries >= maxTries || due > max(l.At, l.Since)+giveUpAfter.Milliseconds() {
		due, outcome = ledger.Never, "given_up"
		b.log.Warn("something could not be sent and is kept: omo outbox list", "kind", l.Kind, "campaign", l.Campaign, "id", l.ID, "tries", l.Tries, "error", l.Error)
	}
	b.tries.WithLabelValues(l.Kind, outcome).Inc()
	body, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return b.store.Postpone(o, ledger.Outgoing{Due: due, ID: o.ID, Body: body})
}

func (b *Outbox) try(ctx context.Context, l *engine.Letter) error {
	if l.Kind == "email" {
		return b.mail.send(ctx, l)
	}
	return b.hooks.send(ctx, l, b.now())
}

// pause doubles from the first one to two hours, half of it up to one and a half
// of it, so that what failed together does not come back together; or what the
// receiver asked for, if that is longer.
func (b *Outbox) pause(tries int, err error) time.Duration {
	wait := min(b.first<<min(tries-1, 20), longest)
	wait = time.Duration(float64(wait) * (.5 + rand.Float64()))
	var asked *later
	if errors.As(err, &asked) {
		wait = max(wait, asked.wait)
	}
	return wait
}

// Entry is something that is to be sent, for people to look at: who it is to
// and what it says stays out.
type Entry struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	Campaign string    `json:"campaign"`
	Visitor  string    `json:"visitor"`
	At       time.Time `json:"at"`
	Due      time.Time `json:"due,omitzero"` // zero: given up
	Tries    int       `json:"tries"`
	Error    string    `json:"error,omitempty"`
}

// List gives what is to be sent or was given up, the next first, at most most.
func (b *Outbox) List(most int) ([]Entry, error) {
	all, err := b.store.Outgoing(0, ledger.Never, most)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, 0, len(all))
	for _, o := range all {
		e := Entry{ID: o.ID}
		var l engine.Letter
		if err := json.Unmarshal(o.Body, &l); err != nil {
			e.Error = "it cannot be read: " + err.Error()
		} else {
			e = Entry{ID: o.ID, Kind: l.Kind, Campaign: l.Campaign, Visitor: l.Visitor, At: time.UnixMilli(l.At).UTC(), Tries: l.Tries, Error: l.Error}
		}
		if o.Due != ledger.Never {
			e.Due = time.UnixMilli(o.Due).UTC()
		}
		out = append(out, e)
	}
	return out, nil
}

// Letters tells how much there is, and how much there may be.
func (b *Outbox) Letters() ledger.Letters { return b.store.Letters() }

// maxRetried bounds one call of Retry, each of whose letters takes an fsync.
const maxRetried = 500

// Retry has what was given up tried again from now on, for another 24 hours:
// that of one id, or for "" the first of all of it. It says how many there are, and
// whether there are more.
func (b *Outbox) Retry(id string) (n int, more bool, err error) {
	b.turn.Lock()
	defer b.turn.Unlock()
	var dead []ledger.Outgoing
	if id == "" {
		dead, err = b.store.Outgoing(ledger.Never, ledger.Never, maxRetried)
	} else {
		dead, err = b.store.GivenUp(id)
	}
	if err != nil {
		return 0, false, err
	}
	for _, o := range dead {
		var l engine.Letter
		if json.Unmarshal(o.Body, &l) != nil {
			continue
		}
		l.Tries, l.Since = 0, b.now().UnixMilli()
		body, err := json.Marshal(l)
		if err != nil {
			return n, false, err
		}
		if err := b.store.Postpone(o, ledger.Outgoing{Due: l.Since, ID: o.ID, Body: body}); err != nil {
			return n, false, err
		}
		n++
	}
	return n, n > 0 && len(dead) == maxRetried, nil
}
