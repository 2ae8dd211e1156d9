package faulttest

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if folder != "" {
		if err := os.RemoveAll(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// folder holds the product, which is built once for all tests, by the first that
// needs it: TestMain has no way to hand a value to tests but variables of a package.
var (
	folder string
	build  = sync.OnceValues(func() (path string, err error) {
		if folder, err = os.MkdirTemp("", "faulttest-"); err != nil {
			return "", err
		}
		if err := depend(filepath.Join("..", "..")); err != nil {
			return "", err
		}
		path = filepath.Join(folder, "omo")
		cmd := exec.Command("go", "build", "-tags", "faults", "-o", path, "github.com/omotenashi-web/omotenashi/cmd/omo")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build omo: %w\n%s", err, out)
		}
		return path, nil
	})
)

func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// depend looks at every folder of the source, so that go test knows that its kept
// result is out of date when the product has changed: it sees what tests look at,
// and not what a build inside a test reads.
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
