package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Limits of what one request may carry.
const (
	MaxEvents     = 500
	MaxEventBytes = 32 << 10
	MaxDepth      = 32
	MaxProperties = 256 // of an event, nested ones not counted
)

// Batch is the body of POST /v1/events.
type Batch struct {
	Visitor  *Who       `json:"visitor"`
	SentAt   Stamp      `json:"sent_at"`
	Events   []Incoming `json:"events"`
	Consent  string     `json:"consent"`
	Identify string     `json:"identify"` // a signed token
	WriteKey string     `json:"writeKey"`
	Context  *Client    `json:"context"` // from a server with the secret key only
}

// Who is the visitor as the client names it.
type Who struct {
	ID     string         `json:"id"`
	UserID string         `json:"user_id"`
	Traits map[string]any `json:"traits"`
}

// Incoming is one event as a client sends it.
type Incoming struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Time       Stamp           `json:"time"`
	Visitor    *Who            `json:"visitor"` // wins over the batch's
	Page       *Page           `json:"page"`
	Properties json.RawMessage `json:"properties"`
	Params     json.RawMessage `json:"params"`           // what GA4 calls them
	Micros     Stamp           `json:"timestamp_micros"` // and the time
	Preview    string          `json:"preview"`          // the token of a preview's link, of which the page did not know whether it is one

	Beside    *Beside `json:"-"` // of an event that came in another system's form
	malformed string  // why it could not be read; Accept says so
}

// UnmarshalJSON never fails for a field of another type: such an event is
// refused by Accept, and the others of its batch are not refused with it.
func (in *Incoming) UnmarshalJSON(raw []byte) error {
	type plain Incoming
	if err := codec.Unmarshal(raw, (*plain)(in)); err == nil {
		return nil
	}
	*in = Incoming{}
	if err := explain("event", "", json.Unmarshal(raw, (*plain)(in))); err != nil {
		*in = Incoming{malformed: err.Error()}
	}
	return nil
}

// Client is what a server tells of the browser behind it.
type Client struct {
	UserAgent string `json:"user_agent"`
	IP        string `json:"ip"`
	Language  string `json:"language"`
}

// Decode reads a JSON body into v (a *Batch or the like). The error says
// where the text stops being JSON, or which field has another type.
func Decode(body []byte, v any) error {
	if opening(body) > MaxDepth && depth(body) > MaxDepth {
		return fmt.Errorf("body is nested deeper than %d levels: flatten it", MaxDepth)
	}
	if err := read(body, v); err == nil {
		return nil
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("body is empty, expected a JSON object")
	}
	// The fast decoder's errors are for machines; decode again for a place and a reason.
	reflect.ValueOf(v).Elem().SetZero()
	return explain("body", "", json.Unmarshal(body, v))
}

// explain turns an error of encoding/json into one for people. whole names
// what was read, inside is put before the names of its fields.
func explain(whole, inside string, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("%s is not JSON at byte %d: %w", whole, syntax.Offset, syntax)
	case errors.As(err, &kind):
		name := whole
		if kind.Field != "" {
			name = inside + kind.Field
		}
		return fmt.Errorf("%s is %s, expected %s", name, found(kind.Value), expected(kind.Type.Kind()))
	default:
		return fmt.Errorf("%s cannot be read: %w", whole, err)
	}
}

func found(value string) string {
	switch value {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "number":
		return "a number"
	default: // "number 1e400": a number, and not one we can hold
		return "the " + value
	}
}

func expected(kind reflect.Kind) string {
	switch kind {
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	default:
		return "a number of ordinary size"
	}
}

// opening is how many brackets open, in texts too: none nests deeper than that.
func opening(body []byte) int {
	return bytes.Count(body, []byte("{")) + bytes.Count(body, []byte("["))
}

// depth is how deep brackets nest, those in texts not counted.
func depth(body []byte) int {
	deepest, now, text := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// members is how many fields an object has, those of what is in it not counted.
func members(object []byte) (n int) {
	if bytes.Count(object, []byte(":")) <= MaxProperties {
		return 0 // few enough, however they nest
	}
	now, text := 0, false
	for i := 0; i < len(object); i++ {
		switch c := object[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			now++
		case c == '}' || c == ']':
			now--
		case c == ':' && now == 1:
			n++
		}
	}
	return n
}
