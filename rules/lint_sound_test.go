package rules

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

// lookAt runs the linter over campaign documents and gives what it thinks of them.
func lookAt(t rapid.TB, segments string, campaigns ...string) (*Set, *linter, Findings) {
	t.Helper()
	folder := fstest.MapFS{"campaigns/all.yaml": {Data: []byte(strings.Join(campaigns, "\n---\n"))}}
	if segments != "" {
		folder["segments.yaml"] = &fstest.MapFile{Data: []byte(segments)}
	}
	l := &loader{folder: folder, source: map[string]string{}}
	x := newLinter(LintOptions{Now: noon}, l)
	l.examine = x.examine
	set := l.load()
	if err := l.found.Err(); err != nil {
		t.Fatal(err)
	}
	return set, x, l.found
}

// boundOf is a condition on one of a few values, so that random rules often
// contradict themselves or say nothing.
func boundOf() *rapid.Generator[string] {
	compare := rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="})
	return rapid.Custom(func(t *rapid.T) string {
		op := compare.Draw(t, "op")
		word := func() string { return rapid.SampledFrom([]string{"", "gold", "goldfish", "diamond"}).Draw(t, "word") }
		switch rapid.IntRange(0, 10).Draw(t, "kind") {
		case 0, 1:
			return fmt.Sprintf("visitor.visits %s %s", op, rapid.SampledFrom([]string{"0", "1", "2", "2.5", "3"}).Draw(t, "n"))
		case 2, 3:
			return fmt.Sprintf("visitor.age %s %d", op, rapid.IntRange(29, 31).Draw(t, "n"))
		case 4:
			return fmt.Sprintf("%d %s visitor.age", rapid.IntRange(29, 31).Draw(t, "n"), op)
		case 5:
			return fmt.Sprintf("visitor.rank %s %q", op, word())
		case 6:
			return fmt.Sprintf("visitor.rank %s %q", rapid.SampledFrom([]string{"startsWith", "endsWith", "contains", "matches", "not startsWith", "not contains"}).Draw(t, "test"), word())
		case 7:
			return rapid.SampledFrom([]string{`visitor.rank in ["gold", ""]`, `visitor.rank not in ["gold", "diamond"]`, `visitor.age in [29, 30]`,
				`visitor.age not in [30]`, `visitor.visits in [1, 3.0]`, `visitor.age in 29..30`, `visitor.age not in 30..31`, `visitor.rank in []`}).Draw(t, "list")
		case 8:
			return rapid.SampledFrom([]string{`visitor.new`, `known(visitor.age)`, `known(visitor.rank)`, `visitor.new == false`, `visitor.age == visitor.age`,
				`visitor.visits * 2 > 4`, `visitor.visits < visitor.age`, `true`, `false`, `1 > 2`, `"a" == "a"`, `visitor.visits <= visitor.visits`}).Draw(t, "other")
		case 9:
			return rapid.SampledFrom([]string{`now.hour >= 20`, `now.hour < 2`, `now.hour <= 23`, `cart.has("a")`, `in_segment("few")`, `in_segment("most")`,
				`count("purchase", "7d") > 2`, `count("purchase", "7d") == 0`, `count("purchase", "7d") >= 0`, `uniq("view_item.item_id") < 3`, `seconds_since("purchase") > 1`, `seconds_since("purchase") <= 1`, `did("purchase")`, `last("view_item.item_id") == "a"`,
				`split(visitor.rank, "o")[1] == "ld"`, `visitor.visits % (visitor.visits - 2) == 0`, `visitor.new ? visitor.age > 30 : visitor.age < 30`}).Draw(t, "call")
		}
		return atoms[rapid.IntRange(0, len(atoms)-1).Draw(t, "atom")].ours
	})
}

const fewAndMost = "segments:\n  few: visitor.visits == 3 && visitor.age >= 31\n  most: visitor.visits < 3 || visitor.age < 31\n  vip: 'visitor.rank == \"gold\"'\n"

func boundsOf(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		form := rapid.IntRange(0, 5).Draw(t, "form")
		if depth == 0 || form == 0 {
			return boundOf().Draw(t, "bound")
		}
		a := boundsOf(depth-1).Draw(t, "a")
		if form == 1 {
			return "!(" + a + ")"
		}
		b := boundsOf(depth-1).Draw(t, "b")
		return "(" + a + ")" + map[int]string{2: " || ", 3: " && ", 4: " && ", 5: " and "}[form] + "(" + b + ")"
	})
}

