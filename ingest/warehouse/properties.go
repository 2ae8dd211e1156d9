package warehouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Bounds of the column properties. What is beyond them is in raw.
const (
	maxScalars    = 32
	maxScalarKey  = 64
	maxScalarText = 256
)

// ownFields are the properties that have a column.
type ownFields struct {
	value                   *float64
	currency, transactionID string

	// Of omo_ events only: another event may call a property of its own "campaign".
	campaign, variant, phase, decisionID, rules, trigger string
	outcomes                                             []ingest.Outcome
}

// text is where the named text property goes, nil if it has no column.
func (f *ownFields) text(key string, omo bool) *string {
	switch key {
	case "currency":
		return &f.currency
	case "transaction_id":
		return &f.transactionID
	}
	if !omo {
		return nil
	}
	switch key {
	case "campaign":
		return &f.campaign
	case "variant":
		return &f.variant
	case "phase":
		return &f.phase
	case "decision_id":
		return &f.decisionID
	case "rules":
		return &f.rules
	case "trigger":
		return &f.trigger
	}
	return nil
}

// readProperties walks the top level of an event's properties once. It is on
// the path of every event, hence a token reader and not a map of everything.
func readProperties(name string, properties json.RawMessage, own *ownFields, other *scalars) error {
	if len(properties) == 0 {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(properties), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if kind := d.PeekKind(); kind != '{' {
		return errors.New("not a JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	omo := strings.HasPrefix(name, ingest.OmoPrefix)
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := readProperty(d, token.String(), omo, own, other); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func readProperty(d *jsontext.Decoder, key string, omo bool, own *ownFields, other *scalars) error {
	switch kind := d.PeekKind(); kind {
	case '"':
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if field := own.text(key, omo); field != nil {
			*field = token.String()
			return nil
		}
		other.add(key, token.String())
	case '0':
		literal, err := d.ReadValue()
		if err != nil {
			return err
		}
		if key == "value" {
			if number, err := strconv.ParseFloat(string(literal), 64); err == nil && !math.IsInf(number, 0) {
				own.value = &number
				return nil
			}
		}
		other.add(key, string(literal))
	case 't', 'f':
		literal, err := d.ReadValue()
		if err != nil {
			return err
		}
		other.add(key, string(literal))
	case '[':
		if key != "outcomes" || !omo {
			return d.SkipValue()
		}
		literal, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := json.Unmarshal(literal, &own.outcomes); err != nil {
			return fmt.Errorf("outcomes: %w", err)
		}
	default:
		return d.SkipValue()
	}
	return nil
}

// scalars is a small map in the order the properties came in, so that a resent
// batch has the same bytes. It is what the driver asks of an ordered map.
type scalars struct{ pairs []string } // key, value, key, value, …

func (s *scalars) add(key, value string) {
	if len(s.pairs) >= 2*maxScalars || len(key) > maxScalarKey {
		return
	}
	for i := 0; i < len(s.pairs); i += 2 {
		if s.pairs[i] == key {
			s.pairs[i+1] = cut(value)
			return
		}
	}
	s.pairs = append(s.pairs, key, cut(value))
}

// cut shortens a text to the column's bound without breaking a character.
func cut(text string) string {
	if len(text) <= maxScalarText {
		return text
	}
	end := maxScalarText
	for end > maxScalarText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
