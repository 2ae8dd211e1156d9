package rules

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Section is one chapter of the reference.
type Section struct {
	ID      string  `json:"id"`
	Title   Text    `json:"title"`
	Entries []Entry `json:"entries"`
}

// Entry is one key, name, function, operator or word of the rules language.
type Entry struct {
	Name     string   `json:"name"`    // as a rule or a file names it: visitor.visits, schedule.days
	Written  string   `json:"written"` // with its arguments, where it has some: count(event, window)
	Type     Text     `json:"type,omitzero"`
	Text     Text     `json:"text"`
	Unit     Text     `json:"unit,omitzero"`
	Bounds   Text     `json:"bounds,omitzero"`
	Missing  Text     `json:"missing,omitzero"` // what holds when it is unknown, or the key is left out
	Values   []string `json:"values,omitempty"` // all it can be, where they are few
	Required bool     `json:"required,omitempty"`
	Example  string   `json:"example"`
}

// sections are the chapters in the order they are read; an article's file has
// the name of its chapter.
var sections = []Section{
	{ID: "campaign", Title: Text{"キャンペーン（campaigns/*.yaml）", "Campaigns (campaigns/*.yaml)"}},
	{ID: "status", Title: Text{"状態（status）", "States (status)"}},
	{ID: "trigger", Title: Text{"きっかけ（on）", "Triggers (on)"}},
	{ID: "action", Title: Text{"アクション（action.type）", "Actions (action.type)"}},
	{ID: "value", Title: Text{"条件式で見られる値", "What a rule can see"}},
	{ID: "function", Title: Text{"条件式の関数", "Functions of rules"}},
	{ID: "window", Title: Text{"期間", "Windows"}},
	{ID: "operator", Title: Text{"演算子", "Operators"}},
	{ID: "site", Title: Text{"サイト全体（site.yaml）", "The site (site.yaml)"}},
	{ID: "segments", Title: Text{"セグメント（segments.yaml）", "Segments (segments.yaml)"}},
	{ID: "tests", Title: Text{"ルールのテスト（tests/*.test.yaml）", "Rule tests (tests/*.test.yaml)"}},
}

// Reference is the whole rules language of this version in both languages: what
// the code knows, each with the text that people wrote about it. It is read once and
// everybody's: nobody changes it.
func Reference() []Section { return reference() }

var reference = sync.OnceValue(func() []Section {
	texts := readArticles()
	var out []Section
	for _, s := range sections {
		known := knownNames(s.ID)
		for _, a := range texts[s.ID] {
			if entry, ok := known[a.Name]; ok {
				s.Entries = append(s.Entries, a.entry(entry))
			}
		}
		if len(s.Entries) > 0 {
			out = append(out, s)
		}
	}
	return out
})

// entry is the article with what the code knows filled in.
func (a *article) entry(e Entry) Entry {
	e.Name, e.Written, e.Text = a.Name, a.Name, a.text()
	if a.Call != "" {
		e.Written = a.Call
	}
	if a.Type != "" {
		e.Type = typeWords[a.Type]
	}
	e.Unit, e.Bounds, e.Example = a.Unit, a.Bounds, a.Example
	if a.Missing != (Text{}) {
		e.Missing = a.Missing
	} else if a.Default != "" {
		e.Missing = Text{a.Default, a.Default}
	}
	if a.Call != "" && e.Missing == (Text{}) {
		e.Missing = missingOf[a.Type]
	}
	if e.Required {
		e.Missing = Text{"必ず書く", "it must be there"}
	}
	return e
}

var typeWords = map[string]Text{
	"number": {"数", "number"}, "text": {"文字列", "text"}, "bool": {"真偽", "true/false"}, "list": {"リスト", "list"},
}

// missingOf is what a function makes of missing texts, unless its article knows better.
var missingOf = map[string]Text{
	"text": {`""（空の文字列）`, `"" (the empty text)`}, "bool": {"false", "false"}, "list": {"空のリスト", "the empty list"},
}

