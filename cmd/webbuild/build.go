package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// A bundle is one script that browsers load. Paths are relative to the module.
type bundle struct {
	entry string
	out   string
	limit int    // bytes after gzip; a larger one is an error, so that growth is a decision
	inner bool   // are inner's words shortened in it?
	name  string // its sources' word for the address of a bundle that others load by import(): an identifier
	path  string // where the server has it; with a name only

	packages string // the folder of the package.json that it takes npm packages from; "" none
	notice   string // what their licences want said in the bundle
}

// bundles lists every script of the product under its stable name, those that
// others load first.
func bundles() []bundle {
	return []bundle{
		{entry: "api/beacon/src/render/show.ts", out: "api/beacon/dist/r.js", limit: 9_000, inner: true, name: "RENDERER", path: "/r.js"},
		{entry: "api/beacon/src/heart.ts", out: "api/beacon/dist/h.js", limit: 2_000, inner: true, name: "HEART", path: "/m/h.js"},
		{entry: "api/beacon/src/watch.ts", out: "api/beacon/dist/t.js", limit: 2_000, inner: true, name: "TRIGGERS", path: "/m/t.js"},
		{entry: "api/beacon/src/layer.ts", out: "api/beacon/dist/d.js", limit: 2_000, inner: true, name: "LAYER", path: "/m/d.js"},
		{entry: "api/beacon/src/why.ts", out: "api/beacon/dist/w.js", limit: 3_000, inner: true, name: "WHY", path: "/m/w.js"},
		{entry: "api/beacon/src/preview.ts", out: "api/beacon/dist/p.js", limit: 3_000, inner: true, name: "OVERLAY", path: "/m/p.js"},
		{entry: "api/beacon/src/main.ts", out: "api/beacon/dist/b.js", limit: 5_000, inner: true},
	}
}

// inner are the beacon's own words for properties that stay inside its scripts, and
// what each is called in all of them. None goes over the wire, or is used of something
// of the browser's or the page's. A word keeps its letter: an old b.js may load a new
// module.
var inner = map[string]any{
	"adopt": "A", "answered": "B", "arm": "C", "asked": "D", "base": "E",
	"beacon": "F", "choose": "G", "cookies": "H", "gone": "I", "happened": "J",
	"known": "K", "learn": "L", "leave": "M", "look": "N", "post": "O",
	"record": "P", "report": "Q", "shown": "R", "soon": "S", "told": "T",
	"bytes": "U", "flush": "V", "take": "W", "depth": "X",
}

// address is where a page finds the bundle, with the name of its content, so
// that browsers may keep it for good.
func (b bundle) address(body []byte) string {
	sum := sha256.Sum256(body)
	return b.path + "?v=" + base64.RawURLEncoding.EncodeToString(sum[:6])
}

// build bundles one entry in memory. The same sources give the same bytes. One
// with a name is a module; any other runs from a script tag, and finds in
// addresses what it loads itself.
func build(root string, b bundle, addresses map[string]string) ([]byte, error) {
	format := api.FormatIIFE
	if b.name != "" {
		format = api.FormatESModule
	}
	plugins := []api.Plugin{cssAsText()}
	if strings.HasSuffix(b.entry, ".css") {
		plugins = nil
	}
	modules, err := installed(root, b.packages)
	if err != nil {
		return nil, err
	}
	var pattern string
	var names map[string]any
	if b.inner {
		pattern, names = "^("+strings.Join(slices.Sorted(maps.Keys(inner)), "|")+")$", maps.Clone(inner)
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     root,
		NodePaths:         modules,
		Banner:            map[string]string{strings.TrimPrefix(filepath.Ext(b.out), "."): b.notice},
		EntryPoints:       []string{filepath.Join(root, b.entry)},
		Bundle:            true,
		Format:            format,
		Define:            addresses,
		Target:            api.ES2020,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		MangleProps:       pattern,
		MangleCache:       names,
		LegalComments:     api.LegalCommentsNone,
		TsconfigRaw:       `{"compilerOptions": {"strict": true}}`,
		Plugins:           plugins,
		LogLevel:          api.LogLevelSilent,
	})
	if err := problems(b.entry, result.Errors, result.Warnings); err != nil {
		return nil, err
	}
	return result.OutputFiles[0].Contents, nil
}

// cssAsText lets a script import a style sheet as its minified text: it goes
// into a shadow root and never into the page.
func cssAsText() api.Plugin {
	return api.Plugin{Name: "css as text", Setup: func(p api.PluginBuild) {
		p.OnLoad(api.OnLoadOptions{Filter: `\.css$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			source, err := os.ReadFile(args.Path)
			if err != nil {
				return api.OnLoadResult{}, fmt.Errorf("read style sheet: %w", err)
			}
			sheet := api.Transform(string(source), api.TransformOptions{
				Loader:           api.LoaderCSS,
				MinifyWhitespace: true,
				MinifySyntax:     true,
				Charset:          api.CharsetUTF8,
				Sourcefile:       args.Path,
			})
			if err := problems(args.Path, sheet.Errors, sheet.Warnings); err != nil {
				return api.OnLoadResult{}, err
			}
			text := strings.TrimSpace(string(sheet.Code))
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderText}, nil
		})
	}}
}

// problems turns the bundler's messages into one error that names every place.
// Warnings count: nobody reads those of a build that passes.
func problems(where string, lists ...[]api.Message) error {
	var all []error
	for _, list := range lists {
		for _, m := range list {
			place := where
			if m.Location != nil {
				place = fmt.Sprintf("%s:%d:%d", m.Location.File, m.Location.Line, m.Location.Column+1)
			}
			all = append(all, fmt.Errorf("%s: %s", place, m.Text))
		}
	}
	return errors.Join(all...)
}

// gzipSize gives the bytes that travel, at the level that servers use at best.
func gzipSize(body []byte) (int, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return 0, fmt.Errorf("gzip: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return 0, fmt.Errorf("gzip: %w", err)
	}
	if err := w.Close(); err != nil {
		return 0, fmt.Errorf("gzip: %w", err)
	}
	return packed.Len(), nil
}

// moduleRoot is the nearest folder with a go.mod, from the working directory up.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("working directory: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", fmt.Errorf("no go.mod in %s or above: run webbuild inside the module", start)
		}
	}
}
