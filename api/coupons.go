package api

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// redeemBody is the body of POST /v1/coupons/{pool}/redeem.
type redeemBody struct {
	Code    string `json:"code"`
	Visitor named  `json:"visitor"` // who must have it; missing: whoever has it
	Order   string `json:"order"`   // that it was used for: told again, it is answered as before
}

type redeemAnswer struct {
	Redeemed bool      `json:"redeemed"`
	At       time.Time `json:"at"`
	First    bool      `json:"first"` // by this call
}

// maxCode is longer than any code of a pool, in bytes.
const maxCode = 256

// redeem answers POST /v1/coupons/{pool}/redeem: a shop confirms that a code
// was used. A code that nobody was given, one of another pool and one that
// never was are answered alike, and asking after many of them is made slow.
func (s *Server) redeem(c echo.Context) error {
	var body redeemBody
	if err := decode(c, &body); err != nil {
		return err
	}
	body.Code = strings.TrimSpace(body.Code)
	switch {
	case body.Code == "" || len(body.Code) > maxCode:
		return problem("bad_request", fmt.Sprintf("code is missing, or longer than %d bytes", maxCode))
	case !ingest.GoodID(body.Order) || !ingest.GoodID(string(body.Visitor)):
		return problem("bad_request", fmt.Sprintf("order and visitor have at most %d bytes, and no control characters", ingest.MaxID))
	}
	key := maphash.String(s.limits.seed, keyOf(c.Request(), ""))
	if s.limits.code != nil {
		if after := s.limits.code.empty(key, s.now()); after > 0 {
			return retryLater("rate_limited", "too many wrong coupon codes with this key", after)
		}
	}
	pool := paramOf(c, "pool")
	done, err := s.engine.Redeem(engine.Redemption{Pool: pool, Code: body.Code, Visitor: string(body.Visitor), Order: body.Order}, s.now())
	switch {
	case errors.Is(err, engine.ErrNoCoupon):
		s.metrics.redeemed.WithLabelValues("unknown").Inc()
		if s.limits.code != nil {
			s.limits.code.take(key, s.now())
		}
		return problem("not_found", "no such code of the pool "+pool+" was given to anybody, or not to this visitor")
	case errors.Is(err, engine.ErrRedeemed):
		s.metrics.redeemed.WithLabelValues("used").Inc()
		return problem("already_redeemed", "the code was redeemed before, for another order or none")
	case errors.Is(err, ledger.ErrFull):
		return notKept(err)
	case err != nil:
		s.log.Error("a redemption could not be kept", "pool", pool, "error", err)
		return retryLater("unavailable", "the redemption could not be made durable; send it again", soon)
	}
	outcome := "again"
	if done.First {
		outcome = "ok"
	}
	s.metrics.redeemed.WithLabelValues(outcome).Inc()
	return encode(c, http.StatusOK, redeemAnswer{true, done.At, done.First})
}

// poolAnswer is one coupon pool of GET /v1/coupons.
type poolAnswer struct {
	Pool      string   `json:"pool"`
	Campaigns []string `json:"campaigns"` // that hand out its codes
	Total     int      `json:"total"`     // codes that can be given or were
	Claimed   int      `json:"claimed"`   // given to visitors, the redeemed ones included
	Redeemed  int      `json:"redeemed"`
	Left      int      `json:"left"`
	Withdrawn int      `json:"withdrawn"` // taken out of the file before anybody had them
	Aside     int      `json:"aside"`     // may have been given before a restore
	Week      int      `json:"claimed_7d"`
	DaysLeft  *float64 `json:"days_left"` // at the pace of the last 7 days; null if nobody was given one
}

func (s *Server) coupons(c echo.Context) error {
	out := []poolAnswer{}
	for _, p := range s.engine.Pools(s.now()) {
		a := poolAnswer{
			Pool: p.Name, Campaigns: append([]string{}, p.Campaigns...), Total: p.Left + p.Claimed,
			Claimed: p.Claimed, Redeemed: p.Redeemed, Left: p.Left, Withdrawn: p.Withdrawn, Aside: p.Aside, Week: p.Week,
		}
		if p.Week > 0 {
			days := float64(p.Left) * 7 / float64(p.Week)
			a.DaysLeft = &days
		}
		out = append(out, a)
	}
	return encode(c, http.StatusOK, map[string]any{"pools": out})
}

// releaseBody is the body of POST /v1/coupons/{pool}/release.
type releaseBody struct {
	AllBut int `json:"all_but"` // so many stay aside, the first in the order of the file
}

// release answers POST /v1/coupons/{pool}/release: codes that were set aside at a
// restore may be given again, but for as many as were told before it.
func (s *Server) release(c echo.Context) error {
	var body releaseBody
	if err := decode(c, &body); err != nil {
		return err
	}
	if body.AllBut < 0 {
		return problem("bad_request", "all_but is how many codes stay aside: 0 or more")
	}
	pool := paramOf(c, "pool")
	for _, p := range s.engine.Pools(s.now()) {
		if p.Name != pool {
			continue
		}
		if err := s.byKey(c, "coupons_release", pool); err != nil {
			return err
		}
		n, err := s.engine.ReleaseCodes(pool, body.AllBut)
		if err != nil {
			s.log.Error("coupon codes could not be released", "pool", pool, "error", err)
			return retryLater("unavailable", "not all codes could be released; ask again", soon)
		}
		return encode(c, http.StatusOK, map[string]int{"released": n, "aside": p.Aside - n})
	}
	return problem("not_found", "the rules have no coupon pool "+pool+": GET /v1/coupons lists them")
}

// couponStock tells Prometheus how many codes are left.
type couponStock struct {
	engine      *engine.Engine
	now         func() time.Time
	left, aside *prometheus.Desc
}

func newCouponStock(e *engine.Engine, now func() time.Time) couponStock {
	return couponStock{
		e, now, prometheus.NewDesc("omo_coupons_left", "Codes of a coupon pool that nobody has.", []string{"pool"}, nil),
		prometheus.NewDesc("omo_coupons_aside", "Codes of a coupon pool that may have been given before a restore, and are given to nobody until they are released.", []string{"pool"}, nil),
	}
}

// Describe tells of both gauges.
func (s couponStock) Describe(out chan<- *prometheus.Desc) {
	out <- s.left
	out <- s.aside
}

// Collect gives each pool's stock.
func (s couponStock) Collect(out chan<- prometheus.Metric) {
	for _, p := range s.engine.Pools(s.now()) {
		out <- prometheus.MustNewConstMetric(s.left, prometheus.GaugeValue, float64(p.Left), p.Name)
		out <- prometheus.MustNewConstMetric(s.aside, prometheus.GaugeValue, float64(p.Aside), p.Name)
	}
}
