package rules

import (
	"fmt"
	"slices"
)

// Bounds of a survey.
const (
	maxQuestions = 10
	maxOptions   = 10
)

var questionTypes = []string{"stars", "nps", "choice", "text"}

type questionFile struct {
	At       *node
	ID       text   `yaml:"id"`
	Type     text   `yaml:"type,required"`
	Text     text   `yaml:"text,required"`
	Options  []text `yaml:"options"`
	Required yesNo  `yaml:"required"`
}

// question is what the browser gets of a questionFile: its id is the word
// under which answers are recorded.
type question struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Text     string   `json:"text"`
	Options  []string `json:"options,omitempty"`
	Required bool     `json:"required,omitempty"`
}

// survey checks what is asked.
func (r *reader) survey(f *actionFile, path string, site Site) (out []question, thanks string) {
	seen := map[string]*node{}
	for i, q := range f.Questions {
		at := fmt.Sprintf("%s.questions[%d]", path, i)
		if q.At == nil {
			continue
		}
		one := question{
			ID: q.ID.S, Type: q.Type.S, Required: q.Required.Yes,
			Text: r.greeted(q.Text, join(at, "text"), 200, site), Options: r.options(&q, at),
		}
		if one.ID == "" {
			one.ID = fmt.Sprintf("q%d", i+1)
		}
		r.wellFormed(q.ID, join(at, "id"), idForm, "1 to 64 of a-z, 0-9, _ and -")
		r.oneOf(q.Type, join(at, "type"), questionTypes...)
		if first := seen[one.ID]; first != nil {
			r.fail(q.At, join(at, "id"), "duplicate", "question %q is given twice, first on line %d", one.ID, first.line)
		}
		seen[one.ID] = q.At
		out = append(out, one)
	}
	list := f.At.value("questions")
	switch {
	case list == nil || list.kind == sequence && len(list.items) == 0:
		r.failWith(f.At, path, "missing", `a survey needs "questions"`, "questions: [{type: nps, text: おすすめいただけますか？}]; types are stars, nps, choice and text")
	case len(f.Questions) > maxQuestions:
		r.fail(f.At, join(path, "questions"), "value", "a survey has at most %d questions", maxQuestions)
	}
	return out, r.greeted(f.Thanks, join(path, "thanks"), 200, site)
}

// options are what a choice is among.
func (r *reader) options(q *questionFile, path string) (out []string) {
	at := join(path, "options")
	switch choice := q.Type.S == "choice"; {
	case choice && !q.At.has("options"):
		r.failWith(q.At, path, "missing", `a choice needs "options"`, "options: [サイズ, 色, 送料]")
		return nil
	case !choice && len(q.Options) > 0 && q.Type.At != nil:
		r.fail(q.At.value("options"), at, "value", `"options" belongs to questions of type choice, and this is a %s`, q.Type.S)
		return nil
	case choice && q.At.value("options").kind == sequence && (len(q.Options) < 2 || len(q.Options) > maxOptions):
		r.fail(q.At.value("options"), at, "value", "a choice is among 2 to %d options, and these are %d", maxOptions, len(q.Options))
	}
	for i, o := range q.Options {
		place := fmt.Sprintf("%s[%d]", at, i)
		if o.At != nil && slices.Contains(out, o.S) {
			r.fail(o.At, place, "duplicate", "option %s is given twice", quote(o.S))
		}
		out = append(out, r.shown(o, place, 80))
	}
	return out
}
