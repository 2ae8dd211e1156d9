package rules

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// action is what a visitor's browser gets of an actionFile: the same keys, the
// expiry in seconds. What it costs stays here, and so does what is put in only
// when it is offered; see Given.
type action struct {
	Type      string     `json:"type"`
	Title     string     `json:"title,omitempty"`
	Body      string     `json:"body,omitempty"`
	Image     string     `json:"image,omitempty"`
	Link      string     `json:"link,omitempty"`
	Button    string     `json:"button,omitempty"`
	Theme     string     `json:"theme,omitempty"`
	Position  string     `json:"position,omitempty"`
	Code      string     `json:"code,omitempty"`
	Expires   int        `json:"expires,omitempty"`
	Items     []RankItem `json:"items,omitempty"`
	Selector  string     `json:"selector,omitempty"`
	Height    any        `json:"height,omitempty"` // px, or {mobile, desktop}
	HTML      []any      `json:"html,omitempty"`   // see tree
	Questions []question `json:"questions,omitempty"`
	Thanks    string     `json:"thanks,omitempty"`
}

// RankItem is one item of a ranking.
type RankItem struct {
	ID    string   `json:"-"` // of the shop's; "" where the item is written
	Name  string   `json:"name"`
	URL   string   `json:"url"`
	Price *float64 `json:"price,omitempty"`
	Image string   `json:"image,omitempty"`
}

// Cost is what a variant's action costs the shop each time it is used.
type Cost struct {
	Share  int     // of 10,000 of the order's value
	Amount float64 // in the site's currency
}

const maxItems = 50

// keysOf are the keys of each type of action that shows something, besides
// type and cost; of no other type.
var keysOf = map[string][]string{
	"banner":   {"title", "body", "image", "link", "button", "theme", "position"},
	"modal":    {"title", "body", "image", "link", "button", "theme", "position", "html"},
	"slide_in": {"title", "body", "image", "link", "button", "theme", "position", "html"},
	"coupon":   {"title", "body", "image", "link", "button", "theme", "position", "code", "pool", "expires"},
	"inline":   {"title", "body", "image", "link", "button", "theme", "items", "html", "selector", "height"},
	"survey":   {"title", "body", "image", "button", "theme", "position", "questions", "thanks"},
	"chat":     {"title", "body", "image", "theme", "position", "channels"},
	"ranking":  {"title", "body", "image", "link", "button", "theme", "position", "items", "event", "window", "limit"},
	"redirect": {"link"},
	"html":     {"title", "theme", "position", "html"},
}

// places are the words that position takes where a type has few.
var places = map[string][]string{
	"slide_in": {"bottom-right", "bottom-left"},
	"survey":   {"bottom-right", "bottom-left", "center"},
	"chat":     {"bottom-right", "bottom-left", "center"},
	"html":     {"bottom-right", "bottom-left", "center"},
}

// action checks what a variant shows and writes it as its canonical JSON, without
// the items of a ranking out of the warehouse.
func (r *reader) action(f *actionFile, path string, site Site) (canonical json.RawMessage, items []RankItem, cost Cost) {
	items = r.items(f, path)
	known := r.oneOf(f.Type, join(path, "type"), actionTypes...)
	a := action{
		Type:     f.Type.S,
		Title:    r.greeted(f.Title, join(path, "title"), 200, site),
		Body:     r.greeted(f.Body, join(path, "body"), 2000, site),
		Button:   r.greeted(f.Button, join(path, "button"), 60, site),
		Image:    r.address(f.Image, join(path, "image")),
		Link:     r.address(f.Link, join(path, "link")),
		Theme:    f.Theme.S,
		Position: f.Position.S,
		Code:     r.shown(f.Code, join(path, "code"), 64),
		Expires:  int(f.Expires.D.Seconds()),
		HTML:     r.tree(f.HTML, join(path, "html"), site),
	}
	r.wellFormed(f.Theme, join(path, "theme"), tokenForm, "one word of letters, digits, _ and -")
	if few := places[f.Type.S]; few != nil {
		r.oneOf(f.Position, join(path, "position"), few...)
	} else {
		r.wellFormed(f.Position, join(path, "position"), tokenForm, "one word of letters, digits, _ and -")
	}
	if known {
		r.belongs(f, path)
	}
	switch f.Type.S {
	case "ranking":
		r.ranked(f, path)
		if f.Event.At == nil {
			a.Items = items
		}
	case "inline":
		a.Items = items
		a.Selector, a.Height = r.inline(f, path)
	case "survey":
		a.Questions, a.Thanks = r.survey(f, path, site)
	case "redirect":
		r.redirect(f, path, site)
	}
	r.showsSomething(f, path)
	raw, err := json.Marshal(a)
	if err != nil {
		r.fail(f.At, path, "value", "%v", err)
	}
	return raw, items, Cost{Share: f.Cost.Share.N, Amount: f.Cost.Amount.N}
}

