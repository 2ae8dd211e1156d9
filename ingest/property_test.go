package ingest

import (
	"encoding/json"
	"fmt"
	"testing"
)

// A property as the shop gave it; what holds others in it is none.
func TestProperty(t *testing.T) {
	t.Parallel()
	const all = `{"text":"靴","quoted":"a\"b","empty":"","number":12.5,"big":1e3,"yes":true,"no":false,"nothing":null,"list":[{"text":"in a list"}],"object":{"inner":1}}`
	for _, c := range []struct{ properties, name, want string }{
		{all, "text", `"靴"`},
		{all, "quoted", `"a\"b"`},
		{all, "empty", `""`},
		{all, "number", "12.5"},
		{all, "big", "1000"},
		{all, "yes", "true"},
		{all, "no", "false"},
		{all, "nothing", "<nil>"},
		{all, "list", "<nil>"},
		{all, "object", "<nil>"},
		{all, "inner", "<nil>"},
		{all, "missing", "<nil>"},
		{`{"huge":1e999}`, "huge", "<nil>"},
		{"{}", "text", "<nil>"},
		{"", "text", "<nil>"},
	} {
		e := Event{Properties: json.RawMessage(c.properties)}
		if got := fmt.Sprintf("%#v", e.Property(c.name)); got != c.want {
			t.Errorf("%s of %s: got %s, want %s", c.name, c.properties, got, c.want)
		}
	}
}

// What people are shown of a property or a trait.
func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    any
		want string
	}{
		{"靴", "靴"}, {"", ""}, {6800.0, "6800"}, {12_345_678.5, "12345678.5"}, {1e21, "1000000000000000000000"}, {-0.1, "-0.1"},
		{true, "true"}, {false, "false"}, {nil, ""}, {[]any{"a"}, ""}, {map[string]any{"a": 1.0}, ""},
	} {
		if got := Text(c.v); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}
