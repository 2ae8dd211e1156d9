package ingest

import (
	"strings"
	"testing"
)

// What is wrong with a body is said with its place and what was expected.
func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, MaxDepth) // and the object around it
	for _, c := range []struct{ name, body, want string }{
		{"empty", "", "body is empty, expected a JSON object"},
		{"blank", " \n\t ", "body is empty, expected a JSON object"},
		{"a list", `[]`, "body is a list, expected an object"},
		{"a number", `3`, "body is a number, expected an object"},
		{"cut short", `{"events":[`, "body is not JSON at byte 11: unexpected end of JSON input"},
		{"no colon", `{"a" 1}`, "body is not JSON at byte 6: invalid character '1' after object key"},
		{"more behind it", `{"events":[]} x`, "body is not JSON at byte 15: invalid character 'x' after top-level value"},
		{"half a word", `{"events":[{"properties":{"x":tru}}]}`, "body is not JSON at byte 34: invalid character '}' in literal true (expecting 'e')"},
		{"a number with a leading zero", `{"events":[{"properties":{"x":01}}]}`, "body is not JSON at byte 32: invalid character '1' after object key:value pair"},
		{"a raw control character", "{\"events\":[{\"name\":\"a\x01b\"}]}", `body is not JSON at byte 22: invalid character '\x01' in string literal`},
		{"events is no list", `{"events":{}}`, "events is an object, expected a list"},
		{"an id that is a number", `{"visitor":{"id":3}}`, "visitor.id is a number, expected a text"},
		{"traits that are no object", `{"visitor":{"id":"v","traits":"gold"}}`, "visitor.traits is a text, expected an object"},
		{"consent that is true", `{"consent":true}`, "consent is true or false, expected a text"},
		{"a time that is none", `{"sent_at":"yesterday"}`, `body cannot be read: time "yesterday" is neither RFC 3339 (2026-12-01T09:00:00+09:00) nor milliseconds since 1970`},
		{"too deep", `{"a":` + deep, "body is nested deeper than 32 levels: flatten it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b Batch
			switch err := Decode([]byte(c.body), &b); {
			case err == nil:
				t.Errorf("no error, want %s", c.want)
			case err.Error() != c.want:
				t.Errorf("error\n%s\nwant\n%s", err, c.want)
			}
		})
	}
}

// Depth counts brackets and not those within texts.
func TestDecodeDepth(t *testing.T) {
	t.Parallel()
	flat := `{"events":[{"name":"a","properties":{"text":"` + strings.Repeat(`[{\"`, 500) + `"}}]}`
	deep := strings.Repeat(`{"a":`, MaxDepth-1) + `[]` + strings.Repeat(`}`, MaxDepth-1)
	for _, body := range []string{flat, deep} {
		var v any
		if err := Decode([]byte(body), &v); err != nil {
			t.Errorf("%.60s…: %v", body, err)
		}
	}
}

// One bad event does not take the others of its batch with it: Accept refuses
// it alone, and says what is wrong with it.
func TestDecodeKeepsTheGoodEvents(t *testing.T) {
	t.Parallel()
	body := `{"visitor":{"id":"v1"},"events":[
		{"name":"first"},
		{"name":7},
		{"name":"later","time":"yesterday"},
		"what?",
		{"name":"priced","page":{"item":{"price":"12"}}},
		{"name":"huge","page":{"item":{"price":1e400}}},
		{"name":"last","time":1764547200000}]}`
	var b Batch
	if err := Decode([]byte(body), &b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range b.Events {
		e, refused := Accept(in, b.Visitor, terms())
		if refused != nil {
			got = append(got, refused.Code+": "+refused.Message)
		} else {
			got = append(got, "good: "+e.Name)
		}
	}
	want := []string{
		"good: first",
		"bad_event: name is a number, expected a text",
		`bad_event: event cannot be read: time "yesterday" is neither RFC 3339 (2026-12-01T09:00:00+09:00) nor milliseconds since 1970`,
		"bad_event: event is a text, expected an object",
		"bad_event: page.item.price is a text, expected a number of ordinary size",
		"bad_event: page.item.price is the number 1e400, expected a number of ordinary size",
		"good: last",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Times are RFC 3339 in any zone or milliseconds; nothing is no time.
func TestStamp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Stamp
	}{
		{`"2026-12-01T09:00:00+09:00"`, 1796083200000},
		{`"2026-12-01T00:00:00Z"`, 1796083200000},
		{`"2026-12-01T00:00:00.25Z"`, 1796083200250},
		{`1796083200000`, 1796083200000},
		{`1796083200000.9`, 1796083200000},
		{`1.7960832e12`, 1796083200000},
		{`null`, 0},
		{`""`, 0},
	} {
		var s Stamp
		if err := s.UnmarshalJSON([]byte(c.text)); err != nil || s != c.want {
			t.Errorf("%s: %d, %v, want %d", c.text, s, err, c.want)
		}
	}
	for _, text := range []string{`"01/12/2026"`, `-1`, `1e300`, `true`, `"1969-12-31T23:59:59Z"`, `"2026-12-01"`} {
		var s Stamp
		if err := s.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s is taken as %d", text, s)
		}
	}
}
