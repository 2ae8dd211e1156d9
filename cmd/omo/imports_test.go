package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// heavy are the modules that only the packages named in the golden file may import.
var heavy = []string{
	"github.com/expr-lang/expr", "github.com/goccy/go-yaml", "github.com/ClickHouse/clickhouse-go/v2",
	"github.com/ebitengine/purego", "github.com/spaolacci/murmur3", "github.com/cockroachdb/pebble/v2",
	"gonum.org/v1/gonum", "github.com/labstack/echo/v4", "github.com/spf13/cobra", "github.com/evanw/esbuild",
	"github.com/bytedance/sonic", "github.com/chromedp/chromedp", "github.com/wneessen/go-mail",
}

// TestImportGraph holds who may know whom: imports run one way, rules and
// ingest below engine below api below cmd, and a heavy module has one room.
// A change here is a change of the house: look at it, then run with -update.
func TestImportGraph(t *testing.T) {
	t.Parallel()
	const module = "github.com/omotenashi-web/omotenashi"
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	inside, owners := map[string][]string{}, map[string][]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		inside[name] = nil
		for _, i := range p.Imports {
			if own, ok := strings.CutPrefix(i, module+"/"); ok {
				inside[name] = append(inside[name], own)
			}
			for _, h := range heavy {
				if (i == h || strings.HasPrefix(i, h+"/")) && !slices.Contains(owners[h], name) {
					owners[h] = append(owners[h], name)
				}
			}
		}
	}
	var got strings.Builder
	fmt.Fprintln(&got, "# who imports whom")
	for _, name := range slices.Sorted(maps.Keys(inside)) {
		fmt.Fprintf(&got, "%s: %s\n", name, strings.Join(inside[name], " "))
	}
	fmt.Fprintln(&got, "\n# which packages have a heavy module")
	for _, h := range slices.Sorted(slices.Values(heavy)) {
		fmt.Fprintf(&got, "%s: %s\n", h, strings.Join(owners[h], " "))
	}
	golden := filepath.Join("testdata", "imports.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the import graph is not the one in %s:\n%s", golden, got.String())
	}
	forbid(t, inside)
}

// forbid states the direction itself, so that -update cannot wave a wrong import through.
func forbid(t *testing.T, inside map[string][]string) {
	level := func(pkg string) int {
		top, _, _ := strings.Cut(pkg, "/")
		return map[string]int{"rules": 1, "ingest": 1, "engine": 2, "api": 3, "examples": 4, "cmd": 5}[top]
	}
	for pkg, imports := range inside {
		for _, i := range imports {
			if level(i) > level(pkg) {
				t.Errorf("%s imports %s: imports run rules, ingest < engine < api < cmd", pkg, i)
			}
			if a, b, _ := strings.Cut(pkg, "/"); level(i) == 1 && level(pkg) == 1 {
				if top, _, _ := strings.Cut(i, "/"); top != a {
					t.Errorf("%s imports %s: rules and ingest do not know each other (%s)", pkg, i, b)
				}
			}
		}
	}
}
