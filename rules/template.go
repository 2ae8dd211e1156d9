package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// Template is a text with blanks, {{visitor.trait("name")}}, that are filled
// in for one visitor. The zero Template is an empty text.
type Template struct {
	words  []string // around the blanks: always one more
	blanks []Blank
}

// Blank is what stands in one {{…}}.
type Blank struct {
	Of   string // trait | prop (of the event that triggered) | id | user_id
	Name string // of a trait or property
}

// Fill writes the text, each blank as fill gives it.
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
	blankForm  = regexp.MustCompile(`^\s*(?:visitor\.(trait)\("([a-z][a-z0-9_]{0,63})"\)|event\.(prop)\("([^"]{1,64})"\)|visitor\.(id|user_id))\s*$`)
)

const blankHint = `write {{visitor.trait("name")}}, {{event.prop("name")}}, {{visitor.id}} or {{visitor.user_id}}`

// template reads a text with blanks; a trait in it must be declared.
func (r *reader) template(t text, path string, site Site) Template {
	var out Template
	if t.At == nil {
		return out
	}
	rest := 0
	for _, at := range bracesForm.FindAllStringSubmatchIndex(t.S, -1) {
		inner := t.S[at[2]:at[3]]
		part := blankForm.FindStringSubmatch(inner)
		if part == nil {
			r.failWith(t.At, path, "value", fmt.Sprintf("{{%s}} is not a placeholder", inner), blankHint)
			continue
		}
		b := Blank{Of: part[1] + part[3] + part[5], Name: part[2] + part[4]}
		if _, declared := site.Traits[b.Name]; b.Of == "trait" && !declared {
			r.failWith(t.At, path, "value", fmt.Sprintf("trait %q is not declared%s", b.Name, didYouMean(b.Name, sortedKeys(site.Traits))), "declare it in site.yaml: traits: {"+b.Name+": {type: string}}")
		}
		out.words, out.blanks = append(out.words, t.S[rest:at[0]]), append(out.blanks, b)
		rest = at[1]
	}
	out.words = append(out.words, t.S[rest:])
	if left := strings.Join(out.words, ""); strings.Contains(left, "{{") || strings.Contains(left, "}}") {
		r.failWith(t.At, path, "value", "a placeholder is not closed, or not opened", blankHint)
	}
	return out
}