// showsSomething reports an action with nothing to see. What makes up a survey,
// a chat or a redirect is asked for where that is checked.
func (r *reader) showsSomething(f *actionFile, path string) {
	switch kind := f.Type.S; {
	case f.Type.At == nil, kind == "survey", kind == "chat", kind == "redirect", f.At.has("html"):
	case kind == "html":
		r.failWith(f.At, path, "missing", `this action needs "html"`, "html: <p>本日は<b>19時</b>まで営業しております。</p>")
	case slices.ContainsFunc([]string{"title", "body", "image"}, f.At.has), kind == "inline" && f.At.has("items"):
	default:
		r.failWith(f.At, path, "missing", "the action shows nothing", "give it a title, a body or an image")
	}
}

// belongs checks that every key is one of the action's type.
func (r *reader) belongs(f *actionFile, path string) {
	for _, p := range f.At.pairs {
		key := p.key.text
		if key == "type" || key == "cost" || slices.Contains(keysOf[f.Type.S], key) || !actionKeys[key] {
			continue
		}
		var owners []string
		for _, kind := range actionTypes {
			if slices.Contains(keysOf[kind], key) || slices.Contains(sendKeys[kind], key) {
				owners = append(owners, kind)
			}
		}
		// A value that was refused already is told of there.
		if p.value.kind == refused || p.value.kind == null {
			continue
		}
		switch {
		case slices.Contains(sendKeys["webhook"], key) && len(owners) <= 2, slices.Contains(sendKeys["email"], key) && len(owners) == 1:
			r.fail(p.value, join(path, key), "value", "%q belongs to actions that are sent (webhook, email), and this is a %s", key, f.Type.S)
		default:
			r.fail(p.value, join(path, key), "value", "%q belongs to actions of type %s, and this is a %s", key, strings.Join(owners, ", "), f.Type.S)
		}
	}
}

// items checks the items of a ranking or an inline action.
func (r *reader) items(f *actionFile, path string) (out []RankItem) {
	for i, item := range f.Items {
		at := fmt.Sprintf("%s.items[%d]", path, i)
		one := RankItem{
			Name:  r.shown(item.Name, join(at, "name"), 200),
			URL:   r.address(item.URL, join(at, "url")),
			Image: r.address(item.Image, join(at, "image")),
		}
		if item.Price.At != nil {
			one.Price = &item.Price.N
			if item.Price.N < 0 {
				r.fail(item.Price.At, join(at, "price"), "value", "%s is less than nothing", item.Price.At.text)
			}
		}
		out = append(out, one)
	}
	if len(f.Items) > maxItems {
		r.fail(f.At, join(path, "items"), "value", "a ranking has at most %d items", maxItems)
	}
	return out
}

// redirect checks where visitors are led without having clicked: nowhere but
// to the shop's own pages.
func (r *reader) redirect(f *actionFile, path string, site Site) {
	at := join(path, "link")
	if f.Link.At == nil {
		if !f.At.has("link") {
			r.failWith(f.At, path, "missing", `a redirect needs a "link"`, "link: /lp/b")
		}
		return
	}
	u, err := url.Parse(f.Link.S)
	if err != nil || u.Host == "" && strings.HasPrefix(f.Link.S, "/") {
		return // what is no address was told of
	}
	if u.Host == "" {
		r.failWith(f.Link.At, at, "value", quote(f.Link.S)+" is relative to the page it is on", "write a path from the root, such as /lp/b")
		return
	}
	if !slices.Contains(site.Origins, u.Scheme+"://"+u.Host) {
		r.failWith(f.Link.At, at, "value", "a redirect stays on the shop's own site, and "+quote(f.Link.S)+" is not listed as its own", "write a path such as /lp/b, or list the origin in site.yaml: origins")
	}
}

// shown checks a text that visitors read: of bounded length, without control characters.
func (r *reader) shown(t text, path string, most int) string {
	if t.At == nil {
		return ""
	}
	if n := utf8.RuneCountInString(t.S); n > most {
		r.fail(t.At, path, "value", "the text has %d characters; %d are allowed", n, most)
	}
	if strings.ContainsFunc(t.S, func(c rune) bool { return unicode.IsControl(c) && c != '\n' }) {
		r.fail(t.At, path, "value", "the text holds a control character")
	}
	if strings.Contains(t.S, "{{") {
		r.failWith(t.At, path, "value", "there is no placeholder {{…}} in this text", "in title, body, button, thanks, a question's text and html there may be")
	}
	return t.S
}

// address checks where a link leads or an image comes from: a script must never
// reach the page through it.
func (r *reader) address(t text, path string) string {
	if t.At == nil {
		return ""
	}
	const hint = "write https://…, or a path such as /items/1"
	u, err := url.Parse(t.S)
	switch {
	case strings.Contains(t.S, "{{"):
		r.failWith(t.At, path, "value", "there is no placeholder {{…}} in an address", hint)
	case t.S == "" || len(t.S) > 2048 || err != nil || strings.ContainsFunc(t.S, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }):
		r.failWith(t.At, path, "value", quote(t.S)+" is not an address", hint)
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		r.failWith(t.At, path, "value", fmt.Sprintf("an address may not begin with %q", u.Scheme+":"), hint)
	case u.Scheme != "" && u.Host == "":
		r.failWith(t.At, path, "value", quote(t.S)+" names no host", hint)
	}
	return t.S
}
