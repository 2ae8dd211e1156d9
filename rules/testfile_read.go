package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Test is one rule test: what happened to a visitor, and what campaigns are
// expected to do about it. Times are absolute.
type Test struct {
	Name    string
	File    string // in the rules folder
	Line    int
	Now     time.Time
	Visitor TestVisitor
	Events  []TestEvent // as written, none later than Now
	Page    Page        // Path is not filled in
	Context TestContext
	Facts   *TestFacts // nil: none told
	Consent string     // granted | denied | unknown
	Trigger string     // "" on a page view; else as clients name it
	Slots   []string   // nil: the page has them all
	Expect  []Expectation

	Sends    bool         // whether Sent is told: then nothing else is sent, from the first event until Until
	Until    time.Time    // Now, or how long the clock goes on
	Sent     []TestLetter // in any order
	SentLine int
}

// TestVisitor is who comes. Traits hold declared ones only.
type TestVisitor struct {
	ID, UserID string
	Traits     map[string]any
}

// TestEvent is one event before the decision. Page is nil where it named none.
type TestEvent struct {
	Name       string
	At         time.Time
	Page       *Page
	Properties map[string]any
	Line       int
}

// TestContext is what the browser tells.
type TestContext struct{ Device, UserAgent, Country, Language string }

// TestFacts are the values from outside that rules may read.
type TestFacts struct {
	CouponsLeft     map[string]int
	OperatorsOnline int
}

// Expectation is what one campaign is expected to do.
type Expectation struct {
	Campaign     *Campaign
	Outcome      string   // any | none | control | armed, or a variant's id
	Reason       string   // of none: why; "" for whatever reason
	Triggers     []string // of armed: what it waits for; nil whatever
	Line, Column int
}

// LoadTests reads tests/*.test.yaml of the folder that set was loaded from, in
// order of their names. It returns every complaint at once; tests only when
// none of them is an error. A folder without tests is no complaint.
func LoadTests(folder fs.FS, set *Set) ([]*Test, Findings) {
	l := &loader{folder: folder, source: map[string]string{}}
	b := newTestBench(set)
	var tests []*Test
	for _, name := range l.testFiles() {
		in, docs := l.read(name)
		b.names = map[string]int{}
		for _, d := range docs {
			var f testsFile
			in.decode(d, "", &f)
			for i := range f.Tests {
				if f.Tests[i].At != nil {
					tests = append(tests, b.test(in, &f.Tests[i], fmt.Sprintf("tests[%d]", i)))
				}
			}
		}
	}
	l.found.finish()
	if l.found.Err() != nil {
		return nil, l.found
	}
	return tests, l.found
}

func (l *loader) testFiles() (names []string) {
	entries, err := fs.ReadDir(l.folder, "tests")
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.folderError("tests", fmt.Sprintf("cannot be read: %v", err), "check that it is a folder and who may read it")
		}
		return nil
	}
	for _, e := range entries {
		name := path.Join("tests", e.Name())
		stem := strings.TrimSuffix(strings.TrimSuffix(e.Name(), path.Ext(name)), ".test")
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			l.folderError(name, "folders inside tests are not read", "move its files up")
		case strings.HasSuffix(name, ".test.yaml"):
			names = append(names, name)
		case path.Ext(name) == ".yaml", path.Ext(name) == ".yml":
			l.folderError(name, "is not read", "rename it to "+stem+".test.yaml")
		}
	}
	return names
}

// testBench checks tests against a rule set.
type testBench struct {
	set       *Set
	campaigns map[string]*Campaign // nil for a draft
	names     map[string]int       // of the file's tests → line
}

func newTestBench(set *Set) *testBench {
	b := &testBench{set: set, campaigns: map[string]*Campaign{}}
	for _, c := range set.Campaigns {
		b.campaigns[c.ID] = c
	}
	for _, c := range set.Drafts {
		b.campaigns[c.ID] = nil
	}
	return b
}

