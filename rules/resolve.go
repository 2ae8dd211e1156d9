package rules

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// resolver turns a parsed rule into one that expr can check: every name is
// looked up, functions after a dot become plain calls, segments are put in
// place. It reports all that it does not know instead of stopping at the first.
type resolver struct {
	l    *language
	fail func(at int, message, hint string) // at: character in the rule's source
	warn func(at int, message, hint string)

	exposed func(at int, campaign string) // notes a campaign that must be there; may be nil

	inPlace int // nodes of the segments put in place so far
}

func (r *resolver) at(n ast.Node, format string, args ...any) ast.Node {
	r.fail(n.Location().From, fmt.Sprintf(format, args...), "")
	return n
}

// resolve returns the tree to use in n's place.
func (r *resolver) resolve(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.PointerNode:
	case *ast.IdentifierNode:
		r.bare(n)
	case *ast.MemberNode:
		if t := r.member(n); t != nil && t.Kind() == reflect.Struct {
			r.group(n.Property, n.String(), t)
		}
	case *ast.CallNode:
		return r.call(n)
	case *ast.UnaryNode:
		n.Node = r.resolve(n.Node)
	case *ast.BinaryNode:
		r.binary(n)
	case *ast.ConditionalNode:
		n.Cond, n.Exp1, n.Exp2 = r.resolve(n.Cond), r.resolve(n.Exp1), r.resolve(n.Exp2)
	case *ast.ArrayNode:
		r.all(n.Nodes)
	case *ast.PredicateNode:
		n.Node = r.resolve(n.Node)
	case *ast.BuiltinNode:
		if !builtins[n.Name] {
			return r.at(n, "%s() is not part of the rules language", n.Name)
		}
		r.all(n.Arguments)
	case *ast.NilNode:
		r.fail(n.Location().From, "nil is not part of the rules language", `a missing text is "", and known(x) asks for a number`)
	default:
		return r.at(n, "%s is not part of the rules language", quote(n.String()))
	}
	return n
}

func (r *resolver) all(nodes []ast.Node) {
	for i := range nodes {
		nodes[i] = r.resolve(nodes[i])
	}
}

// bare looks at a name that stands alone.
func (r *resolver) bare(n *ast.IdentifierNode) {
	if t := r.l.words.roots[n.Value]; t != nil {
		r.group(n, n.Value, t)
		return
	}
	r.unknown(n, n.Value, append(sortedKeys(r.l.words.roots), ownFunctions...))
}

// group reports a name that only has parts.
func (r *resolver) group(n ast.Node, name string, t reflect.Type) {
	r.fail(n.Location().From, name+" is not a value by itself", "name a part of it: "+name+"."+sortedKeys(r.l.words.fields[t])[0])
}

// unknown reports a name, and where it lives when it is a field written alone.
func (r *resolver) unknown(n ast.Node, name string, known []string) {
	if example := functions[name].example; example != "" {
		r.fail(n.Location().From, name+" is a function", "call it: "+example)
		return
	}
	for _, root := range rootsByUse {
		if r.l.words.fields[r.l.words.roots[root]][name] != nil {
			r.at(n, "unknown name %q, did you mean %q?", name, root+"."+name)
			return
		}
	}
	r.at(n, "unknown name %q%s", name, didYouMean(name, known))
}

// told warns of a field that is filled from a trait nobody declared: the engine
// keeps declared traits only.
func (r *resolver) told(n *ast.MemberNode, name *ast.StringNode) {
	kind, filled := map[string]string{"rank": "string", "gender": "string", "age": "number"}[name.Value]
	root, ok := n.Node.(*ast.IdentifierNode)
	if _, declared := r.l.traits[name.Value]; !filled || declared || !ok || root.Value != "visitor" {
		return
	}
	r.warn(name.Location().From, "visitor."+name.Value+" is never known: site.yaml declares no trait of that name",
		fmt.Sprintf("declare it in site.yaml: traits: {%s: {type: %s, trust: signed}}", name.Value, kind))
}

// member looks at a dotted name and returns its type, nil after a complaint or
// when it is not a name but an element of a list.
func (r *resolver) member(n *ast.MemberNode) reflect.Type {
	var base reflect.Type
	switch of := n.Node.(type) {
	case *ast.IdentifierNode:
		if base = r.l.words.roots[of.Value]; base == nil {
			r.unknown(of, of.Value, sortedKeys(r.l.words.roots))
			return nil
		}
	case *ast.MemberNode:
		if base = r.member(of); base == nil {
			return nil
		}
	default:
		n.Node = r.resolve(n.Node)
		n.Property = r.resolve(n.Property)
		return nil
	}
	name, ok := n.Property.(*ast.StringNode)
	fields := r.l.words.fields[base]
	if !ok || fields == nil || n.Optional {
		r.at(n, "%s has no parts", quote(n.Node.String()))
		return nil
	}
	if t := fields[name.Value]; t != nil {
		r.told(n, name)
		return t
	}
	known := sortedKeys(fields)
	if root, ok := n.Node.(*ast.IdentifierNode); ok {
		full := root.Value + "." + name.Value
		if _, ok := methods[full]; ok {
			r.fail(name.Location().From, fmt.Sprintf("%s is a function", full), fmt.Sprintf("call it: %s(\"…\")", full))
			return nil
		}
		known = append(known, methodsOf(root.Value)...)
	}
	r.at(name, "%s has no %q%s", n.Node.String(), name.Value, didYouMean(name.Value, known))
	return nil
}

func (r *resolver) binary(n *ast.BinaryNode) {
	n.Left, n.Right = r.resolve(n.Left), r.resolve(n.Right)
	switch n.Operator {
	case "matches":
		p, ok := n.Right.(*ast.StringNode)
		if !ok {
			r.at(n.Right, "matches takes a pattern in quotes")
			return
		}
		if why := tooLong(p.Value); why != "" {
			r.fail(p.Location().From, why, "ask for what all the texts share, or write several patterns")
		} else if _, err := regexp.Compile(p.Value); err != nil {
			r.at(n.Right, "%s", strings.Replace(err.Error(), "error parsing regexp: ", "not a pattern: ", 1))
		}
	case "==", "!=":
		r.knownWord(n.Left, n.Right)
		r.knownWord(n.Right, n.Left)
	case "in":
		if list, ok := n.Right.(*ast.ArrayNode); ok {
			for _, item := range list.Nodes {
				r.knownWord(n.Left, item)
			}
		}
	case "..":
		from, a := n.Left.(*ast.IntegerNode)
		to, b := n.Right.(*ast.IntegerNode)
		if !a || !b {
			r.at(n, "a range is written with two whole numbers: 30..49")
		} else if from.Value > to.Value {
			r.at(n, "the range %d..%d is empty", from.Value, to.Value)
		}
	}
}

// knownWord warns when a name that has few values is compared with another word.
func (r *resolver) knownWord(name, value ast.Node) {
	v, ok := value.(*ast.StringNode)
	if !ok || v.Value == "" {
		return
	}
	if m, ok := name.(*ast.MemberNode); ok {
		if words := wordsOf[m.String()]; words != nil && !slices.Contains(words, v.Value) {
			r.warn(v.Location().From, fmt.Sprintf("%s is never %q%s", m, v.Value, didYouMean(v.Value, words)), "it is one of "+strings.Join(words, ", "))
		}
	}
}
