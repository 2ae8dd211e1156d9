package api

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// visitorReport is what is known of one visitor.
type visitorReport struct {
	ID       string         `json:"id"`
	Browsers []string       `json:"browsers,omitempty"` // all visitors that share the profile, where it is a person's with several
	Profile  *profileAnswer `json:"profile"`            // null where only the warehouse knows the visitor
	Events   []ingest.Event `json:"events"`             // of this browser, the newest last
	Note     string         `json:"note,omitempty"`
}

// profileAnswer is a profile in the contract's words; what the ledger keeps
// has short names and is nobody's business.
type profileAnswer struct {
	UserID       string                 `json:"user_id,omitempty"`
	Traits       map[string]any         `json:"traits,omitempty"`
	FirstSeen    time.Time              `json:"first_seen"`
	LastSeen     time.Time              `json:"last_seen"`
	Visits       int                    `json:"visits"`
	Pageviews    int                    `json:"pageviews"`
	Purchases    int                    `json:"purchases"`
	Revenue      float64                `json:"revenue"`
	LastPurchase *time.Time             `json:"last_purchase,omitempty"`
	Cart         cartAnswer             `json:"cart"`
	Campaigns    map[string]shownAnswer `json:"campaigns,omitempty"`
}

type cartAnswer struct {
	Value    float64      `json:"value"`
	Quantity int          `json:"quantity"`
	Items    []lineAnswer `json:"items,omitempty"`
}

type lineAnswer struct {
	ItemID   string  `json:"item_id,omitempty"`
	Price    float64 `json:"price"`
	Quantity float64 `json:"quantity"`
}

// shownAnswer is what one campaign has been to the visitor.
type shownAnswer struct {
	Variant      string    `json:"variant,omitempty"`
	Phase        string    `json:"phase,omitempty"`
	Exposures    int       `json:"exposures"`
	FirstExposed time.Time `json:"first_exposed,omitzero"`
	Clicks       int       `json:"clicks"`
	Closes       int       `json:"closes"`
	Conversions  int       `json:"conversions"`
}

// timelineLength is how many events a visitor's timeline shows.
const timelineLength = 1000

func (s *Server) visitor(c echo.Context) error {
	id := idOf(c)
	p, err := s.engine.Profile(id)
	if err != nil {
		return err
	}
	out := visitorReport{ID: id, Profile: profileOf(p), Events: []ingest.Event{}}
	if p != nil && len(p.Browsers) > 0 {
		out.Browsers = p.Visitors()
	}
	records, err := s.reports.Visitor(c.Request().Context(), id, timelineLength)
	switch {
	case err != nil && p == nil:
		return s.away("visitor", id, err)
	case err != nil:
		out.Note = "the warehouse could not answer, so events are missing: " + err.Error()
	case p == nil && len(records) == 0:
		return problem("not_found", "nothing is known of visitor "+id)
	}
	for _, r := range records {
		out.Events = append(out.Events, r.Event)
	}
	return encode(c, http.StatusOK, out)
}

// idOf is the id in the path, which comes as it was escaped where that is
// not plain.
func idOf(c echo.Context) string { return paramOf(c, "id") }

// paramOf is a part of the path as it was meant.
func paramOf(c echo.Context, name string) string {
	id := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return id
	}
	if plain, err := url.PathUnescape(id); err == nil {
		return plain
	}
	return id
}

func profileOf(p *profile.Profile) *profileAnswer {
	if p == nil {
		return nil
	}
	value, quantity := p.Cart.Sum()
	out := &profileAnswer{
		UserID: p.User, Traits: p.Traits, FirstSeen: at(p.First), LastSeen: at(p.Last),
		Visits: p.Visits(), Pageviews: p.Pageviews, Purchases: p.Purchases, Revenue: p.Revenue,
		Cart: cartAnswer{Value: value, Quantity: quantity}, Campaigns: map[string]shownAnswer{},
	}
	if p.LastPurchase != 0 {
		last := at(p.LastPurchase)
		out.LastPurchase = &last
	}
	for _, l := range p.Cart.Lines {
		out.Cart.Items = append(out.Cart.Items, lineAnswer{l.ID, l.Price, l.Quantity})
	}
	for id, x := range p.Campaigns {
		shown := shownAnswer{
			Variant: x.Variant, Phase: x.Phase, Exposures: x.Count,
			Clicks: x.Clicks, Closes: x.Closes, Conversions: x.Conversions,
		}
		if x.First != 0 {
			shown.FirstExposed = at(x.First)
		}
		out.Campaigns[id] = shown
	}
	return out
}

// at is a moment out of a profile, in milliseconds since 1970.
func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
