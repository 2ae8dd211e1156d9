package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// good gives the campaign files that broken ones are made of.
func good(t *testing.T) []string {
	t.Helper()
	var texts []string
	shop, err := filepath.Glob("../examples/shop/rules/campaigns/*.yaml")
	if err != nil || len(shop) == 0 {
		t.Fatal("no campaigns of the shop", err)
	}
	for _, name := range shop {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	archives, err := filepath.Glob("testdata/*_good.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no good folders", err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.HasPrefix(f.Name, "campaigns/") {
				texts = append(texts, string(f.Data))
			}
		}
	}
	return texts
}

// breakText gives a text after one to three accidents.
func breakText(r *rand.Rand, text string) string {
	for range 1 + r.IntN(3) {
		b := []byte(text)
		at, to := r.IntN(len(b)+1), r.IntN(len(b)+1)
		at, to = min(at, to), max(at, to)
		lines := strings.SplitAfter(text, "\n")
		i, j := r.IntN(len(lines)), r.IntN(len(lines))
		switch r.IntN(8) {
		case 0:
			text = text[:at] + text[to:]
		case 1:
			text = text[:to] + text[at:]
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
			text = strings.Join(lines, "")
		case 3:
			if len(b) > 0 {
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			}
			text = string(b)
		case 4:
			odd := []rune{'あ', '"', '\'', '[', '{', ':', '-', '\u2028', 0, '\t', '&', '*', '!', '|', '>', '\ufeff', rune(r.IntN(0x10ffff))}
			text = text[:at] + string(odd[r.IntN(len(odd))]) + text[at:]
		case 5:
			open := []string{"[", "{a: ", "- ", "(", "? ", "!a ", "&a "}[r.IntN(7)]
			text = text[:at] + strings.Repeat(open, r.IntN(300)) + text[at:]
		case 6:
			key, _, _ := strings.Cut(lines[i], ":")
			lines[i] = key + ": " + []string{"3", "[]", "{a: b}", "true", "~", "'x'", "-1.5e300", "[[[1]]]"}[r.IntN(8)] + "\n"
			text = strings.Join(lines, "")
		case 7:
			lines[i] = "when: " + strings.Repeat([]string{"!", "visitor.new && ", "a.b(", "1 + ", "x ? y : ", "\"", "not "}[r.IntN(7)], 1+r.IntN(400)) + "\n"
			text = strings.Join(lines, "")
		}
	}
	return text
}

// A folder of 10,000 broken files is answered soon, with findings that lie
// within their files, and not with more than can be held.
func TestBrokenFolder(t *testing.T) {
	t.Parallel()
	files := 10_000
	if testing.Short() {
		files = 500
	}
	folder, whole := fstest.MapFS{}, good(t)
	r := rand.New(rand.NewPCG(3, 10_000))
	for i := range files {
		folder[fmt.Sprintf("campaigns/%05d.yaml", i)] = &fstest.MapFile{Data: []byte(breakText(r, whole[r.IntN(len(whole))]))}
	}
	began := time.Now()
	set, found := Load(folder)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("loading took %s", took)
	}
	if set != nil || len(found) < files/2 || len(found) > maxFound+maxTold+1 {
		t.Fatalf("a set: %t, %d findings of %d files", set != nil, len(found), files)
	}
	lines := map[string][]string{}
	for _, f := range found {
		if f.Message == "" || f.ID == "" {
			t.Fatalf("a finding that says nothing: %+v", f)
		}
		if f.File == "." || f.Line == 0 {
			continue
		}
		if lines[f.File] == nil {
			text := strings.ReplaceAll(string(folder[f.File].Data), "\r\n", "\n")
			lines[f.File] = strings.Split(text, "\n")
		}
		if f.Line > len(lines[f.File]) {
			t.Fatalf("line %d of %d: %s", f.Line, len(lines[f.File]), f)
		}
		if width := len([]rune(lines[f.File][f.Line-1])); f.Column < 1 || f.Column > width+2 {
			t.Fatalf("column %d of %d: %s", f.Column, width, f)
		}
	}
	if text := found.Error(); !strings.HasSuffix(text, fmt.Sprintf("and %d more", len(found)-100)) {
		t.Errorf("the error's text ends in %q", text[max(0, len(text)-80):])
	}
	t.Logf("%d files, %d findings in %s", files, len(found), time.Since(began))
}

