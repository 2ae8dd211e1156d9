package rules

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// reader decodes the values of one file into structs with yaml tags and
// gathers every mistake on the way instead of stopping at the first.
type reader struct {
	src   *source
	found *Findings
	most  int // findings it may add, 0 any number: what is beyond is told in one
	told  int
}

// maxTold is of one file. Who made a hundred mistakes in it made one.
const maxTold = 100

// fromNode is a value that reads itself.
type fromNode interface {
	read(r *reader, n *node, path string)
}

func (r *reader) add(n *node, path string, severity Severity, code, message, hint string) {
	if r.most > 0 && r.told >= r.most {
		if severity == Error && r.told == r.most {
			r.told++
			*r.found = append(*r.found, Finding{File: n.src.name, Line: n.line, Column: max(n.column, min(n.line, 1)), Code: "folder", Severity: Error,
				Message: fmt.Sprintf("there is more to say of this file than %d findings", r.most), Hint: "mend these first"})
		}
		return
	}
	r.told++
	f := Finding{File: n.src.name, Line: n.line, Column: n.column, Code: code, Severity: severity, Path: path, Message: message, Hint: hint}
	if n.line > 0 {
		f.Excerpt = excerpt(n.src.line(n.line), n.column)
	}
	*r.found = append(*r.found, f)
}

func (r *reader) fail(n *node, path, code, format string, args ...any) {
	r.add(n, path, Error, code, fmt.Sprintf(format, args...), "")
}

func (r *reader) failWith(n *node, path, code, message, hint string) {
	r.add(n, path, Error, code, message, hint)
}

func (r *reader) warn(n *node, path, code, message, hint string) {
	r.add(n, path, Warning, code, message, hint)
}

// expected reports a value of the wrong kind.
func (r *reader) expected(n *node, path, want, hint string) {
	found := string(n.kind)
	switch n.kind {
	case null:
		found = "nothing"
		if hint == "" {
			hint = "give it a value or remove the key"
		}
	case str, integral, decimal, boolean:
		found += " " + quote(n.text)
	}
	r.failWith(n, path, "type", fmt.Sprintf("expected %s, found %s", want, found), hint)
}

// quote shows a value in a message, shortened.
func quote(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// decode reads n into the value that into points to.
func (r *reader) decode(n *node, path string, into any) {
	r.value(n, path, reflect.ValueOf(into).Elem())
}

func (r *reader) value(n *node, path string, v reflect.Value) {
	if n.kind == refused {
		return
	}
	if own, ok := v.Addr().Interface().(fromNode); ok {
		own.read(r, n, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(n, path, v.Elem())
	case reflect.Slice:
		if n.kind != sequence {
			r.expected(n, path, "a list", "")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
		for i, item := range n.items {
			r.value(item, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Struct:
		r.record(n, path, v)
	default:
		panic("rules: no way to read a " + v.Type().String())
	}
}

// record reads a mapping into a struct: a field per key by its yaml tag,
// `yaml:"id,required"`; the field named At takes the mapping's own place.
func (r *reader) record(n *node, path string, v reflect.Value) {
	if n.kind != mapping {
		r.expected(n, path, "a mapping", "")
		return
	}
	fields, known, required := keys(v.Type())
	if at := v.FieldByName("At"); at.IsValid() {
		at.Set(reflect.ValueOf(n))
	}
	for key, p := range r.each(n, path) {
		i, ok := fields[key]
		if !ok {
			r.fail(p.key, join(path, key), "unknown_key", "unknown key %s%s", quote(key), didYouMean(key, known))
			continue
		}
		if p.value.kind == null {
			r.expected(p.value, join(path, key), "a value", "")
			continue
		}
		r.value(p.value, join(path, key), v.Field(i))
	}
	for _, key := range required {
		if !n.has(key) && !n.holdsRefused() { // which may have swallowed what follows
			r.fail(n, join(path, key), "missing", "%q is missing", key)
		}
	}
}

// each walks a mapping's keys, reporting those that are no text or come twice.
func (r *reader) each(n *node, path string) func(yield func(string, pair) bool) {
	return func(yield func(string, pair) bool) {
		seen := map[string]*node{}
		for _, p := range n.pairs {
			key := p.key.text
			if p.key.kind == refused {
				continue
			}
			if p.key.kind == mapping || p.key.kind == sequence || key == "" {
				r.expected(p.key, path, "a key that is a text", "")
				continue
			}
			if first := seen[key]; first != nil {
				r.fail(p.key, join(path, key), "duplicate", "%s is given twice, first on line %d", quote(key), first.line)
				continue
			}
			seen[key] = p.key
			if !yield(key, p) {
				return
			}
		}
	}
}

// holdsRefused says whether a value of n was refused while it was parsed.
func (n *node) holdsRefused() bool {
	return slices.ContainsFunc(n.pairs, func(p pair) bool { return p.value.kind == refused })
}

func (n *node) has(key string) bool {
	for _, p := range n.pairs {
		if p.key.text == key {
			return true
		}
	}
	return false
}

// keys reads a struct's tags: key → field, the keys worth suggesting, the required ones.
func keys(t reflect.Type) (fields map[string]int, known, required []string) {
	fields = map[string]int{}
	for i := range t.NumField() {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" {
			continue
		}
		fields[name] = i
		known = append(known, name)
		if option == "required" {
			required = append(required, name)
		}
	}
	return fields, known, required
}

// oneOrMany is a list that may be written without brackets when it has one item.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) read(r *reader, n *node, path string) {
	if n.kind == sequence {
		r.value(n, path, reflect.ValueOf((*[]T)(l)).Elem())
		return
	}
	var one T
	r.decode(n, path, &one)
	*l = oneOrMany[T]{one}
}

// table is a mapping whose keys are names the author chose, in written order.
type table[T any] []entry[T]

type entry[T any] struct {
	Key   *node
	Name  string
	Value T
}

func (t *table[T]) read(r *reader, n *node, path string) {
	if n.kind != mapping {
		r.expected(n, path, "a mapping", "")
		return
	}
	for key, p := range r.each(n, path) {
		e := entry[T]{Key: p.key, Name: key}
		r.decode(p.value, join(path, key), &e.Value)
		*t = append(*t, e)
	}
}
