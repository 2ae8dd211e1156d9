package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
)

// pool adds a campaign that hands out these codes to everybody.
func pool(codes ...string) option {
	return func(o *opening) {
		o.files["coupons/ten.csv"] = &fstest.MapFile{Data: []byte(strings.Join(codes, "\n"))}
		o.files["campaigns/gift.yaml"] = &fstest.MapFile{Data: []byte("id: gift\nstatus: live\nslot: gift\nvariants: [{id: own, weight: 1, action: {type: coupon, title: 贈りもの, pool: ten, expires: 24h}}]\n")}
	}
}

// gift is what a visitor is answered of the campaign gift: its action as it
// stands in the answer, or why there is none.
func (c caller) gift(visitor string) string {
	var decided struct {
		Decisions []struct {
			Campaign string
			Action   any
		}
		Suppressed []struct{ Campaign, Reason, Detail string }
	}
	c.post("/v1/decide", object{"visitor": object{"id": visitor}, "consent": "granted", "explain": true, "page": object{"url": "https://shop.example/cart"}}).is(http.StatusOK).into(&decided)
	for _, d := range decided.Decisions {
		if d.Campaign == "gift" {
			return fmt.Sprint(d.Action)
		}
	}
	for _, s := range decided.Suppressed {
		if s.Campaign == "gift" {
			return s.Reason + ": " + s.Detail
		}
	}
	return "nothing"
}

// A page gets the visitor's own code in the action, as it gets one for all; the
// stock is a fact that explanations know.
func TestCouponsOfAPool(t *testing.T) {
	t.Parallel()
	s := open(t, pool("WEL-1", "WEL-<&2>"))
	for visitor, want := range map[string]string{
		"ann": "map[code:WEL-1 expires:86400 expires_at:2026-11-22T03:00:00Z expires_in:86400 title:贈りもの type:coupon]",
	} {
		for range 2 {
			if got := s.trusted().gift(visitor); got != want {
				t.Errorf("%s gets %s, want %s", visitor, got, want)
			}
		}
	}
	if got := s.trusted().gift("bob"); got != `map[code:WEL-<&2> expires:86400 expires_at:2026-11-22T03:00:00Z expires_in:86400 title:贈りもの type:coupon]` {
		t.Errorf("bob gets %s", got)
	}
	if got := s.trusted().gift("eve"); got != "coupon_out: no code is left in the pool ten" {
		t.Errorf("eve gets %s", got)
	}
	body := string(s.trusted().get("/v1/coupons").is(http.StatusOK).body)
	if want := `{"pools":[{"pool":"ten","campaigns":["gift"],"total":2,"claimed":2,"redeemed":0,"left":0,"withdrawn":0,"aside":0,"claimed_7d":2,"days_left":0}]}`; strings.TrimSpace(body) != want {
		t.Errorf("the pools are\n%s\nwant\n%s", body, want)
	}
	s.browser().get("/v1/coupons").is(http.StatusForbidden)
	lines := string(s.trusted().get("/v1/visitors/ann/export").is(http.StatusOK).body)
	if want := `{"kind":"coupon","visitor":"ann","pool":"ten","code":"WEL-1","campaign":"gift","claimed":"2026-11-21T03:00:00Z","redeemed":null}`; strings.Count(lines, want) != 1 {
		t.Errorf("the export of ann is\n%s\nwithout %s", lines, want)
	}
	if got := string(s.browser().get("/metrics").body); !strings.Contains(got, "\nomo_coupons_left{pool=\"ten\"} 0\n") {
		t.Error("the stock is not in the metrics")
	}
}

