package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDistIsFresh(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if err := run(root, bundles(), true, io.Discard); err != nil {
		t.Error(err)
	}
}

// What goes over the wire keeps its name, and so does what the browser calls: a
// short name is of our own scripts only.
func TestNoShortenedNameIsOneThatOthersRead(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	wire, err := os.ReadFile(filepath.Join(root, "api/beacon/src/types.ts"))
	if err != nil {
		t.Fatal(err)
	}
	letters := map[any]string{}
	for word, letter := range inner {
		if other := letters[letter]; other != "" {
			t.Errorf("%s and %s are both called %s", word, other, letter)
		}
		letters[letter] = word
		if regexp.MustCompile(`\b` + word + `\??:`).Match(wire) {
			t.Errorf("%s goes over the wire", word)
		}
	}
}

// site writes files into a folder and gives a bundle of its main.ts.
func site(t *testing.T, files map[string]string) (string, []bundle) {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root, []bundle{{entry: "main.ts", out: "dist/out.js", limit: 500}}
}

func TestBundleHoldsTheStyleSheetAsMinifiedText(t *testing.T) {
	t.Parallel()
	root, all := site(t, map[string]string{
		"main.ts":   "import css from './style.css';\nconst shown: string = css;\n(window as any).css = shown;",
		"style.css": "/* note */\n.a {\n  color: #ffffff;\n}\n",
	})
	var table strings.Builder
	if err := run(root, all, false, &table); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(filepath.Join(root, "dist/out.js"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `"use strict";(()=>{var s=".a{color:#fff}";var n=s;window.css=n;})();` + "\n"; string(body) != want {
		t.Errorf("bundle = %s, want %s", body, want)
	}
	if want := "  bytes  gzip  limit bundle\n     69    91    500 dist/out.js\n"; table.String() != want {
		t.Errorf("table = %q, want %q", table.String(), want)
	}
}

// A script finds what it loads under the name of its content, so a browser may
// keep that for good; and it is stale when what it loads has changed.
func TestABundleNamesWhatItLoadsByContent(t *testing.T) {
	t.Parallel()
	root, all := site(t, map[string]string{
		"main.ts":  "declare const LATER: string;\nimport(origin + LATER);",
		"later.ts": "export const shown = 1;",
	})
	all = append([]bundle{{entry: "later.ts", out: "dist/later.js", limit: 500, name: "LATER", path: "/later.js"}}, all...)
	if err := run(root, all, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"dist/later.js": "var o=1;export{o as shown};\n",
		"dist/out.js":   `"use strict";(()=>{import(origin+"/later.js?v=LiqDOuhC");})();` + "\n",
	} {
		if body, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(body) != want {
			t.Errorf("%s = %s, %v; want %s", name, body, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "later.ts"), []byte("export const shown = 2;"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := run(root, all, true, io.Discard)
	for _, name := range []string{"dist/later.js", "dist/out.js"} {
		if err == nil || !strings.Contains(err.Error(), name+" is stale") {
			t.Errorf("error = %v, want %s to be stale", err, name)
		}
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		after func(root string) error
		want  string
	}{
		{
			name:  "a stale bundle",
			files: map[string]string{"main.ts": "alert(1)"},
			after: func(root string) error {
				return os.WriteFile(filepath.Join(root, "main.ts"), []byte("alert(2)"), 0o644)
			},
			want: "dist/out.js is stale: run `go run ./cmd/webbuild` and commit it with its sources",
		},
		{
			name:  "a broken source",
			files: map[string]string{"main.ts": "alert(1)"},
			after: func(root string) error {
				return os.WriteFile(filepath.Join(root, "main.ts"), []byte("const a = 1;\nlet = ;"), 0o644)
			},
			want: "build dist/out.js: main.ts:2:7: Unexpected \";\"",
		},
		{
			name:  "a broken style sheet",
			files: map[string]string{"main.ts": "alert(1)", "style.css": ".a { color: red"},
			after: func(root string) error {
				return os.WriteFile(filepath.Join(root, "main.ts"), []byte("import css from './style.css'; alert(css)"), 0o644)
			},
			want: "Expected \"}\" to go with \"{\"",
		},
		{
			name:  "no bundle",
			files: map[string]string{"main.ts": "alert(1)"},
			after: func(root string) error { return os.Remove(filepath.Join(root, "dist/out.js")) },
			want:  "read committed bundle:",
		},
		{
			name:  "a bundle over its limit",
			files: map[string]string{"main.ts": "alert(1)"},
			after: func(root string) error {
				var text strings.Builder
				for i := range 400 {
					text.WriteString("alert('" + strings.Repeat(string(rune('a'+i%26)), i%7) + string(rune(0x3042+i%80)) + "');")
				}
				return os.WriteFile(filepath.Join(root, "main.ts"), []byte(text.String()), 0o644)
			},
			want: "after gzip, the limit is 500: make it smaller, or raise the limit in cmd/webbuild knowingly",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root, all := site(t, c.files)
			if err := run(root, all, false, io.Discard); err != nil {
				t.Fatal(err)
			}
			if err := run(root, all, true, io.Discard); err != nil {
				t.Fatalf("a fresh bundle is refused: %v", err)
			}
			if err := c.after(root); err != nil {
				t.Fatal(err)
			}
			err := run(root, all, true, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %s", err, c.want)
			}
		})
	}
}
