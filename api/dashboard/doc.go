// Package dashboard is the screens: templates, texts, styles, scripts and what
// is drawn in Go. It is given data and writes HTML; it asks nobody for anything.
//
//	data ─► Screens.Render ─► layout.html ─► screens/NAME.html ─► a page that is whole without script
//	            │                                  │
//	        Frame: language, theme, who        messages/ja.toml, messages/en.toml
//
// # How a screen is added
//
//  1. screens/NAME.html defines "title" and "main", and "scripts" where it has a
//     script of its own. Its dot is the Frame with the screen's Data beside it;
//     inside a range the frame is $. No text stands in a template: every word is
//     {{t "NAME.key"}}, or {{t "NAME.key" "Count" 5}} where the text has
//     {{.Count}}. {{word "status" .Status}} is the text status.<value>, or the
//     value itself where there is none.
//  2. messages/ja.toml and messages/en.toml get a section [NAME] with the same
//     keys, and its name in [nav]. These words are go-i18n's own and no keys:
//     id, description, hash, zero, one, two, few, many, other.
//  3. A line in places (nav.go) puts it into the navigation.
//  4. src/NAME.css is imported by src/ui.css. A script src/NAME.ts is listed in
//     cmd/webbuild/screens.go, and the template's "scripts" loads it:
//     <script type="module" src="{{asset "NAME.js"}}"></script>.
//     Then `go run ./cmd/webbuild`, and commit dist with its sources.
//  5. package api: a data struct is filled in a handler, which calls
//     s.screen(c, "NAME", data); its route is in api/screens.go, under the role
//     that it needs. A part that htmx swaps is a {{define "NAME-part"}} of the
//     same template, and its handler calls s.part(c, "NAME", "NAME-part", data).
//
// What the screens may do in a browser is bounded by their policy (api/screens.go):
// scripts, styles, pictures and requests of this server alone; no inline script, no
// style attribute, no eval. A drawing has presentation attributes and classes.
//
// What can be drawn: see draw.go. What can be written: see funcs.go.
package dashboard
