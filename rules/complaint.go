package rules

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

var unexpected = regexp.MustCompile(`^unexpected token \w+\("(.*)"\)$`)

// syntax reports what expr's parser did not understand, in a marketer's words.
func (l *language) syntax(err error, fail func(int, string, string)) {
	var located *file.Error
	if !errors.As(err, &located) {
		fail(0, err.Error(), "")
		return
	}
	message, hint := located.Message, ""
	switch m := unexpected.FindStringSubmatch(message); {
	case m != nil && m[1] == "=":
		message, hint = `unexpected "="`, "write == to compare"
	case m != nil:
		message = fmt.Sprintf("unexpected %q", m[1])
	case message == "unexpected token EOF":
		message = "the rule ends too early"
	case message == "literal not terminated":
		message = "a text in quotes is not closed"
	case strings.HasPrefix(message, "unrecognized character"):
		hint = "signs outside of quotes are half-width: = \" & ( )"
	case strings.Contains(message, "exceeds maximum allowed nodes"):
		message, hint = fmt.Sprintf("the rule has more than %d parts", maxRuleNodes), "move parts of it to segments.yaml"
	}
	fail(located.From, message, hint)
}

var (
	mismatched = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (\S+) and (\S+)\)$`)
	misapplied = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched type (\S+)\)$`)
	misgiven   = regexp.MustCompile(`^cannot use (\S+) as argument \(type (\S+)\) to call (\S+) ?$`)
	notInList  = regexp.MustCompile(`^cannot use (\S+) as type (\S+) in array$`)
)

// mismatch reports a condition whose types do not fit.
func (l *language) mismatch(err error, n ast.Node, fail func(int, string, string)) {
	var located *file.Error
	if !errors.As(err, &located) {
		if n.Type().Kind() == reflect.Interface {
			fail(first(n), "this is not always true or false", "")
			return
		}
		fail(first(n), fmt.Sprintf("this is %s, not a condition", wordFor(n.Type())), "compare it with something, such as: visitor.purchases == 0")
		return
	}
	message := located.Message
	if m := mismatched.FindStringSubmatch(message); m != nil {
		verb := m[1] + " does not go with"
		message = fmt.Sprintf("%s %s and %s", verb, plain(m[2]), plain(m[3]))
	} else if m := misapplied.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s does not go with %s", m[1], plain(m[2]))
	} else if m := notInList.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s is never in a list of %s", plain(m[1]), plain(m[2]))
	} else if m := misgiven.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s() takes %s, this is %s", m[3], plain(m[2]), plain(m[1]))
	}
	fail(located.From, message, "")
}

// plain says a Go type's name in the words of the rules language.
func plain(goType string) string {
	switch goType {
	case "string":
		return "text"
	case "int", "float64":
		return "number"
	case "bool":
		return "true/false"
	case "[]string":
		return "a list of texts"
	case "[]int", "[]float64":
		return "a list of numbers"
	case "[]interface {}", "[]any":
		return "a list"
	}
	return goType
}

func wordFor(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Int, reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return plain(t.String())
}