// unknownIs is what a missing value of a type is, unless its article knows better.
var unknownIs = map[reflect.Kind]Text{
	reflect.String:  {`""（空の文字列）`, `"" (the empty text)`},
	reflect.Float64: {"不明（どの比較も偽。known(…) で確かめる）", "unknown (every comparison is false; known(…) asks)"},
	reflect.Int:     {"0", "0"},
	reflect.Bool:    {"false", "false"},
}

// knownNames is what the code has of one section: names with all the code can
// tell of them.
func knownNames(section string) map[string]Entry {
	words := newVocabulary()
	out := map[string]Entry{}
	switch section {
	case "value":
		words.leaves("", reflect.TypeFor[Env](), func(name string, t reflect.Type) {
			out[name] = Entry{Type: typeWords[typeWord(t)], Missing: unknownIs[t.Kind()], Values: wordsOf[name]}
		})
	case "function":
		for name, m := range methods {
			answer := reflect.TypeOf(m.signature).Elem().Out(0)
			out[name] = Entry{Type: typeWords[typeWord(answer)], Missing: unknownIs[answer.Kind()]}
		}
		for _, name := range slices.Concat(ownFunctions, sortedKeys(builtins)) {
			out[name] = Entry{}
		}
	case "operator":
		for _, name := range operators {
			out[name] = Entry{}
		}
	case "window":
		for _, name := range windows() {
			out[name] = Entry{}
		}
	case "status":
		for _, name := range statuses {
			out[name] = Entry{}
		}
	case "action":
		for _, name := range actionTypes {
			out[name] = Entry{}
		}
	case "trigger":
		for _, name := range plainTriggers {
			out[name] = Entry{}
		}
		for _, k := range newShape(reflect.TypeFor[triggerArgs](), "campaign", "on").keys {
			out[k.name] = Entry{Type: k.value.typeName()}
		}
	default:
		if fileKinds[section] == nil {
			break
		}
		shapeOf(section).walk(func(k keyShape) {
			e := Entry{Type: k.value.typeName(), Required: k.required, Missing: Text{"なし", "none"}}
			e.Values, _ = k.value.forms["enum"].([]string)
			out[k.value.path] = e
		})
	}
	return out
}

// leaves visits every value of the vocabulary by its full name.
func (v vocabulary) leaves(prefix string, t reflect.Type, visit func(string, reflect.Type)) {
	fields := v.fields[t]
	if prefix == "" {
		fields = v.roots
	}
	for _, name := range sortedKeys(fields) {
		if full := join(prefix, name); fields[name].Kind() == reflect.Struct {
			v.leaves(full, fields[name], visit)
		} else {
			visit(full, fields[name])
		}
	}
}

// windows are the forms a window takes; those of counters only where there are counters.
func windows() []string {
	out := append([]string{"7d"}, periods...)
	if slices.Contains(ownFunctions, "count") {
		out = append(out, "today")
	}
	return out
}

// Lookup finds what a reader of the reference asks for: by its name
// (visitor.visits), with its file (campaign.schedule.days), or by its end or its
// beginning alone (visits, days; visitor). If there is none, near is the most
// similar name, or "".
func Lookup(sections []Section, asked string) (found []Section, near string) {
	name, _, _ := strings.Cut(strings.TrimSpace(asked), "(")
	name = strings.TrimSuffix(name, ":")
	exactly := func(s Section, e Entry) bool { return e.Name == name || s.ID+"."+e.Name == name }
	partly := func(_ Section, e Entry) bool {
		return strings.HasSuffix(e.Name, "."+name) || strings.HasPrefix(e.Name, name+".")
	}
	for _, fits := range []func(Section, Entry) bool{exactly, partly} {
		for _, s := range sections {
			all := s.Entries
			s.Entries = nil
			for _, e := range all {
				if fits(s, e) {
					s.Entries = append(s.Entries, e)
				}
			}
			if s.Entries != nil {
				found = append(found, s)
			}
		}
		if found != nil {
			return found, ""
		}
	}
	var known []string
	for _, s := range sections {
		for _, e := range s.Entries {
			known = append(known, e.Name, e.Name[strings.LastIndex(e.Name, ".")+1:])
		}
	}
	return nil, nearest(name, known)
}
