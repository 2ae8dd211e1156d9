package dashboard

import (
	"slices"
	"strings"
)

// Languages are those that every text is in, the first where nobody says.
var Languages = [...]string{"ja", "en"}

// Themes are what a person may choose; "" is what the browser prefers.
var Themes = [...]string{"", "light", "dark"}

// Role is what a person may do; each may do what the ones before it may.
type Role int

const (
	View    Role = iota + 1 // look
	Edit                    // and pause, resume, write rules in the playground, take chats, invite
	Publish                 // and say who may come in, erase, export
)

// Roles by the names that people give them by.
var Roles = map[string]Role{"view": View, "edit": Edit, "publish": Publish}

// String is the role's name.
func (r Role) String() string {
	for name, role := range Roles {
		if role == r {
			return name
		}
	}
	return ""
}

// Frame is what every screen stands in.
type Frame struct {
	Language  string // one of Languages
	Theme     string // one of Themes
	Who       string // the person's name; "" while nobody has come in
	Role      Role
	Open      bool   // nobody need come in: a demo
	Here      string // the path and query of the page: where switches come back to
	Screen    string // whose place in the navigation is marked
	Simulated bool   // visitors: said above everything
}

// May says whether the person may do what needs a role.
func (f Frame) May(role string) bool { return f.Role >= Roles[role] }

// Other is the language to switch to.
func (f Frame) Other() string {
	if f.Language == Languages[0] {
		return Languages[1]
	}
	return Languages[0]
}

// Places is the navigation as this person sees it.
func (f Frame) Places() []Place {
	var out []Place
	for _, p := range places {
		if f.Role >= p.Needs {
			p.Current = p.Screen == f.Screen || slices.Contains(p.Inner, f.Screen)
			out = append(out, p)
		}
	}
	return out
}

// Spoken is the language of an Accept-Language header that the screens speak:
// the one of ours that comes first, whatever its weight.
func Spoken(header string) string {
	for one := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(one), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		for _, language := range Languages {
			if tag == language {
				return language
			}
		}
	}
	return Languages[0]
}
