package warehouse_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestEventsThatCanNeverBeRowsSayWhy(t *testing.T) {
	t.Parallel()
	good := ingest.Event{ID: id(1), Name: "x", Time: 1, Received: 1}
	for want, change := range map[string]func(*ingest.Event){
		`event id "not-a-uuid" is no UUID`:                                           func(e *ingest.Event) { e.ID = "not-a-uuid" },
		`event id "{018f0000-0000-7000-8000-000000000001}" is no UUID`:               func(e *ingest.Event) { e.ID = "{" + id(1) + "}" },
		`event ` + id(1) + ` is out of range: time 99999999999999 ms, received 1 ms`: func(e *ingest.Event) { e.Time = 99_999_999_999_999 },
		`properties of event ` + id(1) + `: not a JSON object`:                       func(e *ingest.Event) { e.Properties = json.RawMessage(`[1]`) },
		`properties of event ` + id(1) + `: more than one JSON value`:                func(e *ingest.Event) { e.Properties = json.RawMessage(`{}{}`) },
		`properties of event ` + id(1) + `: outcomes: json: cannot unmarshal number into Go value of type ingest.Outcome`: func(e *ingest.Event) {
			e.Name, e.Properties = ingest.Decision, json.RawMessage(`{"outcomes":[1]}`)
		},
	} {
		e := good
		change(&e)
		if _, err := warehouse.NewRow("l", &ingest.Record{Event: e}); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	if _, err := warehouse.NewRow("l", &ingest.Record{Event: good}); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func FuzzProperties(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"value":1e400}`, `{"value":-0}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", `{"a":{"b":[[[]]]}}`, `{"a":1,"a":2}`, `{"":""}`, `{`, `nil`,
		`{"` + strings.Repeat("k", 100) + `":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, properties string) {
		e := ingest.Event{ID: id(1), Name: ingest.Exposure, Properties: json.RawMessage(properties)}
		if _, err := warehouse.NewRow("l", &ingest.Record{Event: e}); err != nil && json.Valid([]byte(properties)) && strings.HasPrefix(properties, "{") &&
			!strings.Contains(properties, "outcomes") {
			t.Errorf("%q is an object and was refused: %v", properties, err)
		}
	})
}
