package rules

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// Whatever stands in the files beside the campaigns, Load answers with a set or
// with errors that have a place, never with a panic, and what it accepts can be
// asked.
func FuzzLoadBeside(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		texts := map[string]string{}
		for _, file := range archive.Files {
			texts[file.Name] = string(file.Data)
			if strings.HasPrefix(file.Name, "coupons/") {
				texts["pool"] = string(file.Data)
			}
		}
		f.Add(texts["site.yaml"], texts["segments.yaml"], texts["pool"])
	}
	f.Fuzz(func(t *testing.T, site, segments, pool string) {
		set, found := Load(fstest.MapFS{
			"site.yaml": {Data: []byte(site)}, "segments.yaml": {Data: []byte(segments)}, "coupons/a.csv": {Data: []byte(pool)},
			"campaigns/x.yaml": {Data: []byte(live("x", `visitor.new || count("big_order", "today") + coupons_left("a") > 1`, "on: {event: shoe_view}"))},
		})
		if (set == nil) != (found.Err() != nil) {
			t.Fatalf("a set: %t, errors: %v", set != nil, found)
		}
		for _, x := range found {
			if x.Message == "" || x.Line > 0 && x.Column < 1 {
				t.Fatalf("a finding without a place: %+v", x)
			}
		}
		if set == nil {
			return
		}
		m := set.Matcher()
		defer set.Release(m)
		set.Match(m, somebody(), noon, nil)
		set.Staff(m, somebody(), noon)
		if _, err := set.Where(m, &set.Campaigns[0].On[0], somebody(), noon); err != nil {
			t.Log(err)
		}
		for i, s := range set.Streams {
			set.Counts(m, i, Event{Name: s.Event})
		}
	})
}