// What a rule can cost is known before it runs, and bounded.
func TestTooLongForAVisit(t *testing.T) {
	t.Parallel()
	const (
		long    = "too long for one visit"
		pattern = "the pattern has"
	)
	for _, c := range []struct{ rule, want string }{
		{`any(split(page.url, ""), any(split(page.url, ""), # == "zz"))`, long},
		{`any(split(page.url, ""), ` + strings.Repeat(`# == "b" || `, 250) + `# == "c")`, long},
		{`len(` + strings.Repeat("page.url + ", 450) + `page.url) == 3`, long},
		{`any(split(page.url, ""), page.url matches "(a|b)*c{9}d")`, long},
		{`any(1..900000, # == 900001)`, long},
		{strings.Repeat(`page.url matches "(a|b|/){90}" && `, 20) + "true", long},
		{`page.url matches "((a|/){0,30}){30}b"`, pattern},
		{`page.url matches "` + strings.Repeat("a?", 501) + `"`, pattern},
		{`any(split(page.path, "/"), # matches "^[0-9]+$")`, ""},
		{`page.url matches "^https://[^/]+/(item|category)/[0-9]{1,8}(\\?.*)?$"`, ""},
		{`visitor.age in 1..1000000000`, ""},
		{strings.Repeat("visitor.new ? true : (", 90) + "true" + strings.Repeat(")", 90), ""},
		{"page.path" + strings.Repeat(" | trim()", 600) + ` == "a"`, ""},
		{"visitor.new " + strings.Repeat("|| visitor.visits > 3 ", 300), ""},
	} {
		_, found := Load(fstest.MapFS{"campaigns/x.yaml": {Data: []byte(live("x", c.rule))}})
		switch err := found.Err(); {
		case c.want == "" && err != nil:
			t.Errorf("%.80s\nis refused: %v", c.rule, err)
		case c.want != "" && (err == nil || len(found) != 1 || !strings.Contains(found[0].Message, c.want) || found[0].Line != 3):
			t.Errorf("%.80s\ngot %v, want %s", c.rule, err, c.want)
		}
	}
}

// The dearest rules that are let in, on the longest page: each should answer within
// a second.
func BenchmarkDearestRule(b *testing.B) {
	env := somebody()
	env.Page.URL = "https://shop.example/" + strings.Repeat("a/", (maxText-22)/2)
	for name, rule := range map[string]string{
		"each letter":      `any(split(page.url, ""), ` + strings.Repeat(`# == "b" || `, 55) + `# == "c")`,
		"pattern":          `page.url matches "(a|/)*((a|/){0,10}){9}b"`,
		"joined texts":     `len(` + strings.Repeat("page.url + ", 120) + `page.url) == 3`,
		"query, 200 times": strings.Repeat(`page.query("x") == "y" || `, 200) + "false",
	} {
		b.Run(name, func(b *testing.B) {
			set := load(b, "", live("x", rule))
			for b.Loop() {
				if got := matched(set, env, noon); len(got) != 0 {
					b.Fatalf("matched %v", got)
				}
			}
		})
	}
}

// broke is what a profile would be whose numbers cannot be read.
type broke struct{}

func (broke) Number(int) float64 { panic("the profile is torn") }
func (broke) Text(int) string    { panic("the profile is torn") }

// Beside rules that fail, that panic and that take long the others are decided
// as without them.
func TestOthersAreDecidedAsWithout(t *testing.T) {
	t.Parallel()
	var sound []string
	for i, rule := range []string{`visitor.visits >= 3`, `visitor.new`, `visitor.rank == "gold" && page.path startsWith "/items"`, `page.url matches "items/[0-9]"`, `now.hour == 12 || cart.value > 5000`} {
		sound = append(sound, live(fmt.Sprintf("sound-%d", i), rule))
	}
	bad := []string{
		live("fails", `split(page.path, "/")[9] == "" && visitor.visits >= 3`),
		live("divides", `visitor.visits % (visitor.visits - 3) == 1`),
		live("panics", `count("purchase") > 1`),
		live("panics-too", `last("view_item.item_id") + "x" == "a"`),
		live("slow", `any(split(page.url, ""), `+strings.Repeat(`# == "b" || `, 55)+`# == "zz")`),
	}
	env := somebody()
	env.Counters = broke{}
	want := matched(load(t, "", sound...), env, noon)
	if len(want) < 3 {
		t.Fatalf("only %v match: the test shows little", want)
	}
	set := load(t, "", append(bad, sound...)...)
	m := set.Matcher()
	defer set.Release(m)
	for range 2 { // a matcher that has met an error is as good as new
		var got, failed []string
		for _, c := range set.Match(m, env, noon, nil) {
			got = append(got, c.ID)
		}
		for _, e := range m.Errors() {
			failed = append(failed, e.Campaign.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("matched %v, without the bad ones %v", got, want)
		}
		if fmt.Sprint(failed) != "[divides fails panics panics-too]" {
			t.Errorf("failed %v", failed)
		}
	}
}

// Texts of a shop's own are looked at as far as an address may be long.
func TestLongProperty(t *testing.T) {
	t.Parallel()
	env := somebody()
	env.Event = Event{Name: "x", Props: map[string]any{"note": strings.Repeat("a", maxText) + "b"}}
	set := load(t, "", live("end", `event.prop("note") endsWith "b"`, "on: {event: x}"), live("begin", `event.prop("note") startsWith "aa"`, "on: {event: x}"))
	if got := fmt.Sprint(matched(set, env, noon)); got != "[begin]" {
		t.Errorf("matched %s", got)
	}
}
