package dashboard_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// keys are the texts of a language by section.key.
func keys(t *testing.T, language string) map[string]string {
	t.Helper()
	sections := map[string]map[string]any{}
	if _, err := toml.DecodeFile("messages/"+language+".toml", &sections); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for section, texts := range sections {
		for key, text := range texts {
			switch text := text.(type) {
			case string:
				out[section+"."+key] = text
			case map[string]any: // plurals: a word of go-i18n's is no key
				out[section+"."+key], _ = text["other"].(string)
			}
		}
	}
	return out
}

var (
	inBraces = regexp.MustCompile(`\{\{\.(\w+)\}\}`)
	japanese = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
)

// Both languages say the same things, with the same places to fill in, and each
// in its own words.
func TestEveryTextIsInBothLanguages(t *testing.T) {
	t.Parallel()
	ja, en := keys(t, "ja"), keys(t, "en")
	for key, text := range ja {
		other, ok := en[key]
		if !ok {
			t.Errorf("%s is in Japanese only", key)
			continue
		}
		if text == "" || other == "" {
			t.Errorf("%s is empty, or has a key that is a word of go-i18n's", key)
		}
		a, b := inBraces.FindAllString(text, -1), inBraces.FindAllString(other, -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(slices.Compact(a), slices.Compact(b)) {
			t.Errorf("%s: %q and %q fill in other things", key, text, other)
		}
		if strings.Contains(text, "出会") { // who is in control saw nothing
			t.Errorf("%s: %q says that somebody met a campaign, as the trade does not", key, text)
		}
		if japanese.MatchString(other) && !strings.HasPrefix(key, "language.") {
			t.Errorf("%s in English is %q", key, other)
		}
	}
	for key := range en {
		if _, ok := ja[key]; !ok {
			t.Errorf("%s is in English only", key)
		}
	}
}

var (
	action   = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	tag      = regexp.MustCompile(`(?s)<[^>]*>`)
	named    = regexp.MustCompile(`\bt "([\w. -]+)"`)
	spoken   = regexp.MustCompile(`\b(?:alt|title|placeholder|aria-label|data-name|value)="([^"{]*\p{L}[^"{]*)"`)
	unwanted = regexp.MustCompile(`<script[^>]*>[^<]|\son\w+=|\sstyle=|javascript:|<style`)
)

// own is what a template may say itself: the product's name, and values of
// forms that nobody reads.
var own = regexp.MustCompile(`omotenashi|^(?:light|dark)$`)

// No template has a text of its own, a script or a style, and every text that
// one names is there.
func TestTemplatesSayNothingThemselves(t *testing.T) {
	t.Parallel()
	names, err := dashboard.Names()
	if err != nil {
		t.Fatal(err)
	}
	ja := keys(t, "ja")
	for _, name := range append(names, "layout", "parts/why", "parts/backtest") {
		raw, err := os.ReadFile("screens/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if bad := unwanted.FindString(text); bad != "" {
			t.Errorf("%s.html has %q", name, bad)
		}
		for _, found := range spoken.FindAllStringSubmatch(action.ReplaceAllString(text, ""), -1) {
			if !own.MatchString(found[1]) && !strings.Contains(found[0], `value="`) {
				t.Errorf("%s.html says %q", name, found[0])
			}
		}
		plain := tag.ReplaceAllString(action.ReplaceAllString(text, ""), "")
		for _, word := range regexp.MustCompile(`\p{L}[\p{L} ]*`).FindAllString(plain, -1) {
			if !own.MatchString(word) {
				t.Errorf("%s.html says %q", name, word)
			}
		}
		for _, found := range named.FindAllStringSubmatch(text, -1) {
			if _, ok := ja[found[1]]; !ok {
				t.Errorf("%s.html names the text %s, which is not there", name, found[1])
			}
		}
	}
}

func TestLanguageOfABrowser(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "ja", "ja": "ja", "en-US,en;q=0.9,ja;q=0.8": "en", "de-DE, en;q=0.5": "en", "JA-jp": "ja", "fr": "ja", "*": "ja", "english": "ja",
	} {
		if got := dashboard.Spoken(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
