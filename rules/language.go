package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

const (
	maxRuleLength = 16_384 // characters as written
	maxRuleNodes  = 2_000  // names, values and operators as written
	maxTreeNodes  = 10_000 // the same once segments are put in place
)

// language is what rules of one folder may say. It compiles them, and hands out
// one shared predicate for equal conditions however many rules hold it.
type language struct {
	words    vocabulary
	config   *conf.Config
	traits   map[string]TraitSpec
	segments map[string]*segment
	derived  map[string]*derived
	unnamed  map[string]*derived // of a where beside at:, by identity
	pools    map[string]Pool

	zoneOfSite *time.Location
	exposures  []exposure // campaigns that rules say visitors were exposed to

	zones      []*time.Location
	predicates []*predicate
	shared     map[string]int32

	known    map[string]*counting // by key
	counters []Counter            // those of kept rules
	streams  []Stream
	filters  []*derived     // whose events a stream takes; nil all of that name
	streamAt map[string]int // by key
}

// exposure is a campaign that a rule names, and how to complain if there is none.
type exposure struct {
	campaign string
	complain func(message, hint string)
}

// predicate is one condition, compiled once for all rules that hold it.
type predicate struct {
	text    string // as people read it
	program *vm.Program
	native  *native // the same without expr, for the plainest conditions; else nil
	zone    int     // index into the set's zones when it reads the clock, else -1
	reads
}

func newLanguage(site Site) *language {
	l := &language{
		words: newVocabulary(), traits: site.Traits, zoneOfSite: site.Timezone,
		segments: map[string]*segment{}, derived: map[string]*derived{}, unnamed: map[string]*derived{}, shared: map[string]int32{},
		known: map[string]*counting{}, streamAt: map[string]int{},
	}
	l.config = conf.CreateNew()
	l.config.MaxNodes = maxRuleNodes
	options := []expr.Option{expr.Env(Env{}), expr.AsBool(), expr.WarnOnAny()}
	for name := range l.config.Builtins {
		if !builtins[name] {
			options = append(options, expr.DisableBuiltin(name))
		}
	}
	for name, m := range methods {
		options = append(options, expr.Function(name, m.call, m.signature))
	}
	for name, f := range answers {
		options = append(options, expr.Function(name, f.call, f.signature))
	}
	for name, f := range functions { // never run: see settled
		options = append(options, expr.Function(name, nil, f.signature))
	}
	// known(x) is replaced once the type of x is told; this is its signature.
	options = append(options, expr.Function("known", func(p ...any) (any, error) { return p[0] == p[0], nil }, new(func(any) bool)))
	for _, option := range options {
		option(l.config)
	}
	for name := range l.config.Disabled {
		delete(l.config.Builtins, name)
	}
	return l
}

// condition is one checked conjunct of a rule, and how people read it.
type condition struct {
	tree ast.Node
	text string
}

// conditions parses, resolves and checks a rule: its top-level conjuncts, every
// one a bool with all names known; nil after complaints at their places.
func (l *language) conditions(r *reader, t ruleText, path string) []condition {
	return l.rule(r, t, path, nil)
}

// rule is conditions, after a look at the tree as it was written.
func (l *language) rule(r *reader, t ruleText, path string, look func(ast.Node, func(int, string, string))) []condition {
	ok := true
	fail := func(at int, message, hint string) {
		ok = false
		r.add(t.At.within(at), path, Error, "rule", message, hint)
	}
	if len(t.S) > maxRuleLength {
		fail(0, fmt.Sprintf("the rule has %d bytes; %d are allowed", len(t.S), maxRuleLength), "move parts of it to segments.yaml")
		return nil
	}
	if deepest(t.S) > 100 {
		fail(0, "brackets nest more than 100 deep", "")
		return nil
	}
	if strings.TrimSpace(t.S) == "" {
		fail(0, "the rule is empty", "leave the key out, or write true: everybody")
		return nil
	}
	tree, err := parser.ParseWithConfig(t.S, l.config)
	if err != nil {
		l.syntax(err, fail)
		return nil
	}
	if look != nil {
		if look(tree.Node, fail); !ok {
			return nil
		}
	}
	res := &resolver{l: l, fail: fail, warn: func(at int, message, hint string) {
		r.add(t.At.within(at), path, Warning, "never_met", message, hint)
	}, exposed: func(at int, campaign string) {
		l.exposures = append(l.exposures, exposure{campaign, func(message, hint string) {
			r.add(t.At.within(at), path, Error, "rule", message, hint)
		}})
	}}
	// Each condition by itself, so that a name nobody knows in one does not hide
	// what is wrong with another.
	var sound []ast.Node
	var begin []int // where in the rule each of them, or its segment's call, begins
	for _, written := range conjuncts(tree.Node, nil) {
		before, at := ok, first(written)
		ok = true
		if resolved := res.resolve(written); ok {
			sound = conjuncts(resolved, sound)
			begin = append(begin, slices.Repeat([]int{at}, len(sound)-len(begin))...)
		}
		ok = ok && before
	}
	if res.inPlace > maxTreeNodes {
		fail(0, fmt.Sprintf("the rule and its segments have more than %d parts", maxTreeNodes), "")
		return nil
	}
	var parts []condition
	steps := 0
	for i, n := range sound {
		if err := l.check(tree.Source, n); err != nil {
			l.mismatch(err, n, fail)
			continue
		}
		if steps += work(n, effort{}).steps; ok && steps > maxSteps {
			fail(begin[i], "the rule can take too long for one visit: it looks at long texts too often", "ask fewer things of the items of split(…), and put no any() or all() into another")
		}
		text := strings.ReplaceAll(n.String(), "$env, ", "") // of visitor.trait("x")
		parts = append(parts, condition{l.settle(n, fail), text})
	}
	if !ok {
		return nil
	}
	return parts
}

func (l *language) check(src file.Source, n ast.Node) error {
	_, err := checker.Check(&parser.Tree{Node: n, Source: src}, l.config)
	return err
}

// predicate compiles one settled condition, or finds the equal one made before.
func (l *language) predicate(c condition, zone *time.Location) (int32, error) {
	n := c.tree
	key, at := canonical(n), -1
	if readsClock(n) {
		at = l.zone(zone)
		key = fmt.Sprintf("%s in %s", key, zone)
	}
	if i, ok := l.shared[key]; ok {
		return i, nil
	}
	pl := &placer{l: l}
	ast.Walk(&n, pl)
	p := &predicate{text: c.text, zone: at, reads: pl.reads}
	tree := &parser.Tree{Node: n, Source: file.NewSource(p.text)}
	if _, err := checker.Check(tree, l.config); err != nil {
		return 0, err
	}
	p.native = newNative(n) // before the optimiser, which rewrites in place
	if err := optimizer.Optimize(&tree.Node, l.config); err != nil {
		return 0, err
	}
	var err error
	if p.program, err = compiler.Compile(tree, l.config); err != nil {
		return 0, err
	}
	l.predicates = append(l.predicates, p)
	l.shared[key] = int32(len(l.predicates) - 1)
	return l.shared[key], nil
}

func (l *language) zone(z *time.Location) int {
	for i, known := range l.zones {
		if known.String() == z.String() {
			return i
		}
	}
	l.zones = append(l.zones, z)
	return len(l.zones) - 1
}

func deepest(s string) int {
	depth, most := 0, 0
	for _, c := range s {
		switch c {
		case '(', '[', '{':
			depth++
			most = max(most, depth)
		case ')', ']', '}':
			depth--
		}
	}
	return most
}