func (b *testBench) test(r *reader, f *testFile, path string) *Test {
	t := &Test{
		Name: f.Name.S, File: r.src.name, Line: f.At.line, Consent: "granted", Trigger: f.Trigger.S,
		Visitor: TestVisitor{ID: f.Visitor.ID.S, UserID: f.Visitor.UserID.S, Traits: b.traits(r, f.Visitor.Traits, join(path, "visitor.traits"))},
		Page:    Page{URL: "/"},
		Context: TestContext{f.Context.Device.S, f.Context.UserAgent.S, f.Context.Country.S, f.Context.Language.S},
	}
	if first := b.names[t.Name]; first > 0 {
		r.failWith(f.Name.At, join(path, "name"), "duplicate", fmt.Sprintf("the test's name is already used on line %d", first), "each test of a file has a name of its own")
	} else if f.Name.At != nil {
		b.names[t.Name] = f.Name.At.line
	}
	for _, id := range []struct {
		text
		key string
	}{{f.Visitor.ID, "id"}, {f.Visitor.UserID, "user_id"}} {
		if id.At != nil && (id.S == "" || len(id.S) > 128) {
			r.fail(id.At, join(path, "visitor."+id.key), "value", "an id has 1 to 128 bytes")
		}
	}
	t.Now, _ = r.moment(f.Now, join(path, "now"), b.set.Site.Timezone)
	if f.Page != nil {
		t.Page = r.page(*f.Page, join(path, "page"))
	}
	r.oneOf(f.Context.Device, join(path, "context.device"), wordsOf["device.type"]...)
	r.wellFormed(f.Context.Country, join(path, "context.country"), countryForm, "two capital letters, such as JP")
	if r.oneOf(f.Consent, join(path, "consent"), "granted", "denied", "unknown") {
		t.Consent = f.Consent.S
	}
	for _, slot := range f.Slots {
		t.Slots = append(t.Slots, slot.S)
	}
	for i := range f.Events {
		if f.Events[i].At != nil {
			t.Events = append(t.Events, b.event(r, &f.Events[i], t.Now, fmt.Sprintf("%s.events[%d]", path, i)))
		}
	}
	if f.Facts != nil {
		t.Facts = &TestFacts{CouponsLeft: map[string]int{}, OperatorsOnline: f.Facts.OperatorsOnline.N}
		for _, pool := range f.Facts.CouponsLeft {
			if _, known := b.set.Pools[pool.Name]; !known {
				r.failWith(pool.Key, join(path, "facts.coupons_left."+pool.Name), "value", fmt.Sprintf("unknown coupon pool %q%s", pool.Name, didYouMean(pool.Name, sortedKeys(b.set.Pools))), "a pool is a file coupons/"+pool.Name+".csv")
			}
			t.Facts.CouponsLeft[pool.Name] = pool.Value.N
		}
	}
	b.trigger(r, f.Trigger, t.Events, join(path, "trigger"))
	for _, e := range f.Expect {
		t.Expect = append(t.Expect, b.expectation(r, e, join(path, "expect."+e.Name)))
	}
	b.sent(r, t, f, path)
	if !f.At.has("expect") && !t.Sends {
		r.failWith(f.At, join(path, "expect"), "missing", `"expect" is missing`, "say what campaigns do: expect: {cart-rescue: any}; or what is sent: sent: [{campaign: booked}]")
	}
	if at := f.At.value("expect"); at != nil && at.kind == mapping && len(at.pairs) == 0 {
		r.failWith(at, join(path, "expect"), "missing", "the test expects nothing", "name a campaign: {cart-rescue: any}")
	}
	return t
}

// traits are those that site.yaml declares, as if the shop had signed them.
func (b *testBench) traits(r *reader, told table[anything], path string) map[string]any {
	traits := map[string]any{}
	for _, e := range told {
		spec, declared := b.set.Site.Traits[e.Name]
		if !declared {
			r.failWith(e.Key, join(path, e.Name), "value", fmt.Sprintf("trait %q is not declared%s", e.Name, didYouMean(e.Name, sortedKeys(b.set.Site.Traits))), "declare it in site.yaml under traits:")
			continue
		}
		if e.Value.At == nil || e.Value.At.kind == null {
			continue // told while reading
		}
		kind := map[kind]string{str: "string", integral: "number", decimal: "number", boolean: "boolean"}[e.Value.At.kind]
		if kind != spec.Type {
			r.fail(e.Value.At, join(path, e.Name), "type", "trait %q is a %s in site.yaml", e.Name, spec.Type)
			continue
		}
		traits[e.Name] = e.Value.V
	}
	return traits
}
