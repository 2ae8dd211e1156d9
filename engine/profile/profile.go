package profile

import "github.com/omotenashi-web/omotenashi/ingest"

// Profile is the present state of one visitor, or of a person with several
// browsers, seen from one of them: see Merge and Turn. Times are milliseconds
// since 1970. Its JSON is what the ledger keeps.
type Profile struct {
	Visitor string           `json:"v"`
	Unit    string           `json:"u,omitempty"` // what is bucketed; the visitor unless a person's unit was adopted
	User    string           `json:"user,omitempty"`
	Traits  map[string]any   `json:"t,omitempty"`
	Told    int64            `json:"tt,omitempty"` // when the latest of them was told,
	Earlier map[string]int64 `json:"te,omitempty"` // and those that were told at other times

	Browsers []Browser `json:"br,omitempty"` // of a person: the home browser first; none while there is one
	Place    int       `json:"at,omitempty"` // of Visitor in Browsers

	First int64 `json:"f,omitempty"` // the earliest event
	Last  int64 `json:"l,omitempty"` // the latest event

	Session   Session `json:"s"`            // the one under way, or the last one
	Done      int     `json:"d,omitempty"`  // completed sessions
	DoneMS    int64   `json:"dm,omitempty"` // their lengths summed
	DoneViews int     `json:"dv,omitempty"` // their page views summed
	PrevEnd   int64   `json:"pe,omitempty"` // end of the session before this one

	Pageviews    int     `json:"pv,omitempty"`
	Purchases    int     `json:"p,omitempty"`
	Revenue      float64 `json:"r,omitempty"` // less refunds
	LastPurchase int64   `json:"lp,omitempty"`
	Orders       Orders  `json:"o,omitempty"` // the latest, at most maxOrders

	Cart      Cart              `json:"c"`
	Campaigns map[string]*Shown `json:"x,omitempty"` // those it was shown, or that it clicked or closed
	Holds     []Hold            `json:"h,omitempty"`
	Pages     []Page            `json:"pg,omitempty"`  // while lists of triggers wait for events; at most maxPages, the one opened last at the end
	Due       map[string]int64  `json:"due,omitempty"` // by campaign: when the absence it waits for came due; until it is exposed
	Pending   map[string]int64  `json:"pd,omitempty"`  // campaign, or campaign/booking → when its wait will have come due
	Booked    map[string]Booked `json:"bk,omitempty"`  // campaign/booking → what is reminded of, at most maxBooked

	Coupons map[string]bool `json:"cp,omitempty"` // campaigns of coupon pools that were offered, control too → whether a code was handed out; at most maxCoupons

	Series map[string]*Series `json:"k,omitempty"` // what counters read, by Stream.Key
	under  uint64             // Streams.sum of the terms that Series agree with; not written down
	named  sessionName        // what sessionID gave last; not written down
}

// Session is one visit to the shop.
type Session struct {
	N       int            `json:"n,omitempty"` // counts from 1
	Start   int64          `json:"s,omitempty"`
	End     int64          `json:"e,omitempty"`
	Views   int            `json:"v,omitempty"`
	Landing string         `json:"l,omitempty"`
	Source  *ingest.Source `json:"src,omitempty"`
}

// Cart is what lies in it, and when that last changed.
type Cart struct {
	Lines   []Line `json:"l,omitempty"` // at most maxLines
	Changed int64  `json:"c,omitempty"`
}

// Line is one product in the cart.
type Line struct {
	ID       string  `json:"i,omitempty"` // "" where an event named a value and no product
	Price    float64 `json:"p,omitempty"`
	Quantity float64 `json:"q,omitempty"`
}

// Shown is what one campaign has been to this visitor.
type Shown struct {
	Count       int     `json:"n,omitempty"` // exposures ever
	Spends      []Spend `json:"s,omitempty"` // the latest of them, at most maxSpends
	First       int64   `json:"f,omitempty"` // first exposure in Phase
	Phase       string  `json:"p,omitempty"` // without a bandit's period
	Variant     string  `json:"v,omitempty"` // of that exposure
	Closes      int     `json:"x,omitempty"`
	Clicks      int     `json:"k,omitempty"`
	Conversions int     `json:"c,omitempty"`

	Own map[int]string `json:"o,omitempty"` // place → variant, of the browsers that came with another one of Phase
}

// Spend is one exposure, as frequency caps count it.
type Spend struct {
	At      int64  `json:"a"`
	Session int    `json:"s"` // its SessionKey; 0 of an earlier one that nobody knows
	Slot    string `json:"l,omitempty"`
}

// Hold is an offer whose exposure has not come yet, or whose action is still
// open on its page. It counts like a spend until HoldFor has passed.
type Hold struct {
	Campaign string `json:"c"`
	Decision string `json:"d,omitempty"` // whose offer it is
	Slot     string `json:"s,omitempty"` // "" once that page is gone or the action is closed
	Place    string `json:"l,omitempty"` // its slot when it was offered; never cleared
	Page     string `json:"p,omitempty"` // path
	At       int64  `json:"a"`
	Session  int    `json:"n"`           // its SessionKey
	Exposed  bool   `json:"x,omitempty"` // spent for good; it keeps its slot only
}

// HoldFor is how long an offer counts as spent without its exposure.
const HoldFor = 60_000

// Bounds of a profile's lists. Past them the oldest go.
const (
	maxOrders = 64
	maxLines  = 100
	maxSpends = 100
	maxHolds  = 32
	maxDue    = 32

	maxCoupons = 256 // later ones are not noted: the ledger knows who has which code
)

// New is the profile of a visitor that nothing is known of.
func New(visitor string) *Profile { return &Profile{Visitor: visitor, Unit: visitor} }

// Sum is what its lines add up to, in the shop's currency.
func (c Cart) Sum() (value float64, quantity int) {
	pieces := 0.0
	for _, l := range c.Lines {
		value += l.Price * l.Quantity
		pieces += l.Quantity
	}
	return value, int(pieces)
}
