package clickhouse

import (
	"encoding/base64"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// libraryVersion is the version of the npm packages. A new one needs new
// checksums: npm view @chdb/lib-PLATFORM@VERSION dist.integrity
const libraryVersion = "26.7.3-stable.1"

// integrityEnv lets a person vouch for the package of a platform for which this
// file has no checksum.
const integrityEnv = "OMO_CLICKHOUSE_INTEGRITY"

// libraryPackage is one npm package that holds the engine for one platform.
type libraryPackage struct {
	name      string // npm's name, without the version
	version   string
	integrity string // npm's dist.integrity of the tarball: "sha512-" and base64
	packed    int64  // bytes of the tarball, for the progress bar; 0 if not known
	unpacked  int64  // bytes of the library, to notice a damaged one; 0 if not known
}

// spec is what npm is asked for.
func (p libraryPackage) spec() string { return p.name + "@" + p.version }

// sum returns the tarball's SHA-512.
func (p libraryPackage) sum() ([]byte, error) {
	text, ok := strings.CutPrefix(p.integrity, "sha512-")
	sum, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(sum) != 64 {
		return nil, fmt.Errorf("checksum %q of %s is not of the form sha512-BASE64, as printed by: npm view %s dist.integrity",
			p.integrity, p.spec(), p.spec())
	}
	return sum, nil
}

// platformPackage returns the package for an operating system and architecture,
// in Go's names.
//
// A checksum is written here only where the tarball has been fetched and the
// engine run. Elsewhere integrityEnv has to give it.
func platformPackage(goos, goarch string) (libraryPackage, error) {
	known := map[string]libraryPackage{
		"linux/amd64": {
			name:      "@chdb/lib-linux-x64-gnu",
			integrity: "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
			packed:    177_817_999,
			unpacked:  566_330_096,
		},
		"linux/arm64":  {name: "@chdb/lib-linux-arm64-gnu"},
		"darwin/arm64": {name: "@chdb/lib-darwin-arm64"},
		"darwin/amd64": {name: "@chdb/lib-darwin-x64"},
	}
	p, ok := known[goos+"/"+goarch]
	if !ok {
		return p, fmt.Errorf("there is no ClickHouse library for %s/%s: use --clickhouse DSN", goos, goarch)
	}
	p.version = libraryVersion
	return p, nil
}

// thisPackage returns the package for the machine at hand.
func thisPackage() (libraryPackage, error) {
	p, err := platformPackage(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return p, err
	}
	if p.integrity == "" {
		p.integrity = os.Getenv(integrityEnv)
	}
	if p.integrity == "" {
		return p, fmt.Errorf("no checksum is pinned for %s: put a clickhouse binary on PATH, use --clickhouse DSN, "+
			"or accept the package as npm describes it with %s=$(npm view %s dist.integrity)", p.spec(), integrityEnv, p.spec())
	}
	return p, nil
}
