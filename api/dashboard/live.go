package dashboard

import (
	"html/template"
	"strconv"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// Live is the screen of who is on the shop now.
type Live struct {
	At       time.Time
	Now      int64 // ms since 1970
	Tiles    []Tile
	Sum      LiveSum
	Rows     []LiveRow // the hottest first
	Filter   LiveFilter
	Currency string
	Desk     Desk
	Chats    []Choice // that the person who looks can invite a visitor to
}

// Choice is one of several, and what it is called.
type Choice struct{ ID, Name string }

// Tile is a figure, and what it was over the last minutes.
type Tile struct {
	Name  string // online carts actions wait
	Count int
	Wait  float64 // of wait: ms, 0 for none
	Of    int     // of wait: the decisions that it is of
	Then  []float64
}

// LiveSum is how many there are.
type LiveSum struct{ Shown, Matching, Online, Staff, Bots int }

// LiveRow is one visitor. Times are milliseconds since 1970, 0 for never. Rows
// can be compared: those that are equal look the same.
type LiveRow struct {
	Now  int64 // when it is looked at
	Row  uint64
	ID   string
	Link string
	Name string

	Member bool // Name is a member's
	Rank   string
	In     Segments
	Visits int // 1: the first
	Heat   int // 1 to 5

	Began, Seen int64

	Page, Path string
	Viewed     int64
	Away       bool

	Cart   string // with its currency; "" empty
	Pieces int

	Source, Via, Device string

	Did   string
	DidAt int64

	Campaign, Variant string
	Control           bool

	Invite  bool   // whether the person who looks can invite it
	Unasked string // why one who can invite others cannot: bots, staff, apart; "": can
	Invited string // waiting, sent; "" nobody has
	By      string // who has
}

// Segments are those that a row has room for, and how many more there are. They can
// be compared.
type Segments struct {
	names [3]string
	More  int
}

// SegmentsOf takes the first of them.
func SegmentsOf(names []string) (s Segments) {
	s.More = len(names) - copy(s.names[:], names)
	return s
}

// Names are those that there is room for.
func (s Segments) Names() []string {
	n := 0
	for n < len(s.names) && s.names[n] != "" {
		n++
	}
	return s.names[:n]
}

// LiveFilter is what the list is narrowed to, and what it can be.
type LiveFilter struct {
	Text                        string
	Cart                        float64
	Idle                        int
	Device, Source, Visits, Who string
	Query, Says                 string // as an address and as an expression; "": everybody
	Devices, Sources            []string
	VisitsOf, Whos              []string
}

// Desk is who is on duty.
type Desk struct {
	On     bool // the person who looks
	Mine   []string
	Kinds  []string // that can be taken
	For    int      // minutes that somebody stays on after leaving the screen
	OnDuty []OnDuty
}

// OnDuty is somebody who takes chats or calls; without kinds all of them.
type OnDuty struct {
	Name  string
	Kinds []string
}

// Has says whether the person who looks takes a kind of channel; somebody who is
// off is offered chat first.
func (d Desk) Has(kind string) bool {
	if !d.On {
		return kind == "chat"
	}
	for _, one := range d.Mine {
		if one == kind {
			return true
		}
	}
	return len(d.Mine) == 0
}

// Price is an amount as short as it can be written: "¥6,800".
func Price(value float64, currency string) string {
	return stats.Number{Value: value, Known: true}.Amount(currency).En
}

// wait is a time in ms, to two digits.
func wait(ms float64) string {
	switch {
	case ms == 0:
		return "–"
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	default:
		return whole(int(ms+.5)) + " ms"
	}
}

// heat draws how warm a row is, from 1 to 5.
func heat(n int) template.HTML {
	c := draw("heat", 26, 14)
	for i := range 5 {
		class := "cool"
		if i < n {
			class = "warm w" + strconv.Itoa(n)
		}
		top := 9 - 1.8*float64(i)
		c.WriteString(`<rect class="` + class + `" x="` + strconv.Itoa(i*5) + `" y="` + strconv.FormatFloat(top, 'f', 1, 64) + `" width="3.6" height="` + strconv.FormatFloat(14-top, 'f', 1, 64) + `" rx="1"/>`)
	}
	return c.done()
}

// ago says for how long something has been so, in the largest whole unit; the
// screen's script counts on.
func ago(s speaker) func(now, at int64) (string, error) {
	return func(now, at int64) (string, error) {
		seconds := max(0, (now-at)/1000)
		switch {
		case at == 0:
			return "–", nil
		case seconds < 60:
			return s.text("live.seconds", "N", seconds)
		case seconds < 3600:
			return s.text("live.minutes", "N", seconds/60)
		default:
			return s.text("live.hours", "N", seconds/3600)
		}
	}
}
