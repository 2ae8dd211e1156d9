package dashboard

// Place is one in the navigation.
type Place struct {
	Screen  string // names its text, nav.<screen>
	Path    string
	Needs   Role
	Current bool
	Inner   []string // screens that are reached from it
}

// places are what the navigation has, in order.
var places = [...]Place{
	{Screen: "live", Path: "/ui/live", Needs: View},
	{Screen: "campaigns", Path: "/ui/campaigns", Needs: View, Inner: []string{"result", "members"}},
	{Screen: "visitors", Path: "/ui/visitors", Needs: View},
	{Screen: "playground", Path: "/ui/playground", Needs: View},
	{Screen: "health", Path: "/ui/health", Needs: View},
	{Screen: "audit", Path: "/ui/audit", Needs: View},
	{Screen: "users", Path: "/ui/users", Needs: Publish},
}
