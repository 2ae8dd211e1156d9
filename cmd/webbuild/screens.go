package main

// screens lists what the dashboard's screens load. A screen with a script of
// its own adds a line.
func screens() []bundle {
	const packages, notice = "api/dashboard/src", "/* with htmx (0BSD) */"
	return []bundle{
		{entry: "api/dashboard/src/ui.css", out: "api/dashboard/dist/ui.css", limit: 12_000},
		{entry: "api/dashboard/src/ui.ts", out: "api/dashboard/dist/ui.js", limit: 20_000, packages: packages, notice: notice},
		{entry: "api/dashboard/src/live.ts", out: "api/dashboard/dist/live.js", limit: 4_000},
		{entry: "api/dashboard/src/result.ts", out: "api/dashboard/dist/result.js", limit: 1_000},
		{entry: "api/dashboard/src/playground.ts", out: "api/dashboard/dist/playground.js", limit: 150_000, packages: packages, notice: "/* with CodeMirror (MIT) */"},
		{entry: "api/dashboard/src/action.ts", out: "api/dashboard/dist/action.js", limit: 1_000},
		{entry: "api/dashboard/src/action.css", out: "api/dashboard/dist/action.css", limit: 1_000},
	}
}
