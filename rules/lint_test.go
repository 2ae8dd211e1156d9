package rules

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// mistake is one entry of the catalogue: a folder, and the files that mend it.
type mistake struct {
	name           string
	folder, mended fstest.MapFS
	want           int // its place in the archive
}

// The catalogue: every seeded mistake is told in exactly these words, and is told
// no more once it is mended. Together they show every code there is.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/catalogue/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogue: %v", err)
	}
	shown, entries := map[string]bool{"never_seen": true}, 0 // which has a test of its own
	for _, name := range files {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mistakes(archive) {
			entries++
			_, found, err := Lint(m.folder, LintOptions{Now: noon})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				shown[f.Code] = true
			}
			got := numbered(found)
			if *update {
				archive.Files[m.want].Data = []byte(got)
			}
			if want := string(archive.Files[m.want].Data); got != want {
				t.Errorf("%s: %s: got:\n%s\nwant:\n%s", name, m.name, got, want)
			}
			if len(found) == 0 != (m.mended == nil) {
				t.Errorf("%s: %s: %d findings, and mended is %v", name, m.name, len(found), m.mended)
			}
			if _, found, _ := Lint(m.mended, LintOptions{Now: noon}); m.mended != nil && len(found) > 0 {
				t.Errorf("%s: %s is mended and still told of:\n%s", name, m.name, found)
			}
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if entries < 40 {
		t.Errorf("the catalogue has %d mistakes, want at least 40", entries)
	}
	for _, c := range Codes() {
		if !shown[c.Word] {
			t.Errorf("no mistake of the catalogue shows %s %s", c.ID, c.Word)
		}
	}
}

// mistakes reads the entries of an archive: NAME/file is a file of the folder,
// NAME/mended/file the same when mended (empty: gone), NAME/want what is said.
func mistakes(archive *txtar.Archive) []*mistake {
	var list []*mistake
	byName := map[string]*mistake{}
	for i, f := range archive.Files {
		name, file, _ := strings.Cut(f.Name, "/")
		m := byName[name]
		if m == nil {
			m = &mistake{name: name, folder: fstest.MapFS{}, want: -1}
			byName[name] = m
			list = append(list, m)
		}
		mended, isMended := strings.CutPrefix(file, "mended/")
		switch {
		case file == "want":
			m.want = i
		case isMended:
			if m.mended == nil {
				m.mended = maps.Clone(m.folder)
			}
			m.mended[mended] = &fstest.MapFile{Data: f.Data}
			if len(f.Data) == 0 {
				delete(m.mended, mended)
			}
		default:
			m.folder[file] = &fstest.MapFile{Data: f.Data}
		}
	}
	for _, m := range list {
		if m.want < 0 {
			m.want = len(archive.Files)
			archive.Files = append(archive.Files, txtar.File{Name: m.name + "/want"})
		}
	}
	return list
}

// The folders that come with omotenashi are what people copy from: nothing to say.
func TestLintExamples(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"../examples/shop/rules", "../examples/cookiecats/rules"} {
		set, found, err := Lint(os.DirFS(folder), LintOptions{Now: noon})
		if err != nil || set == nil || len(found) > 0 {
			t.Errorf("%s: %v\n%s", folder, err, found)
		}
	}
}

// shop is what a shop's warehouse saw: fields by event.
type shop struct {
	events map[string][]string
	asked  *[]string
	err    error
}

func (s shop) Event(name string) (bool, error) {
	*s.asked = append(*s.asked, name)
	_, ok := s.events[name]
	return ok, s.err
}

// Offered is asked by pools alone, of which TestPoolLasts tells.
func (s shop) Offered(string, string) (int, int, error) { return 0, 0, s.err }

func (s shop) Field(event, field string) (bool, error) {
	*s.asked = append(*s.asked, event+"."+field)
	return slices.Contains(s.events[event], field), s.err
}

