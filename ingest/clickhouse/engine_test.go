package clickhouse

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// binary writes a clickhouse program, made of shell, into a folder.
func binary(t *testing.T, dir, script string) string {
	t.Helper()
	path := filepath.Join(dir, "clickhouse")
	if err := writeProgram(path, "#!/bin/sh\n"+script+"\n"); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeProgram writes a file that can be run at once. A process that another
// test forks meanwhile would hold the file open for writing until it execs,
// and running the file would fail with "text file busy": so nobody forks.
func writeProgram(path, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(text), 0o755)
}

func TestBinaryThatIsTooOld(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"echo 18.16.1":  `is version "18.16.1", and 25 or newer is needed`,
		"echo nonsense": `is version "nonsense", and 25 or newer is needed`,
		"exit 3":        "does not tell its version: exit status 3",
	} {
		path := binary(t, t.TempDir(), script)
		if err := checkVersion(context.Background(), path); err == nil || err.Error() != path+" "+want {
			t.Errorf("%s: %v\nwant: %s %s", script, err, path, want)
		}
	}
}

// Without npm and without the library, a clickhouse binary on PATH serves. The
// one here is the real engine under that name.
func TestBinaryOnPath(t *testing.T) {
	library, err := Install(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	binary(t, dir, `test "$1" = local || exit 9; shift
case "$1" in --query) echo 26.7.2.1; exit;; esac
`+libraryEnv+`='`+library+`' `+parentEnv+`=$PPID exec '`+self+`' "$@"`)
	t.Setenv("PATH", dir)
	t.Setenv("OMO_CACHE", t.TempDir())

	if path, err := Install(context.Background(), nil); err != nil || path != filepath.Join(dir, "clickhouse") {
		t.Errorf("Install: %s, %v; want the binary", path, err)
	}
	s := startTest(t, Options{Dir: t.TempDir()})
	var out strings.Builder
	if err := Query(context.Background(), s.DSN(), "SELECT 'from the binary' AS s", &out, "json"); err != nil || out.String() != `{"s":"from the binary"}`+"\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestNoWayToClickHouse(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("OMO_CACHE", t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := Start(ctx, Options{Dir: t.TempDir()})
	want := "the embedded ClickHouse is broken: install ClickHouse: npm is not on PATH: " +
		"install Node.js with npm, put a clickhouse binary on PATH, or use --clickhouse DSN"
	if err == nil || err.Error() != want {
		t.Errorf("Start: %v\nwant: %s", err, want)
	}
}
