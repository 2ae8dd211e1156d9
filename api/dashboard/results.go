package dashboard

import (
	"html/template"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// Result is the screen of one campaign's results. Days, funnel and breakdown are
// put into it one by one, or stand alone.
type Result struct {
	CampaignRow            // what is known without the warehouse, and the results
	Days        *Days      // nil: not asked for, or not counted yet
	Funnel      *Funnel    // so
	Breakdown   *Breakdown // so
	Chats       *Chats     // so
	Talks       bool       // it offers chats

	Part     string    // of days, funnel and breakdown the one that stands alone; "": the whole
	At       time.Time // when it was counted; zero: it was not
	Counting bool      // it is being counted
	Problem  string    // why there are no figures
	Done     Done      // what somebody has just changed
	Asked    Asked
	Told     url.Values // the same as the address has it
	Ask      url.Values // and as those of its parts have it, as of the same moment
	Review   *stats.Review
	Arms     []Arm
	Periods  []Period
	Left     Left
	Former   *Phase // that has results, where nobody is exposed in the live one yet
	SQL      string
}

// Asked is what the screen is asked for, "" where nothing was chosen, and what it
// could be.
type Asked struct {
	Goal, Phase, From, To string
	Goals                 []Goal
	Phases                []Phase
	Window                string    // 72h
	Newest                time.Time // when the phase began that is meant where none is chosen
}

// Part is whether only some of the time was asked for.
func (a Asked) Part() bool { return a.Phase != "" || a.From != "" || a.To != "" }

// Goal is one to choose; its window is 72h.
type Goal struct{ Name, Window string }

// Phase is one to choose.
type Phase struct {
	ID      string
	Began   time.Time
	Exposed bool // whether anybody was
}

// Arm is a variant with its figures.
type Arm struct {
	stats.ArmResult
	Colour                           int // of its drawings
	Matured, Clicked, Closed, Failed uint64
}

// Period is a span of a bandit's phase with the same weights.
type Period struct {
	Number string // as it is stored, from 0 on
	Place  int    // the same as people count, from 1 on
	Arms   []stats.ArmResult
}

// Left are visitors whom the results leave out.
type Left struct{ Bots, Staff, Forced uint64 }

// Met is whether there is anything to tell: somebody was exposed, or would have been
// counted but for what health tells.
func (r Result) Met() bool {
	x := r.Results
	if x == nil || len(r.Arms) == 0 {
		return false
	}
	left := x.LeftOut + x.CarriedOver + x.Crossovers.Count + r.Left.Bots + r.Left.Staff + r.Left.Forced
	return left > 0 || slices.ContainsFunc(r.Arms, func(a Arm) bool { return a.Exposed > 0 })
}

// Matured is how many visitors' windows have ended, of how many.
func (r Result) Matured() (of struct{ Part, All, Failed uint64 }) {
	for _, a := range r.Arms {
		of.Part, of.All, of.Failed = of.Part+a.Matured, of.All+a.Exposed, of.Failed+a.Failed
	}
	return of
}

// Drawn is whether there is a lift to draw.
func (r Result) Drawn() bool { return len(curves(r.Arms)) > 0 }

// Valued is whether there is money to tell of.
func (r Result) Valued() bool { return len(r.Arms) > 0 && r.Arms[0].Value != nil }

// Adjusted is whether money is compared after CUPED.
func (r Result) Adjusted() bool {
	for _, a := range r.Arms {
		if a.Value != nil && a.Value.Adjusted {
			return true
		}
	}
	return false
}

// To is the address of a part of the screen with the same question, and more.
func (r Result) To(part string, pairs ...string) string {
	ask := maps.Clone(r.Ask)
	if ask == nil {
		ask = url.Values{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		ask.Set(pairs[i], pairs[i+1])
	}
	return "/ui/campaigns/" + url.PathEscape(r.ID) + "/" + part + "?" + ask.Encode()
}

// Home is the address of the screen itself, with what was chosen, as of now.
func (r Result) Home() string {
	ask := maps.Clone(r.Told)
	delete(ask, "as_of")
	delete(ask, "of")
	if len(ask) == 0 {
		return "/ui/campaigns/" + url.PathEscape(r.ID)
	}
	return "/ui/campaigns/" + url.PathEscape(r.ID) + "?" + ask.Encode()
}

// Before is the address of the former phase's results.
func (r Result) Before() string {
	ask := maps.Clone(r.Told)
	if ask == nil {
		ask = url.Values{}
	}
	delete(ask, "of")
	ask.Set("phase", r.Former.ID)
	return "/ui/campaigns/" + url.PathEscape(r.ID) + "?" + ask.Encode()
}

// Days is a campaign day by day.
type Days struct {
	Pooled bool // a bandit's: its periods are one
	Arms   []ArmDays
	Rows   []DayRow // the newest first
}

// ArmDays is one arm's cumulative lift.
type ArmDays struct {
	Variant string
	Colour  int
	Days    []Day
}

// DayRow is an arm on a day, and up to it.
type DayRow struct {
	Day    string
	Of     stats.ArmResult
	UpTo   stats.ArmResult
	Begins bool // the first of its day
}

// Funnel is where a campaign's decisions went.
type Funnel struct {
	From, To time.Time
	Steps    []Step
	Matched  uint64 // decisions in which the rule was true
	Lost     uint64
	Goal     string // that the last step is about
}

// Step is how many came to it.
type Step struct {
	Name, Reason        string
	Decisions, Visitors uint64
	Path                string // of the visitors behind it
}

// Within is whether the step is a part of the one that leads its group.
func (s Step) Within() bool { return s.Name != "matched" && s.Name != "exposed" }

// Step is the funnel's one of a name; zeros where it has none.
func (f Funnel) Step(name string) Step {
	for _, s := range f.Steps {
		if s.Name == name {
			return s
		}
	}
	return Step{}
}

// Breakdown is a campaign by an attribute of its visitors.
type Breakdown struct {
	By     string
	All    []string // what it could be by
	Pooled bool     // a bandit's: its periods are one
	Slices []Slice
}

// Slice are the visitors with one value; Small: too few to go by.
type Slice struct {
	Key   string
	Arms  []stats.ArmResult
	Small bool
}

// Few is whether any slice is small.
func (b Breakdown) Few() bool {
	for _, s := range b.Slices {
		if s.Small {
			return true
		}
	}
	return false
}

// Scale is the lift that the drawings have room for: of the slices to go by, or of
// all where there is none of them.
func (b Breakdown) Scale() float64 {
	var arms, all []stats.ArmResult
	for _, s := range b.Slices {
		all = append(all, s.Arms...)
		if !s.Small {
			arms = append(arms, s.Arms...)
		}
	}
	if len(arms) == 0 {
		arms = all
	}
	return scale(arms)
}

// Members is the screen of the visitors behind a number.
type Members struct {
	Campaign Result // whose number it is
	Currency string
	Who      string // exposed, converted …; of a funnel the step
	Reason   string // of a funnel's lost
	Variant  string
	By, Key  string // of a breakdown or a day
	Period   int    // of a bandit, as people count; 0: of all
	Funnel   bool   // by decisions, not by results
	Chat     bool   // by chats: of one channel, topic or page that is its Key
	Part     string // which of these; "": of all
	All      uint64
	Most     int // how many are named
	List     []Member
}

// Member is one of them.
type Member struct {
	ID, Variant, Device, Newcomer, Channel, Rank string
	At                                           time.Time // entered; of a funnel the last decision
	Decisions, Chats, Orders                     uint64
	Value, Wait                                  stats.Number // Wait: seconds until a chat was answered
	Converted, Clicked, Closed, Failed           bool
}

// Path is the address of the visitor's own screen.
func (m Member) Path() string { return "/ui/visitors/" + url.PathEscape(m.ID) }

// resultFuncs are what the templates of results can call besides.
func resultFuncs(language string) template.FuncMap {
	said := func(s stats.Sentence) string { return said(s, language) }
	between := " to "
	if language == "ja" {
		between = " 〜 "
	}
	return template.FuncMap{
		"said":    func(s stats.Sentence) string { return joined(said(s)) },
		"lasting": func(n stats.Number) string { return said(n.Lasting()) },                                      // 2 min 05 s
		"amount":  func(n stats.Number, currency string) string { return said(n.Amount(currency)) },              // ¥1,234
		"gain":    func(n stats.Number, currency string) string { return said(n.Money(currency)) },               // +¥1,234
		"gains":   func(i stats.Interval, currency string) string { return said(i.Money(currency, between)) },    // +¥1 to +¥2
		"amounts": func(i stats.Interval, currency string) string { return amounts(i, currency, between, said) }, // ¥1 to ¥2
		"changes": func(i stats.Interval) string { return i.Change(between) },                                    // +1.0% to +2.0%
		"rates":   func(i stats.Interval) string { return rates(i, between) },                                    // 1.00% to 2.00%
		// for those above
		"rough":      rough, // two digits
		"list":       func(all ...any) []any { return all },
		"portion":    func(part, of uint64) string { return share(float64(part) / float64(of)) }, // 12.3%
		"len64":      func(all []Member) uint64 { return uint64(len(all)) },
		"moneyscale": moneyScale,
		"upwards":    func(n stats.Number) int { return max(1, int(math.Ceil(min(n.Value, 99_999)))) },
		"lifts":      lifts,                                                            // drawing
		"minute":     func(t time.Time) string { return t.Format("2006-01-02 15:04") }, // 2026-11-22 18:05
	}
}

// joined keeps signs and what they are of on one line: without a word joiner a line
// may end between + and ¥.
func joined(text string) string { return signs.Replace(text) }

var signs = strings.NewReplacer("+¥", "+\u2060¥", "−¥", "−\u2060¥", "±¥", "±\u2060¥")

// moneyScale is the scale of the lifts of money.
func moneyScale(arms []stats.ArmResult) float64 {
	var all []stats.ArmResult
	for _, a := range arms {
		if a.Value != nil {
			all = append(all, stats.ArmResult{LiftCI: a.Value.LiftCI})
		}
	}
	return scale(all)
}

func rates(i stats.Interval, between string) string {
	if !i.Known {
		return stats.Missing
	}
	low, high := stats.Number{Value: i.Low, Known: true}, stats.Number{Value: i.High, Known: true}
	return low.Percent() + between + high.Percent()
}

func amounts(i stats.Interval, currency, between string, said func(stats.Sentence) string) string {
	if !i.Known {
		return stats.Missing
	}
	low, high := stats.Number{Value: i.Low, Known: true}, stats.Number{Value: i.High, Known: true}
	return said(low.Amount(currency)) + between + said(high.Amount(currency))
}
