package dashboard

import (
	"embed"
	"html/template"
	"io"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

//go:embed templates
var templates embed.FS

// Campaign is one campaign on the results page.
type Campaign struct {
	Name    string
	File    string
	Results *stats.Results  // nil: they could not be counted
	Harm    *stats.Sentence // why it was stopped; nil where it was not
	Problem string          // why not
}

// Page is the results page.
type Page struct {
	Campaigns []Campaign
	Rules     string    // the rule set's hash
	At        time.Time // when it was counted
	Notice    string    // shown above everything: the visitors are simulated, say
	Troubles  []Trouble // what is not well
}

// Trouble is a part of the server that is not well.
type Trouble struct {
	Part   string // rules, warehouse, room
	Detail string // why, and what helps; of several lines
}

// part names a part of the server.
func part(name string) string {
	switch name {
	case "rules":
		return "ルールフォルダに誤りがあります"
	case "warehouse":
		return "ClickHouse に接続できません"
	case "room":
		return "イベントを受け取る空きがありません"
	default:
		return name
	}
}

// Render writes the page as HTML that needs no script.
func Render(w io.Writer, p Page) error { return page.ExecuteTemplate(w, "results.html", p) }

var page = template.Must(template.New("").Funcs(template.FuncMap{
	"amount": amount, "part": part, "count": count, "money": money, "between": between, "rough": rough,
	"verdict": verdict, "status": status, "scale": scale, "bar": bar,
}).ParseFS(templates, "templates/*.html"))

// verdict is the word of the trade for it.
func verdict(v stats.Verdict) string { return v.Words().Ja }

// status is a campaign's state where that is worth a word.
func status(s string) string {
	switch s {
	case "shadow":
		return "試験中（表示なし）"
	case "paused":
		return "一時停止中"
	case "stopped":
		return "停止中（全員に未実施）"
	case "ended":
		return "終了"
	default:
		return ""
	}
}
