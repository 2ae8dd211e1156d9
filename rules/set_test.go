package rules

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// Whatever the weights, the ranges follow on each other from 0 to 10,000 and
// each holds its share, but for the rounding of its two ends.
func TestRangesTile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(0, 1_000_000), 1, 8).Draw(rt, "weights")
		total, list := 0, []string{}
		for i, w := range weights {
			total += w
			list = append(list, fmt.Sprintf("{id: v%d, weight: %d}", i, w))
		}
		if total == 0 {
			rt.Skip()
		}
		variants := load(t, "", "id: x\nstatus: live\nvariants: ["+strings.Join(list, ", ")+"]").Campaigns[0].Variants
		at := 0
		for i, v := range variants {
			if v.Low != at || v.High < v.Low {
				rt.Fatalf("variant %d owns [%d,%d) after %d", i, v.Low, v.High, at)
			}
			if exact := float64(weights[i]) * 10_000 / float64(total); float64(v.High-v.Low) > exact+1 || float64(v.High-v.Low) < exact-1 {
				rt.Fatalf("variant %d owns %d buckets of %.1f", i, v.High-v.Low, exact)
			}
			at = v.High
		}
		if at != 10_000 {
			rt.Fatalf("the ranges end at %d", at)
		}
	})
}

// Drafts are offered like campaigns and in the same order, whether it is said that
// they are drafts or nothing is.
func TestDraftsAreListed(t *testing.T) {
	t.Parallel()
	const rest = "\nvariants: [{id: control, weight: 1}]\n"
	set, found := Load(fstest.MapFS{
		"campaigns/a.yaml": {Data: []byte("id: told\nstatus: draft\non: exit_intent" + rest + "---\nid: live\nstatus: live" + rest)},
		"campaigns/b.yaml": {Data: []byte("id: high\npriority: 9" + rest + "---\nid: silent\nslot: modal" + rest)},
	})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range slices.Concat(set.Campaigns, set.Drafts) {
		got = append(got, fmt.Sprintf("%s %s %s %s:%d", c.ID, c.Status, strings.Join(c.Triggers, " "), c.File, c.Line))
	}
	want := []string{"live live page_view campaigns/a.yaml:6", "high draft page_view campaigns/b.yaml:1", "silent draft page_view campaigns/b.yaml:5", "told draft exit_intent campaigns/a.yaml:1"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if set.Draft("live") || !set.Draft("told") || !set.Draft("silent") || set.Draft("none") {
		t.Error("a draft is taken for none, or the other way round")
	}
}

// Content is the phase: what visitors meet and how often, not what it costs or how it is spelt.
func TestContent(t *testing.T) {
	t.Parallel()
	content := func(variants string) string {
		return load(t, "", "id: x\nstatus: live\nvariants: "+variants).Campaigns[0].Content
	}
	base := content(`[{id: c, weight: 1}, {id: a, weight: 1, action: {type: banner, title: x, button: y}}]`)
	if len(base) != 16 {
		t.Errorf("content %q, want 16 digits", base)
	}
	for _, same := range []string{
		`[{weight: 1, id: "c"}, {id: a, weight: 1, action: {button: y, title: 'x', type: banner}}]`,
		`[{id: c, weight: 1}, {id: a, weight: 1, action: {type: banner, title: x, button: y, cost: 10%}}]`,
	} {
		if got := content(same); got != base {
			t.Errorf("%s begins a new phase", same)
		}
	}
	for _, other := range []string{
		`[{id: c, weight: 2}, {id: a, weight: 2, action: {type: banner, title: x, button: y}}]`,
		`[{id: c, weight: 1}, {id: a, weight: 1, action: {type: banner, title: z, button: y}}]`,
		`[{id: c, weight: 1}, {id: b, weight: 1, action: {type: banner, title: x, button: y}}]`,
		`[{id: a, weight: 1, action: {type: banner, title: x, button: y}}, {id: c, weight: 1}]`,
	} {
		if got := content(other); got == base {
			t.Errorf("%s does not begin a new phase", other)
		}
	}
}

// The hash is that of the texts: of all, and of nothing else.
func TestHash(t *testing.T) {
	t.Parallel()
	hashOf := func(files map[string]string) string {
		folder := fstest.MapFS{}
		for name, text := range files {
			folder[name] = &fstest.MapFile{Data: []byte(text)}
		}
		set, found := Load(folder)
		if found.Err() != nil {
			t.Fatal(found)
		}
		if len(set.Source) != len(files) {
			t.Errorf("%d files are kept of %d", len(set.Source), len(files))
		}
		return set.Hash
	}
	const a, b = "id: a\nvariants: [{id: v, weight: 1}]\n", "id: b\nvariants: [{id: v, weight: 1}]\n"
	base := hashOf(map[string]string{"campaigns/a.yaml": a, "campaigns/b.yaml": b})
	if len(base) != 64 || base != hashOf(map[string]string{"campaigns/b.yaml": b, "campaigns/a.yaml": a}) {
		t.Errorf("the same folder has another hash, or %q is none", base)
	}
	for _, other := range []map[string]string{
		{"campaigns/a.yaml": a, "campaigns/b.yaml": b + "# \n"},
		{"campaigns/a.yaml": a, "campaigns/c.yaml": b},
		{"campaigns/a.yaml": a + "---\n" + b},
		{"campaigns/a.yaml": a, "campaigns/b.yaml": b, "site.yaml": "currency: JPY\n"},
	} {
		if hashOf(other) == base {
			t.Errorf("%v has the same hash", other)
		}
	}
}

func TestMissingFolder(t *testing.T) {
	t.Parallel()
	set, found := Load(os.DirFS(filepath.Join(t.TempDir(), "no-such-folder")))
	const want = "rules folder: there is no such folder\n    hint: make it with a campaign in it, or begin with what omo init makes"
	if set != nil || found.Error() != want {
		t.Errorf("got %v\n%v\nwant\n%s", set, found, want)
	}
}

// Text of any size is answered, and soon: what YAML's reader would ponder for
// minutes is refused before it is asked.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"id: a\n#" + strings.Repeat("あ", maxFileBytes/3) + "\n", "campaigns/a.yaml: the file has more than 1048576 bytes, which is all that a rules file may have\n    hint: split it: each campaign may have its own file"},
		{"id: a\n" + strings.Repeat("*", 900_000), "campaigns/a.yaml:2:1: the line has 900000 bytes; 20000 are allowed"},
		{"id: a\nvariants: [{id: a, weight: 1}]\nwhen: |\n" + strings.Repeat("  visitor.visits > 3 &&\n", 40_000), "campaigns/a.yaml:4:3: when: the rule has 880000 bytes; 16384 are allowed"},
		{"id: &a a\npages: [" + strings.Repeat("*a,\n", 4_000) + "]", "campaigns/a.yaml:1:5: \"&\": anchors, aliases and tags are not part of rules files"},
		{"id: [" + strings.Repeat("1,1,1\n", 100_000), "campaigns/a.yaml:1:1: the document has 500003 words and signs; 20000 are allowed"},
	} {
		_, found := Load(fstest.MapFS{"campaigns/a.yaml": {Data: []byte(c.text)}})
		if got := found.Error(); len(found) == 0 || len(found) > maxTold+1 || !strings.HasPrefix(got, c.want) {
			t.Errorf("got\n%.300s\nwant\n%s", got, c.want)
		}
	}
}

