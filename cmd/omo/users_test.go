package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	run := func(in string, args ...string) (string, error) {
		root := newRoot()
		var out bytes.Buffer
		root.SetIn(strings.NewReader(in))
		root.SetOut(&out)
		root.SetErr(&out)
		root.SetArgs(append([]string{"users", "--data", data}, args...))
		err := root.Execute()
		return out.String(), err
	}
	for _, bad := range []struct{ in, args, want string }{
		{"long enough it is\n", "add hanako", `--role "" is none of view, edit, publish`},
		{"short\n", "add hanako --role edit", "the password has fewer than 10 letters: choose a longer one"},
		{"", "add hanako --role edit", "no password on standard input: type it at a terminal, or pipe it in"},
		{"long enough it is\n", "add secret/key --role edit", `"secret/key" is no name for a person: 1 to 64 letters, digits and . _ @ + -, beginning with a letter or a digit`},
		{"long enough it is\n", "password hanako", "nobody is called hanako: omo users list tells the names"},
		{"", "remove hanako", "nobody is called hanako: omo users list tells the names"},
	} {
		if _, err := run(bad.in, strings.Fields(bad.args)...); err == nil || err.Error() != bad.want {
			t.Errorf("users %s: %v, want %s", bad.args, err, bad.want)
		}
	}
	for _, args := range []string{"add 花子 --role edit", "add taro --role view"} {
		if out, err := run("long enough it is\n", strings.Fields(args)...); err != nil {
			t.Errorf("users %s: %v %s", args, err, out)
		}
	}
	if _, err := run("long enough it is\n", "add", "taro", "--role", "edit"); err == nil || !strings.Contains(err.Error(), "taro is there already") {
		t.Errorf("%v", err)
	}
	before, _, err := find(people{data}, "花子")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run("another long one\r\n", "password", "花子"); err != nil {
		t.Error(err)
	}
	if after, known, err := find(people{data}, "花子"); err != nil || !known || after.Hash == before.Hash || after.Role != dashboard.Edit {
		t.Errorf("%+v, %v", after, err)
	}
	if _, err := run("", "remove", "taro"); err != nil {
		t.Error(err)
	}
	out, err := run("", "list", "--json")
	var listed struct{ Users []userInfo }
	if err != nil || json.Unmarshal([]byte(out), &listed) != nil || len(listed.Users) != 1 || listed.Users[0] != (userInfo{"花子", "edit"}) {
		t.Errorf("%s, %v", out, err)
	}
	file, err := os.Stat(filepath.Join(data, "users.json"))
	if raw, _ := os.ReadFile(people{data}.file()); err != nil || file.Mode().Perm() != 0o600 || bytes.Contains(raw, []byte("long one")) {
		t.Errorf("%v, %v: %s", file.Mode(), err, raw)
	}
	if err := os.WriteFile(people{data}.file(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (people{data}).Put(api.Person{Name: "x"}); err == nil || !strings.Contains(err.Error(), "users.json") {
		t.Errorf("a broken file is written over: %v", err)
	}
}
