package rules

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// action is what a visitor's browser gets of an actionFile: the same keys, the
// expiry in seconds. What it costs stays here, and so does its pool: a code of
// that is put in when it is handed out.
type action struct {
	Type     string  `json:"type"`
	Title    string  `json:"title,omitempty"`
	Body     string  `json:"body,omitempty"`
	Image    string  `json:"image,omitempty"`
	Link     string  `json:"link,omitempty"`
	Button   string  `json:"button,omitempty"`
	Theme    string  `json:"theme,omitempty"`
	Position string  `json:"position,omitempty"`
	Code     string  `json:"code,omitempty"`
	Expires  int     `json:"expires,omitempty"`
	Items    []items `json:"items,omitempty"`
}

type items struct {
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

var laterActions = map[string]bool{
	"modal": true, "slide_in": true, "inline": true, "survey": true, "chat": true,
	"redirect": true, "html": true,
}

// action checks what a variant shows and writes it as its canonical JSON.
func (r *reader) action(f *actionFile, path string) (json.RawMessage, Cost) {
	if laterActions[f.Type.S] {
		r.unsupported(f.Type.At, join(path, "type"), fmt.Sprintf("an action of type %q", f.Type.S))
		return nil, Cost{}
	}
	r.oneOf(f.Type, join(path, "type"), actionTypes...)
	a := action{
		Type:     f.Type.S,
		Title:    r.shown(f.Title, join(path, "title"), 200),
		Body:     r.shown(f.Body, join(path, "body"), 2000),
		Button:   r.shown(f.Button, join(path, "button"), 60),
		Image:    r.address(f.Image, join(path, "image")),
		Link:     r.address(f.Link, join(path, "link")),
		Theme:    f.Theme.S,
		Position: f.Position.S,
		Code:     r.shown(f.Code, join(path, "code"), 64),
		Expires:  int(f.Expires.D.Seconds()),
	}
	r.wellFormed(f.Theme, join(path, "theme"), tokenForm, "one word of letters, digits, _ and -")
	r.wellFormed(f.Position, join(path, "position"), tokenForm, "one word of letters, digits, _ and -")
	if f.Type.At != nil && !f.At.has("title") && !f.At.has("body") && !f.At.has("image") {
		r.failWith(f.At, path, "missing", "the action shows nothing", "give it a title, a body or an image")
	}
	r.belongs(f, path)
	for key, t := range map[string]text{"url": f.URL, "to": f.To, "subject": f.Subject, "unsubscribe": f.Unsubscribe} {
		if t.At != nil {
			r.fail(t.At, join(path, key), "value", "%q belongs to actions that are sent (webhook, email), and this is a %s", key, f.Type.S)
		}
	}
	for i, item := range f.Items {
		at := fmt.Sprintf("%s.items[%d]", path, i)
		out := items{
			Name:  r.shown(item.Name, join(at, "name"), 200),
			URL:   r.address(item.URL, join(at, "url")),
			Image: r.address(item.Image, join(at, "image")),
		}
		if item.Price.At != nil {
			out.Price = &item.Price.N
			if item.Price.N < 0 {
				r.fail(item.Price.At, join(at, "price"), "value", "%s is less than nothing", item.Price.At.text)
			}
		}
		a.Items = append(a.Items, out)
	}
	raw, err := json.Marshal(a)
	if err != nil {
		r.fail(f.At, path, "value", "%v", err)
	}
	return raw, Cost{Share: f.Cost.Share.N, Amount: f.Cost.Amount.N}
}

// belongs checks the keys that only one type of action has.
func (r *reader) belongs(f *actionFile, path string) {
	only := func(kind, key string, at *node) {
		if at != nil && f.Type.S != kind && f.Type.At != nil {
			r.fail(at, join(path, key), "value", "%q belongs to actions of type %s, and this is a %s", key, kind, f.Type.S)
		}
	}
	only("coupon", "code", f.Code.At)
	only("coupon", "pool", f.Pool.At)
	only("coupon", "expires", f.Expires.At)
	if len(f.Items) > 0 {
		only("ranking", "items", f.Items[0].At)
	}
	switch {
	case f.Type.S == "ranking" && len(f.Items) == 0 && (!f.At.has("items") || f.At.value("items").kind == sequence):
		r.failWith(f.At, path, "missing", `a ranking needs "items"`, "items: [{name: …, url: /items/1, price: 980}]")
	case len(f.Items) > maxItems:
		r.fail(f.At, join(path, "items"), "value", "a ranking has at most %d items", maxItems)
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
		r.unsupported(t.At, path, "a placeholder {{…}}")
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
	case t.S == "" || len(t.S) > 2048 || err != nil || strings.ContainsFunc(t.S, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }):
		r.failWith(t.At, path, "value", quote(t.S)+" is not an address", hint)
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		r.failWith(t.At, path, "value", fmt.Sprintf("an address may not begin with %q", u.Scheme+":"), hint)
	case u.Scheme != "" && u.Host == "":
		r.failWith(t.At, path, "value", quote(t.S)+" names no host", hint)
	}
	return t.S
}
