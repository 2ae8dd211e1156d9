package rules

import (
	"embed"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// Text is one thing said in both languages.
type Text struct {
	JA string `json:"ja" yaml:"ja"`
	EN string `json:"en" yaml:"en"`
}

// In is the text in lang, "ja" or "en".
func (t Text) In(lang string) string {
	if lang == "ja" {
		return t.JA
	}
	return t.EN
}

// label puts a word before a text that is not empty.
func (t Text) label(ja, en string) Text {
	if t == (Text{}) {
		return t
	}
	return Text{ja + "：" + t.JA, en + ": " + t.EN}
}

// UnmarshalYAML takes a text that is the same in both languages without its two keys.
func (t *Text) UnmarshalYAML(unmarshal func(any) error) error {
	var same string
	if unmarshal(&same) == nil {
		t.JA, t.EN = same, same
		return nil
	}
	type both Text
	return unmarshal((*both)(t))
}

// The texts of the reference: one file a section, an article a name.
//
//go:embed docs/*.yaml
var articleFiles embed.FS

// article is what people wrote about one key, name, function or word. What the
// code itself knows (types of values, which keys must be there) is not in it.
type article struct {
	Name    string `yaml:"name"`
	JA      string `yaml:"ja"`
	EN      string `yaml:"en"`
	Call    string `yaml:"call"`    // of a function: how it is written
	Type    string `yaml:"type"`    // of a function: what it answers (number, text, bool, list)
	Unit    Text   `yaml:"unit"`    // of a number
	Missing Text   `yaml:"missing"` // what holds when it is unknown, or the key is left out
	Bounds  Text   `yaml:"bounds"`
	Default string `yaml:"default"` // of a key, as YAML
	Example string `yaml:"example"` // of a key, the line in its file; else a rule
}

func (a *article) text() Text { return Text{a.JA, a.EN} }

// exampleValue is what the example writes under the key of that name, which
// may be inside on.
func (a *article) exampleValue(key string) (any, bool) {
	var fragment map[string]any
	if yaml.Unmarshal([]byte(a.Example), &fragment) != nil {
		return nil, false
	}
	if on, ok := fragment["on"].(map[string]any); ok && key != "on" {
		fragment = on
	}
	v, ok := fragment[key]
	return v, ok
}

// articles is every article by section, in the order they are to be read.
type articles map[string][]*article

func readArticles() articles {
	out := articles{}
	for _, s := range sections {
		name := "docs/" + s.ID + ".yaml"
		var list []*article
		raw, err := articleFiles.ReadFile(name)
		if err == nil {
			err = yaml.UnmarshalWithOptions(raw, &list, yaml.Strict())
		}
		if err != nil {
			panic("rules: " + name + " is part of the program: " + err.Error())
		}
		out[s.ID] = list
	}
	return out
}

func (as articles) find(section, name string) *article {
	for _, a := range as[section] {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// key is the article of a key by its path in one kind of file. A trigger's own
// key is told among the triggers.
func (as articles) key(file, path string) *article {
	if a := as.find(file, path); a != nil {
		return a
	}
	if name, ok := strings.CutPrefix(path, "on."); ok && file == "campaign" {
		return as.find("trigger", name)
	}
	return nil
}

// typeWord is a Go type in the words of the reference.
func typeWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "list"
	default:
		return "number"
	}
}
