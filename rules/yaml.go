package rules

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxFileBytes = 1 << 20
	maxDepth     = 32

	// The library's time grows with the square of what it cannot make sense of:
	// these keep the worst folder a matter of a second.
	maxLineBytes = 20_000
	maxTokens    = 20_000
)

// kind is what a YAML value is, in the words of our messages.
type kind string

const (
	null     kind = "nothing"
	str      kind = "text"
	integral kind = "a whole number"
	decimal  kind = "a number"
	boolean  kind = "true/false"
	mapping  kind = "a mapping"
	sequence kind = "a list"
	refused  kind = "" // told while parsing; whoever meets it keeps silent
)

// node is one value of a YAML document and the place it was written: all that
// the rest of the package sees of the YAML library.
type node struct {
	kind  kind
	text  string // scalars, decoded
	style byte   // of a scalar: 0 plain, ' " quoted, | > block
	whole int64
	float float64
	pairs []pair  // of a mapping, in order
	items []*node // of a sequence

	src          *source
	line, column int // from 1; column in characters
}

type pair struct {
	key   *node
	value *node
}

// source is one file's text.
type source struct {
	name  string
	lines []string
}

func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// parse reads the documents of one file. Places in a later document are places
// in the file. Whatever the text is, it returns: bounds are checked first.
func (r *reader) parse(name, text string) []*node {
	r.src = &source{name: name}
	whole := &node{src: r.src}
	if len(text) > maxFileBytes {
		r.failWith(whole, "", "value", fmt.Sprintf("the file has more than %d bytes, which is all that a rules file may have", maxFileBytes), "split it: each campaign may have its own file")
		return nil
	}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	r.src.lines = strings.Split(text, "\n")
	for i, line := range r.src.lines {
		at := &node{src: r.src, line: i + 1, column: 1}
		if !utf8.ValidString(line) {
			r.failWith(at, "", "syntax", "the line is not UTF-8 text", "save the file as UTF-8 (not Shift_JIS)")
			return nil
		}
		if len(line) > maxLineBytes {
			r.failWith(at, "", "value", fmt.Sprintf("the line has %d bytes; %d are allowed", len(line), maxLineBytes), "break it: a rule may go on over lines after |")
			return nil
		}
		if i := strings.IndexFunc(line, isControl); i >= 0 {
			at.column += utf8.RuneCountInString(line[:i])
			r.failWith(at, "", "syntax", "the line holds a control character", "remove it; in a text in double quotes it may be written as an escape")
			return nil
		}
	}
	var docs []*node
	for _, d := range documents(r.src.lines) {
		if n := r.document(d.text, d.line); n != nil {
			docs = append(docs, n)
		}
	}
	return docs
}

// isControl is true of all control characters but the tab; also of the lone
// carriage return, which the library would count as a line.
func isControl(c rune) bool { return unicode.IsControl(c) && c != '\t' }

func (r *reader) document(text string, before int) (n *node) {
	defer func() {
		if p := recover(); p != nil { // the library's own, on strange input
			n = nil
			r.failWith(&node{src: r.src, line: before + 1, column: 1}, "", "syntax", fmt.Sprintf("this is not YAML: %v", p), "")
		}
	}()
	tokens := lexer.Tokenize(text + "\n")
	if len(tokens) > maxTokens {
		r.failWith(&node{src: r.src, line: before + 1, column: 1}, "", "value", fmt.Sprintf("the document has %d words and signs; %d are allowed", len(tokens), maxTokens), "split it: each campaign may have its own file")
		return nil
	}
	if t := tooDeep(tokens); t != nil {
		r.failWith(&node{src: r.src, line: before + t.Position.Line, column: t.Position.Column}, "", "syntax", fmt.Sprintf("nested more than %d deep", maxDepth), "")
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at := &node{src: r.src, line: before + 1, column: 1}
		message := err.Error()
		var located yaml.Error
		if errors.As(err, &located) {
			message = located.GetMessage()
			if t := located.GetToken(); t != nil && t.Position != nil {
				at.line, at.column = before+t.Position.Line, t.Position.Column
			}
		}
		r.failWith(at, "", "syntax", message, syntaxHint(r.src.line(at.line), message))
		return nil
	}
	for _, d := range file.Docs {
		if d.Body != nil {
			if n := r.convert(d.Body, before, 0); n != nil && n.kind != null {
				return n
			}
		}
	}
	return nil
}

func (r *reader) convert(n ast.Node, before, depth int) *node {
	t := n.GetToken()
	out := &node{src: r.src, line: before + t.Position.Line, column: t.Position.Column}
	if depth > maxDepth {
		r.failWith(out, "", "syntax", fmt.Sprintf("nested more than %d deep", maxDepth), "")
		return nil
	}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = null
	case *ast.StringNode:
		out.kind, out.text = str, n.Value
		switch t.Type {
		case token.SingleQuoteType:
			out.style = '\''
		case token.DoubleQuoteType:
			out.style = '"'
		}
	case *ast.LiteralNode:
		out.kind, out.text, out.style = str, n.Value.Value, t.Value[0]
	case *ast.IntegerNode:
		out.kind, out.text = integral, t.Value
		switch v := n.Value.(type) {
		case int64:
			out.whole = v
		case uint64:
			out.whole = int64(min(v, 1<<62))
		}
		out.float = float64(out.whole)
	case *ast.FloatNode:
		out.kind, out.text, out.float = decimal, t.Value, n.Value
	case *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = str, t.Value
	case *ast.BoolNode:
		out.kind, out.text = boolean, t.Value
		if n.Value {
			out.whole = 1
		}
	case *ast.MappingNode:
		out.kind = mapping
		if !n.IsFlowStyle && len(n.Values) > 0 { // the library points at the colon
			k := n.Values[0].Key.GetToken().Position
			out.line, out.column = before+k.Line, k.Column
		}
		for _, v := range n.Values {
			out.add(r.pair(v, before, depth))
		}
	case *ast.MappingValueNode:
		out.kind = mapping
		k := n.Key.GetToken().Position
		out.line, out.column = before+k.Line, k.Column
		out.add(r.pair(n, before, depth))
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range n.Values {
			if item := r.convert(v, before, depth+1); item != nil {
				out.items = append(out.items, item)
			}
		}
	default: // anchors, aliases, tags, merge keys, directives
		hint := "write the value out, or put a text that starts with this sign in quotes"
		if strings.HasPrefix(t.Value, "!") {
			hint = "what begins with ! goes in quotes as a whole: when: '!visitor.new'"
		}
		r.failWith(out, "", "unsupported", fmt.Sprintf("%q: anchors, aliases and tags are not part of rules files", t.Value), hint)
		out.kind = refused
	}
	return out
}

func (n *node) add(p pair) {
	if p.key != nil && p.value != nil {
		n.pairs = append(n.pairs, p)
	}
}

func (r *reader) pair(v *ast.MappingValueNode, before, depth int) pair {
	key := r.convert(v.Key, before, depth+1)
	if v.Value == nil {
		return pair{key, &node{kind: null, src: r.src, line: before + v.Start.Position.Line, column: v.Start.Position.Column}}
	}
	return pair{key, r.convert(v.Value, before, depth+1)}
}
