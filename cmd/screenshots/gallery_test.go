package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/examples/shop"
	"github.com/omotenashi-web/omotenashi/rules"
)

// The demo's rules take the gallery in: one campaign of it is live, and everything
// else stays a draft.
func TestTheGalleryIsTakenIn(t *testing.T) {
	t.Parallel()
	folder := fstest.MapFS{}
	copyTo := func(from fs.FS, root, to string) {
		err := fs.WalkDir(from, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(from, name)
			folder[to+strings.TrimPrefix(name, root)] = &fstest.MapFile{Data: text}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	copyTo(shop.Rules(), ".", "")
	demo, _, err := rules.Lint(folder, rules.LintOptions{Now: time.Now()})
	if err != nil || demo == nil {
		t.Fatalf("the demo's own rules: %v", err)
	}
	copyTo(galleryFiles, "gallery", "campaigns")
	set, found, err := rules.Lint(folder, rules.LintOptions{Now: time.Now()})
	if err != nil || set == nil {
		t.Fatalf("%v, %v", err, found.Err())
	}
	if len(set.Campaigns) != len(demo.Campaigns)+1 {
		t.Errorf("%d campaigns in the place of %d", len(set.Campaigns), len(demo.Campaigns))
	}
	for _, one := range gallery {
		if c := set.Written(one.campaign); c == nil || c.Status != rules.Draft || c.Variant(one.variant) == nil {
			t.Errorf("%+v is no variant of a draft", one)
		}
		if one.campaign == unmet {
			t.Errorf("there is a preview of %s, which is not of the gallery", unmet)
		}
	}
	c := set.Written(unmet)
	if c == nil || c.Status != rules.Live || !c.Variants[0].Control() || c.Variants[1].Control() {
		t.Fatalf("%s is %+v, want a live one with a control", unmet, c)
	}
	for _, f := range found {
		if f.File == c.File {
			t.Errorf("omo check says %s", f)
		}
	}
}

// omo is a server that has read, at each question, what its list says by then; the
// last stays.
type omo struct {
	*httptest.Server
	lists     [][]campaign
	asked     int
	previewed []string // campaigns
}

func serves(t *testing.T, lists ...[]campaign) *omo {
	t.Helper()
	o := &omo{lists: lists}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/campaigns":
			list := o.lists[min(o.asked, len(o.lists)-1)]
			o.asked++
			if err := json.NewEncoder(w).Encode(map[string]any{"campaigns": list}); err != nil {
				t.Error(err)
			}
		case "/v1/preview":
			var body struct{ Campaign string }
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			o.previewed = append(o.previewed, body.Campaign)
			fmt.Fprint(w, `{"link": "http://shop.example/"}`)
		case "/ui/campaigns/" + looked + "/visitors":
			fmt.Fprint(w, `<a href="/ui/visitors/v1">v1</a>`)
		default:
			t.Errorf("%s is asked for", r.URL)
		}
	}))
	t.Cleanup(o.Close)
	return o
}

// Pictures wait until the server has read the whole gallery, the live one as live;
// then a draft's page and the results that nobody is in are two pictures.
func TestPicturesWaitForTheGallery(t *testing.T) {
	t.Parallel()
	var some, all []campaign
	for _, g := range gallery {
		if one := (campaign{g.campaign, "draft"}); !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	some = append(slices.Clone(all), campaign{unmet, "draft"})
	all = append(all, campaign{unmet, "live"})
	o := serves(t, nil, some, all[1:], all)
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "campaigns"), 0o755); err != nil {
		t.Fatal(err)
	}
	pictures, err := place{ui: o.URL, shop: "http://shop.example", rules: folder}.hang(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if o.asked != len(o.lists) || len(o.previewed) != len(gallery) {
		t.Errorf("asked %d times for what is read, want %d, and for %d previews", o.asked, len(o.lists), len(o.previewed))
	}
	if _, err := os.Stat(filepath.Join(folder, "campaigns", unmet+".yaml")); err != nil {
		t.Error(err)
	}
	for name, path := range map[string]string{"screen-result-draft": gallery[0].campaign, "screen-result-nobody": unmet} {
		of := slices.DeleteFunc(slices.Clone(pictures), func(p picture) bool { return !strings.HasPrefix(p.name, name) })
		if len(of) != 8 || slices.ContainsFunc(of, func(p picture) bool { return p.address != o.URL+"/ui/campaigns/"+path }) {
			t.Errorf("%s: %+v", name, of)
		}
	}
}

// The demo's campaigns are previewed, drafts too, and what was hung up is not.
func TestPreviewsAreOfTheDemoAlone(t *testing.T) {
	t.Parallel()
	o := serves(t, []campaign{{"exit-coupon", "live"}, {unmet, "live"}, {"autumn", "draft"}, {gallery[0].campaign, "draft"}})
	if _, err := (place{ui: o.URL, shop: "http://shop.example"}).actions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"exit-coupon", "autumn"}; !slices.Equal(o.previewed, want) {
		t.Errorf("previewed %q, want %q", o.previewed, want)
	}
}

// Of all screens one is a problem to be shown.
func TestOneScreenIsAProblem(t *testing.T) {
	t.Parallel()
	all, err := (place{ui: serves(t, nil).URL}).screens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	problems := 0
	for _, p := range all {
		if p.problem != strings.HasPrefix(p.name, "screen-problem-") {
			t.Errorf("%s is taken for what it is not: %t", p.name, p.problem)
		}
		if p.problem {
			problems++
		}
	}
	if problems != 8 {
		t.Errorf("%d pictures of problems, want one in each language, window and theme", problems)
	}
}

// A page that says why something cannot be shown is no picture, unless it is to be
// one; and then nothing else is.
func TestTheCameraKnowsAProblem(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	screens, err := dashboard.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if r.URL.Path == "/ui/campaigns/xmas" {
			err = screens.Render(w, dashboard.Frame{Language: "ja"}, "problem", struct {
				*api.Problem
				From string
			}{Problem: &api.Problem{Code: "not_found", Message: "no campaign xmas in the rules folder"}})
		} else {
			_, err = fmt.Fprint(w, "<!doctype html><main><p>施策</p></main>")
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	for path, problem := range map[string]bool{"/ui/campaigns/xmas": true, "/ui/campaigns": false} {
		one := picture{name: "one", address: server.URL + path, window: "phone", theme: "light", language: "ja", shows: "!!document.querySelector('main')", problem: problem}
		folder := t.TempDir()
		if err := (camera{tab}).shoot(folder, one); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		one.name, one.problem = "other", !problem
		if err := (camera{tab}).shoot(folder, one); err == nil || !strings.Contains(err.Error(), "another page than it should be at "+server.URL+path) {
			t.Errorf("%s taken for another page: %v", path, err)
		}
		if files, err := os.ReadDir(folder); err != nil || len(files) != 1 || files[0].Name() != "one.png" {
			t.Errorf("%s: there are %v, %v", path, files, err)
		}
	}
}
