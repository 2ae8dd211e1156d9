package ingest

import (
	"encoding/json"
	"strings"
)

// Event is one immutable fact about a visitor at a time, enriched. Its JSON is
// the canonical form: the ledger keeps it, the warehouse's raw column repeats
// it, and replay reads nothing else. All times are milliseconds since 1970, UTC.
type Event struct {
	ID       string `json:"id"` // a UUID, made once by the client and kept over retries
	Visitor  string `json:"visitor"`
	User     string `json:"user,omitempty"` // the person, where the visitor is identified
	Name     string `json:"name"`
	Time     int64  `json:"time"`              // when it happened, corrected by the client's sent_at and clamped
	Stated   int64  `json:"stated,omitempty"`  // when the client said it happened, where that differs from Time
	Received int64  `json:"received"`          // when this server got it
	Session  string `json:"session,omitempty"` // stamped by the fold

	// Kinds are the derived events of the rules that were live then which this
	// event is, by name; stamped by the fold.
	Kinds []string `json:"kinds,omitempty"`

	Page    *Page          `json:"page,omitempty"`
	Device  *Device        `json:"device,omitempty"`
	Geo     *Geo           `json:"geo,omitempty"`
	Source  *Source        `json:"source,omitempty"`
	Consent string         `json:"consent,omitempty"` // granted | denied | unknown
	Traits  map[string]any `json:"traits,omitempty"`  // only declared ones that were trusted
	Bot     bool           `json:"bot,omitempty"`
	New     bool           `json:"new,omitempty"`  // the visitor's first session; stamped by the fold
	Met     *Met           `json:"met,omitempty"`  // of an exposure; stamped by the fold
	Unit    string         `json:"unit,omitempty"` // the bucketing unit adopted from a person; stamped by the engine on the event that introduced it

	Properties json.RawMessage `json:"properties,omitempty"` // as the client gave them, without the space between

	// Position in the ledger, known once committed: the visit's sequence
	// number and the event's place in that visit. Not part of the canonical form.
	Seq uint64 `json:"-"`
	Idx uint16 `json:"-"`

	// What the product itself reads of Properties; see ParseProperties.
	Props Properties `json:"-"`
}

// Page is where it happened.
type Page struct {
	URL      string `json:"url,omitempty"`
	Path     string `json:"path,omitempty"`
	Title    string `json:"title,omitempty"`
	Type     string `json:"type,omitempty"`
	Lang     string `json:"lang,omitempty"`
	Referrer string `json:"referrer,omitempty"`
	Item     *Item  `json:"item,omitempty"`
}

// Item is the product a page shows.
type Item struct {
	ID       string  `json:"id,omitempty"`
	Name     string  `json:"name,omitempty"`
	Category string  `json:"category,omitempty"`
	Brand    string  `json:"brand,omitempty"`
	Price    float64 `json:"price,omitempty"`
}

// Device is read from the user agent and its client hints.
type Device struct {
	Type     string `json:"type,omitempty"` // mobile tablet desktop
	OS       string `json:"os,omitempty"`
	Browser  string `json:"browser,omitempty"`
	Language string `json:"language,omitempty"`
}

// Geo is where the request came from. IP is truncated: the last octet, or the
// last 80 bits of an IPv6 address, are zero before it gets here.
type Geo struct {
	Country string `json:"country,omitempty"`
	Region  string `json:"region,omitempty"`
	City    string `json:"city,omitempty"`
	IP      string `json:"ip,omitempty"`
}

// Source is what brought the visitor to the page.
type Source struct {
	Channel      string `json:"channel,omitempty"` // direct search social email paid referral ai
	ReferrerHost string `json:"referrer_host,omitempty"`
	Source       string `json:"source,omitempty"`
	Medium       string `json:"medium,omitempty"`
	Campaign     string `json:"campaign,omitempty"`
	Term         string `json:"term,omitempty"`
	Content      string `json:"content,omitempty"`
}

// Properties are the fields of an event's properties that the product reads:
// GA4's commerce fields, and those of its own omo_ events.
type Properties struct {
	Value         *float64    `json:"value,omitempty"`
	Currency      string      `json:"currency,omitempty"`
	TransactionID string      `json:"transaction_id,omitempty"`
	Coupon        string      `json:"coupon,omitempty"`
	Items         []OrderItem `json:"items,omitempty"`

	Campaign   string `json:"campaign,omitempty"`
	Variant    string `json:"variant,omitempty"`
	Phase      string `json:"phase,omitempty"`
	DecisionID string `json:"decision_id,omitempty"`
	Slot       string `json:"slot,omitempty"`

	Rules    string    `json:"rules,omitempty"`    // of omo_decision and omo_rules: the rule set's hash
	Trigger  string    `json:"trigger,omitempty"`  // of omo_decision
	Event    string    `json:"event,omitempty"`    // of omo_decision: id of the event that triggered, where one did
	Slots    []string  `json:"slots,omitzero"`     // of omo_decision: the places its page had, where it said so: none at all is an empty list
	Facts    *Facts    `json:"facts,omitempty"`    // of omo_decision: what was read from outside, where rules asked
	Outcomes []Outcome `json:"outcomes,omitempty"` // of omo_decision

	Filled map[string][]string `json:"filled,omitempty"` // of omo_decision: campaign → the items or channels that its action was filled with

	Reminder string            `json:"reminder,omitempty"` // of omo_reminder: campaign/booking
	Due      int64             `json:"due,omitempty"`      // of omo_reminder: its time
	Missed   bool              `json:"missed,omitempty"`   // of omo_reminder: it came too late to be told
	Booking  map[string]string `json:"booking,omitempty"`  // of omo_reminder: what the campaign's texts mention of the event
}

