package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/rules"
)

// within lists the files of a folder, but for those of a folder's schemas.
func within(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Base(path.Dir(name)) != ".schema" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// The first line of each file leads an editor to the schema of its kind.
func TestInitLeadsEditorsToTheSchemas(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{"site.yaml": "site", "segments.yaml": "segments", "campaigns": "campaign", "tests": "tests"}
	for _, japanese := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "a", "rules")
		files, err := beginRules(dir, japanese)
		if err != nil {
			t.Fatal(err)
		}
		if there := within(t, dir); !slices.Equal(files, there) {
			t.Errorf("told of %v, and there are %v", files, there)
		}
		for _, name := range files {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			schema, is := strings.CutPrefix(first, "# yaml-language-server: $schema=")
			if !is {
				t.Errorf("%s begins with %q", name, first)
				continue
			}
			top, _, _ := strings.Cut(name, "/")
			found := path.Join(path.Dir(name), schema)
			if want := ".schema/" + kinds[top] + ".schema.json"; found != want {
				t.Errorf("%s is led to %s, want %s", name, found, want)
			}
			if _, err := os.Stat(filepath.Join(dir, found)); err != nil {
				t.Error(err)
			}
		}
		if set, found := rules.Load(os.DirFS(dir)); set == nil || len(found) > 0 {
			t.Errorf("%v", found)
		}
	}
}

// Where the folder cannot have its name, nothing is left; and what somebody put
// there meanwhile stays theirs.
func TestInitLeavesNoHalfFolder(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	link := filepath.Join(parent, "rules")
	if err := os.Symlink(filepath.Join(parent, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := beginRules(link, true); err == nil || !strings.HasSuffix(err.Error(), "; name another folder") {
		t.Errorf("over a link to nowhere: %v", err)
	}
	if there := within(t, parent); !slices.Equal(there, []string{"rules"}) {
		t.Errorf("left behind: %v", there)
	}

	made, dir := filepath.Join(t.TempDir(), "made"), t.TempDir()
	if _, err := writeRules(made, true); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(made)
	slices.SortStableFunc(entries, campaignsLast)
	if err != nil || len(entries) != 5 || entries[4].Name() != "campaigns" {
		t.Errorf("filled in the order of %v (%v): broken off, it would pass for a whole folder", entries, err)
	}
	if err := os.Mkdir(filepath.Join(dir, "campaigns"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "campaigns", "mine.yaml"), []byte("id: mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := moveInto(dir, made); err == nil || !strings.Contains(err.Error(), "cannot be filled") {
		t.Errorf("over somebody's campaigns: %v", err)
	}
	entries, err = os.ReadDir(dir)
	if there := within(t, dir); err != nil || len(entries) != 1 || !slices.Equal(there, []string{"campaigns/mine.yaml"}) {
		t.Errorf("%v left in %v (%v)", there, entries, err)
	}
}
