package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/omotenashi-web/omotenashi/rules"
)

// lastGood is where the rule set that last went live is kept, in a folder named
// by its hash, and a file that says which. Should the rules folder be broken
// when the server starts again, this one serves.
type lastGood string

// keep writes the set's files, and only then names them the last good ones.
func (k lastGood) keep(set *rules.Set) error {
	if name, err := k.name(); err == nil && name == set.Hash {
		return nil // more codes in a pool are no part of it: the ledger has them
	}
	dir := filepath.Join(string(k), set.Hash)
	for name, text := range set.Source {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("the rule set cannot be kept: %w", err)
		}
		if err := writeWhole(path, text); err != nil {
			return fmt.Errorf("the rule set cannot be kept: %w", err)
		}
	}
	if err := writeWhole(filepath.Join(string(k), "last"), set.Hash); err != nil {
		return fmt.Errorf("the rule set cannot be kept: %w", err)
	}
	return k.sweep(set.Hash)
}

// writeWhole writes a file so that it is there whole or as it was.
func writeWhole(path, text string) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// sweep removes the sets that were good before.
func (k lastGood) sweep(hash string) error {
	entries, err := os.ReadDir(string(k))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != hash {
			err = errors.Join(err, os.RemoveAll(filepath.Join(string(k), entry.Name())))
		}
	}
	return err
}

func (k lastGood) name() (string, error) {
	text, err := os.ReadFile(filepath.Join(string(k), "last"))
	return strings.TrimSpace(string(text)), err
}

// load gives the set that was kept, nil where none ever was.
func (k lastGood) load() (*rules.Set, error) {
	hash, err := k.name()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the last good rule set cannot be read: %w", err)
	}
	set, found := rules.Load(os.DirFS(filepath.Join(string(k), hash)))
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("the last good rule set, kept in %s, is not good any more:\n%w", k, err)
	}
	if set.Hash != hash {
		return nil, fmt.Errorf("the last good rule set, kept in %s, was changed: it is not %.12s any more", k, hash)
	}
	return set, nil
}