// visits are visitors of all kinds that the bounds above can tell apart.
func visits() (all []Env) {
	for n := 1; n <= 4; n++ {
		for _, age := range []float64{Unknown, 28, 29, 29.5, 30, 31, 32} {
			for _, rank := range []string{"", "gold", "goldfish", "diamond", "old"} {
				env := somebody()
				env.Visitor.Visits, env.Visitor.New = n, n == 1
				env.Visitor.Age, env.Visitor.Rank = age, rank
				if n%2 == 0 {
					env.Cart.SKUs = []string{"a"}
				}
				all = append(all, env)
			}
		}
	}
	return all
}

// eitherOf is a rule of which something nearly always holds, so that many are true
// always; few are that boundsOf makes.
func eitherOf() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		a, b, c := boundsOf(1).Draw(t, "a"), boundsOf(2).Draw(t, "b"), boundsOf(2).Draw(t, "c")
		return "(" + a + ") || !((" + b + ") && (" + c + "))"
	})
}

// tally answers counters of a set with small numbers, equal ones alike.
type tally struct {
	of *Set
	n  int
}

func (c tally) Number(i int) float64 {
	if n := (len(c.of.Counters[i].String()) + c.n) % 5; n < 4 || c.of.Counters[i].Op != "seconds_since" {
		return float64(n)
	}
	return Unknown
}

func (c tally) Text(int) string { return []string{"", "a"}[c.n%2] }

// Whatever is called never true is never matched, and whatever is called always
// true always is: by any visit, of any rule.
func TestNeverAndAlways(t *testing.T) {
	t.Parallel()
	var nevers, alwayses atomic.Int64
	all := visits()
	// Of ten rules one or two are never true and as many always: among those of 20
	// checks, which -short makes, one of a kind is missing once in 10¹¹ times.
	rule := rapid.OneOf(boundsOf(3), boundsOf(3), eitherOf())
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.SliceOfN(rule, 10, 12).Draw(rt, "rules")
		var texts []string
		for i, r := range rules {
			texts = append(texts, live(fmt.Sprintf("c%d", i), r))
		}
		set, x, _ := lookAt(rt, fewAndMost, texts...)
		never, always := map[string]bool{}, map[string]bool{}
		for _, e := range x.all {
			never[e.ID], always[e.ID] = len(e.truth) == 0, true
			for _, c := range e.clauses {
				always[e.ID] = always[e.ID] && c.total && len(c.lies) == 0
			}
			if never[e.ID] {
				nevers.Add(1)
			}
			if always[e.ID] {
				alwayses.Add(1)
			}
		}
		for i, env := range all {
			env.Counters = tally{set, i}
			got := matched(set, env, noon.Add(time.Duration(i)*time.Hour))
			for i, r := range rules {
				id := fmt.Sprintf("c%d", i)
				if is := slices.Contains(got, id); is && never[id] || !is && always[id] {
					rt.Fatalf("%s: matched %t by %+v, and called never %t, always %t", r, is, env.Visitor, never[id], always[id])
				}
			}
		}
	})
	if nevers.Load() == 0 || alwayses.Load() == 0 {
		t.Errorf("only %d rules were never true and %d always: the test shows little", nevers.Load(), alwayses.Load())
	}
}

var (
	somePatterns = []string{"/", "/**", "**", "/a", "/a/**", "/a/b", "/a/b/**", "/*", "/a/*", "/*/b", "/b/**", "/a/*/c", "/ab", "/ab*", "/**/c"}
	somePaths    = []string{"/", "/a", "/a/", "/ab", "/a/b", "/a/b/c", "/a/c", "/b", "/b/b", "/b/c", "/c", "/c/b", "/a/b/b", "/a/x/c"}
)

func pagesOf() *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"", "", "!"}).Draw(t, "sign") + rapid.SampledFrom(somePatterns).Draw(t, "pattern")
	}), 0, 4)
}

func pagesFrom(list []string) *pages {
	p := &pages{others: true}
	for _, s := range list {
		pat := newPattern(s)
		p.patterns = append(p.patterns, pat)
		p.others = p.others && pat.negate
	}
	return p
}

