package ingest

import (
	"fmt"

	"github.com/bytedance/sonic"
)

// codec writes the canonical form: traits in order, no HTML escaping, and
// invalid UTF-8 replaced rather than passed on to readers that refuse it.
var codec = sonic.Config{ValidateString: true, SortMapKeys: true, NoValidateJSONMarshaler: true, NoQuoteTextMarshaler: true}.Froze()

// Encode gives an event's canonical JSON.
func Encode(e *Event) ([]byte, error) {
	raw, err := codec.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("event %s (%s) cannot be encoded: %w", e.ID, e.Name, err)
	}
	return raw, nil
}

// Parse is Encode undone. Props are left for ParseProperties.
func Parse(raw []byte) (Event, error) {
	var e Event
	if err := codec.Unmarshal(raw, &e); err != nil {
		return Event{}, fmt.Errorf("event cannot be read: %w", err)
	}
	return e, nil
}
