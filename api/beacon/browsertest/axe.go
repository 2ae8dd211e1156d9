package browsertest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

//go:embed axe/package.json
var axePackage []byte

// Axe gives axe-core's script in the version that axe/package.json names,
// installed once for the user. Without npm a test is skipped, and says so; where
// browsers are required, as in CI, it fails.
func Axe(t testing.TB) string {
	t.Helper()
	without := func(say string) {
		if os.Getenv("OMO_REQUIRE_BROWSER") == "1" {
			t.Fatal(say)
		}
		t.Skip("NOT TESTED with axe-core: " + say)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		without("no npm on the PATH: install Node 20 or later with npm")
	}
	_, version, _ := strings.Cut(string(axePackage), `"axe-core": "`)
	version, _, _ = strings.Cut(version, `"`)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "omotenashi", "axe-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	script := filepath.Join(dir, "node_modules", "axe-core", "axe.min.js")
	if _, err := os.Stat(script); err != nil {
		if err := os.WriteFile(filepath.Join(dir, "package.json"), axePackage, 0o644); err != nil {
			t.Fatal(err)
		}
		install := exec.CommandContext(t.Context(), "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			without("npm cannot install axe-core " + version + ": " + string(out))
		}
	}
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
