package crowd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/omotenashi-web/omotenashi/examples/shop/visits"
)

// MaxPages is where a simulated session is cut: one in five real ones is longer.
const MaxPages = 50

// Goal is what a campaign hopes for: an event within Window after first exposure.
type Goal struct {
	Event  string
	Window time.Duration
}

// Options of New.
type Options struct {
	Server    string // of omotenashi, http://host:port
	Shop      string // the pages' origin
	PublicKey string
	SecretKey string                                      // for what happened before today
	Sign      func(claims map[string]any) (string, error) // the shop's identify tokens
	Goals     map[string]Goal                             // by campaign: what the tally counts
	Effects   map[string]float64                          // by campaign: what share of those who would not have bought do after its action
	Seed      uint64                                      // the same seed draws the same people
	Name      string                                      // part of the visitors' ids, new for each run
	Clock     *Clock                                      // the server's own; nil: both have the machine's
	Told      func(error)                                 // hears of each call that failed and of each visitor that was left; called by many at once; nil: nobody
}

// Crowd sends visitors. Safe for one Run at a time.
type Crowd struct {
	o     Options
	table visits.Table
	http  *http.Client
	done  atomic.Int64

	mu   sync.Mutex
	seen map[string]map[string]*Arm // campaign → variant
}

// workers is how many visitors are on the shop at once, at most.
const workers = 12

// unanswered is how long a call waits. One that takes longer is lost: on a machine
// that slept, every call under way is.
const unanswered = 30 * time.Second

// New makes a crowd.
func New(o Options) (*Crowd, error) {
	table, err := visits.Published()
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
	return &Crowd{
		o: o, table: table, seen: map[string]map[string]*Arm{},
		http: &http.Client{Timeout: unanswered, Transport: &http.Transport{MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers}},
	}, nil
}

// Done is how many visitors have come and gone.
func (c *Crowd) Done() int64 { return c.done.Load() }

// Run sends the visitors numbered from..to (to excluded), at most perSecond of
// them a second; 0 is as fast as the server answers. A visitor that the server
// fails for good is left where it was, which Told hears, and the others go on; the
// error says how many were left, and why the first was. They are not in the tally.
func (c *Crowd) Run(ctx context.Context, from, to int, perSecond float64) error {
	limit := rate.NewLimiter(rate.Inf, 1)
	if perSecond > 0 {
		limit.SetLimit(rate.Limit(perSecond))
	}
	var group errgroup.Group
	group.SetLimit(c.o.Clock.atOnce(workers))
	var left lost
	for n := from; n < to; n++ {
		if err := limit.Wait(ctx); err != nil {
			break
		}
		group.Go(func() error {
			c.o.Clock.arrives()
			p := c.person(n)
			if err := p.live(ctx); err != nil {
				err = fmt.Errorf("simulated visitor %s: %w", p.id, err)
				left.add(err)
				c.tell(err)
				return nil
			}
			c.count(p)
			c.done.Add(1)
			return nil
		})
	}
	_ = group.Wait() // nobody's trouble is the others'
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return left.err()
}

// tell says what went wrong, until all is to end: then everything does.
func (c *Crowd) tell(err error) {
	if c.o.Told != nil && !errors.Is(err, context.Canceled) {
		c.o.Told(err)
	}
}

// lost counts visitors that were left. Safe for many at once.
type lost struct {
	mu    sync.Mutex
	many  int
	first error
}

func (l *lost) add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.many++; l.first == nil {
		l.first = err
	}
}

func (l *lost) err() error {
	if l.many == 0 {
		return nil
	}
	return fmt.Errorf("left by the way: %d; the first was %w", l.many, l.first)
}

// person draws the n-th visitor.
func (c *Crowd) person(n int) *person {
	r := rand.New(rand.NewPCG(c.o.Seed, uint64(n)))
	p := &person{
		crowd: c, r: r, more: rand.New(rand.NewPCG(^c.o.Seed, uint64(n))), id: fmt.Sprintf("sim-%s-%d", c.o.Name, n),
		plan: c.table.Draw(r), agent: agents[r.IntN(len(agents))],
	}
	member := 0.15
	if p.plan.Returning {
		member = 0.6
	}
	if r.Float64() < member {
		p.member = &account{
			id: fmt.Sprintf("sim-member-%s-%d", c.o.Name, n), rank: ranks[r.IntN(len(ranks))],
			gender: []string{"female", "female", "female", "male"}[r.IntN(4)], age: 20 + r.IntN(50),
		}
	}
	return p
}

var ranks = []string{"bronze", "bronze", "bronze", "silver", "silver", "gold", "diamond"}

var agents = []string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
	"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
}

// referrers are where sessions come from; "" is typed in.
var referrers = []string{
	"https://www.google.com/", "https://www.google.com/", "https://search.yahoo.co.jp/", "https://www.instagram.com/",
	"https://t.co/abc", "https://chatgpt.com/", "", "",
}
