package dashboard

import "time"

// Playground is the screen on which rules are tried without being in use.
type Playground struct {
	Campaigns []Named // to begin with
	Chosen    string  // whose text it is
	YAML      string
	AsLive    bool // whatever its status says
	Findings  []Finding
	Checked   bool // Findings are of YAML
	Visitor   Made
	Trial     *Trial
	Problem   string // why there is none
	In        string // the language of Problem
	Cited     string // behind it, in English
	Words     []Chapter
	Past      *Backtest // of the text: what is known before one is begun here
}

// Named is a campaign of a list.
type Named struct{ ID, Name string }

// Finding is what omo check says of the text, or of its folder.
type Finding struct {
	Here                   bool // in the text itself; else in File
	File                   string
	Line, Column           int
	Severity, ID, Path     string
	Message, Hint, Excerpt string
	Means, Do              string // of its code, in the screen's language
}

// Made is whom a rule is tried on, as the form has it.
type Made struct {
	Real      string // a visitor's id; "" somebody made up
	User      string
	Clock     string // 2026-12-01T09:00:00 in the site's time zone
	URL       string
	Trigger   string
	Device    string
	Consent   string
	Visits    int
	Purchases int
	Cart      float64
	Operators int
	Traits    string // name: value, a line each
	Events    string // YAML, as tests have them
	Variant   string // that should be drawn; "" any
	Variants  []string
	Triggers  []string
}

// Trial is what became of it.
type Trial struct {
	At       time.Time
	Visitor  string
	Real     bool
	Why      Why
	Row      WhyRow
	Others   Why // the same without the campaign taken apart
	Previews []Preview
	Test     string // the file, of a visitor that is made up
}

// Preview is one variant's action.
type Preview struct {
	Variant string
	Drawn   bool // the one that the visitor draws
	Control bool
	Path    string // of the frame; "" it has nothing to show here
	Type    string
	Link    string // of a redirect
}

// Shown is an action that is shown by itself.
type Shown struct {
	Action   string // JSON
	Renderer string // its address
}

// Chapter is a section of the rules language's reference.
type Chapter struct {
	ID, Title string
	Words     []Word
}

// Word is one that a rule or a file may have.
type Word struct {
	Name, Written, Text, Example string
	Rule                         bool   // a key at which a rule stands
	Values                       string // all it can be, where they are few, with spaces between
}
