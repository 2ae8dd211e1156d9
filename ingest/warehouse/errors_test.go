package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// A refused handshake ends the embedded build's process, so what people read
// after one is held here and not against the real child.
func TestErrorsNamePlaceReasonAndRemedy(t *testing.T) {
	t.Parallel()
	w := &Warehouse{addr: "db:9000"}
	for want, err := range map[string]error{
		"ClickHouse at db:9000: code: 81, message: Database shop does not exist; create it with CREATE DATABASE, or name another at the end of the address": &clickhouse.Exception{Code: 81, Message: "Database shop does not exist"},
		"ClickHouse at db:9000 does not let this user in: code: 516, message: Authentication failed; check user and password in the address":                &clickhouse.Exception{Code: 516, Message: "Authentication failed"},
		"ClickHouse at db:9000: code: 60, message: Unknown table":                                                                                           &clickhouse.Exception{Code: 60, Message: "Unknown table"},
		"ClickHouse at db:9000 cannot be reached: read: EOF; start it, or leave out --clickhouse to run the embedded one":                                   fmt.Errorf("read: %w", io.EOF),
		"ClickHouse at db:9000 did not answer in time: context deadline exceeded":                                                                           context.DeadlineExceeded,
	} {
		if got := w.explain(err); got.Error() != want {
			t.Errorf("%v:\n%s\nwant:\n%s", err, got, want)
		}
	}
}

func TestOnlyTheServersWordRefusesAnInsert(t *testing.T) {
	t.Parallel()
	w := &Warehouse{addr: "db:9000"}
	for _, c := range []struct {
		err  error
		want error
		data bool // the rows would be given up
	}{
		{&clickhouse.Exception{Code: 252, Message: "Too many parts"}, ErrRefused, false},
		{&clickhouse.Exception{Code: 242, Message: "Table is in readonly mode"}, ErrRefused, false},
		{&clickhouse.Exception{Code: 469, Message: "Constraint is violated"}, ErrData, true},
		{&clickhouse.Exception{Code: 469, Message: "Constraint is violated"}, ErrRefused, true},
		{&clickhouse.Exception{Code: 159, Message: "Timeout exceeded"}, ErrUnknown, false},
		{&clickhouse.Exception{Code: 319, Message: "Unknown status of insert"}, ErrUnknown, false},
		{fmt.Errorf("read: %w", io.EOF), ErrUnknown, false},
		{context.Canceled, ErrUnknown, false},
		{errors.New("anything else"), ErrUnknown, false},
	} {
		got := w.sent(c.err)
		if !errors.Is(got, c.want) || !errors.Is(got, c.err) || errors.Is(got, ErrData) != c.data {
			t.Errorf("%v became %v, want %v", c.err, got, c.want)
		}
	}
}

func TestTheRowThatClickHouseMeans(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Constraint `few` for table a.b (c) is violated at row 7. Expression: (x < 1)": "6 true",
		"Constraint `few` for table a.b (c) is violated at row 0.":                     "-1 false",
		"Division by zero": "0 false",
	} {
		row, told := RefusedRow(fmt.Errorf("%w: %w", ErrData, &clickhouse.Exception{Code: 469, Message: text}))
		if got := fmt.Sprint(row, told); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if _, told := RefusedRow(io.EOF); told {
		t.Error("a broken connection means no row")
	}
}
