package rules

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	japanese = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
	latin    = regexp.MustCompile(`[a-z]`)
)

// Every key, name, function, operator and word of the code has its text, in
// both languages, with its type, its unit or bounds if it is a number, what
// holds without it, and an example.
func TestReferenceIsWhole(t *testing.T) {
	t.Parallel()
	texts := readArticles()
	for _, s := range sections {
		seen := map[string]bool{}
		for _, a := range texts[s.ID] {
			if seen[a.Name] {
				t.Errorf("docs/%s.yaml: %s has two texts", s.ID, a.Name)
			}
			seen[a.Name] = true
			if !japanese.MatchString(a.JA) || !latin.MatchString(a.EN) || japanese.MatchString(a.EN) {
				t.Errorf("docs/%s.yaml: %s is not told in both languages: %q, %q", s.ID, a.Name, a.JA, a.EN)
			}
			if a.Example == "" {
				t.Errorf("docs/%s.yaml: %s has no example", s.ID, a.Name)
			}
			for _, both := range []Text{a.Unit, a.Bounds, a.Missing} {
				if (both.JA == "") != (both.EN == "") || both.JA != both.EN && japanese.MatchString(both.EN) {
					t.Errorf("docs/%s.yaml: %s says in one language alone: %+v", s.ID, a.Name, both)
				}
			}
		}
		for name, known := range knownNames(s.ID) {
			switch {
			case texts.key(s.ID, name) != nil:
			case s.ID == "trigger" && texts.find("campaign", "on."+name) != nil: // where and offset go with another
			default:
				t.Errorf("%s %s has no text: write it in docs/%s.yaml", s.ID, name, s.ID)
			}
			if s.ID == "value" && known.Missing == (Text{}) {
				t.Errorf("%s: a %s has no word for a missing value", name, known.Type.EN)
			}
		}
	}
	for _, s := range Reference() {
		for _, e := range s.Entries {
			if (s.ID == "value" || s.ID == "function") && (e.Type == (Text{}) || e.Missing == (Text{})) {
				t.Errorf("%s has no type or no word for what is missing: %+v", e.Name, e)
			}
			if e.Type.EN == "number" && s.ID != "function" && e.Unit == (Text{}) && e.Bounds == (Text{}) {
				t.Errorf("%s is a number of what?", e.Name)
			}
		}
	}
}

// Texts that are written ahead of the code, and forms of keys that are not
// there: none once the language is whole. A name that the code gains leaves
// this list; run with -update and see that nothing else left it.
func TestTextsAheadOfTheCode(t *testing.T) {
	var ahead strings.Builder
	texts := readArticles()
	for _, s := range sections {
		known := knownNames(s.ID)
		for _, a := range texts[s.ID] {
			if _, ok := known[a.Name]; !ok {
				fmt.Fprintf(&ahead, "%s %s\n", s.ID, a.Name)
			}
		}
	}
	places := map[string]bool{}
	for _, kind := range SchemaKinds() {
		shapeOf(kind).walk(func(k keyShape) { places[kind+"."+k.value.path] = true })
	}
	for _, place := range sortedKeys(forms) {
		if !places[place] {
			fmt.Fprintf(&ahead, "form %s\n", place)
		}
	}
	const golden = "testdata/ahead.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(ahead.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := ahead.String(); got != string(want) {
		t.Errorf("texts without code are now:\n%s\nthey were:\n%s", got, want)
	}
}

// Every example loads as it is written.
func TestReferenceExamplesLoad(t *testing.T) {
	t.Parallel()
	loads := func(t *testing.T, campaign string) {
		t.Helper()
		_, found := Load(fstest.MapFS{
			"site.yaml":             {Data: []byte("traits: {rank: {type: string}, gender: {type: string}, age: {type: number}, plan: {type: string}, points: {type: number}, email: {type: string, trust: signed}}\n")},
			"segments.yaml":         {Data: []byte("segments: {vip: visitor.visits > 3}\n")},
			"campaigns/other.yaml":  {Data: []byte("id: cart-rescue\nsalt: other\nstatus: live\nvariants: [{id: a, weight: 1}]\n")},
			"campaigns/x.yaml":      {Data: []byte(campaign)},
			"coupons/welcome10.csv": {Data: []byte("AAAA-BBBB\nCCCC-DDDD\n")},
		})
		for _, f := range found {
			if f.File == "campaigns/x.yaml" {
				t.Errorf("%s\nin:\n%s", f, campaign)
			}
		}
	}
	const variants = "variants: [{id: a, weight: 1}]\n"
	for _, s := range Reference() {
		for _, e := range s.Entries {
			t.Run(s.ID+" "+e.Name, func(t *testing.T) {
				switch s.ID {
				case "value", "function", "operator":
					loads(t, "id: x\nwhen: |\n  "+e.Example+"\n"+variants)
				case "action":
					on := "page_view"
					if slices.Contains(sendTypes, e.Name) {
						on = "{event: booking}"
					}
					loads(t, "id: x\non: "+on+"\nvariants:\n  - id: a\n    weight: 1\n    "+e.Example+"\n")
				case "status", "trigger":
					loads(t, "id: x\n"+e.Example+"\n"+variants)
				case "window":
					if strings.Contains(e.Example, "(") {
						e.Example = "when: " + e.Example
					}
					loads(t, "id: x\n"+e.Example+"\n"+variants)
				case "campaign":
					switch {
					case strings.Contains(e.Name, "."), e.Name == "id", e.Name == "salt": // a part, or taken by the other
					case e.Name == "variants":
						loads(t, "id: x\n"+e.Example+"\n")
					default:
						loads(t, "id: x\n"+e.Example+"\n"+variants)
					}
				}
			})
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	all := Reference()
	for _, c := range []struct{ asked, found, near string }{
		{"visitor.visits", "value visitor.visits", ""},
		{"visits", "value visitor.visits", ""},
		{"campaign.schedule.days", "campaign schedule.days", ""},
		{"schedule.days", "campaign schedule.days", ""},
		{`known(visitor.age)`, "function known", ""},
		{"trait", "function visitor.trait", ""},
		{"live", "status live", ""},
		{"&&", "operator &&", ""},
		{"when:", "campaign when", ""},
		{"page.item", "value page.item.id, value page.item.name, value page.item.category, value page.item.brand, value page.item.price, tests tests.page.item", ""},
		{"visitor.vists", "", "visitor.visits"},
		{"prority", "", "priority"},
		{"xyzzy", "", ""},
	} {
		var found []string
		sections, near := Lookup(all, c.asked)
		for _, s := range sections {
			for _, e := range s.Entries {
				found = append(found, s.ID+" "+e.Name)
			}
		}
		if got := strings.Join(found, ", "); got != c.found || near != c.near {
			t.Errorf("%s: %q, near %q; want %q, %q", c.asked, got, near, c.found, c.near)
		}
	}
}

// What the reference says of counters' bounds must be there to be read.
func TestReferenceSaysWhereCountersEnd(t *testing.T) {
	t.Parallel()
	texts := readArticles()
	for name, words := range map[string][]string{"count": {"1,000", "1時間", "to the hour"}, "sum": {"1,000", "1時間", "to the hour"}, "uniq": {"1,000", "at least", "少なくとも"}} {
		a := texts.find("function", name)
		if missing := slices.DeleteFunc(words, func(w string) bool { return strings.Contains(a.JA+a.EN, w) }); len(missing) > 0 {
			t.Errorf("%s does not say %q", name, missing)
		}
	}
}
