package stats

import (
	"encoding/json"
	"fmt"
	"math"
)

// Number is a figure that is known, or is not and says why. The zero Number is
// unknown, so that a forgotten one cannot pass for a zero. JSON: the number or null.
type Number struct {
	Value float64
	Known bool
	Why   Reason // where not Known; not part of the JSON
}

// Interval is a pair of bounds, both ends included, known or with a reason.
// JSON: [low, high] or null.
type Interval struct {
	Low, High float64
	Known     bool
	Why       Reason // where not Known; not part of the JSON
}

// number is a known figure, unless arithmetic left the finite numbers.
func number(v float64) Number {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Number{Why: NotFinite}
	}
	return Number{Value: v, Known: true}
}

func unknown(why Reason) Number { return Number{Why: why} }

func interval(low, high float64) Interval {
	if !number(low).Known || !number(high).Known {
		return Interval{Why: NotFinite}
	}
	return Interval{Low: low, High: high, Known: true}
}

func unknownInterval(why Reason) Interval { return Interval{Why: why} }

// MarshalJSON writes the number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value)
}

// UnmarshalJSON reads a number or null; what null means is in the arm's reasons.
func (n *Number) UnmarshalJSON(data []byte) error {
	*n = Number{}
	var v *float64
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("a number or null: %w", err)
	}
	if v != nil {
		*n = number(*v)
	}
	return nil
}

// MarshalJSON writes [low, high], or null.
func (i Interval) MarshalJSON() ([]byte, error) {
	if !i.Known {
		return []byte("null"), nil
	}
	return json.Marshal([2]float64{i.Low, i.High})
}

// UnmarshalJSON reads [low, high] or null.
func (i *Interval) UnmarshalJSON(data []byte) error {
	*i = Interval{}
	var v []float64
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("[low, high] or null: %w", err)
	}
	switch len(v) {
	case 0:
	case 2:
		*i = interval(v[0], v[1])
	default:
		return fmt.Errorf("[low, high] or null: got %d numbers", len(v))
	}
	return nil
}
