package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// Scope is what a secret key is for: the sum of any of them.
type Scope uint8

const (
	ScopeEvents    Scope       = 1 << iota // events and decisions as one of the shop's own servers
	ScopeReports                           // results, explanations, what is known of a visitor
	ScopeErase                             // erasing what is known of one
	ScopeOperators                         // who can take a chat or a call
	ScopeAdmin     = ^Scope(0)             // all of it, and what will be added

	scopeEdit = ScopeReports | ScopeOperators // what makes its bearer an editor: pausing and resuming, on screens and by HTTP
)

var scopeNames = map[string]Scope{
	"events": ScopeEvents, "reports": ScopeReports, "erase": ScopeErase, "operators": ScopeOperators, "admin": ScopeAdmin,
}

// ParseScope reads the names of scopes; none is an error.
func ParseScope(names []string) (Scope, error) {
	var all Scope
	for _, name := range names {
		one, known := scopeNames[name]
		if !known {
			return 0, fmt.Errorf("%q is no scope: there are admin, erase, events, operators and reports", name)
		}
		all |= one
	}
	if all == 0 {
		return 0, fmt.Errorf("a key without a scope opens nothing: name one or more of admin, erase, events, operators, reports")
	}
	return all, nil
}

// String names them: "events reports".
func (s Scope) String() string {
	if s == ScopeAdmin {
		return "admin"
	}
	var names []string
	for name, one := range scopeNames {
		if one != ScopeAdmin && s&one != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (s Scope) has(all Scope) bool { return s&all == all }

// needs guards what only the shop's own servers and people may do: those
// whose secret key has the scope.
func (s *Server) needs(scope Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			b, err := s.bearer(c, "")
			switch {
			case err != nil:
				return err
			case b.access != secret:
				return problem("needs_secret", "this needs the secret key (sk_…); the public key only writes and decides")
			case !b.scope.has(scope):
				return outOfScope(scope, b.scope)
			}
			c.Set(personKey, b.person(c.Request()))
			return next(c)
		}
	}
}

func outOfScope(need, have Scope) error {
	return problem("scope", fmt.Sprintf("this needs a secret key with the scope %s, and this one has %s: omo keys add makes another", need, have)).in("必要なのは " + need.String() + " の鍵、この鍵は " + have.String() + " です。omo keys add で作れます。")
}
