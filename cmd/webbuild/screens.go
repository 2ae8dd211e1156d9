package main

// screens lists what the dashboard's screens load. A screen with a script of
// its own adds a line.
func screens() []bundle {
	const packages, htmx = "api/dashboard/src", "/* with htmx (0BSD) */"
	return []bundle{
		{entry: "api/dashboard/src/ui.css", out: "api/dashboard/dist/ui.css", limit: 12_000, packages: packages, notice: uPlot},
		{entry: "api/dashboard/src/ui.ts", out: "api/dashboard/dist/ui.js", limit: 20_000, packages: packages, notice: htmx},
		{entry: "api/dashboard/src/live.ts", out: "api/dashboard/dist/live.js", limit: 27_000, packages: packages, notice: uPlot},
		{entry: "api/dashboard/src/result.ts", out: "api/dashboard/dist/result.js", limit: 1_000},
		{entry: "api/dashboard/src/playground.ts", out: "api/dashboard/dist/playground.js", limit: 150_000, packages: packages, notice: "/* with CodeMirror (MIT) */"},
		{entry: "api/dashboard/src/action.ts", out: "api/dashboard/dist/action.js", limit: 1_000},
		{entry: "api/dashboard/src/action.css", out: "api/dashboard/dist/action.css", limit: 1_000},
	}
}

// uPlot is what its licence wants said wherever it is.
const uPlot = `/* with uPlot: The MIT License (MIT)

Copyright (c) 2022 Leon Sorokin

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE. */`