// A shop redeems a code once; of what was given to nobody it learns nothing, and
// a public key learns nothing at all.
func TestRedeemACoupon(t *testing.T) {
	t.Parallel()
	s := open(t, pool("WEL-1", "WEL-2"))
	s.trusted().gift("ann")
	const path = "/v1/coupons/ten/redeem"
	at := s.clock.Now().Format(time.RFC3339)
	redeems := func(body object, want string) {
		t.Helper()
		if got := strings.TrimSpace(string(s.trusted().post(path, body).is(http.StatusOK).body)); got != want {
			t.Errorf("%v is answered %s, want %s", body, got, want)
		}
	}
	s.browser().post(path, object{"code": "WEL-1"}).says(http.StatusForbidden, "needs_secret", "this needs the secret key (sk_…); the public key only writes and decides")
	s.caller("").post(path, object{"code": "WEL-1"}).is(http.StatusUnauthorized)
	for name, c := range map[string]struct {
		path string
		body object
	}{
		"nobody has it":        {path, object{"code": "WEL-2"}},
		"it never was":         {path, object{"code": "WEL-9"}},
		"another has it":       {path, object{"code": "WEL-1", "visitor": object{"id": "bob"}}},
		"another has it, bare": {path, object{"code": "WEL-1", "visitor": "bob"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.on(t).trusted().post(c.path, c.body).says(http.StatusNotFound, "not_found", "no such code of the pool ten was given to anybody, or not to this visitor")
		})
	}
	s.trusted().post("/v1/coupons/tenn/redeem", object{"code": "WEL-1"}).is(http.StatusNotFound)
	for _, bad := range []object{{}, {"code": " "}, {"code": strings.Repeat("x", 257)}, {"code": "WEL-1", "order": "a\nb"}} {
		a := s.trusted().post(path, bad)
		if a.status != http.StatusBadRequest {
			t.Errorf("%v is answered %d", bad, a.status)
		}
	}
	redeems(object{"code": " WEL-1 ", "visitor": "ann", "order": "o-1"}, `{"redeemed":true,"at":"`+at+`","first":true}`)
	s.clock.pass(time.Hour)
	redeems(object{"code": "WEL-1", "order": "o-1"}, `{"redeemed":true,"at":"`+at+`","first":false}`)
	s.trusted().post(path, object{"code": "WEL-1", "order": "o-2"}).says(http.StatusConflict, "already_redeemed", "the code was redeemed before, for another order or none")
	s.trusted().post(path, object{"code": "WEL-1"}).is(http.StatusConflict)
	if names := s.names(); names[len(names)-1] != "omo_coupon" {
		t.Errorf("recorded are %v", names)
	}
	metrics := string(s.browser().get("/metrics").body)
	for _, want := range []string{`{outcome="ok"} 1`, `{outcome="again"} 1`, `{outcome="used"} 2`, `{outcome="unknown"} 5`} {
		if !strings.Contains(metrics, "omo_coupon_redemptions_total"+want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// Whoever tries many codes with a key has to wait, right or wrong; another key
// does not.
func TestTryingCodesIsSlow(t *testing.T) {
	t.Parallel()
	s := open(t, pool("WEL-1", "WEL-2"), options(func(o *api.Options) {
		o.Rates.Code = 1
		o.Keys.Scoped = []api.ScopedKey{{Hash: api.HashKey("sk_another"), Scope: api.ScopeEvents}}
	}))
	s.trusted().gift("ann")
	const path = "/v1/coupons/ten/redeem"
	for i := range 20 {
		s.trusted().post(path, object{"code": fmt.Sprint("WEL-", 100+i)}).is(http.StatusNotFound)
	}
	s.trusted().post(path, object{"code": "WEL-1"}).says(http.StatusTooManyRequests, "rate_limited", "too many wrong coupon codes with this key")
	s.caller("sk_another").post(path, object{"code": "WEL-1", "order": "o-1"}).is(http.StatusOK)
	s.clock.pass(2 * time.Second)
	s.trusted().post(path, object{"code": "WEL-1", "order": "o-1"}).is(http.StatusOK)
}

// What cannot be kept is told to nobody.
func TestCouponIsNotToldWhereItCannotBeKept(t *testing.T) {
	t.Parallel()
	s := open(t, pool("WEL-1"), store(func(real engine.Store) engine.Store { return unsynced{real} }))
	var decided struct {
		Decisions []any
		Degraded  []string
	}
	s.browser().post("/v1/decide", object{"consent": "granted", "page": object{"url": "https://shop.example/cart"}}).is(http.StatusOK).into(&decided)
	if len(decided.Decisions) != 0 || fmt.Sprint(decided.Degraded) != "[ledger]" {
		t.Errorf("answered %+v", decided)
	}
}
