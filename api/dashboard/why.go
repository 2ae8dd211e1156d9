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
	Chosen                                  bool
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

// details are the forms in which the engine says more of the gate that stopped a
// campaign, in Japanese.
var details = [...]struct {
	form *regexp.Regexp
	ja   string
}{
	{regexp.MustCompile(`^(\d+) of (\d+) per session$`), "1 回の来訪に $2 回まで（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) per lifetime$`), "全部で $2 回まで（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) per day$`), "1 日に $2 回まで（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) per (\d+)d$`), "$3 日に $2 回まで（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) per (\d+)h$`), "$3 時間に $2 回まで（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) per (\d+)m$`), "$3 分に $2 回まで（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) per (.+)$`), "$3 に $2 回まで（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) closes$`), "$2 回閉じたら終わり（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) clicks$`), "$2 回クリックしたら終わり（これまで $1 回）"},
	{regexp.MustCompile(`^(\d+) of (\d+) conversions$`), "成果 $2 回で終わり（これまで $1 回）"},
	{regexp.MustCompile(`^of all slots$`), "すべての枠を合わせた予算"},
	{regexp.MustCompile(`^of the slot (.+)$`), "枠 $1 の予算"},
	{regexp.MustCompile(`^another part of the layer (.+)$`), "レイヤー $1 の別の部分"},
	{regexp.MustCompile(`^(\S+) of the layer (.+)$`), "レイヤー $2 の $1"},
	{regexp.MustCompile(`^no code is left in the pool (.+)$`), "$1 のコードが残っていません"},
	{regexp.MustCompile(`^its ranking has no item yet$`), "ランキングの商品がまだありません"},
	{regexp.MustCompile(`^no address is known$`), "送り先が分かりません"},
	{regexp.MustCompile(`^the page has no slot (.+)$`), "このページに枠 $1 がありません"},
	{regexp.MustCompile(`^(\S+) has (\S+)$`), "枠 $2 は $1 が使っています"},
	{regexp.MustCompile(`^waits for no (\S+) until (.+)$`), "$2 まで $1 がないかを待っています"},
	{regexp.MustCompile(`^waits for the (\S+) of a (\S+)$`), "$2 の $1 を待っています"},
	{regexp.MustCompile(`^waits for (.+)$`), "$1 を待っています"},
	{regexp.MustCompile(`^where of (.+)$`), "$1 の where に当てはまりません"},
	{regexp.MustCompile(`^paused by operator$`), "手動で一時停止"},
	{regexp.MustCompile(`^paused by (.+)$`), "$1 が一時停止"},
}

// detailed is more about a gate, in a person's language where the form is known;
// its language is said as well, for the page.
func detailed(text, language string) Told {
	for _, d := range details {
		if language == "ja" && d.form.MatchString(text) {
			return Told{d.form.ReplaceAllString(text, d.ja), "ja"}
		}
	}
	return Told{text, "en"}
}

// Told is a text and the language that it is in.
type Told struct{ Text, In string }

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
