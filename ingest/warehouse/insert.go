package warehouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Insert writes the rows as one native batch under the given token and returns
// when they are durable. The same rows may be sent again under the same token
// as often as it takes; other rows under a token once used are dropped by
// ClickHouse without a word, so a token is made of what the rows are. Errors
// wrap ErrRefused, ErrData among them, or ErrUnknown.
func (w *Warehouse) Insert(ctx context.Context, token string, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	if err := w.Migrate(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	fields := columns()
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = "`" + field.name + "`"
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert":               0,
		"insert_deduplicate":         1,
		"insert_deduplication_token": token,
	}))
	batch, err := w.conn.PrepareBatch(ctx, "INSERT INTO event_log ("+strings.Join(names, ", ")+")")
	if err != nil {
		return w.refused(err) // no row was on its way
	}
	defer batch.Close()
	for i, field := range fields {
		of := field.of
		if field.boxed != nil && strings.HasPrefix(string(batch.Columns()[i].Type()), "LowCardinality(") {
			of = field.boxed
		}
		if err := batch.Column(i).Append(of(rows)); err != nil {
			return fmt.Errorf("%w: column %s: %w", ErrData, field.name, err)
		}
	}
	if err := batch.Send(); err != nil {
		return w.sent(err)
	}
	return nil
}

// field is one column of the table and how it is had from rows, whole, which
// spares the driver a box around each value.
type field struct {
	name  string
	of    func([]Row) any
	boxed func([]Row) any // of words, while the column is LowCardinality; nil else
}

func of[T any](name string, get func(*Row) T) field {
	return field{name: name, of: func(rows []Row) any {
		all := make([]T, len(rows))
		for i := range rows {
			all[i] = get(&rows[i])
		}
		return all
	}}
}

// words is of for a column of few different texts, LowCardinality, whose driver
// takes them one by one all the same: equal ones share a box.
func words(name string, get func(*Row) string) field {
	f := of(name, get)
	f.boxed = func(rows []Row) any {
		all := make([]any, len(rows))
		boxes := map[string]any{}
		last, box := "", any("")
		for i := range rows {
			if text := get(&rows[i]); text != last {
				known := false
				if box, known = boxes[text]; !known {
					box = text
					boxes[text] = box
				}
				last = text
			}
			all[i] = box
		}
		return all
	}
	return f
}

func columns() []field {
	return []field{
		of("event_id", func(r *Row) uuid.UUID { return r.id }),
		of("visitor_id", func(r *Row) string { return r.event.Visitor }),
		of("user_id", func(r *Row) string { return r.event.User }),
		of("unit", func(r *Row) string { return r.event.Unit }),
		words("name", func(r *Row) string { return r.event.Name }),
		of("kinds", func(r *Row) []string { return r.event.Kinds }),
		of("time", func(r *Row) int64 { return r.event.Time }),
		of("received", func(r *Row) int64 { return r.event.Received }),
		of("seq", func(r *Row) uint64 { return r.event.Seq }),
		of("idx", func(r *Row) uint16 { return r.event.Idx }),
		words("ledger", func(r *Row) string { return r.ledger }),
		of("session_id", func(r *Row) string { return r.event.Session }),
		of("new_visitor", func(r *Row) bool { return r.event.New }),
		of("staff", func(r *Row) bool { return r.event.Met != nil && r.event.Met.Staff }),
		of("bot", func(r *Row) bool { return r.event.Bot }),
		words("consent", func(r *Row) string { return r.event.Consent }),
		of("url", func(r *Row) string { return r.page().URL }),
		of("path", func(r *Row) string { return r.page().Path }),
		words("referrer_host", func(r *Row) string { return r.source().ReferrerHost }),
		words("channel", func(r *Row) string { return r.channel() }),
		words("rank", func(r *Row) string { return r.rank() }),
		words("source", func(r *Row) string { return r.source().Source }),
		words("medium", func(r *Row) string { return r.source().Medium }),
		words("utm_campaign", func(r *Row) string { return r.source().Campaign }),
		words("device_type", func(r *Row) string { return r.device().Type }),
		words("os", func(r *Row) string { return r.device().OS }),
		words("browser", func(r *Row) string { return r.device().Browser }),
		words("language", func(r *Row) string { return r.device().Language }),
		words("country", func(r *Row) string { return r.country() }),
		of("value", func(r *Row) *float64 { return r.own.value }),
		words("currency", func(r *Row) string { return r.own.currency }),
		of("transaction_id", func(r *Row) string { return r.own.transactionID }),
		words("campaign", func(r *Row) string { return r.own.campaign }),
		words("variant", func(r *Row) string { return r.own.variant }),
		words("phase", func(r *Row) string { return r.own.phase }),
		of("decision_id", func(r *Row) string { return r.own.decisionID }),
		words("rules", func(r *Row) string { return r.own.rules }),
		words("trigger", func(r *Row) string { return r.own.trigger }),
		of("outcome.campaign", outcomes(func(o ingest.Outcome) string { return o.Campaign })),
		of("outcome.reason", outcomes(func(o ingest.Outcome) string { return o.Reason })),
		of("outcome.variant", outcomes(func(o ingest.Outcome) string { return o.Variant })),
		of("outcome.phase", outcomes(func(o ingest.Outcome) string { return o.Phase })),
		of("properties", func(r *Row) *scalars { return &r.other }),
		of("raw", func(r *Row) []byte { return r.raw }),
	}
}

func outcomes(get func(ingest.Outcome) string) func(*Row) []string {
	return func(r *Row) []string {
		all := make([]string, len(r.own.outcomes))
		for i, outcome := range r.own.outcomes {
			all[i] = get(outcome)
		}
		return all
	}
}

// Put and Iterator make scalars the driver's ordered map.
func (s *scalars) Put(key, value any) { s.add(fmt.Sprint(key), fmt.Sprint(value)) }

// Iterator walks the pairs in their order.
func (s *scalars) Iterator() column.MapIterator { return &scalarIterator{pairs: s.pairs, at: -2} }

type scalarIterator struct {
	pairs []string
	at    int
}

func (i *scalarIterator) Next() bool { i.at += 2; return i.at < len(i.pairs) }
func (i *scalarIterator) Key() any   { return i.pairs[i.at] }
func (i *scalarIterator) Value() any { return i.pairs[i.at+1] }
