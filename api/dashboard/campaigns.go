package dashboard

import (
	"fmt"
	"html/template"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// Campaigns is the screen of that name.
type Campaigns struct {
	At       time.Time // when it was counted; zero: it could not be
	Rules    string    // the rule set's hash
	Problem  string    // why there are no figures
	Counting bool      // there are none yet
	Renews   string    // a newer count is under way: the headers to ask for it with
	Rows     []CampaignRow
	Drafts   []CampaignRow // without figures
	Troubles []Part        // of the server, that are not well
	Live     int           // how many are live
	Known    bool          // whether Met and the rows' is
	Met      uint64
	Days     int  // that the drawings and conflicts look back
	Done     Done // what somebody has just changed
}

// Done is a change that the screen confirms.
type Done struct{ What, Name string }

// CampaignRow is one campaign.
type CampaignRow struct {
	ID, Name string
	File     string
	Line     int
	Status   string // draft, shadow, live, paused, ended; stopped for harm; waiting for a back-fill
	By       string // who paused or stopped it
	Since    time.Time
	Harm     *Harm
	On       []string // its triggers
	Slot     string
	Priority int
	Plan     Plan
	Results  *stats.Results // nil: not counted
	Trend    []float64      // visitors who met it, day by day
	Met      uint64         // on all these days
	Clashes  []Clash
	ToArm    map[string]string // by variant, the address of whom the results counted
	ToMet    string            // of whom Met counted
	Pause    bool              // whether it can be paused now, or resumed
	Resume   bool
}

// Harm is why a campaign was stopped.
type Harm struct{ Ja, En string }

// Plan is when a campaign is open.
type Plan struct {
	From, Until time.Time // zero: no bound
	Days        []string  // sun, mon …; none: every day
	Hours       []string  // 20:00-02:00; none: all day
	Now         time.Time
}

// Clash is another campaign that stands in the way.
type Clash struct {
	Reason   string // slot_taken, layer, budget
	With     string // its name; "" none by itself
	Visitors uint64
	Path     string // the address of these
}

// planned draws a campaign's time on a line of sixty days with now in its middle.
func planned(p Plan) template.HTML {
	const width, height, reach = 120, 14, 30 * 24 * time.Hour
	x := func(t time.Time) float64 {
		return width * within(float64(t.Unix()), float64(p.Now.Add(-reach).Unix()), float64(p.Now.Add(reach).Unix()))
	}
	from, until := 0.0, float64(width)
	if !p.From.IsZero() {
		from = x(p.From)
	}
	if !p.Until.IsZero() {
		until = x(p.Until)
	}
	c := draw("plan", width, height)
	fmt.Fprintf(c, `<rect class="all" x="0" y="4" width="%d" height="6" rx="3"/>`, width)
	if until > from {
		fmt.Fprintf(c, `<rect class="open" x="%.1f" y="4" width="%.1f" height="6" rx="3"/>`, from, until-from)
	}
	c.line("now", width/2, 0, width/2, height)
	return c.done()
}
