package rules

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// segment is a named rule, checked once and put in place wherever it is used.
type segment struct {
	name  string
	rule  ruleText
	in    *reader // of its file, for its complaints
	key   *node   // where its name stands
	state segmentState
	nodes int // with the segments it uses in place
}

type segmentState byte

const (
	unchecked segmentState = iota
	checking               // met again while checking: a circle
	sound
	broken
)

// check reports what is wrong with the segment, once, in its own file.
func (s *segment) check(l *language) {
	if s.state != unchecked {
		return
	}
	s.state = checking
	parts := l.conditions(s.in, s.rule, "segments."+s.name)
	s.state = sound
	if parts == nil {
		s.state = broken
	}
	for _, p := range parts {
		s.nodes += count(p.tree)
	}
}

// tree is a fresh copy of a sound segment's resolved rule: compiling changes trees.
func (s *segment) tree(l *language) ast.Node {
	t, err := parser.ParseWithConfig(s.rule.S, l.config)
	if err != nil {
		panic("rules: a sound segment no longer parses: " + err.Error())
	}
	quiet := func(int, string, string) {}
	return (&resolver{l: l, fail: quiet, warn: quiet}).resolve(t.Node)
}
