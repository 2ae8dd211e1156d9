package ingest

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// fields are an event's properties while another system's names in them become
// the canonical ones.
type fields map[string]json.RawMessage

// rename moves a field to its canonical name, unless that is there already.
func (f fields) rename(from, to string) {
	value, there := f[from]
	if _, taken := f[to]; taken || !there || string(value) == "null" {
		return
	}
	f[to] = value
	delete(f, from)
}

// snakeCase renames every field so.
func (f fields) snakeCase() {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if snake := snakeCase(name); snake != name {
			f.rename(name, snake)
		}
	}
}

// first copies the first of those fields that is there, unless to is.
func (f fields) first(to string, from ...string) {
	for _, name := range append([]string{to}, from...) {
		if value, there := f[name]; there && string(value) != "null" {
			f[to] = value
			return
		}
	}
}

// numbers makes numbers of those fields that are numbers written as texts.
func (f fields) numbers(names ...string) {
	for _, name := range names {
		var text string
		if json.Unmarshal(f[name], &text) != nil {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			f[name] = strconv.AppendFloat(nil, n, 'f', -1, 64)
		}
	}
}

// texts makes texts of those fields that are numbers: an id, say.
func (f fields) texts(names ...string) {
	for _, name := range names {
		if raw := f[name]; len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
			f[name] = strconv.AppendQuote(nil, string(raw))
		}
	}
}

// text is a field that is a text, "" where there is none.
func (f fields) text(name string) string {
	var text string
	_ = json.Unmarshal(f[name], &text) // another type: no text
	return text
}

// number is a field that is a number.
func (f fields) number(name string) (float64, bool) {
	var n *float64
	if err := json.Unmarshal(f[name], &n); err != nil || n == nil {
		return 0, false
	}
	return *n, true
}

// set writes a field.
func (f fields) set(name string, value any) {
	raw, err := json.Marshal(value)
	if err == nil { // texts, finite numbers, fields and lists of them always can be
		f[name] = raw
	}
}

// list is a field that is a list of objects, nil where it is none.
func (f fields) list(name string) []fields {
	var all []fields
	if json.Unmarshal(f[name], &all) != nil {
		return nil
	}
	return all
}

// take moves those fields out of f into an object of their own.
func (f fields) take(names ...string) fields {
	out := fields{}
	for _, name := range names {
		if value, there := f[name]; there {
			out[name] = value
			delete(f, name)
		}
	}
	return out
}

// translate lets change edit properties. What is not an object stays as it is:
// Accept says so.
func translate(raw json.RawMessage, change func(fields)) json.RawMessage {
	f := fields{}
	if len(raw) > 0 && json.Unmarshal(raw, &f) != nil {
		return raw
	}
	if f == nil { // null
		f = fields{}
	}
	change(f)
	out, err := json.Marshal(f)
	if err != nil {
		return raw
	}
	return out
}