// What pages are said to hold of each other holds for every path.
func TestPagesCompared(t *testing.T) {
	t.Parallel()
	var within, apart, taken atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		for range 20 { // of 400 pairs of one kind none comes once in 10¹⁵ times
			p, q := pagesFrom(pagesOf().Draw(rt, "p")), pagesFrom(pagesOf().Draw(rt, "q"))
			isWithin, isApart := p.within(q), p.apart(q)
			for _, path := range somePaths {
				a, b := p.match(path), q.match(path)
				if isWithin && a && !b {
					rt.Fatalf("%s is in %v, which is called within %v", path, p, q)
				}
				if isApart && a && b {
					rt.Fatalf("%s is in %v and in %v, which are called apart", path, p, q)
				}
			}
			if isWithin && len(q.patterns) > 0 {
				within.Add(1)
			}
			if isApart {
				apart.Add(1)
			}
			for i, a := range p.patterns {
				if a.negate || p.takenBy(i) < 0 {
					continue
				}
				taken.Add(1)
				rest := &pages{patterns: slices.Concat(p.patterns[:i], p.patterns[i+1:])} // others as before
				for _, path := range somePaths {
					if p.match(path) != rest.match(path) {
						rt.Fatalf("%v without %q differs on %s", p, a.text, path)
					}
				}
			}
		}
	})
	if within.Load() == 0 || apart.Load() == 0 || taken.Load() == 0 {
		t.Errorf("only %d within, %d apart, %d taken away: the test shows little", within.Load(), apart.Load(), taken.Load())
	}
}

func scheduleOf() *rapid.Generator[Schedule] {
	return rapid.Custom(func(t *rapid.T) Schedule {
		var s Schedule
		from := time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC) // clocks change on the 29th, in Berlin
		if rapid.Bool().Draw(t, "from") {
			s.From = from.Add(time.Duration(rapid.IntRange(0, 6*24*4).Draw(t, "begin")) * 15 * time.Minute)
		}
		if rapid.Bool().Draw(t, "until") {
			s.Until = from.Add(time.Duration(rapid.IntRange(1, 6*24*4).Draw(t, "end")) * 15 * time.Minute)
		}
		if !s.From.IsZero() && !s.Until.IsZero() && !s.From.Before(s.Until) {
			s.Until = s.From.Add(45 * time.Minute)
		}
		if rapid.Bool().Draw(t, "days") {
			s.Days[rapid.IntRange(0, 6).Draw(t, "day")] = true
			s.Days[rapid.IntRange(0, 6).Draw(t, "day")] = true
		}
		if rapid.Bool().Draw(t, "hours") {
			begin := rapid.IntRange(0, 23).Draw(t, "hour")*60 + rapid.SampledFrom([]int{0, 30, 50}).Draw(t, "minute")
			s.Hours = []HourSpan{{begin, (begin+rapid.SampledFrom([]int{10, 60, 300}).Draw(t, "length")-1)%(24*60) + 1}}
		}
		return s
	})
}

// What schedules are said to be, and to be to each other, holds every 5 minutes
// of nine days in which a clock is changed.
func TestSchedulesCompared(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var never, covers, apart atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		for range 10 { // one of eight never opens: of 200 none does once in 10¹¹ times
			s, u := scheduleOf().Draw(rt, "s"), scheduleOf().Draw(rt, "u")
			if rapid.Bool().Draw(rt, "alike") {
				s.Days, s.Hours = u.Days, u.Hours
			}
			isNever, isCovering, isApart := s.never(zone), s.covers(u, true), s.apart(u, true)
			opens := false
			for at := time.Date(2026, 3, 26, 0, 0, 0, 0, time.UTC); at.Day() != 4; at = at.Add(5 * time.Minute) {
				a, b := s.Open(at, zone), u.Open(at, zone)
				opens = opens || a
				if isNever && a || isCovering && b && !a || isApart && a && b {
					rt.Fatalf("at %s: open %t and %t, called never %t, covering %t, apart %t", at.In(zone), a, b, isNever, isCovering, isApart)
				}
			}
			if bounded := !s.From.IsZero() && !s.Until.IsZero(); bounded && !opens && !isNever {
				rt.Fatalf("%+v never opens and is not told of", s)
			}
			for n, is := range map[*atomic.Int64]bool{&never: isNever, &covers: isCovering && !s.always(), &apart: isApart} {
				if is {
					n.Add(1)
				}
			}
		}
	})
	if never.Load() == 0 || covers.Load() == 0 || apart.Load() == 0 {
		t.Errorf("only %d never, %d covering, %d apart: the test shows little", never.Load(), covers.Load(), apart.Load())
	}
}

