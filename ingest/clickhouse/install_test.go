package clickhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tarball builds an npm package that holds one file.
func tarball(t *testing.T, name, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	err := errors.Join(
		w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}),
		func() error { _, err := w.Write([]byte(content)); return err }(),
		w.Close(), zipped.Close())
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func integrity(b []byte) string {
	sum := sha512.Sum512(b)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// TestInstallFails injects each failure with an npm that is a line of shell; the
// real one is at work wherever a test here starts a server.
func TestInstallFails(t *testing.T) {
	t.Parallel()
	good := tarball(t, libraryFile, "engine")
	for name, c := range map[string]struct {
		npm  string // what the npm client does; $SOURCE is what the registry has
		sent []byte // what the registry has, if not the good tarball
		pkg  libraryPackage
		want []string
	}{
		"no npm": {
			npm:  "",
			want: []string{"npm is not on PATH: install Node.js with npm, put a clickhouse binary on PATH, or use --clickhouse DSN"}},
		"no network": {
			npm:  `echo "npm error network ENOTFOUND" >&2; exit 1`,
			want: []string{"npm pack @chdb/lib-test@1.0.0: exit status 1: npm error network ENOTFOUND; check the network"}},
		"nothing fetched": {
			npm:  `exit 0`,
			want: []string{"npm pack @chdb/lib-test@1.0.0 left 0 tarballs"}},
		"another tarball": {
			sent: tarball(t, libraryFile, "trojan"),
			npm:  `cp "$SOURCE" lib.tgz`,
			want: []string{"@chdb/lib-test@1.0.0: the checksum of what was downloaded", "is not the pinned one", "nothing was installed, try again"}},
		"truncated download": {
			sent: good[:len(good)-10],
			npm:  `cp "$SOURCE" lib.tgz`,
			want: []string{"the checksum of what was downloaded", "nothing was installed"}},
		"package without a library": {
			sent: tarball(t, "README.md", "hello"),
			npm:  `cp "$SOURCE" lib.tgz`,
			pkg:  libraryPackage{integrity: integrity(tarball(t, "README.md", "hello"))},
			want: []string{"unpack @chdb/lib-test@1.0.0: there is no libchdb.so in the package"}},
		"library of another size": {
			npm:  `cp "$SOURCE" lib.tgz`,
			pkg:  libraryPackage{unpacked: 7},
			want: []string{"libchdb.so has 6 bytes, not 7"}},
		"checksum that is none": {
			npm:  `cp "$SOURCE" lib.tgz`,
			pkg:  libraryPackage{integrity: "sha1-abc"},
			want: []string{`checksum "sha1-abc" of @chdb/lib-test@1.0.0 is not of the form sha512-BASE64`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := t.TempDir()
			in := fakeInstaller(t, cache, c.npm, c.sent, good)
			if c.pkg.integrity != "" {
				in.pkg.integrity = c.pkg.integrity
			}
			in.pkg.unpacked = c.pkg.unpacked
			path, err := in.install(context.Background())
			if err == nil {
				t.Fatalf("installed %s", path)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error: %v\nlacks: %s", err, want)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(cache, "chdb", "*lib*")); len(left) > 0 {
				t.Errorf("left in place: %q", left)
			}
			if left, _ := filepath.Glob(filepath.Join(cache, "chdb", leftover+"*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// fakeInstaller installs a package of six bytes by a shell script in npm's place.
func fakeInstaller(t *testing.T, cache, script string, sent, good []byte) *installer {
	t.Helper()
	dir := t.TempDir()
	if sent == nil {
		sent = good
	}
	npm, source := filepath.Join(dir, "npm"), filepath.Join(dir, "source.tgz")
	if err := errors.Join(os.WriteFile(source, sent, 0o600),
		writeProgram(npm, "#!/bin/sh\nSOURCE='"+source+"'\n"+script+"\n")); err != nil {
		t.Fatal(err)
	}
	in := &installer{
		cache:    cache,
		pkg:      libraryPackage{name: "@chdb/lib-test", version: "1.0.0", integrity: integrity(good)},
		npm:      func() (string, error) { return npm, nil },
		progress: func(string, int64, int64) {},
	}
	if script == "" {
		in.npm = func() (string, error) { return "", exec.ErrNotFound }
	}
	return in
}

// A library that is not whole, as a full disk leaves it, and the rest of a killed
// installation make way. Parallel installers fetch once.
func TestInstallMendsAndFetchesOnce(t *testing.T) {
	t.Parallel()
	cache, fetched := t.TempDir(), filepath.Join(t.TempDir(), "fetched")
	good := tarball(t, libraryFile, "engine")
	in := fakeInstaller(t, cache, `echo x >> `+fetched+`; cp "$SOURCE" lib.tgz`, nil, good)
	in.pkg.unpacked = 6
	rest := filepath.Join(cache, "chdb", leftover+"dead", "npm")
	if err := errors.Join(os.MkdirAll(rest, 0o755), os.MkdirAll(in.home(), 0o755),
		os.WriteFile(filepath.Join(in.home(), libraryFile), []byte("eng"), 0o755)); err != nil {
		t.Fatal(err)
	}
	results := make(chan error)
	for range 8 {
		go func() {
			each := *in
			path, err := each.install(context.Background())
			if content, readErr := os.ReadFile(path); err == nil && string(content) != "engine" {
				err = errors.Join(errors.New("the library holds "+string(content)), readErr)
			}
			results <- err
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if out, err := os.ReadFile(fetched); err != nil || string(out) != "x\n" {
		t.Errorf("fetched %q, %v; want once", out, err)
	}
	if _, err := os.Stat(rest); err == nil {
		t.Error("the rest of a killed installation is still there")
	}
}

func TestInstallCanBeInterrupted(t *testing.T) {
	t.Parallel()
	in := fakeInstaller(t, t.TempDir(), `exec sleep 60`, nil, tarball(t, libraryFile, "engine"))
	ctx, cancel := context.WithCancel(context.Background())
	in.progress = func(stage string, _, _ int64) {
		if stage == "download" {
			cancel()
		}
	}
	began := time.Now()
	if _, err := in.install(ctx); !errors.Is(err, context.Canceled) || time.Since(began) > 50*time.Second { // the rest takes a minute
		t.Errorf("after %s: %v, want it cancelled at once", time.Since(began), err)
	}
}

// The library that the servers of these tests run is the pinned one, and progress
// never runs backwards. In a fresh cache this fetches it.
func TestInstallIsQuickTheSecondTime(t *testing.T) {
	t.Parallel()
	last := map[string]int64{}
	first, err := Install(context.Background(), func(stage string, done, total int64) {
		if done < last[stage] || total > 0 && done > total {
			t.Errorf("%s: %d of %d after %d", stage, done, total, last[stage])
		}
		last[stage] = done
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := Install(context.Background(), func(stage string, _, _ int64) { t.Errorf("%s again", stage) })
	if err != nil || second != first {
		t.Errorf("%s, %v; want %s", second, err, first)
	}
}

func TestPlatforms(t *testing.T) {
	t.Parallel()
	for platform, want := range map[string]string{
		"linux/amd64":   "@chdb/lib-linux-x64-gnu@26.7.3-stable.1",
		"linux/arm64":   "@chdb/lib-linux-arm64-gnu@26.7.3-stable.1",
		"darwin/arm64":  "@chdb/lib-darwin-arm64@26.7.3-stable.1",
		"darwin/amd64":  "@chdb/lib-darwin-x64@26.7.3-stable.1",
		"windows/amd64": "there is no ClickHouse library for windows/amd64: use --clickhouse DSN",
	} {
		goos, goarch, _ := strings.Cut(platform, "/")
		p, err := platformPackage(goos, goarch)
		got := p.spec()
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", platform, got, want)
		}
	}
}
