package ingest

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/encoder"
	"github.com/bytedance/sonic/option"
)

// codec reads JSON: bodies, properties and the canonical form.
var codec = sonic.Config{ValidateString: true}.Froze()

// canonical is how the canonical form is written: traits in order, no HTML
// escaping, and invalid UTF-8 replaced rather than passed on to readers that
// refuse it.
const canonical = encoder.SortMapKeys | encoder.ValidateString | encoder.NoValidateJSONMarshaler | encoder.NoQuoteTextMarshaler

// Compile makes the reading and writing of types ready, with all that is in
// them, which is otherwise done at the first use of each.
func Compile(types ...reflect.Type) error {
	for _, t := range types {
		if err := sonic.Pretouch(t, option.WithCompileRecursiveDepth(5)); err != nil {
			return fmt.Errorf("JSON of %s cannot be compiled: %w", t, err)
		}
	}
	return nil
}

// Encode gives an event's canonical JSON.
func Encode(e *Event) ([]byte, error) { return Append(nil, e) }

// Append is Encode behind what buf holds, in its memory as far as that goes.
func Append(buf []byte, e *Event) ([]byte, error) {
	if err := encoder.EncodeInto(&buf, e, canonical); err != nil {
		return nil, fmt.Errorf("event %s (%s) cannot be encoded: %w", e.ID, e.Name, err)
	}
	return buf, nil
}

// read decodes raw without the copy of it that the codec would make. Texts of v
// become parts of raw, which nobody changes from then on.
func read(raw []byte, v any) error {
	return codec.UnmarshalFromString(unsafe.String(unsafe.SliceData(raw), len(raw)), v)
}

// Parse is Encode undone; the event's texts are parts of raw. Props are left for
// ParseProperties.
func Parse(raw []byte) (Event, error) {
	var e Event
	if err := read(raw, &e); err != nil {
		return Event{}, fmt.Errorf("event cannot be read: %w", err)
	}
	return e, nil
}

// ParseInto is Parse for those who read many: e is filled anew, and its texts
// are parts of text.
func ParseInto(e *Event, text string) error {
	*e = Event{}
	if err := codec.UnmarshalFromString(text, e); err != nil {
		return fmt.Errorf("event cannot be read: %w", err)
	}
	return nil
}
