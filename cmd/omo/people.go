package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// people is users.json in the data folder: who may come in to the screens. It is
// read whenever somebody does, so that a running server sees every change.
type people struct{ data string }

// kept is a person in the file. No password is in it, only what proves one.
type keptPerson struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Hash string `json:"password_argon2id"`
}

func (p people) file() string { return filepath.Join(p.data, "users.json") }

// All reads the file; none is nobody.
func (p people) All() ([]api.Person, error) {
	raw, err := os.ReadFile(p.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var kept []keptPerson
	if err == nil {
		err = json.Unmarshal(raw, &kept)
	}
	if err != nil {
		return nil, fmt.Errorf("who may come in cannot be read from %s: %w; correct it, or move it away and add everybody again", p.file(), err)
	}
	var out []api.Person
	for _, k := range kept {
		out = append(out, api.Person{Name: k.Name, Role: dashboard.Roles[k.Role], Hash: k.Hash})
	}
	return out, nil
}

// Put adds a person, or replaces the one of that name.
func (p people) Put(one api.Person) error {
	return p.change(func(all []api.Person) ([]api.Person, error) {
		all = slices.DeleteFunc(all, func(x api.Person) bool { return x.Name == one.Name })
		if len(all) >= api.MaxPeople {
			return nil, fmt.Errorf("there are %d people, and no more are kept: remove who no longer comes", len(all))
		}
		return append(all, one), nil
	})
}

// Remove takes a person away; one who is not there is an error.
func (p people) Remove(name string) error {
	return p.change(func(all []api.Person) ([]api.Person, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(x api.Person) bool { return x.Name == name })
		if len(left) == len(all) {
			return nil, fmt.Errorf("nobody is called %s: omo users list tells the names", name)
		}
		return left, nil
	})
}

// change writes a whole file in the place of the one before, one change at a time.
func (p people) change(do func([]api.Person) ([]api.Person, error)) error {
	lock := flock.New(p.file() + ".lock")
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("who may come in cannot be changed: %w", err)
	}
	defer lock.Unlock()
	all, err := p.All()
	if err == nil {
		all, err = do(all)
	}
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b api.Person) int { return strings.Compare(a.Name, b.Name) })
	kept := make([]keptPerson, len(all))
	for i, one := range all {
		kept[i] = keptPerson{one.Name, one.Role.String(), one.Hash}
	}
	raw, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	next := p.file() + ".new"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return fmt.Errorf("who may come in cannot be kept: %w", err)
	}
	if err := os.Rename(next, p.file()); err != nil {
		return fmt.Errorf("who may come in cannot be kept: %w", err)
	}
	return nil
}
