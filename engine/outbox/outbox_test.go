package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

// A post is a ledger with things to send, and a clock.
type post struct {
	*testing.T
	ledger *ledger.Ledger
	mu     sync.Mutex
	now    time.Time
}

var secret = []byte("a webhook secret of thirty-two by")

func open(t *testing.T) *post {
	t.Helper()
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler), Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &post{T: t, ledger: l, now: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)}
}

func (p *post) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *post) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *post) box(change func(*outbox.Options)) *outbox.Outbox {
	p.Helper()
	o := outbox.Options{Store: p.ledger, Secret: secret, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: p.clock, Patience: time.Minute / 2}
	if change != nil {
		change(&o)
	}
	b, err := outbox.New(o)
	if err != nil {
		p.Fatal(err)
	}
	return b
}

// hand puts letters in the outbox, as a visit does.
func (p *post) hand(letters ...engine.Letter) {
	p.Helper()
	var out []ledger.Outgoing
	for _, l := range letters {
		l.At = p.clock().UnixMilli()
		body, err := json.Marshal(l)
		if err != nil {
			p.Fatal(err)
		}
		out = append(out, ledger.Outgoing{Due: l.At, ID: l.ID, Body: body})
	}
	if _, err := p.ledger.Commit(ledger.Visit{Out: out}); err != nil {
		p.Fatal(err)
	}
}

// runs lets b work until done.
func (p *post) runs(b *outbox.Outbox, done func() bool) {
	p.Helper()
	ctx, cancel := context.WithCancel(p.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	for limit := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(limit) {
			cancel()
			p.Fatalf("not within a minute: %v; the outbox has %+v", <-ended, p.list(b)) // the ledger is closed next
		}
	}
	cancel()
	if err := <-ended; err != nil {
		p.Fatal(err)
	}
}

func (p *post) list(b *outbox.Outbox) []outbox.Entry {
	p.Helper()
	all, err := b.List(1000)
	if err != nil {
		p.Fatal(err)
	}
	return all
}

// tried says whether the one thing in b was tried so often.
func (p *post) tried(b *outbox.Outbox, times int) func() bool {
	return func() bool {
		all := p.list(b)
		return len(all) == 1 && all[0].Tries == times
	}
}

func (p *post) empty(b *outbox.Outbox) func() bool { return func() bool { return len(p.list(b)) == 0 } }

// failing is a ledger that cannot note that something was sent: a crash came
// between the two.
type failing struct{ *ledger.Ledger }

func (failing) Sent(...ledger.Outgoing) (int, error) { return 0, errors.New("killed") }

// A letter whose sending was not noted goes out once more, under the same id.
func TestFaultKillBetweenSendingAndNoting(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	const letters = 20
	for i := range letters {
		p.hand(engine.Letter{ID: "id-" + string(rune('a'+i)), Kind: "webhook", Campaign: "c", URL: r.URL})
	}
	killed := p.box(func(o *outbox.Options) { r.allow(o); o.Store = failing{p.ledger} })
	p.runs(killed, func() bool { return len(r.ids()) == letters })
	after := p.box(r.allow)
	p.runs(after, p.empty(after))
	sent, twice := len(r.all()), 0
	for _, n := range r.ids() {
		if n > 1 {
			twice++
		}
	}
	if len(r.ids()) != letters || twice != letters {
		t.Errorf("%d ids, %d of them more than once", len(r.ids()), twice)
	}
	t.Logf("fault - webhook kill between send and mark: handed %d, received %d, lost %d, ids %d, sent again under the same id %d", letters, sent, letters-len(r.ids()), len(r.ids()), twice)
}

// unsynced is a ledger whose disk does not answer for a while.
type unsynced struct {
	*ledger.Ledger
	asked atomic.Int32
}

func (u *unsynced) Sync() error {
	if u.asked.Add(1) < 3 {
		return errors.New("the disk is slow")
	}
	return u.Ledger.Sync()
}

// What a crash may take back does not go out.
func TestNothingGoesOutBeforeItIsDurable(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	p.hand(engine.Letter{ID: "x", Kind: "webhook", Campaign: "c", URL: r.URL})
	store := &unsynced{Ledger: p.ledger}
	r.answer(func(*received) int {
		if n := store.asked.Load(); n < 3 {
			t.Errorf("it went out after the disk had failed %d times", n)
		}
		return http.StatusOK
	})
	b := p.box(func(o *outbox.Options) { r.allow(o); o.Store = store })
	p.runs(b, p.empty(b))
	if got := r.ids(); len(got) != 1 {
		t.Errorf("one thing went out under %v", got)
	}
}

// What fails is tried again, later each time, for a day; then it is kept, and
// may be tried again by hand. Nothing else waits for it.
func TestADayOfTrying(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	r.answer(func(*received) int { return 503 })
	b := p.box(r.allow)
	p.hand(engine.Letter{ID: "x", Kind: "webhook", Campaign: "cart", Visitor: "ann", URL: r.URL})
	began, wait := p.clock(), time.Duration(0)
	for tries := 1; ; tries++ {
		p.runs(b, p.tried(b, tries))
		e := p.list(b)[0]
		if e.Due.IsZero() {
			if after := p.clock().Sub(began); after < 21*time.Hour || after > 24*time.Hour {
				t.Errorf("given up after %s and %d tries", after, tries)
			}
			if e.Error != "the receiver answered 503 Service Unavailable" || e.Campaign != "cart" || e.Visitor != "ann" {
				t.Errorf("%+v", e)
			}
			break
		}
		usual := min(10*time.Second<<(tries-1), 2*time.Hour)
		if wait = e.Due.Sub(p.clock()); wait < usual/2 || wait > usual*3/2 {
			t.Errorf("after %d tries it waits %s, usually %s", tries, wait, usual)
		}
		p.pass(wait)
	}
	p.pass(24 * time.Hour)
	r.answer(func(*received) int { return 200 })
	if n, more, err := b.Retry("another"); n != 0 || more || err != nil {
		t.Errorf("%d of another id, %v", n, err)
	}
	if n, more, err := b.Retry("x"); n != 1 || more || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	p.runs(b, p.empty(b))
	if got := r.ids(); len(got) != 1 {
		t.Errorf("one thing went out under %v", got)
	}
}

func TestTheSMTPServerIsNamedWell(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"mail.example:587":          "the SMTP server is written smtp://user:password@host:587?from=shop@example.com (smtps:// for TLS from the start)",
		"https://mail.example":      "the SMTP server is written smtp://user:password@host:587?from=shop@example.com (smtps:// for TLS from the start)",
		"smtp://mail.example":       "the SMTP server needs a sender: …?from=shop@example.com",
		"smtp://mail.example?from=": "the SMTP server needs a sender: …?from=shop@example.com",
	} {
		o := outbox.Options{SMTP: address, Metrics: prometheus.NewRegistry()}
		if _, err := outbox.New(o); err == nil || err.Error() != want || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
