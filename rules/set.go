package rules

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Set is all campaigns and segments of a rules folder, compiled: immutable,
// shared by all requests, known by its content hash.
type Set struct {
	Hash      string            // hex of the content of every file, of coupons/*.csv of the names alone; independent of file order and the folder's place
	Site      Site              // defaults filled in
	Campaigns []*Campaign       // every campaign that is not a draft, highest priority first, ties by id
	Drafts    []*Campaign       // in the same order: checked, and without a rule that runs
	Source    map[string]string // file name in the folder → its text: what the hash is of; of coupons/*.csv how many codes and their digest

	Streams        []Stream        // every sequence of events that its counters need, by Key
	Kinds          []Kind          // every derived event, by name
	Here           []Kind          // the events with conditions that lists of triggers wait for, by key
	Counters       []Counter       // every distinct counter; rules refer to them by place
	FactPools      []string        // the coupon pools whose stock a decision rests on: its rules read it, or its campaigns hand out codes; by name
	ReadsOperators bool            // whether its rules ask who is online
	Staffed        bool            // whether its actions offer channels that need an operator
	Rankings       []Ranking       // that its actions show out of the warehouse, each once, by Key
	Pools          map[string]Pool // coupons/<pool>.csv

	staff      []int32          // Site's rule, as places in predicates
	segments   []member         // that can be asked of, by name
	predicates []*predicate     // every distinct condition, once
	zones      []*time.Location // those whose clock a condition reads
	index      *index           // which campaigns a visit can match
	scratch    *sync.Pool       // of *Matcher
	explain    *explainer
}

// Site is site.yaml with its defaults filled in.
type Site struct {
	Timezone   *time.Location
	Currency   string
	SessionGap time.Duration // 30m
	Holdout    int           // of 10,000 visitors, how many get no campaign at all
	Traits     map[string]TraitSpec
	Origins    []string // of the shop's pages; empty: every origin is let in
	Consent    string   // opt_in | opt_out

	Alerts Alerts // who is told of what the server decides by itself

	Budget   map[string][]Limit // slot → how often it opens for a visitor, whatever the campaign; "all" is every slot together
	Channels map[string]Channel // by name: chat, phone, line
}

// Alerts is where harm stops are told.
type Alerts struct {
	Webhook string // https://…, or ""
}

// Channel is a way to reach the shop.
type Channel struct {
	Link string   // an address, or ""
	Hook string   // a function of the page's own script, or ""
	Open Schedule // its hours and days, in the site's time zone

	Staffed bool // offered only while an operator is online for it
}

// TraitSpec declares one trait of a visitor.
type TraitSpec struct {
	Type  string // string | number | boolean
	Trust string // any | signed
}

// Status is a campaign's place in its life.
type Status string

// The states of campaigns; a draft is in no decision.
const (
	Draft  Status = "draft"
	Shadow Status = "shadow" // decided and logged, never shown, spends nothing
	Live   Status = "live"
	Paused Status = "paused"
	Ended  Status = "ended"
)

// Campaign is one campaign, compiled.
type Campaign struct {
	ID, Name  string
	When      string // the rule as written; "": everybody
	Status    Status
	On        []Trigger // all of them; a page view alone is []Trigger{{Kind: "page_view"}}
	Triggers  []string  // On, as clients name them
	Schedule  Schedule
	Frequency []Limit
	Stop      Stop
	Slot      string // "" competes with nobody
	Priority  int
	Layer     string // campaigns of one layer never meet the same visitor; "" none
	LayerLow  int    // its part [LayerLow, LayerHigh) of the layer's 10,000 buckets
	LayerHigh int
	Salt      string
	Traffic   int    // of 10,000
	Goals     []Goal // the first is the main one
	Variants  []Variant
	Bandit    bool // its weights move toward what does best, see allocation
	// Guardrails are what its variants must not make worse than control.
	Guardrails Guardrails
	Pools      []string // that its variants hand out codes of, by name
	Content    string   // hash of variants, weights and what derived goals mean: another content is another phase
	Zone       *time.Location
	File       string // where it is written, for people
	Line       int
	Needs      []int // places in Set.Streams that its rule and triggers read, ascending
	// Contextual campaigns ask nothing of the visitor and keep nothing of it:
	// they come without consent too; see contextual.
	Contextual bool
	// Selector is the place in the page that its inline actions go into, "" if
	// it has none. On a page without it no arm opens, control neither.
	Selector string
	Reads    []string // what its rule and triggers read, sorted: "visitor", "cart", …, "past" for what the visitor did, "fact"

	open  bool    // no schedule: always open
	pages pages   // compiled path patterns
	when  []int32 // its conjuncts, as places in the set's shared predicates
}

// Limit is one frequency cap: at most Max times per Per.
type Limit struct {
	Max int
	Per Window
}

// Window is a stretch of time that ends now.
type Window struct {
	Kind   string        // lifetime | session | day | rolling
	Length time.Duration // of rolling
}

// Stop ends a campaign for a visitor after so many closes, clicks or
// conversions; 0 never.
type Stop struct{ Closes, Clicks, Conversions int }

// Goal is an event a campaign hopes for, within Window after first exposure.
type Goal struct {
	Name   string // as people call it: its event, and the goal's own where
	Event  string // that is counted; with a where, the Key of a Kind
	Of     string // where Event is a derived one, or has a where, the event that it is some of
	Window time.Duration
	Value  string // the property summed; "value" unless told
}

// Guardrails are the figures that a campaign is watched by, and how much is
// borne of two of them, as shares; 0 what is borne unless told.
type Guardrails struct {
	Conversion, Value, Errors, Closes bool
	ErrorsLimit, ClosesLimit          float64
}

// Variant is one of a campaign's alternatives. It owns the buckets
// [Low, High) of 10,000.
type Variant struct {
	ID        string
	Weight    int
	Low, High int
	Action    json.RawMessage // nil: the control
	Pool      string          // whose codes it hands out; "" none
	Cost      Cost            // what the action costs the shop; no part of Content
	Send      *Send           // what the action is where the server sends it; nil if it is shown
	Also      []Send          // what is sent when it is shown
	Expires   time.Duration   // of a coupon: how long it is good for; 0 for ever
	Ranked    *Ranked         // of a ranking out of the warehouse; nil for none
	Channels  []ChatChannel   // of a chat

	also     json.RawMessage // Also as JSON, part of Content
	personal Template        // Action with its blanks, where it has some
}

// Control says whether v is the alternative that shows nothing.
func (v Variant) Control() bool { return v.Action == nil }

// Draft says whether a campaign of that id is a draft.
func (s *Set) Draft(id string) bool {
	return slices.ContainsFunc(s.Drafts, func(c *Campaign) bool { return c.ID == id })
}

// Written finds a campaign of that id, a draft as well, which can be looked at
// and not be decided of; nil if there is none.
func (s *Set) Written(id string) *Campaign {
	for _, all := range [][]*Campaign{s.Campaigns, s.Drafts} {
		for _, c := range all {
			if c.ID == id {
				return c
			}
		}
	}
	return nil
}

// Variant finds a campaign's variant, nil if it has none of that id.
func (c *Campaign) Variant(id string) *Variant {
	for i := range c.Variants {
		if c.Variants[i].ID == id {
			return &c.Variants[i]
		}
	}
	return nil
}
