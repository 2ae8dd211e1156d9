package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

func (r *resolver) call(n *ast.CallNode) ast.Node {
	r.all(n.Arguments)
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		switch callee.Value {
		case "in_segment":
			return r.segment(n)
		case "known":
			if len(n.Arguments) != 1 {
				r.at(n, "known() asks about one value: known(visitor.age)")
			}
			return n
		}
		if _, ok := functions[callee.Value]; ok {
			return r.function(n, callee.Value)
		}
		if r.l.words.roots[callee.Value] != nil {
			return r.at(n, "%s is not a function", callee.Value)
		}
		if r.l.config.Disabled[callee.Value] {
			return r.at(n, "%s() is not part of the rules language", callee.Value)
		}
		r.unknown(n, callee.Value, slices.Concat(ownFunctions, sortedKeys(builtins)))
	case *ast.MemberNode:
		root, isRoot := callee.Node.(*ast.IdentifierNode)
		name, isName := callee.Property.(*ast.StringNode)
		if !isRoot || !isName || r.l.words.roots[root.Value] == nil {
			if isRoot {
				r.unknown(root, root.Value, sortedKeys(r.l.words.roots))
				return n
			}
			return r.at(n, "%s is not a function", quote(callee.String()))
		}
		full := root.Value + "." + name.Value
		if _, ok := methods[full]; !ok {
			if r.l.words.fields[r.l.words.roots[root.Value]][name.Value] != nil {
				return r.at(name, "%s is a value, not a function: write it without ()", full)
			}
			return r.at(name, "%s has no function %q%s", root.Value, name.Value, didYouMean(name.Value, methodsOf(root.Value)))
		}
		if strings.HasPrefix(name.Value, "trait") {
			r.trait(n, name.Value)
		}
		if len(n.Arguments) != 1 {
			return r.at(name, "%s takes one text: %s(\"…\")", full, full)
		}
		env, id := &ast.IdentifierNode{Value: "$env"}, &ast.IdentifierNode{Value: full}
		env.SetLocation(n.Location())
		id.SetLocation(root.Location())
		call := &ast.CallNode{Callee: id, Arguments: []ast.Node{env, n.Arguments[0]}}
		call.SetLocation(root.Location())
		return call
	default:
		return r.at(n, "%s is not a function", quote(n.Callee.String()))
	}
	return n
}

// trait checks a trait's name and type against site.yaml, when that declares traits.
func (r *resolver) trait(n *ast.CallNode, function string) {
	if len(n.Arguments) != 1 {
		return
	}
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok || len(r.l.traits) == 0 {
		return
	}
	spec, ok := r.l.traits[name.Value]
	want := map[string]string{"trait": "string", "trait_number": "number"}[function]
	switch {
	case !ok:
		r.fail(name.Location().From, fmt.Sprintf("trait %q is not declared%s", name.Value, didYouMean(name.Value, sortedKeys(r.l.traits))), "declare it in site.yaml under traits:")
	case spec.Type != want:
		r.fail(name.Location().From, fmt.Sprintf("trait %q is a %s in site.yaml; %s reads a %s", name.Value, spec.Type, function, want), "")
	}
}

// segment puts a segment's own tree in place of in_segment("name").
func (r *resolver) segment(n *ast.CallNode) ast.Node {
	always := &ast.BoolNode{Value: true}
	always.SetLocation(n.Location())
	if len(n.Arguments) != 1 {
		r.at(n, `in_segment takes one name: in_segment("vip")`)
		return always
	}
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok {
		r.at(n.Arguments[0], `in_segment takes a segment's name in quotes: in_segment("vip")`)
		return always
	}
	s := r.l.segments[name.Value]
	if s == nil {
		hint := "segments are written in segments.yaml"
		r.fail(name.Location().From, fmt.Sprintf("unknown segment %q%s", name.Value, didYouMean(name.Value, sortedKeys(r.l.segments))), hint)
		return always
	}
	if s.state == checking {
		r.fail(name.Location().From, fmt.Sprintf("segment %q is defined by itself", name.Value), "segments may use each other, but not in a circle")
		return always
	}
	s.check(r.l)
	if r.inPlace += s.nodes; r.inPlace > maxTreeNodes || s.state == broken {
		return always // too long is told by our caller, a broken segment by its own file
	}
	return s.tree(r.l)
}
