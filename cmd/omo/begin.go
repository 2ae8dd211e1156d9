package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/omotenashi-web/omotenashi/examples/starter"
	"github.com/omotenashi-web/omotenashi/rules"
)

// beginRules makes the folder whole or not at all. It is written under a name of
// its own first: beside a folder that is not there yet, and moved there at once;
// or inside one that is there and empty, which a shell may stand in and a volume
// be mounted on. The files that it returns are those within, schemas aside.
func beginRules(dir string, japanese bool) (files []string, err error) {
	const another = "name another folder"
	entries, err := os.ReadDir(dir)
	there := err == nil
	switch {
	case there && len(entries) > 0:
		what := entries[0].Name()
		if more := len(entries) - 1; more > 0 {
			what += fmt.Sprintf(" and %d more", more)
		}
		return nil, fmt.Errorf("%s is not empty, it has %s in it: %s, or move that away; nothing is overwritten", dir, what, another)
	case !there && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s cannot be made a rules folder: %w; %s", dir, err, another)
	}
	home := dir
	if !there {
		home = filepath.Dir(dir)
		if err := os.MkdirAll(home, 0o755); err != nil {
			return nil, fmt.Errorf("%s cannot be made: %w; %s", home, err, another)
		}
	}
	work, err := os.MkdirTemp(home, ".omo-init-")
	if err != nil {
		return nil, fmt.Errorf("nothing can be written into %s: %w; %s, or change who may write there", home, err, another)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	made := filepath.Join(work, "rules")
	if files, err = writeRules(made, japanese); err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w; %s", dir, err, another)
	}
	if there {
		return files, moveInto(dir, made)
	}
	if err := os.Rename(made, dir); err != nil {
		return nil, fmt.Errorf("%s cannot be made: %w; %s", dir, err, another)
	}
	return files, nil
}

// writeRules writes the folder to begin with, and the schemas that its files name.
func writeRules(dir string, japanese bool) (files []string, err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	from := starter.Rules(japanese)
	err = fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		switch to := filepath.Join(dir, filepath.FromSlash(name)); {
		case err != nil || name == ".":
			return err
		case d.IsDir():
			return os.Mkdir(to, 0o755)
		default:
			files = append(files, name)
			text, err := fs.ReadFile(from, name)
			if err != nil {
				return err
			}
			return os.WriteFile(to, text, 0o644) // embedded files are read-only
		}
	})
	if err != nil {
		return nil, err
	}
	schemas := filepath.Join(dir, ".schema")
	if err := os.Mkdir(schemas, 0o755); err != nil {
		return nil, err
	}
	for _, kind := range rules.SchemaKinds() {
		if err := schemaFile(filepath.Join(schemas, kind+".schema.json"), kind); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// moveInto fills a folder that was empty, the campaigns last: without them it is
// no rules folder yet. Where it fails, the folder is empty again.
func moveInto(dir, made string) (err error) {
	entries, err := os.ReadDir(made)
	if err != nil {
		return err
	}
	slices.SortStableFunc(entries, campaignsLast)
	for _, e := range entries {
		to := filepath.Join(dir, e.Name())
		if err := os.Rename(filepath.Join(made, e.Name()), to); err != nil {
			return fmt.Errorf("%s cannot be filled: %w; change who may write there, or name another folder", dir, err)
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, os.RemoveAll(to))
			}
		}()
	}
	return nil
}

func campaignsLast(a, b fs.DirEntry) int {
	switch "campaigns" {
	case a.Name():
		return 1
	case b.Name():
		return -1
	}
	return 0
}
