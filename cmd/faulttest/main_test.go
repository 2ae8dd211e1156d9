package faulttest

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// binary is the product, built once for all tests: TestMain has no way to hand
// a value to tests but a variable of a package.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "faulttest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := depend(filepath.Join("..", "..")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = filepath.Join(dir, "omo")
	build := exec.Command("go", "build", "-tags", "faults", "-o", binary, "github.com/omotenashi-web/omotenashi/cmd/omo")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build omo: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// depend looks at every folder of the source, so that go test knows that its kept
// result is out of date when the product has changed: it does not see what a
// build inside a test reads.
func depend(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		return err
	})
}

// long says that there is time: more rounds, and faults that take minutes.
func long() bool { return os.Getenv("OMO_FAULTS") == "long" }

// rounds is how often a fault is made.
func rounds(short, many int) int {
	if long() {
		return many
	}
	return short
}
