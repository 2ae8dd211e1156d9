package starter

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ruletest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// good holds a folder to what omo check and omo test hold it to, and gives its set.
func good(t *testing.T, folder fs.FS) *rules.Set {
	t.Helper()
	set, found, err := rules.Lint(folder, rules.LintOptions{Now: time.Now()})
	if set == nil || len(found) > 0 || err != nil {
		t.Fatalf("findings: %v, %v", found, err)
	}
	tests, found := rules.LoadTests(folder, set)
	if len(tests) == 0 || len(found) > 0 {
		t.Fatalf("%d tests, findings: %v", len(tests), found)
	}
	runner := ruletest.New(set)
	for _, test := range tests {
		for _, f := range runner.Run(test).Failures {
			t.Errorf("%s:%d: %s: %s%s: expected %s, got %s", test.File, f.Line, test.Name, f.Message, f.Campaign, f.Expected, f.Got)
		}
	}
	return set
}

// live is the folder with each campaign made live, and its tests as their first
// lines say that they are to be then.
func live(t *testing.T, folder fs.FS) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		changed := strings.NewReplacer("status: shadow", "status: live", "status: draft ", "status: live ", ": {none: shadow}", ": any").Replace(string(text))
		out[name] = &fstest.MapFile{Data: []byte(changed)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAFolderToBeginWith(t *testing.T) {
	t.Parallel()
	for language, japanese := range map[string]bool{"ja": true, "en": false} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			set := good(t, Rules(japanese))
			if len(set.Campaigns) != 2 || len(set.Drafts) != 1 {
				t.Errorf("%d campaigns and %d drafts, want 2 and 1", len(set.Campaigns), len(set.Drafts))
			}
			for _, c := range set.Campaigns {
				if c.Status != rules.Shadow {
					t.Errorf("%s is %s: visitors would see it before anybody made it their own", c.ID, c.Status)
				}
			}
		})
		t.Run(language+" made live", func(t *testing.T) {
			t.Parallel()
			set := good(t, live(t, Rules(japanese)))
			if len(set.Campaigns) != 3 || len(set.Drafts) != 0 {
				t.Errorf("%d campaigns and %d drafts, want 3 and none", len(set.Campaigns), len(set.Drafts))
			}
			for _, c := range set.Campaigns {
				if c.Status != rules.Live {
					t.Errorf("%s is %s", c.ID, c.Status)
				}
			}
		})
	}
}

// Both folders have the same campaigns, tests and segments, but for amounts and words.
func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	outline := func(japanese bool) (all []string) {
		folder := Rules(japanese)
		set := good(t, folder)
		tests, _ := rules.LoadTests(folder, set)
		for _, c := range set.Campaigns {
			all = append(all, c.ID)
		}
		for _, test := range tests {
			for _, e := range test.Expect {
				all = append(all, e.Campaign.ID+" "+e.Outcome+" "+e.Reason)
			}
		}
		return all
	}
	if ja, en := outline(true), outline(false); strings.Join(ja, "\n") != strings.Join(en, "\n") {
		t.Errorf("Japanese:\n%s\nEnglish:\n%s", strings.Join(ja, "\n"), strings.Join(en, "\n"))
	}
}