// Facts are values from outside that a decision rested on.
type Facts struct {
	CouponsLeft     map[string]int `json:"coupons_left,omitempty"` // pool → codes nobody has
	OperatorsOnline int            `json:"operators_online,omitempty"`
	Staffed         []string       `json:"staffed,omitempty"`  // kinds of channels that an operator is online for, where actions ask
	Unranked        []string       `json:"unranked,omitempty"` // rankings that have no item yet, where actions show some
}

// Met is who an exposure met, as it was then: by this results leave the staff out,
// and are broken down.
type Met struct {
	Staff   bool   `json:"staff,omitempty"`   // by the rule of site.yaml
	Rank    string `json:"rank,omitempty"`    // the trait
	Channel string `json:"channel,omitempty"` // what brought the session
}

// OrderItem is one line of a cart or an order.
type OrderItem struct {
	ID       string  `json:"item_id,omitempty"`
	Name     string  `json:"item_name,omitempty"`
	Category string  `json:"item_category,omitempty"`
	Brand    string  `json:"item_brand,omitempty"`
	Price    float64 `json:"price,omitempty"`
	Quantity float64 `json:"quantity,omitempty"` // 1 where it is missing
}

// Outcome is what became of one campaign whose rule matched in one decision.
type Outcome struct {
	Campaign string `json:"campaign"`
	Reason   string `json:"reason"`            // a reason code of the contract
	Variant  string `json:"variant,omitempty"` // of offered, control and shadow
	Phase    string `json:"phase,omitempty"`
	Slot     string `json:"slot,omitempty"`
}

// Names of events with a meaning of their own.
const (
	PageView   = "page_view"
	Purchase   = "purchase"
	OmoPrefix  = "omo_"
	Decision   = "omo_decision"
	Exposure   = "omo_exposure"
	Click      = "omo_click"
	Close      = "omo_close"
	Engagement = "omo_engagement"
	Answer     = "omo_answer"
	Chat       = "omo_chat"
	Trouble    = "omo_error"    // in a browser
	Absent     = "omo_absent"   // what a campaign waited for did not come in time: its timer fired; written by the server
	Reminder   = "omo_reminder" // a moment that a campaign reminds of has come; written by the server
	Coupon     = "omo_coupon"   // a code of a pool was redeemed; written by the server, without the code
	Rules      = "omo_rules"    // a rule set went live: its hash, text, phases; of no visitor
	Waiting    = "omo_waiting"  // campaigns that wait for a back-fill from now on; of no visitor
	Override   = "omo_override" // what was decided about campaigns beside their files: pauses, harm stops, a bandit's weights; of no visitor
	Audit      = "omo_audit"    // a person changed something on the screens: who, role, what, of; of no visitor
	Merge      = "omo_merge"    // two browsers turned out to be one person's: of each of them, in the same visit
	Identify   = "identify"     // traits or a person were told
)

// DuePrefix begins the trigger of a decision that the server makes by itself:
// "omo_due:" and the campaign that it carries out. Clients name no such trigger.
const DuePrefix = OmoPrefix + "due:"

// ParseProperties fills Props from Properties. A field of another type than
// the product's (a value that is no number) is an error that names it.
func (e *Event) ParseProperties() error {
	e.Props = Properties{}
	if len(e.Properties) == 0 || read(e.Properties, &e.Props) == nil {
		return nil
	}
	e.Props = Properties{}
	if strings.HasPrefix(e.Name, OmoPrefix) {
		return explain("properties", "properties.", json.Unmarshal(e.Properties, &e.Props))
	}
	// A shop's own event may call a property of its own "campaign" or "trigger".
	var shop struct {
		Value         *float64    `json:"value"`
		Currency      string      `json:"currency"`
		TransactionID string      `json:"transaction_id"`
		Coupon        string      `json:"coupon"`
		Items         []OrderItem `json:"items"`
	}
	err := json.Unmarshal(e.Properties, &shop)
	e.Props = Properties{Value: shop.Value, Currency: shop.Currency, TransactionID: shop.TransactionID, Coupon: shop.Coupon, Items: shop.Items}
	return explain("properties", "properties.", err)
}
