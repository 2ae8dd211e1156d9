package dashboard

import "time"

// Backtest is one of a text of the playground: how far it is, or what came of it.
// Without an ID there is none.
type Backtest struct {
	ID, Path       string
	Campaign, Name string
	By             string // who began it
	Days           int
	Began          time.Time
	Edits          bool // who looks may end it

	Running    bool
	Done, Rows uint64 // records; 0 rows: they are being counted
	Visitors   uint64
	Sample     float64 // the share of the persons who are replayed
	Refused    string  // why none was begun: text, draft
	Busy       *Backtest
	Trouble    string // why there is no report: rules, traffic, cancelled, late, away
	Whole      bool   // else it was ended on the way
	Late       bool   // by its time
	Report     *Replayed
}

// Percent is how much of it is done.
func (b *Backtest) Percent() int {
	if b.Rows == 0 {
		return 0
	}
	return int(100 * min(b.Done, b.Rows) / b.Rows)
}

// Beside is one number now, and as it would be.
type Beside struct{ Present, Changed int }

// Differs says whether the change would change it.
func (b Beside) Differs() bool { return b.Present != b.Changed }

// Bar is how it would be, for a drawing.
func (b Beside) Bar() uint64 { return uint64(max(0, b.Changed)) }

// Replayed is what a back-test came to.
type Replayed struct {
	From, To                   time.Time
	Visitors, Decisions, Equal int // Equal: decisions that come out as logged when made again
	Own                        Reached
	Matched                    Came
	Came                       []Came
	Others                     []Reached // that it changes too
	Days                       []DayBeside
	Conflicts                  []FightBeside // for a slot, its own
	Coupons                    []NeedBeside
}

// Trust is the share of the logged decisions that come out as logged.
func (r *Replayed) Trust() float64 { return float64(r.Equal) / float64(max(1, r.Decisions)) }

// Most is the most visitors of a day.
func (r *Replayed) Most() uint64 {
	most := 0
	for _, d := range r.Days {
		most = max(most, d.Present, d.Changed)
	}
	return uint64(most)
}

// Reached is whom a campaign reaches.
type Reached struct {
	ID, Name                       string
	Visitors, Exposures            Beside
	Gained, Lost, Assumed, Unknown int
}

// Came is one way in which decisions came out.
type Came struct {
	Reason, Variant     string
	Decisions, Visitors Beside
}

// DayBeside is how many visitors are shown something on a day.
type DayBeside struct {
	Day string // 2026-12-01
	Beside
}

// FightBeside is how many decisions a slot was taken in.
type FightBeside struct {
	Slot, Winner, Loser string
	Beside
}

// NeedBeside is how many visitors take a coupon.
type NeedBeside struct {
	Coupon string
	Beside
}
