package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas is every kind of file's schema, compiled as an editor would.
func schemas(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	for _, kind := range SchemaKinds() {
		if err := c.AddResource("mem:"+kind, plainJSON(t, Schema(kind))); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func plainJSON(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// kindOf says which schema a file of a rules folder has; "" for none.
func kindOf(name string) string {
	switch {
	case name == "site.yaml", name == "segments.yaml":
		return strings.TrimSuffix(name, ".yaml")
	case path.Dir(name) == "campaigns" && path.Ext(name) == ".yaml":
		return "campaign"
	case strings.HasSuffix(name, ".test.yaml"):
		return "tests"
	}
	return ""
}

// validate holds every document of a file against its schema.
func validate(t *testing.T, c *jsonschema.Compiler, kind, text string) error {
	t.Helper()
	schema, err := c.Compile("mem:" + kind)
	if err != nil {
		t.Fatal(err)
	}
	var found Findings
	var all error
	for _, doc := range (&reader{found: &found}).parse("x.yaml", text) {
		all = errors.Join(all, schema.Validate(plainJSON(t, plainValue(doc))))
	}
	if len(found) > 0 {
		t.Fatalf("not YAML:\n%v", found)
	}
	return all
}

// No false alarms: what loads, an editor does not mark.
func TestSchemaAcceptsWhatLoads(t *testing.T) {
	t.Parallel()
	folders := map[string]fs.FS{}
	for _, dir := range []string{"shop", "cookiecats"} {
		folders["examples/"+dir] = os.DirFS("../examples/" + dir + "/rules")
	}
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		folder := fstest.MapFS{}
		for _, f := range archive.Files {
			folder[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		folders[name] = folder
	}
	c, files := schemas(t), 0
	for name, folder := range folders {
		set, _ := Load(folder)
		if set == nil {
			continue
		}
		err := fs.WalkDir(folder, ".", func(file string, _ fs.DirEntry, err error) error {
			kind := kindOf(file)
			if err != nil || kind == "" {
				return err
			}
			text, err := fs.ReadFile(folder, file)
			if err != nil {
				return err
			}
			files++
			if err := validate(t, c, kind, string(text)); err != nil {
				t.Errorf("%s: %s loads, and its schema says:\n%v", name, file, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 20 {
		t.Errorf("only %d files were held against their schema", files)
	}
}

// Every mistake that a schema can see is marked at its place, and is one that
// Load refuses too.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	raw, err := txtar.ParseFile("testdata/schema/refused.txtar")
	if err != nil {
		t.Fatal(err)
	}
	c := schemas(t)
	for _, f := range raw.Files {
		place, file, _ := strings.Cut(f.Name, " ") // /variants/0/weight campaigns/a.yaml
		t.Run(f.Name, func(t *testing.T) {
			err := validate(t, c, kindOf(file), string(f.Data))
			var wrong *jsonschema.ValidationError
			if !errors.As(err, &wrong) {
				t.Fatalf("accepted:\n%s", f.Data)
			}
			if places := leaves(wrong); !slices.Contains(places, place) {
				t.Errorf("marked at %v, want %s", places, place)
			}
			folder := fstest.MapFS{
				"campaigns/b.yaml": {Data: []byte("id: b\nvariants: [{id: a, weight: 1}]\n")},
				file:               {Data: f.Data},
			}
			if set, _ := Load(folder); set != nil && kindOf(file) != "tests" {
				t.Error("Load takes it")
			}
		})
	}
}

// leaves are the places that a validation marks.
func leaves(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		return []string{"/" + strings.Join(e.InstanceLocation, "/")}
	}
	var out []string
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

// What the schema gives as an example or a default is good where it stands.
func TestSchemaExamplesAreGood(t *testing.T) {
	t.Parallel()
	c, examples := schemas(t), 0
	for _, kind := range SchemaKinds() {
		var walk func(at string, v any)
		walk = func(at string, v any) {
			m, ok := v.(map[string]any)
			if !ok {
				return
			}
			for key, inner := range m {
				if key == "properties" || key == "definitions" {
					for name, property := range inner.(map[string]any) {
						walk(at+"/"+key+"/"+name, property)
					}
				} else if key == "items" || key == "additionalProperties" {
					walk(at+"/"+key, inner)
				}
			}
			values, _ := m["examples"].([]any)
			if value, ok := m["default"]; ok {
				values = append(values, value)
			}
			for _, value := range values {
				examples++
				schema, err := c.Compile("mem:" + kind + "#" + at)
				if err == nil {
					err = schema.Validate(value)
				}
				if err != nil {
					t.Errorf("%s %s: %v: %v", kind, at, value, err)
				}
			}
		}
		walk("", plainJSON(t, Schema(kind)))
	}
	if examples < 100 {
		t.Errorf("only %d examples", examples)
	}
}
