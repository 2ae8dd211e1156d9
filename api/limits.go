package api

import (
	"hash/maphash"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

// Rates are how often somebody may come, each a second and in a burst; the
// zero Rates limit nothing.
type Rates struct {
	Client  float64 // requests from one address (an IPv6 /64) with the public key, or without
	Visitor float64 // decisions and batches of one visitor
	Guess   float64 // secret keys and identify tokens that are wrong, from one address
	Code    float64 // coupon codes that nobody was given, with one secret key
}

// GenerousRates are what a server has unless told, for a number of requests a
// second from one address; 0 limits nothing. They hurt no page: at 200, an
// office behind one address opens a thousand pages at once, and somebody who
// taps wildly makes a hundred calls.
func GenerousRates(client float64) Rates {
	if client <= 0 {
		return Rates{}
	}
	return Rates{Client: client, Visitor: 20, Guess: 1, Code: 5}
}

const burstOf = 5 // seconds' worth

// limits keep the rates. Who is limited by what is told apart by a hash, so
// that nobody's address or id is kept.
type limits struct {
	client, visitor, guess, code *limited
	login                        *limited // by name and by address; it is never off
	seed                         maphash.Seed
}

func newLimits(r Rates, metrics *prometheus.Registry) *limits {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "omo_rate_limited_total", Help: "Requests refused because too many came, by what they were counted by.",
	}, []string{"by"})
	l := &limits{seed: maphash.MakeSeed()}
	l.client = newLimited(r.Client, burstOf*r.Client, refused.WithLabelValues("client"))
	l.visitor = newLimited(r.Visitor, burstOf*r.Visitor, refused.WithLabelValues("visitor"))
	l.guess = newLimited(r.Guess, 20*r.Guess, refused.WithLabelValues("guess"))
	l.code = newLimited(r.Code, 20*r.Code, refused.WithLabelValues("code"))
	l.login = newLimited(loginsEach, loginsBurst, refused.WithLabelValues("login"))
	known := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_rate_known", Help: "Addresses and visitors whose rate is known; the oldest are forgotten at 131072 of each.",
	}, func() float64 {
		return float64(l.client.size() + l.visitor.size() + l.guess.size() + l.code.size() + l.login.size())
	})
	metrics.MustRegister(refused, known)
	return l
}

// clients refuses an address that comes too often, before its body is read. A
// server of the shop's, with a secret key, comes as often as it likes, and
// pays for a wrong one elsewhere.
func (l *limits) clients(now func() time.Time) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if l.client == nil {
			return next
		}
		return func(c echo.Context) error {
			if who, one := l.address(c); one && !strings.HasPrefix(keyOf(c.Request(), ""), "sk_") {
				if after := l.client.take(who, now()); after > 0 {
					return retryLater("rate_limited", "too many requests from this address; behind a proxy or a CDN start the server with --trust-proxy, so that each visitor counts alone", after)
				}
			}
			return next(c)
		}
	}
}

// visits refuses a visitor that comes too often.
func (l *limits) visits(visitor string, now time.Time) error {
	if l.visitor == nil || visitor == "" {
		return nil
	}
	if after := l.visitor.take(maphash.String(l.seed, visitor), now); after > 0 {
		return retryLater("rate_limited", "too many requests of this visitor", after)
	}
	return nil
}

// guessing refuses an address that has been wrong too often, before it is told
// whether it is right now.
func (l *limits) guessing(c echo.Context, now time.Time) error {
	if l.guess == nil {
		return nil
	}
	if who, one := l.address(c); one {
		if after := l.guess.empty(who, now); after > 0 {
			return retryLater("rate_limited", "too many wrong keys or tokens from this address", after).in("鍵やパスワードの間違いが続きました。")
		}
	}
	return nil
}

// wrong notes a guess.
func (l *limits) wrong(c echo.Context, now time.Time) {
	if l.guess == nil {
		return
	}
	if who, one := l.address(c); one {
		l.guess.take(who, now)
	}
}

// How often a wrong password may be tried: ten times, and then once in ten seconds.
const loginsEach, loginsBurst = 0.1, 10

// logins tells how long to wait before the next try for a name, or from an address.
func (l *limits) logins(c echo.Context, name string, now time.Time) time.Duration {
	wait := l.login.empty(maphash.String(l.seed, "login of "+name), now)
	if who, one := l.address(c); one && wait == 0 {
		wait = l.login.empty(who, now)
	}
	return wait
}

// wrongLogin notes one that failed.
func (l *limits) wrongLogin(c echo.Context, name string, now time.Time) {
	l.login.take(maphash.String(l.seed, "login of "+name), now)
	if who, one := l.address(c); one {
		l.login.take(who, now)
	}
}

// address is a hash of where a request comes from, and whether that is one
// client's: a private or loopback address is a proxy's that nobody told us of,
// or a machine of the shop's, and stands for everybody.
func (l *limits) address(c echo.Context) (hash uint64, one bool) {
	addr, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return 0, false
	}
	addr = addr.Unmap().WithZone("")
	if addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() {
		return 0, false
	}
	if addr.Is6() { // a home has a whole /64
		prefix, _ := addr.Prefix(64)
		addr = prefix.Addr()
	}
	return maphash.Comparable(l.seed, addr), true
}

// limited is a bounded table of rates. A shard has two generations: what is
// asked for moves into the younger one, and when that is full the older one,
// whose entries nobody asked for meanwhile, is forgotten.
type limited struct {
	each    rate.Limit
	burst   int
	refused prometheus.Counter
	shards  [64]limitedShard
}

type limitedShard struct {
	mu         sync.Mutex
	young, old map[uint64]*rate.Limiter
}

// generation bounds one: 64 shards of two generations keep 131,072 rates,
// about 20 MB.
const generation = 1024

func newLimited(each, burst float64, refused prometheus.Counter) *limited {
	if each <= 0 {
		return nil
	}
	return &limited{each: rate.Limit(each), burst: max(1, int(burst)), refused: refused}
}

// take uses up one of who's, and tells how long to wait if there is none.
func (l *limited) take(who uint64, now time.Time) time.Duration {
	if l.of(who).AllowN(now, 1) {
		return 0
	}
	l.refused.Inc()
	return l.wait()
}

// empty tells how long to wait if none of who's is left, and takes none.
func (l *limited) empty(who uint64, now time.Time) time.Duration {
	if l.of(who).TokensAt(now) >= 1 {
		return 0
	}
	l.refused.Inc()
	return l.wait()
}

func (l *limited) wait() time.Duration {
	return max(time.Second, time.Duration(float64(time.Second)/float64(l.each)))
}

func (l *limited) of(who uint64) *rate.Limiter {
	s := &l.shards[who%uint64(len(l.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.young[who]; known != nil {
		return known
	}
	one := s.old[who]
	if one == nil {
		one = rate.NewLimiter(l.each, l.burst)
	}
	if len(s.young) >= generation || s.young == nil {
		s.old, s.young = s.young, make(map[uint64]*rate.Limiter)
	}
	s.young[who] = one
	return one
}

func (l *limited) size() int {
	if l == nil {
		return 0
	}
	n := 0
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		n += len(s.young) + len(s.old)
		s.mu.Unlock()
	}
	return n
}