// A campaign that is called always beaten is never the first of its slot, and two
// that can be first by their names alone are told of.
func TestSlotsCompared(t *testing.T) {
	t.Parallel()
	var beaten, ties atomic.Int64
	all := visits()
	rapid.Check(t, func(rt *rapid.T) {
		for range 3 { // one of two has a campaign that is beaten: of 60 none has once in 10²¹ times
			n := rapid.IntRange(2, 5).Draw(rt, "campaigns")
			var texts []string
			if rapid.IntRange(0, 3).Draw(rt, "greedy") == 0 { // or hardly any would be beaten always
				texts = append(texts, live("greedy", "visitor.visits >= 0", "slot: bar", "priority: 3"))
			}
			for i := range n {
				more := []string{"slot: bar", fmt.Sprintf("priority: %d", rapid.IntRange(0, 2).Draw(rt, "priority"))}
				if pages := pagesOf().Draw(rt, "pages"); len(pages) > 0 && rapid.Bool().Draw(rt, "bound") {
					more = append(more, fmt.Sprintf("pages: [%q]", strings.Join(pages, `", "`)))
					more[2] = strings.ReplaceAll(more[2], `\"`, `"`)
				}
				if rapid.Bool().Draw(rt, "days") {
					more = append(more, "schedule: {days: ["+rapid.SampledFrom([]string{"fri", "sat", "fri, sat"}).Draw(rt, "day")+"]}")
				}
				rule := rapid.OneOf(rapid.Just("true"), rapid.Just("visitor.visits > 1"), boundsOf(1)).Draw(rt, "rule")
				texts = append(texts, live(fmt.Sprintf("c%d", i), rule, more...))
			}
			set, _, found := lookAt(rt, fewAndMost, texts...)
			said := map[string]string{}
			for _, f := range found {
				if f.Path == "priority" {
					said[campaignAt(set, f.Line)] += f.Code
				}
			}
			for _, code := range said {
				if strings.Contains(code, "always_beaten") {
					beaten.Add(1)
				}
				if strings.Contains(code, "tie") {
					ties.Add(1)
				}
			}
			for i, env := range all {
				env.Page.Path = somePaths[i%len(somePaths)]
				got := matched(set, env, noon.Add(time.Duration(i)*time.Hour))
				if len(got) > 0 && strings.Contains(said[got[0]], "always_beaten") {
					rt.Fatalf("%s is first of %v and called always beaten", got[0], got)
				}
				if len(got) > 1 && priorityOf(set, got[0]) == priorityOf(set, got[1]) && !strings.Contains(said[got[0]]+said[got[1]], "tie") {
					rt.Fatalf("%v have one priority, match one visit and are not told of", got)
				}
			}
		}
	})
	if beaten.Load() == 0 || ties.Load() == 0 {
		t.Errorf("only %d beaten and %d ties: the test shows little", beaten.Load(), ties.Load())
	}
}

func campaignAt(s *Set, line int) string {
	best := s.Campaigns[0]
	for _, c := range s.Campaigns {
		if c.Line <= line && (c.Line > best.Line || best.Line > line) {
			best = c
		}
	}
	return best.ID
}

func priorityOf(s *Set, id string) int {
	return s.Campaigns[slices.IndexFunc(s.Campaigns, func(c *Campaign) bool { return c.ID == id })].Priority
}

// Lint takes whatever Load takes: it says the same errors and never panics.
func FuzzLint(f *testing.F) {
	for _, rule := range []string{`visitor.new`, `visitor.visits in [1,2] || !(visitor.age not in 3..4)`, `any(["a"], # == page.path)`, `in_segment("a")`, `cart.has("a") ? true : false`, `one(split(page.url, "/"), # matches "a{3}") && page.query("a") + "b" == "b"`} {
		f.Add(rule, "/a/**", "# omo:ignore OMO103 because")
	}
	f.Fuzz(func(t *testing.T, rule, page, comment string) {
		folder := fstest.MapFS{
			"segments.yaml":    {Data: []byte("segments: {a: visitor.new}\n" + comment)},
			"campaigns/a.yaml": {Data: []byte(live("a", rule, "slot: bar", fmt.Sprintf("pages: [%q]", page), comment))},
			"campaigns/b.yaml": {Data: []byte(live("b", "true", "slot: bar"))},
		}
		_, loaded := Load(folder)
		_, linted, err := Lint(folder, LintOptions{Now: noon})
		before, _ := loaded.Count()
		if after, _ := linted.Count(); before != after || err != nil {
			t.Fatalf("%d errors, and %d when linted: %v\n%s", before, after, err, linted)
		}
	})
}
