package api

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/rules"
)

// previewAge is how long a link shows its preview.
const previewAge = time.Hour

// previewParam is where a page's address has the token.
const previewParam = "omo_preview"

// previewAnswer is what a page is told of the preview that it shows, or why it
// shows none.
type previewAnswer struct {
	Problem   string           `json:"problem,omitempty"` // expired | gone
	Campaign  string           `json:"campaign,omitempty"`
	Name      string           `json:"name,omitempty"`
	Status    string           `json:"status,omitempty"`
	Variant   string           `json:"variant,omitempty"`
	Variants  []previewVariant `json:"variants,omitempty"`
	On        []string         `json:"on,omitempty"`
	Reason    string           `json:"reason,omitempty"` // the gate that would have stopped it
	Code      bool             `json:"code,omitempty"`   // its coupon code is a sample
	ExpiresAt *time.Time       `json:"expires_at,omitempty"`
}

type previewVariant struct {
	ID      string `json:"id"`
	Control bool   `json:"control"`
	Token   string `json:"token"`
}

// preview makes a link that shows a variant on the shop's own page.
func (s *Server) preview(c echo.Context) error {
	var body struct {
		Campaign string `json:"campaign"`
		Variant  string `json:"variant"` // the first that shows something, unless told
		Page     string `json:"page"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	page, err := url.Parse(body.Page)
	if err != nil || page.Scheme != "http" && page.Scheme != "https" || page.Host == "" {
		return problem("bad_request", "page is no address of a shop's page: give it whole, https://shop.example/cart")
	}
	if origin := page.Scheme + "://" + page.Host; !s.originAllowed(origin) {
		return problem("bad_request", "page is of "+origin+", which is none of site.yaml's origins")
	}
	campaign := s.engine.Live().Set.Written(body.Campaign)
	if campaign == nil {
		return problem("not_found", fmt.Sprintf("no campaign %q in the rules folder", body.Campaign))
	}
	variant := campaign.Variant(body.Variant)
	switch {
	case body.Variant == "":
		variant = firstShown(campaign)
	case variant == nil:
		return problem("not_found", fmt.Sprintf("campaign %q has no variant %q", body.Campaign, body.Variant))
	}
	until := s.now().Add(previewAge).Truncate(time.Second)
	query := page.Query()
	query.Set(previewParam, s.ring.Load().previewToken(campaign.ID, variant.ID, until))
	page.RawQuery = query.Encode()
	return encode(c, http.StatusOK, struct {
		Campaign  string    `json:"campaign"`
		Variant   string    `json:"variant"`
		Link      string    `json:"link"`
		ExpiresAt time.Time `json:"expires_at"`
	}{campaign.ID, variant.ID, page.String(), until.UTC()})
}

// firstShown is the first variant that is no control, if there is one.
func firstShown(c *rules.Campaign) *rules.Variant {
	for i := range c.Variants {
		if !c.Variants[i].Control() {
			return &c.Variants[i]
		}
	}
	return &c.Variants[0]
}

// previewToken is campaign.variant.until.proof; ids have no dots.
func (r *ring) previewToken(campaign, variant string, until time.Time) string {
	text := campaign + "." + variant + "." + strconv.FormatInt(until.Unix(), 10)
	return text + "." + prove(r.provers[0], text)
}

// signedPreview says whether a token is of this server: any other is none, and
// whoever comes with it is an ordinary visitor.
func (r *ring) signedPreview(token string) bool {
	at := strings.LastIndexByte(token, '.')
	if strings.Count(token, ".") != 3 {
		return false
	}
	for _, provers := range r.provers {
		if hmac.Equal([]byte(token[at+1:]), []byte(prove(provers, token[:at]))) {
			return true
		}
	}
	return false
}

// readPreview gives what a token of this server is for, and until when it is.
func readPreview(token string) (campaign, variant string, until time.Time, err error) {
	parts := strings.Split(token, ".")
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	return parts[0], parts[1], time.Unix(seconds, 0).UTC(), err
}

// prove signs a preview with the key that signs cookies, and never as a cookie.
func prove(provers *sync.Pool, text string) string {
	p := provers.Get().(*prover)
	defer provers.Put(p)
	p.mac.Reset()
	p.mac.Write([]byte("preview|" + text))
	p.text = p.mac.Sum(p.text[:0])
	return base64.RawURLEncoding.EncodeToString(p.text[:16])
}

// previewed answers decide with the variant that a link asks for. Nothing is
// taken of the call, and no cookie is given: whoever looks is nobody's visitor.
func (s *Server) previewed(c echo.Context, k *call, id identity, may access, now time.Time) error {
	body := &k.body
	keys := s.ring.Load()
	if !s.consents(body.Consent) {
		id.visitor = ""
	}
	v, _ := s.visitOfPage(c, k, id, may, now)
	out := decideAnswer{
		DecisionID: v.Decide.ID, Rules: s.engine.Live().Set.Hash, Visitor: visitorAnswer{ID: id.visitor},
		Decisions: k.offers[:0], Degraded: []string{},
	}
	campaign, variant, until, err := readPreview(body.Preview)
	if err != nil || !now.Before(until) {
		out.Preview = &previewAnswer{Problem: "expired"}
		return encode(c, http.StatusOK, out)
	}
	d, reason, err := s.engine.Preview(v, campaign, variant, now)
	switch {
	case errors.Is(err, engine.ErrNoVariant):
		out.Preview = &previewAnswer{Problem: "gone", Campaign: campaign, Variant: variant}
		return encode(c, http.StatusOK, out)
	case err != nil: // still a preview: the page records nothing
		s.log.Error("a preview failed", "error", err)
		s.metrics.degraded.Inc()
		out.Degraded, out.Preview = []string{"ledger"}, &previewAnswer{Campaign: campaign, Variant: variant, Reason: engine.Failed}
		return encode(c, http.StatusOK, out)
	}
	out = s.decideAnswer(engine.Answer{Visitor: id.visitor, Decision: &d}, nil, k.offers[:0])
	out.Preview = &previewAnswer{
		Variant: variant, Reason: reason, Code: d.Offers[0].Code != "", ExpiresAt: &until,
	}
	describe(out.Preview, d.Offers[0].Campaign, keys, until)
	return encode(c, http.StatusOK, out)
}

func describe(p *previewAnswer, c *rules.Campaign, keys *ring, until time.Time) {
	p.Campaign, p.Name, p.Status, p.On = c.ID, c.Name, string(c.Status), c.Triggers
	for _, v := range c.Variants {
		p.Variants = append(p.Variants, previewVariant{v.ID, v.Control(), keys.previewToken(c.ID, v.ID, until)})
	}
}
