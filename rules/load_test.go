package rules

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// Every file of testdata is a rules folder and, as its file "want", all that
// Load says of it: the findings as people read them, or what was loaded.
func TestLoad(t *testing.T) {
	golden(t, "testdata/*.txtar", func(_ *testing.T, folder fstest.MapFS) string { return describe(folder) })
}

// golden compares what is said of every rules folder that pattern names, one a
// file, with its file "want".
func golden(t *testing.T, pattern string, said func(*testing.T, fstest.MapFS) string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			folder := fstest.MapFS{}
			want := -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				folder[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			got := said(t, folder)
			if *update {
				if want < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: "want"})
					want = len(archive.Files) - 1
				}
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want < 0 {
				t.Fatal("no file named want; run with -update and read what it wrote")
			}
			if expected := string(archive.Files[want].Data); got != expected {
				t.Errorf("got:\n%s\nwant:\n%s", got, expected)
			}
		})
	}
}

// describe is what Load makes of a folder, as text.
func describe(folder fs.FS) string {
	set, found := Load(folder)
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintln(&b, f)
	}
	if set == nil {
		return b.String()
	}
	fmt.Fprintf(&b, "site: %s %s gap %s holdout %d origins %v consent %s traits %v\n",
		set.Site.Timezone, set.Site.Currency, set.Site.SessionGap, set.Site.Holdout, set.Site.Origins, set.Site.Consent, set.Site.Traits)
	if set.Site.Alerts != (Alerts{}) {
		fmt.Fprintf(&b, "alerts %+v\n", set.Site.Alerts)
	}
	for _, slot := range sortedKeys(set.Site.Budget) {
		fmt.Fprintf(&b, "budget %s %v\n", slot, set.Site.Budget[slot])
	}
	for _, name := range sortedKeys(set.Site.Channels) {
		c := set.Site.Channels[name]
		fmt.Fprintf(&b, "channel %s link %q hook %q days %v hours %v\n", name, c.Link, c.Hook, c.Open.Days, c.Open.Hours)
	}
	for _, name := range sortedKeys(set.Pools) {
		fmt.Fprintf(&b, "pool %s %q\n", name, slices.Collect(set.Pools[name].Codes()))
	}
	for i, s := range set.Streams {
		fmt.Fprintf(&b, "stream[%d] %s: %s %q %s window %s session %t lifetime %t\n", i, s.Key, s.Event, s.Field, s.Kind, s.Window, s.Session, s.Lifetime)
		for _, p := range s.where {
			fmt.Fprintf(&b, "  where %s\n", p.text)
		}
	}
	for _, k := range set.Kinds {
		fmt.Fprintf(&b, "kind %s: %s\n", k.Name, k.Key)
		for _, p := range k.where {
			fmt.Fprintf(&b, "  where %s\n", p.text)
		}
	}
	for _, k := range set.Here {
		fmt.Fprintf(&b, "here %s\n", k.Key)
		for _, p := range k.where {
			fmt.Fprintf(&b, "  where %s\n", p.text)
		}
	}
	for i, c := range set.Counters {
		fmt.Fprintf(&b, "counter[%d] %s: %s stream %d campaign %q window %s of %s\n", i, c, c.Op, c.Stream, c.Campaign, c.Window, c.Zone)
	}
	if set.FactPools != nil || set.ReadsOperators {
		fmt.Fprintf(&b, "facts: stock of %v, operators %t\n", set.FactPools, set.ReadsOperators)
	}
	for _, i := range set.staff {
		fmt.Fprintf(&b, "staff[%d] %s\n", i, set.predicates[i].text)
	}
	for _, c := range set.Campaigns {
		fmt.Fprintf(&b, "%s:%d %s (%s) %s on %v slot %q priority %d salt %s traffic %d zone %s\n",
			c.File, c.Line, c.ID, c.Name, c.Status, c.On, c.Slot, c.Priority, c.Salt, c.Traffic, c.Zone)
		if c.Schedule.From != c.Schedule.Until || c.Schedule.Days != [7]bool{} || c.Schedule.Hours != nil {
			fmt.Fprintf(&b, "  schedule %s – %s days %v hours %v\n", c.Schedule.From, c.Schedule.Until, c.Schedule.Days, c.Schedule.Hours)
		}
		if c.Frequency != nil || c.Stop != (Stop{}) {
			fmt.Fprintf(&b, "  frequency %v stop %+v\n", c.Frequency, c.Stop)
		}
		if c.Bandit {
			fmt.Fprintf(&b, "  bandit\n")
		}
		if (c.Guardrails != Guardrails{Conversion: true, Value: true, Errors: true, Closes: true}) {
			fmt.Fprintf(&b, "  guardrails %+v\n", c.Guardrails)
		}
		if c.Layer != "" {
			fmt.Fprintf(&b, "  layer %s [%d,%d)\n", c.Layer, c.LayerLow, c.LayerHigh)
		}
		if c.Needs != nil {
			fmt.Fprintf(&b, "  needs %v\n", c.Needs)
		}
		for _, t := range c.On {
			for _, i := range t.where {
				fmt.Fprintf(&b, "  on %s where[%d] %s\n", t, i, set.predicates[i].text)
			}
			if seen, beside := set.Conditions(&t); len(c.On) > 1 && len(seen)+len(beside) > 0 {
				fmt.Fprintf(&b, "  on %s of a list: %s, seen %q, beside %q\n", t, t.Key, seen, beside)
			}
			if t.Kind == "absent" {
				fmt.Fprintf(&b, "  on absent %s after %s within %s\n", t.Event, t.After, t.Within)
			}
		}
		for _, i := range c.when {
			fmt.Fprintf(&b, "  when[%d] %s\n", i, set.predicates[i].text)
		}
		for _, g := range c.Goals {
			fmt.Fprintf(&b, "  goal %s %s %s", g.Event, g.Window, g.Value)
			if g.Of != "" {
				fmt.Fprintf(&b, " of %s", g.Of)
			}
			fmt.Fprintln(&b)
		}
		for _, v := range c.Variants {
			action, err := json.Marshal(v.Action)
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(&b, "  [%d,%d) %s %d %s %+v", v.Low, v.High, v.ID, v.Weight, action, v.Cost)
			if v.Pool != "" {
				fmt.Fprintf(&b, " of the pool %s: %s", v.Pool, v.With(Given{Code: `A"1`}))
			}
			if v.Ranked != nil {
				fmt.Fprintf(&b, " ranked by %s, %d written", v.Ranked.Key(), len(v.Ranked.Written))
			}
			for _, ch := range v.Channels {
				fmt.Fprintf(&b, " %s %q %s%s", ch.Type, ch.Label, ch.Link, ch.Hook)
				if ch.never() {
					b.WriteString(" at times")
				}
			}
			fmt.Fprintln(&b)
		}
		if c.Selector != "" {
			fmt.Fprintf(&b, "  into %s\n", c.Selector)
		}
	}
	return b.String()
}
