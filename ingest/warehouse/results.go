package warehouse

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed queries/results.sql
var resultsSQL string

// Query asks for the sums of one campaign. Only Campaign must be told.
type Query struct {
	Campaign string
	Phase    string        // "": the newest phase with exposures, else the newest
	Goal     string        // the event hoped for; "": purchase
	Window   time.Duration // an event counts if first exposure ≤ its time < first exposure + Window; 0: 72 h; whole milliseconds
	Value    string        // the property summed; "": value
	From, To time.Time     // of first exposures, To excluded; zero: all
	AsOf     time.Time     // only what had been received by then; zero: now
	Matured  bool          // only visitors whose window had ended by AsOf
}

// Sums are what the warehouse counts of one campaign, phase and goal. All rules
// of attribution are applied; what follows from the sums is engine/stats'.
type Sums struct {
	Query              // with every default filled in
	Arms        []Arm  // every arm of the phase, in the order of the campaign's file
	Crossovers  uint64 // visitors who saw two variants or more: in no arm
	CarriedOver uint64 // visitors exposed in an earlier phase: in no arm
}

// Arm are the sums of one variant.
type Arm struct {
	Variant    string
	Control    bool
	Weight     uint64
	Exposed    uint64 // visitors, zeros included
	Matured    uint64 // of these, whose window had ended by AsOf
	Converted  uint64 // of these, with at least one goal event in their window
	Sum        float64
	SumSquares float64
}

const (
	defaultGoal   = "purchase"
	defaultWindow = 72 * time.Hour
	defaultValue  = "value"
)

func (q Query) withDefaults(now time.Time) Query {
	if q.Goal == "" {
		q.Goal = defaultGoal
	}
	if q.Window == 0 {
		q.Window = defaultWindow
	}
	if q.Value == "" {
		q.Value = defaultValue
	}
	if q.From.IsZero() {
		q.From = time.UnixMilli(earliest).UTC()
	}
	if q.To.IsZero() {
		q.To = time.UnixMilli(latest).UTC()
	}
	if q.AsOf.IsZero() {
		q.AsOf = now
	}
	q.AsOf = q.AsOf.Truncate(time.Millisecond).UTC()
	return q
}

// Results counts. A campaign that nobody was exposed to and no rule set told of
// has no arms; that is no error.
func (w *Warehouse) Results(ctx context.Context, q Query) (Sums, error) {
	if q.Window < 0 {
		return Sums{}, fmt.Errorf("results of %s: the window %s is negative", q.Campaign, q.Window)
	}
	if err := w.Migrate(ctx); err != nil {
		return Sums{}, err
	}
	q = q.withDefaults(time.Now())
	sums := Sums{Query: q}
	args := make([]any, 0, 10)
	for name, value := range q.parameters() {
		args = append(args, clickhouse.Named(name, value))
	}
	rows, err := w.conn.Query(bounded(ctx), resultsSQL, args...)
	if err != nil {
		return Sums{}, fmt.Errorf("results of %s: %w", q.Campaign, w.explain(err))
	}
	defer rows.Close()
	for rows.Next() {
		var a Arm
		if err := rows.Scan(&sums.Phase, &a.Variant, &a.Control, &a.Weight, &a.Exposed, &a.Matured, &a.Converted,
			&a.Sum, &a.SumSquares, &sums.Crossovers, &sums.CarriedOver); err != nil {
			return Sums{}, fmt.Errorf("results of %s: %w", q.Campaign, err)
		}
		sums.Arms = append(sums.Arms, a)
	}
	if err := rows.Err(); err != nil {
		return Sums{}, fmt.Errorf("results of %s: %w", q.Campaign, w.explain(err))
	}
	return sums, nil
}

// parameters are the values of the query's {name:Type}, as the text ClickHouse reads.
func (q Query) parameters() map[string]string {
	return map[string]string{
		"campaign": q.Campaign,
		"phase":    q.Phase,
		"goal":     q.Goal,
		"value":    q.Value,
		"window":   strconv.FormatInt(q.Window.Milliseconds(), 10),
		"from":     clock(q.From),
		"to":       clock(q.To),
		"as_of":    clock(q.AsOf),
		"matured":  strconv.FormatBool(q.Matured),
	}
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

var parameter = regexp.MustCompile(`\{(\w+):([^}]+)\}`)

var quoted = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\x00", `\0`)

// SQL is the query behind Results with its parameters filled in, to be pasted
// into any ClickHouse client. What the caller leaves open is closed now: AsOf
// is the moment of the call.
func SQL(q Query) string {
	return filled(resultsSQL, q.withDefaults(time.Now()).parameters())
}
