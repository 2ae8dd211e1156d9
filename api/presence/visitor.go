package presence

import (
	"encoding/json"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Visitor is one who is on the shop. Times are milliseconds since 1970, 0 for
// never; it can be compared.
type Visitor struct {
	Row  uint64 // numbers it, for as long as it is on the shop
	ID   string
	User string // the person; "" while nobody has said
	Rank string

	Visits int
	Began  int64 // this visit
	Seen   int64 // the latest thing the visitor did
	Heard  int64 // the latest heartbeat of a page that is looked at

	Path, Title string
	Viewed      int64 // when the page was opened
	Away        bool  // the page was left or hidden, and nothing has come since

	Cart   float64 // in the shop's currency
	Pieces int
	Step   Step // the furthest since the last purchase

	Channel, Via string // what brought the visit, and from where: a campaign, a source or a host
	Device       string // mobile tablet desktop

	Did   string // the latest event that is no page view and none of our own bookkeeping
	DidAt int64

	Campaign, Variant string // what was offered last; no variant: control
	Control           bool

	Staff, Bot bool
	Apart      bool // of the holdout
}

// last is the latest sign of life.
func (v *Visitor) last() int64 { return max(v.Seen, v.Heard) }

// New says whether it is the visitor's first visit.
func (v *Visitor) New() bool { return v.Visits <= 1 }

// Step is how near to buying an event is.
type Step uint8

// Steps in their order.
const (
	Looking Step = iota
	Choosing
	Carting
	Checkout
	Paying
)

// stepOf is what an event says of it; ok is false for one that says nothing.
func stepOf(event string) (step Step, ok bool) {
	switch event {
	case "search", "view_item", "select_item":
		return Choosing, true
	case "add_to_cart", "view_cart":
		return Carting, true
	case "begin_checkout", "add_shipping_info":
		return Checkout, true
	case "add_payment_info":
		return Paying, true
	}
	return Looking, false
}

// stands takes what the profile says.
func (v *Visitor) stands(s *engine.Standing) {
	keep(&v.User, s.User)
	keep(&v.Rank, s.Rank)
	v.Visits, v.Began, v.Cart, v.Pieces, v.Apart = s.Visits, s.Began, s.Cart, s.Pieces, s.Apart
	if s.Asked {
		v.Staff = s.Staff
	}
	if src := s.Source; src != nil {
		keep(&v.Channel, src.Channel)
		switch {
		case src.Campaign != "":
			keep(&v.Via, src.Campaign)
		case src.Source != "":
			keep(&v.Via, src.Source)
		default:
			keep(&v.Via, src.ReferrerHost)
		}
	}
}

// happened takes one event.
func (v *Visitor) happened(e *ingest.Event) {
	if !acts(e) {
		return
	}
	v.Seen = max(v.Seen, e.Time)
	v.Bot = v.Bot || e.Bot
	if e.Device != nil {
		keep(&v.Device, e.Device.Type)
	}
	switch {
	case e.Name == ingest.PageView:
		v.Viewed, v.Away = e.Time, false
		v.at(e.Page)
		return
	case e.Name == ingest.Engagement:
		// It may come after the page view of the next page.
		if e.Page == nil || e.Page.Path == v.Path {
			v.Away = true
		}
		return
	case v.Path == "":
		v.at(e.Page)
	}
	v.Away = false
	if strings.HasPrefix(e.Name, ingest.OmoPrefix) && !answers(e.Name) {
		return
	}
	keep(&v.Did, e.Name)
	v.DidAt = e.Time
	if e.Name == ingest.Purchase {
		v.Step = Looking
	} else if step, ok := stepOf(e.Name); ok {
		v.Step = max(v.Step, step)
	}
}

// acts says whether an event is the visitor's doing: that a chat is offered is ours.
func acts(e *ingest.Event) bool {
	if e.Name != ingest.Chat {
		return true
	}
	var told struct{ State string }
	return json.Unmarshal(e.Properties, &told) != nil || told.State != "offered" && told.State != "invited"
}

// answers says whether an event of ours is something that the visitor did.
func answers(event string) bool {
	switch event {
	case ingest.Click, ingest.Close, ingest.Answer, ingest.Chat:
		return true
	}
	return false
}

func (v *Visitor) at(page *ingest.Page) {
	if page == nil {
		return
	}
	keep(&v.Path, page.Path)
	keep(&v.Title, page.Title)
}

// offered takes the first campaign that a decision offered, rather one with an
// action than a control; a decision that offers nothing leaves what was.
func (v *Visitor) offered(d *engine.Decision) {
	var first *engine.Offer
	for i := range d.Offers {
		if o := &d.Offers[i]; !o.Armed() && (first == nil || first.Variant.Control() && !o.Variant.Control()) {
			first = o
		}
	}
	if first != nil {
		keep(&v.Campaign, first.Campaign.ID)
		keep(&v.Variant, first.Variant.ID)
		v.Control = first.Variant.Control()
	}
}

// maxText bounds each text of a row, in bytes.
const maxText = 200

// keep copies a text where it is another one: what an event holds is part of a
// request's body, which would stay in memory with it.
func keep(at *string, text string) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	if *at != text {
		*at = strings.Clone(text)
	}
}
