package rules

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// function is one of the language's own functions that stand without a dot and
// read more than their arguments. Authors write names; what runs are places in
// the set, put in once the whole rule is known to be sound:
//
//	count("purchase", "30d")  →  counter.whole($env, 3)
//	coupons_left("welcome")   →  fact.coupons($env, "welcome")
type function struct {
	example   string
	signature any // as authors call it
	answer    string

	kind   string // of the stream that a counter reads; "" of the rest
	field  bool   // reads a field of the event
	window bool   // takes a window
}

var functions = map[string]function{
	"count":            {`count("purchase", "30d")`, new(func(string, ...string) int), "counter.whole", "times", false, true},
	"sum":              {`sum("purchase.value", "30d")`, new(func(string, ...string) float64), "counter.number", "times", true, true},
	"uniq":             {`uniq("view_item.item_id", "7d")`, new(func(string, ...string) int), "counter.whole", "values", true, true},
	"last":             {`last("view_item.item_category")`, new(func(string) string), "counter.text", "latest", true, false},
	"did":              {`did("purchase", "30d")`, new(func(string, ...string) bool), "counter.true", "times", false, true},
	"seconds_since":    {`seconds_since("purchase")`, new(func(string) float64), "counter.number", "times", false, false},
	"exposed":          {`exposed("summer-sale", "7d")`, new(func(string, ...string) bool), "counter.true", "", false, true},
	"coupons_left":     {`coupons_left("welcome10")`, new(func(string) int), "fact.coupons", "", false, false},
	"operators_online": {`operators_online()`, new(func() int), "fact.operators", "", false, false},
}

// answers are what functions become: they take the environment and a place.
var answers = map[string]method{
	"counter.whole": {
		func(p ...any) (any, error) { return int(p[0].(Env).Counters.Number(p[1].(int))), nil },
		new(func(any, int) int),
	},
	"counter.number": {
		func(p ...any) (any, error) { return p[0].(Env).Counters.Number(p[1].(int)), nil },
		new(func(any, int) float64),
	},
	"counter.true": {
		func(p ...any) (any, error) { return p[0].(Env).Counters.Number(p[1].(int)) > 0, nil },
		new(func(any, int) bool),
	},
	"counter.text": {
		func(p ...any) (any, error) { return p[0].(Env).Counters.Text(p[1].(int)), nil },
		new(func(any, int) string),
	},
	"fact.coupons": {
		func(p ...any) (any, error) { return p[0].(Env).Facts.CouponsLeft[p[1].(string)], nil },
		new(func(any, string) int),
	},
	"fact.operators": {
		func(p ...any) (any, error) { return p[0].(Env).Facts.OperatorsOnline, nil },
		new(func(any) int),
	},
}

// ownFunctions are all of the rules language's own, without a dot.
var ownFunctions = append(sortedKeys(functions), "in_segment", "known")

// function checks how one of the functions is called. It stays as written: the
// settler puts the place in.
func (r *resolver) function(n *ast.CallNode, name string) ast.Node {
	switch name {
	case "operators_online":
		if len(n.Arguments) > 0 {
			return r.at(n, "operators_online() takes nothing between its brackets")
		}
	case "coupons_left":
		r.pool(n)
	default:
		c, wrong := r.l.written(name, n)
		if wrong != nil {
			r.fail(wrong.at.Location().From, wrong.message, wrong.hint)
		} else if c.Op == "exposed" && r.exposed != nil {
			r.exposed(n.Arguments[0].Location().From, c.Campaign)
		}
	}
	return n
}

func (r *resolver) pool(n *ast.CallNode) {
	if len(n.Arguments) != 1 {
		r.at(n, "coupons_left takes the name of one pool: %s", functions["coupons_left"].example)
		return
	}
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok {
		r.at(n.Arguments[0], "coupons_left takes a pool's name in quotes: %s", functions["coupons_left"].example)
		return
	}
	if _, ok := r.l.pools[name.Value]; !ok {
		r.fail(name.Location().From, fmt.Sprintf("unknown coupon pool %q%s", name.Value, didYouMean(name.Value, sortedKeys(r.l.pools))),
			fmt.Sprintf("put its codes into coupons/%s.csv, one a line", name.Value))
	}
}

// settled is what runs in place of a call of a function; nil for another call.
// A counter is still named by its key: it gets a place when its rule is compiled.
func (l *language) settled(n *ast.CallNode) ast.Node {
	id, ok := n.Callee.(*ast.IdentifierNode)
	f, known := functions[valueOf(id)]
	if !ok || !known {
		return nil
	}
	args := []ast.Node{&ast.IdentifierNode{Value: "$env"}}
	switch id.Value {
	case "operators_online":
	case "coupons_left":
		args = append(args, n.Arguments[0])
	default:
		c, wrong := l.written(id.Value, n)
		if wrong != nil {
			panic("rules: a checked call is wrong: " + wrong.message)
		}
		args = append(args, &ast.StringNode{Value: c.key})
		if l.known[c.key] == nil {
			l.known[c.key] = c
		}
	}
	call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: f.answer}, Arguments: args}
	call.SetType(reflect.TypeOf(answers[f.answer].signature).Elem().Out(0))
	call.SetLocation(n.Location())
	for _, arg := range append(args, call.Callee) {
		if arg.Location().To == 0 {
			arg.SetLocation(n.Location())
		}
	}
	return call
}

func valueOf(id *ast.IdentifierNode) string {
	if id == nil {
		return ""
	}
	return id.Value
}

// reads is what a compiled condition needs beyond the visit.
type reads struct {
	counters  []int // places
	pools     []string
	operators bool
	personal  bool     // the visitor, its session, cart or past
	roots     []string // of the names it reads
}

// placer gives every counter of a condition its place and notes what it reads.
type placer struct {
	l *language
	reads
}

func (p *placer) Visit(n *ast.Node) {
	if id, is := (*n).(*ast.IdentifierNode); is {
		root, _, _ := strings.Cut(id.Value, ".")
		p.personal = p.personal || !impersonal[root]
		p.roots = append(p.roots, root)
	}
	call, ok := (*n).(*ast.CallNode)
	if !ok {
		return
	}
	id, ok := call.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	switch id.Value {
	case "counter.whole", "counter.number", "counter.true", "counter.text":
		key, ok := call.Arguments[1].(*ast.StringNode)
		if !ok {
			return // a value that is compared twice is one node
		}
		place := p.l.place(p.l.known[key.Value])
		call.Arguments[1] = &ast.IntegerNode{Value: place}
		call.Arguments[1].SetLocation(key.Location())
		p.counters = insert(p.counters, place)
	case "fact.coupons":
		p.pools = insert(p.pools, call.Arguments[1].(*ast.StringNode).Value)
	case "fact.operators":
		p.operators = true
	}
}

// insert adds a value to a sorted list that holds each once.
func insert[T int | string](list []T, v T) []T {
	at, found := slices.BinarySearch(list, v)
	if found {
		return list
	}
	return slices.Insert(list, at, v)
}
