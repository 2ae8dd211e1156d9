package rules

import (
	"math"
	"net/url"
	"time"
)

// Env is everything a rule can see, as plain values that the engine fills from
// a profile, a request and the clock. It is handed to expr by value: through a
// pointer every field read would allocate.
//
// A number that is not known (an age never told, days since a purchase that
// never was) is NaN, written Unknown, so that every ordered comparison with it
// is false; known(x) asks. A text that is missing is "".
type Env struct {
	Visitor Visitor `expr:"visitor"`
	Session Session `expr:"session"`
	Page    Page    `expr:"page"`
	Device  Device  `expr:"device"`
	Cart    Cart    `expr:"cart"`
	Geo     Geo     `expr:"geo"`
	Now     Now     `expr:"now"`
	Event   Event   `expr:"event"`

	Facts    Facts    `expr:"-"` // read by coupons_left and operators_online
	Counters Counters `expr:"-"` // read by count, sum and the like; nil: nothing ever happened
}

// Unknown is the number that nobody told us.
var Unknown = math.NaN()

// Visitor is what the profile tells of the person before the screen. Counts
// include the page view being decided: on a first visit Visits is 1 and New true.
// Averages and DaysSinceLastVisit use completed earlier sessions only.
type Visitor struct {
	New                 bool    `expr:"new"`
	Visits              int     `expr:"visits"`
	Pageviews           int     `expr:"pageviews"`
	FirstSeen           float64 `expr:"first_seen"` // unix seconds
	DaysSinceLastVisit  float64 `expr:"days_since_last_visit"`
	AvgSessionSeconds   float64 `expr:"avg_session_seconds"`
	AvgSessionPageviews float64 `expr:"avg_session_pageviews"`
	Purchases           int     `expr:"purchases"`
	Revenue             float64 `expr:"revenue"`
	DaysSincePurchase   float64 `expr:"days_since_purchase"`
	Identified          bool    `expr:"identified"`
	UserID              string  `expr:"user_id"`
	Gender              string  `expr:"gender"`
	Age                 float64 `expr:"age"`
	Rank                string  `expr:"rank"`

	Traits map[string]any `expr:"-"` // string, float64 or bool
}

// Trait answers trait("name") as text, "" when it is missing or not a text.
func (v Visitor) Trait(name string) string {
	s, _ := v.Traits[name].(string)
	return s
}

// TraitNumber answers trait_number("name"), Unknown when it is missing or not a number.
func (v Visitor) TraitNumber(name string) float64 {
	if n, ok := v.Traits[name].(float64); ok {
		return n
	}
	return Unknown
}

// Session is the visit under way.
type Session struct {
	Pageviews    int     `expr:"pageviews"`
	Seconds      float64 `expr:"seconds"`
	LandingPath  string  `expr:"landing_path"`
	ReferrerHost string  `expr:"referrer_host"`
	Channel      string  `expr:"channel"` // direct search social email paid referral ai
	Source       string  `expr:"source"`
	Medium       string  `expr:"medium"`
	Campaign     string  `expr:"campaign"`
	Term         string  `expr:"term"`
	Content      string  `expr:"content"`
}

// Page is the page being decided for.
type Page struct {
	URL      string `expr:"url"`
	Path     string `expr:"path"`
	Title    string `expr:"title"`
	Type     string `expr:"type"`
	Lang     string `expr:"lang"`
	Referrer string `expr:"referrer"`
	Item     Item   `expr:"item"`
}

// Query answers query("k"): the first value of that key in the page's URL, "" without one.
func (p Page) Query(key string) string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return ""
	}
	return u.Query().Get(key)
}

// Item is the product a page shows.
type Item struct {
	ID       string  `expr:"id"`
	Name     string  `expr:"name"`
	Category string  `expr:"category"`
	Brand    string  `expr:"brand"`
	Price    float64 `expr:"price"`
}

// Device is read from the user agent and its client hints.
type Device struct {
	Type     string `expr:"type"` // mobile tablet desktop
	OS       string `expr:"os"`
	Browser  string `expr:"browser"`
	Language string `expr:"language"`
}

// Cart is what the visitor has put aside to buy, folded from commerce events.
type Cart struct {
	Value              float64 `expr:"value"`
	Quantity           int     `expr:"quantity"`
	SecondsSinceChange float64 `expr:"seconds_since_change"`

	SKUs []string `expr:"-"`
}

// Has answers has("sku").
func (c Cart) Has(sku string) bool {
	for _, s := range c.SKUs {
		if s == sku {
			return true
		}
	}
	return false
}

// Geo is where the request came from, as far as it is known.
type Geo struct {
	Country string `expr:"country"`
	Region  string `expr:"region"`
	City    string `expr:"city"`
}

// Now is the moment of the decision in one campaign's time zone.
type Now struct {
	Hour    int    `expr:"hour"`
	Minute  int    `expr:"minute"`
	Weekday string `expr:"weekday"` // mon tue wed thu fri sat sun
	Date    string `expr:"date"`    // 2006-01-02
	Month   int    `expr:"month"`
	Day     int    `expr:"day"`
}

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// NowIn is the moment t as a clock on the wall of zone shows it.
func NowIn(t time.Time, zone *time.Location) Now {
	t = t.In(zone)
	return Now{
		Hour: t.Hour(), Minute: t.Minute(), Weekday: weekdays[t.Weekday()],
		Date: t.Format(time.DateOnly), Month: int(t.Month()), Day: t.Day(),
	}
}
