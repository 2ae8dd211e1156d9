package warehouse

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/ingest"
)

var (
	//go:embed queries/rule_sets.sql
	ruleSetsSQL string
	//go:embed queries/past.sql
	pastSQL string
	//go:embed queries/everything.sql
	everythingSQL string
	//go:embed queries/history_parts.sql
	historyPartsSQL string
	//go:embed queries/history_part.sql
	historyPartSQL string
)

// RuleSets hands over every omo_rules, omo_waiting and omo_override event with the
// ledger it is of, each ledger's in order.
func (w *Warehouse) RuleSets(ctx context.Context, each func(ledger string, r *ingest.Record) error) error {
	if err := w.Migrate(ctx); err != nil {
		return err
	}
	if err := w.records(ctx, ruleSetsSQL, nil, anybody(each)); err != nil {
		return fmt.Errorf("read the rule sets that were live: %w", err)
	}
	return nil
}

// Past hands over what one visitor did in one ledger up to and including a
// seq, in the order of folding, each place in the ledger once.
func (w *Warehouse) Past(ctx context.Context, ledger, visitor string, upTo uint64, each func(ledger string, r *ingest.Record) error) error {
	if err := w.Migrate(ctx); err != nil {
		return err
	}
	parameters := map[string]string{"visitor": visitor, "ledger": ledger, "up_to": strconv.FormatUint(upTo, 10)}
	if err := w.records(ctx, pastSQL, named(parameters), anybody(each)); err != nil {
		return fmt.Errorf("read the past of visitor %s: %w", visitor, err)
	}
	return nil
}

// Everything hands over what one visitor did in every ledger, of the one named
// only up to and including a seq; each place once, a ledger's in the order of
// folding.
func (w *Warehouse) Everything(ctx context.Context, ledger, visitor string, upTo uint64, each func(ledger string, r *ingest.Record) error) error {
	if err := w.Migrate(ctx); err != nil {
		return err
	}
	parameters := map[string]string{"visitor": visitor, "ledger": ledger, "up_to": strconv.FormatUint(upTo, 10)}
	if err := w.records(ctx, everythingSQL, named(parameters), anybody(each)); err != nil {
		return fmt.Errorf("read all of a visitor: %w", err)
	}
	return nil
}

// Span asks for the history of the persons who asked for a decision received
// in [From, To): all that they did before To, in whatever browser, since a
// profile is a fold of everything.
type Span struct {
	From, To time.Time
	Sample   int // of 10,000 persons, by a hash of the id
	Part     int // rows read at a time; 200,000 unless told: some hundred megabytes while ClickHouse sorts them
}

// History is what a Span covers, cut into parts that ClickHouse sorts one by
// one, so that neither side ever holds more than a part.
type History struct {
	Visitors, Rows uint64

	warehouse *Warehouse
	span      Span
	parts     []part
}

type part struct{ after, last string }

const partRows = 200_000

// History counts what a span covers; Read hands it over.
func (w *Warehouse) History(ctx context.Context, span Span) (*History, error) {
	if err := w.Migrate(ctx); err != nil {
		return nil, err
	}
	h := &History{warehouse: w, span: span}
	parameters := h.parameters()
	parameters["part"] = strconv.Itoa(cmp.Or(span.Part, partRows))
	rows, err := w.conn.Query(patient(ctx), historyPartsSQL, named(parameters)...)
	if err != nil {
		return nil, fmt.Errorf("count the history: %w", w.explain(err))
	}
	defer rows.Close()
	after := ""
	for rows.Next() {
		var last string
		var visitors, n uint64
		if err := rows.Scan(&last, &visitors, &n); err != nil {
			return nil, fmt.Errorf("count the history: %w", err)
		}
		h.parts = append(h.parts, part{after, last})
		h.Visitors, h.Rows, after = h.Visitors+visitors, h.Rows+n, last
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count the history: %w", w.explain(err))
	}
	shuffled := rand.New(rand.NewPCG(1, 2)) // the same for all: a report can be had again
	shuffled.Shuffle(len(h.parts), func(i, j int) { h.parts[i], h.parts[j] = h.parts[j], h.parts[i] })
	return h, nil
}

func (h *History) parameters() map[string]string {
	return map[string]string{
		"from": clock(h.span.From), "to": clock(h.span.To), "sample": strconv.Itoa(h.span.Sample),
	}
}

// Read hands over every row, person by person, of each the rows of one ledger
// after another in the order of folding. A person is known by the visitor whose
// profile all its browsers share, as omo_merge events tell; most visitors are
// persons of their own. The parts come in no order of ids, which would be that of
// age: who stops early has seen old and new persons. The record is each's to keep.
func (h *History) Read(ctx context.Context, each func(ledger, person string, r *ingest.Record) error) error {
	for _, p := range h.parts {
		parameters := h.parameters()
		parameters["after"], parameters["last"] = p.after, p.last
		if err := h.warehouse.records(ctx, historyPartSQL, named(parameters), each); err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
	}
	return nil
}

// anybody leaves out whose a record is.
func anybody(each func(ledger string, r *ingest.Record) error) func(string, string, *ingest.Record) error {
	return func(ledger, _ string, r *ingest.Record) error { return each(ledger, r) }
}

// records runs a query for a visitor, ledger, seq, idx and raw, and hands over
// each row once: a resent copy follows the row itself. The visitor is the
// event's own or the person's. Raw is left out of the records; their events
// have all of it.
func (w *Warehouse) records(ctx context.Context, query string, args []any, each func(ledger, visitor string, r *ingest.Record) error) error {
	ctx, cancel := context.WithCancel(ctx)
	rows, err := w.conn.Query(patient(ctx), query, args...)
	if err != nil {
		cancel()
		return w.explain(err)
	}
	defer rows.Close()
	defer cancel() // before Close, which would read on to the end
	type place struct {
		visitor, ledger string
		seq             uint64
		idx             uint16
	}
	var last place
	for rows.Next() {
		var at place
		var raw string
		if err := rows.Scan(&at.visitor, &at.ledger, &at.seq, &at.idx, &raw); err != nil {
			return err
		}
		if at == last {
			continue
		}
		last = at
		var r ingest.Record
		if err := ingest.ParseInto(&r.Event, raw); err != nil {
			return fmt.Errorf("event %d of visit %d in ledger %s: %w", at.idx, at.seq, at.ledger, err)
		}
		r.Event.Seq, r.Event.Idx = at.seq, at.idx
		if err := each(at.ledger, at.visitor, &r); err != nil {
			return err
		}
	}
	return w.explain(rows.Err())
}

// patient is bounded for a question whose answer is read as fast as it is
// replayed: it may take its time, and sorts on disk what is too much for memory.
func patient(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time":                 0,
		"max_memory_usage":                   int64(4 << 30),
		"max_bytes_before_external_sort":     int64(1 << 30),
		"max_bytes_before_external_group_by": int64(1 << 30),
		"max_block_size":                     8192,
	}))
}

func named(parameters map[string]string) []any {
	args := make([]any, 0, len(parameters))
	for name, value := range parameters {
		args = append(args, clickhouse.Named(name, value))
	}
	return args
}
