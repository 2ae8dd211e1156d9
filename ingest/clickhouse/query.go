package clickhouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"

	native "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Query runs one SQL statement and prints its rows. The format is one of
//
//	table   aligned, for a terminal; Japanese takes two columns
//	tsv     tab-separated with a header line, escaped as ClickHouse escapes it
//	json    one object a line, as ClickHouse's JSONEachRow
//
// Arrays, maps and tuples are printed as JSON in all three. Times are those of the
// column's time zone. A statement without rows prints nothing.
func Query(ctx context.Context, dsn, sql string, w io.Writer, format string) error {
	write, ok := map[string]func(io.Writer, *resultRows) error{"table": writeTable, "tsv": writeTSV, "json": writeJSON}[format]
	if !ok {
		return fmt.Errorf("unknown format %q: take table, tsv or json", format)
	}
	sql = strings.TrimRight(sql, "; \t\r\n")
	if strings.TrimSpace(sql) == "" {
		return errors.New("there is no SQL to run: give it as an argument or on standard input")
	}
	options, err := native.ParseDSN(dsn)
	if err != nil {
		return fmt.Errorf("the ClickHouse DSN is not understood: %w; it looks like clickhouse://user:password@host:9000/database", err)
	}
	conn, err := native.Open(options)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer conn.Close()
	rows, err := conn.Query(ctx, sql)
	if errors.Is(err, io.EOF) { // a statement without a result
		return nil
	}
	if err != nil {
		return fmt.Errorf("query ClickHouse at %s: %w", strings.Join(options.Addr, ", "), err)
	}
	defer rows.Close()
	if len(rows.Columns()) > 0 {
		if err := write(w, newResultRows(rows)); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("query ClickHouse: %w", err)
	}
	return nil
}

// resultRows reads rows whose columns are not known beforehand.
type resultRows struct {
	rows  driver.Rows
	names []string
	kinds []string // ClickHouse's names of the types
	cells []any    // pointers that a row is scanned into
}

func newResultRows(rows driver.Rows) *resultRows {
	r := &resultRows{rows: rows, names: rows.Columns()}
	for _, c := range rows.ColumnTypes() {
		r.kinds = append(r.kinds, c.DatabaseTypeName())
		r.cells = append(r.cells, reflect.New(c.ScanType()).Interface())
	}
	return r
}

// next returns the values of the next row: nil, string, bool, json.RawMessage for
// numbers and for what is composed of values. It is nil at the end.
func (r *resultRows) next() ([]any, error) {
	if !r.rows.Next() {
		return nil, nil
	}
	if err := r.rows.Scan(r.cells...); err != nil {
		return nil, fmt.Errorf("read a row: %w", err)
	}
	values := make([]any, len(r.cells))
	for i, cell := range r.cells {
		v, err := plain(reflect.ValueOf(cell).Elem(), r.kinds[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", r.names[i], err)
		}
		values[i] = v
	}
	return values, nil
}

// plain reduces a value to what all formats can print.
func plain(v reflect.Value, kind string) (any, error) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil, nil
		}
		if _, ok := v.Interface().(*big.Int); ok {
			break // its pointer is what prints
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case string:
		return x, nil
	case bool:
		return x, nil
	case time.Time:
		return timeText(x, kind), nil
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return strings.ToLower(strings.TrimPrefix(fmt.Sprint(f), "+")), nil
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && strings.HasPrefix(kind, "Array(") { // JSON would print it as base64
			numbers := make([]uint16, v.Len())
			for i := range numbers {
				numbers[i] = uint16(v.Index(i).Uint())
			}
			v = reflect.ValueOf(numbers)
		}
	}
	out, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, fmt.Errorf("a %s cannot be printed: %w", kind, err)
	}
	if strings.HasPrefix(kind, "Decimal") || strings.HasPrefix(kind, "Nullable(Decimal") {
		return json.RawMessage(bytes.Trim(out, `"`)), nil
	}
	if out[0] == '"' { // UUIDs, addresses
		var s string
		err := json.Unmarshal(out, &s)
		return s, err
	}
	return json.RawMessage(out), nil
}

// timeText prints a time as ClickHouse does.
func timeText(t time.Time, kind string) string {
	switch {
	case strings.Contains(kind, "DateTime64("):
		_, after, _ := strings.Cut(kind, "DateTime64(")
		if digits := int(after[0] - '0'); digits > 0 {
			return t.Format("2006-01-02 15:04:05." + strings.Repeat("0", digits))
		}
	case !strings.Contains(kind, "DateTime"):
		return t.Format(time.DateOnly)
	}
	return t.Format(time.DateTime)
}
