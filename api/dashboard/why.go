package dashboard

import (
	"regexp"
	"time"
)

// Why is why each campaign came to a visitor or did not, at one moment.
type Why struct {
	Visitor   string
	Here      string // path and query of the same question about all campaigns
	Logged    bool   // whether the decision was made, and not only would be
	AsLogged  bool   // and comes out again as it was
	Cause     string // why it does not
	At        time.Time
	Page      string
	Trigger   string
	Rules     string
	Campaigns []WhyRow
	Chosen    *WhyCampaign // that is taken apart
	Part      bool         // it stands within another page
	Problem   string
}

// WhyRow is what became of one campaign.
type WhyRow struct {
	ID, Name, Reason, Variant, Slot, Detail string
	Control, Chosen                         bool
	Link                                    string
}

// WhyCampaign is one campaign, gate by gate and condition by condition.
type WhyCampaign struct {
	WhyRow
	Gates      []Gate
	Conditions *Condition // nil: for everybody
	Triggers   []Condition
}

// Gate is one that a campaign passes, is stopped at, or does not reach.
type Gate struct{ Name, State, Detail string }

// Condition is a part of a rule, and what it was.
type Condition struct {
	Text, Op string // Op: and or not leaf
	Segment  string // its name, of a segment
	Value    bool
	Failed   string
	Need     string // in English
	Facts    []Pair
	Of       []Condition
}

// needs are the forms in which the rules say what is missing, in Japanese.
var needs = [...]struct {
	form *regexp.Regexp
	ja   string
}{
	{regexp.MustCompile(`^(.+) is not known$`), "$1 は分かっていません"},
	{regexp.MustCompile(`^(.+) is (.*), needs (\S+) more$`), "いまは $2。あと $3 で当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), at most (\S+) would match$`), "いまは $2。$3 以下なら当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), less than (\S+) would match$`), "いまは $2。$3 未満なら当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), more than (\S+) would match$`), "いまは $2。$3 より大きければ当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), anything but (.+) would match$`), "いまは $2。$3 以外なら当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), from (.+) on would match$`), "いまは $2。$3 以降なら当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), after (.+) would match$`), "いまは $2。$3 より後なら当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), up to (.+) would match$`), "いまは $2。$3 までなら当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), before (.+) would match$`), "いまは $2。$3 より前なら当てはまります"},
	{regexp.MustCompile(`^(.+) is (.*), (.+) would match$`), "いまは $2。$3 なら当てはまります"},
}

// needed says in a person's language what would make a condition true.
func needed(text, language string) string {
	for _, n := range needs {
		if language == "ja" && n.form.MatchString(text) {
			return n.form.ReplaceAllString(text, n.ja)
		}
	}
	return text
}

// came is the class of an outcome: whether the campaign came, waits for its trigger
// or did not come.
func came(reason string) string {
	switch reason {
	case "offered", "control", "forced":
		return "yes"
	case "armed", "shadow":
		return "waits"
	}
	return "no"
}