// A set is shared: many workers ask it at once and get the same answers.
func TestMatchConcurrently(t *testing.T) {
	t.Parallel()
	set := load(t, "", append(documentsOf(crowded(20)), live("breaks", `split(page.path, "/")[9] == ""`), live("clock", "now.hour == 12"))...)
	want := fmt.Sprint(matched(set, somebody(), noon))
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for range 50 {
				if got := fmt.Sprint(matched(set, somebody(), noon)); got != want {
					t.Errorf("matched %s, want %s", got, want)
					return
				}
			}
		})
	}
	workers.Wait()
}

// Load answers any text with a set or with errors that have a place in it, and
// never with a panic, and what it accepts it can match.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasPrefix(file.Name, "campaigns/") {
				f.Add(string(file.Data))
			}
		}
	}
	f.Add("id: a\x00")
	f.Add("id: " + strings.Repeat("a", 300))
	f.Add("id: a\ngoal: x\ngoals: 3\nschedule: 3\nvariants: [3, {action: 3}]")
	f.Add("id: a\nwhen: any(split(page.url, \"\"), page.url matches \"(a{9}){9}\")\npages: [/*a*/**/b]\nvariants: [{id: a, weight: 1}]")
	f.Add("id: a\nwhen: visitor.new ? page.url + page.title == split(page.path, \"/\")[0] : 1..3 == 2\nvariants: [{id: a, weight: 1}]")
	f.Add("id:\r\r\rwhen: \"\"\nvariants: [{id: ax\nwhen: % 1}]\n")
	f.Add("\xff\xfe")
	f.Add("id: \"\\xff\"\r\nwhen: >2\n\n   a\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		set, found := Load(fstest.MapFS{"campaigns/x.yaml": {Data: []byte(text), Mode: fs.ModePerm}})
		if (set == nil) != (found.Err() != nil) {
			t.Fatalf("a set: %t, errors: %v", set != nil, found)
		}
		lines := strings.Count(text, "\n") + 1
		for _, x := range found {
			if x.Line < 0 || x.Line > lines+1 || x.Line > 0 && x.Column < 1 || x.Message == "" {
				t.Fatalf("a finding without a place: %+v", x)
			}
		}
		if set != nil {
			matched(set, somebody(), noon)
		}
	})
}
