package dashboard

import "time"

// Visitors is the screen that visitors are looked for on.
type Visitors struct {
	Asked    string // what was looked for and not found
	Campaign string // whose visitors these are; "" of no campaign
	Name     string // of that campaign
	Variant  string
	Rows     []VisitorRow
	Counting bool   // they are not known yet
	Problem  string // why they are not
	Most     int    // that are shown
}

// VisitorRow is one visitor who was here.
type VisitorRow struct {
	ID, User  string
	Last      time.Time
	Pageviews uint64
	Path      string
	Device    string // mobile tablet desktop
	Purchases uint64
}

// Visitor is the screen of one visitor.
type Visitor struct {
	ID       string
	Here     string // the screen's own path
	Now      time.Time
	Browsers []Browser // of the person, where there are several
	Currency string
	At       time.Time // the moment of the past that it is about; zero: now
	Asked    string    // that moment as a form has it
	Problem  string    // why events are missing
	Behind   bool      // there are newer events than could be read
	Days     []VisitorDay
	Older    string // where earlier events are; "" there are none
	Newest   string // where the last ones are; "" here
	Who      *Person
	Gone     bool // erased
	Done     Done
	Wrong    bool // the id that was typed is another
}

// Browser is one of a person's.
type Browser struct {
	ID      string
	Letter  string // A is the one that named the person first
	Current bool   // that the screen was asked for
}

// Person is what is known of a visitor at one moment.
type Person struct {
	User              string
	First, Last       time.Time
	Visits, Pageviews int
	Purchases         int
	Revenue           float64
	LastPurchase      time.Time
	Consent           string // granted | denied | unknown; "" not known
	CartValue         float64
	CartQuantity      int
	Cart              []CartLine
	Traits, Counters  []Pair
	Segments          []Segment
	Met               []MetCampaign
	Coupons           []Coupon
	Rules             string // hash of the rules that count
}

// CartLine is a product in the cart.
type CartLine struct {
	ID       string
	Price    float64
	Quantity float64
}

// Pair is a name and its value, as people write them.
type Pair struct{ Name, Value string }

// Segment is one that the rules ask for.
type Segment struct {
	Name string
	In   bool
}

// MetCampaign is what a campaign has been to a visitor.
type MetCampaign struct {
	ID, Name, Variant                      string
	Control                                bool
	Exposures, Clicks, Closes, Conversions int
	First                                  time.Time
}

// Coupon is a code that a visitor was given.
type Coupon struct {
	Pool, Code, Campaign string
	Given, Redeemed      time.Time // Redeemed zero: not yet
}

// VisitorDay is what happened on one day, in the site's time zone.
type VisitorDay struct {
	Day      time.Time
	Sessions []VisitorSession
}

// VisitorSession is a run of one browser's events, the newest first.
type VisitorSession struct {
	ID                string
	Letter            string // of the browser, where there are several
	From, To          time.Time
	Device, OS, Agent string
	Channel, Source   string
	Country           string
	Pages             int
	Entries           []Entry
}

// Entry is one event.
type Entry struct {
	At      time.Time
	Seq     uint64
	Kind    string // its class: page commerce purchase action survey chat coupon identity decision quiet other
	Name    string // the event's
	What    string // that it is about: a page's title, a product, a campaign
	Path    string
	Value   float64
	Valued  bool
	Details []Pair    // their names are texts detail.<name>
	Came    []Outcome // of a decision: the campaigns that came, or wait for their trigger
	Stopped []Outcome // and those whose rule held and that were stopped
}

// Outcome is what became of one campaign in a decision.
type Outcome struct {
	Campaign, Name, Reason, Variant, Slot string
}

// Erasing is the receipt of an erasure.
type Erasing struct {
	ID      string
	Done    bool
	Stage   string
	Asked   time.Time
	Ended   time.Time
	Count   int // visitors
	Removed []Removed
}

// Removed is how much of something went.
type Removed struct {
	Name string
	N    uint64
}