// What a warehouse has not seen for a month is no goal; without a warehouse
// nothing is said of it, and one that fails keeps nothing else from being told.
func TestNeverSeen(t *testing.T) {
	t.Parallel()
	const variants = "\nvariants: [{id: control, weight: 50}, {id: hi, weight: 50, action: {type: banner, title: ようこそ}}]\n"
	folder := fstest.MapFS{"campaigns/a.yaml": {Data: []byte(
		"id: a\nstatus: live\ngoals:\n  - {event: purchase, value: value}\n  - {event: sign_upp}\n  - {event: purchase, value: margin}" + variants +
			"---\nid: b\nstatus: live\nwhen: visitor.visits >= 1" + variants +
			"---\nid: c\nstatus: live\ngoal: {event: sign_upp, value: points}" + variants)}}
	sees := shop{events: map[string][]string{"purchase": {"value", "currency"}}, asked: new([]string)}
	_, found, err := Lint(folder, LintOptions{Seen: sees})
	const want = `campaigns/a.yaml:5:13: warning: goals[1].event: no event "sign_upp" came in the last 30 days, did you mean "sign_up"?  [OMO121]
      - {event: sign_upp}
                ^
    hint: check its spelling, and that the shop sends it
campaigns/a.yaml:6:30: warning: goals[2].value: no event "purchase" of the last 30 days had a field "margin"  [OMO121]
      - {event: purchase, value: margin}
                                 ^
    hint: check its spelling, and that the shop sends it
campaigns/a.yaml:11:7: warning: when: ` + "`visitor.visits >= 1`" + ` is always true  [OMO103]
    when: visitor.visits >= 1
          ^
    hint: remove it, or mend what it compares with
campaigns/a.yaml:16:15: warning: goal.event: no event "sign_upp" came in the last 30 days, did you mean "sign_up"?  [OMO121]
    goal: {event: sign_upp, value: points}
                  ^
    hint: check its spelling, and that the shop sends it
`
	if got := numbered(found); got != want || err != nil {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
	if got := fmt.Sprint(*sees.asked); got != "[purchase purchase.value sign_upp purchase.margin]" {
		t.Errorf("asked %s: each name once", got)
	}

	counting := fstest.MapFS{
		"segments.yaml": {Data: []byte("derived: {big: {event: purchase, where: event.value > 9000}, far: {event: book_trip, where: event.value > 9}}\nsegments: {s: 'count(\"big\") > 1 && sum(\"big.margin\") > 1 && did(\"omo_click\")'}")},
		"campaigns/a.yaml": {Data: []byte("id: a\nstatus: live\ngoal: {event: purchase}\nwhen: in_segment(\"s\") || last(\"viewitem.item_id\") == \"a\"\n" +
			"on: {event: add_too_cart, where: 'count(\"logn\") > 1'}" + variants +
			"---\nid: b\nstatus: live\non: {absent: {event: purchase, after: begin_check_out, within: 1h}}" + variants +
			"---\nid: c\nstatus: live\non: {absent: {event: big, after: far, within: 1h}}\ngoals: [{event: big, value: margin}, {event: far}]" + variants)},
	}
	_, found, err = Lint(counting, LintOptions{Seen: sees})
	var places []string
	for _, f := range found {
		places = append(places, fmt.Sprintf("%s:%d:%d %s %s", f.File, f.Line, f.Column, f.Path, f.Message))
	}
	if got, want := strings.Join(places, "\n"), `campaigns/a.yaml:4:31 when no event "viewitem" came in the last 30 days, did you mean "view_item"?
campaigns/a.yaml:5:13 on.event no event "add_too_cart" came in the last 30 days, did you mean "add_to_cart"?
campaigns/a.yaml:5:41 on.where no event "logn" came in the last 30 days, did you mean "login"?
campaigns/a.yaml:10:39 on.absent.after no event "begin_check_out" came in the last 30 days, did you mean "begin_checkout"?
campaigns/a.yaml:15:34 on.absent.after no event "book_trip" came in the last 30 days, which "far" is some of
campaigns/a.yaml:16:29 goals[0].value no event "purchase" of the last 30 days had a field "margin", which "big" is some of
campaigns/a.yaml:16:46 goals[1].event no event "book_trip" came in the last 30 days, which "far" is some of
segments.yaml:2:40 segments.s no event "purchase" of the last 30 days had a field "margin", which "big" is some of`; got != want || err != nil {
		t.Errorf("counters and triggers: %v, got\n%s\nwant\n%s", err, got, want)
	}

	empty := shop{asked: new([]string)}
	if _, found, _ = Lint(folder, LintOptions{Seen: empty}); !strings.Contains(numbered(found), `campaigns/a.yaml:9:5: warning: goal: no event "purchase" came`) {
		t.Errorf("the goal that is meant where none is written is not told of:\n%s", numbered(found))
	}
	if _, found, err = Lint(folder, LintOptions{}); err != nil || len(found) != 3 || strings.Count(numbered(found), `"sign_upp" is almost "sign_up"  [OMO128]`) != 2 {
		t.Errorf("without a warehouse: %v\n%s", err, numbered(found))
	}
	away := shop{asked: new([]string), err: errors.New("the warehouse is away")}
	_, found, err = Lint(folder, LintOptions{Seen: away})
	if err == nil || err.Error() != "what was seen of purchase: the warehouse is away" || len(found) != 1 || len(*away.asked) != 1 {
		t.Errorf("a warehouse that fails: %v, asked %v\n%s", err, *away.asked, numbered(found))
	}
}

func numbered(found Findings) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintln(&b, f.Numbered())
	}
	return b.String()
}
