package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Template is a text with blanks, {{visitor.trait("name") ?? "friend"}}, that are
// filled in for one visitor. The zero Template is an empty text.
type Template struct {
	words  []string // around the blanks: always one more
	blanks []Blank
}

// Blank is what stands in one {{…}}.
type Blank struct {
	Of   string // trait | prop (of the event that triggered) | id | user_id
	Name string // of a trait or property
	Else string // what stands there for who has none
}

// Fill writes the text, each blank as fill gives it; Else is fill's to put in.
func (t Template) Fill(fill func(Blank) string) string {
	if len(t.blanks) == 0 {
		return strings.Join(t.words, "")
	}
	var out strings.Builder
	for i, b := range t.blanks {
		out.WriteString(t.words[i])
		out.WriteString(fill(b))
	}
	out.WriteString(t.words[len(t.blanks)])
	return out.String()
}

var (
	bracesForm = regexp.MustCompile(`\{\{(.*?)\}\}`)
	blankForm  = regexp.MustCompile(`^\s*(?:visitor\.(trait)\("([a-z][a-z0-9_]{0,63})"\)|event\.(prop)\("([^"]{1,64})"\)|visitor\.(id|user_id))(?:\s*\?\?\s*"([^"{}]{0,64})")?\s*$`)
)

const (
	blankHint = `write {{visitor.trait("name")}}, {{event.prop("name")}}, {{visitor.id}} or {{visitor.user_id}}`
	shownHint = `write {{visitor.trait("name")}}, or {{visitor.trait("name") ?? "friend"}} with a word for who has none`
)

// template reads a text with blanks; a trait in it must be declared.
func (r *reader) template(t text, path string, site Site, hint string) Template {
	var out Template
	if t.At == nil {
		return out
	}
	rest := 0
	for _, at := range bracesForm.FindAllStringSubmatchIndex(t.S, -1) {
		inner := t.S[at[2]:at[3]]
		out.words = append(out.words, t.S[rest:at[0]])
		rest = at[1]
		part := blankForm.FindStringSubmatch(inner)
		if part == nil {
			r.failWith(t.At, path, "value", fmt.Sprintf("{{%s}} is not a placeholder", inner), hint)
			continue
		}
		b := blankOf(part)
		if _, declared := site.Traits[b.Name]; b.Of == "trait" && !declared {
			r.failWith(t.At, path, "value", fmt.Sprintf("trait %q is not declared%s", b.Name, didYouMean(b.Name, sortedKeys(site.Traits))), "declare it in site.yaml: traits: {"+b.Name+": {type: string}}")
		}
		out.blanks = append(out.blanks, b)
	}
	out.words = append(out.words, t.S[rest:])
	if left := strings.Join(out.words, ""); strings.Contains(left, "{{") || strings.Contains(left, "}}") {
		r.failWith(t.At, path, "value", "a placeholder is not closed, or not opened", hint)
	}
	return out
}

func blankOf(part []string) Blank {
	return Blank{Of: part[1] + part[3] + part[5], Name: part[2] + part[4], Else: part[6]}
}

// greeted checks a text that visitors read and that may speak of them: their traits
// alone, since what happened is in the browser already.
func (r *reader) greeted(t text, path string, most int, site Site) string {
	for _, b := range r.template(t, path, site, shownHint).blanks {
		if b.Of != "trait" {
			r.failWith(t.At, path, "value", "only traits are put into what a visitor is shown", shownHint)
		}
	}
	plain := t
	plain.S = strings.ReplaceAll(bracesForm.ReplaceAllString(t.S, ""), "{{", "") // is told of above
	r.shown(plain, path, most)
	return t.S
}

// personal is an action's JSON with the blanks of its texts; none has no blanks.
func personal(action json.RawMessage) (out Template) {
	rest := 0
	for _, at := range bracesForm.FindAllSubmatchIndex(action, -1) {
		var inner string
		if json.Unmarshal([]byte(`"`+string(action[at[2]:at[3]])+`"`), &inner) != nil {
			continue
		}
		part := blankForm.FindStringSubmatch(inner)
		if part == nil { // was told of
			continue
		}
		out.words, out.blanks = append(out.words, string(action[rest:at[0]])), append(out.blanks, blankOf(part))
		rest = at[1]
	}
	if out.blanks == nil {
		return Template{}
	}
	out.words = append(out.words, string(action[rest:]))
	return out
}

// addressed is the action with its visitor's traits in its texts.
func (v *Variant) addressed(trait func(name string) string) json.RawMessage {
	if len(v.personal.blanks) == 0 {
		return v.Action
	}
	return json.RawMessage(v.personal.Fill(func(b Blank) string {
		value := ""
		if trait != nil {
			value = trait(b.Name)
		}
		raw, err := json.Marshal(cmp.Or(value, b.Else))
		if err != nil {
			panic("rules: a text is JSON: " + err.Error())
		}
		return string(raw[1 : len(raw)-1])
	}))
}
