//go:build ignore

// Writes crawlers.txt, the user agent patterns of known crawlers, from the npm
// package crawler-user-agents (MIT licence, Martin Monperrus), fetched with
// the npm client:
//
//	go generate ./ingest
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const pkg = "crawler-user-agents@1.60.0"

func main() {
	dir, err := os.MkdirTemp("", "crawlers")
	check(err)
	defer os.RemoveAll(dir)
	npm := exec.Command("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, pkg)
	npm.Stderr = os.Stderr
	check(npm.Run())
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "crawler-user-agents", "crawler-user-agents.json"))
	check(err)
	var agents []struct{ Pattern string }
	check(json.Unmarshal(text, &agents))
	var out strings.Builder
	fmt.Fprintf(&out, "# %s, MIT licence; written by crawlers_generate.go\n", pkg)
	for _, a := range agents {
		fmt.Fprintln(&out, a.Pattern)
	}
	check(os.WriteFile("crawlers.txt", []byte(out.String()), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
