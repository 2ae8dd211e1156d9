package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// errNoNPM says that packages cannot be had on this machine.
var errNoNPM = errors.New("no npm on the PATH: install Node 20 or later with npm")

// installWithin bounds the wait for npm.
const installWithin = 3 * time.Minute

// installed gives the node_modules of the packages that a folder's package.json
// and lock file name, installed once for whoever builds; none for no folder.
func installed(root, folder string) ([]string, error) {
	if folder == "" {
		return nil, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no place for npm packages: %w", err)
	}
	files, sum := map[string][]byte{}, sha256.New()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		if files[name], err = os.ReadFile(filepath.Join(root, folder, name)); err != nil {
			return nil, fmt.Errorf("npm packages: %w", err)
		}
		sum.Write(files[name])
	}
	dir := filepath.Join(cache, "omotenashi", "dashboard-"+hex.EncodeToString(sum.Sum(nil)[:6]))
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("npm packages: %w", err)
	}
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("npm packages: %w", err)
	}
	defer lock.Unlock()
	modules := []string{filepath.Join(dir, "node_modules")}
	if _, err := os.Stat(dir); err == nil {
		return modules, nil
	}
	if err := install(dir, files); err != nil {
		return nil, fmt.Errorf("npm packages of %s: %w", folder, err)
	}
	return modules, nil
}

// install lets npm work beside dir and moves what is whole there.
func install(dir string, files map[string][]byte) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return errNoNPM
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), "dashboard-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(made)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(made, name), text, 0o644); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), installWithin)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
	npm.Dir = made
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install: %w: %s", err, out)
	}
	return os.Rename(made, dir)
}
