package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Outcomes of an insert that is not known to have succeeded.
var (
	// ErrRefused: the rows are not there, for a reason the error gives.
	ErrRefused = errors.New("insert refused")
	// ErrData, which is an ErrRefused too: something in the rows themselves is
	// refused, so the same rows will be refused again. Another row may be the reason.
	ErrData = fmt.Errorf("%w for its data", ErrRefused)
	// ErrUnknown: the rows may be there or not. Send the same again, with the same token.
	ErrUnknown = errors.New("outcome of the insert unknown")
)

// errAway: the server could not be reached or went away in the middle.
var errAway = errors.New("clickhouse away")

// Away says whether an error means that the server could not be reached, or went
// away in the middle.
func Away(err error) bool { return errors.Is(err, errAway) }

// ClickHouse's error codes that have a meaning here.
const (
	codeUnknownDatabase = 81
	codeTimeout         = 159
	codeSocketTimeout   = 209
	codeNetwork         = 210
	codeCancelled       = 394
	codeUnknownUser     = 192
	codeUnknownInsert   = 319
	codeTableExists     = 57
	codeAuthentication  = 516
)

// ofData are the codes by which ClickHouse says that a value will not do: of the
// table, of a constraint, or of a view of the shop's own that reads the table.
// Codes that may as well mean a table, a quota or a disk in trouble are not here:
// to keep such rows waiting loses nothing.
var ofData = map[int32]string{
	6:   "CANNOT_PARSE_TEXT",
	26:  "CANNOT_PARSE_QUOTED_STRING",
	27:  "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
	38:  "CANNOT_PARSE_DATE",
	41:  "CANNOT_PARSE_DATETIME",
	69:  "ARGUMENT_OUT_OF_BOUND",
	70:  "CANNOT_CONVERT_TYPE",
	72:  "CANNOT_PARSE_NUMBER",
	117: "INCORRECT_DATA",
	128: "TOO_LARGE_ARRAY_SIZE",
	130: "CANNOT_READ_ARRAY_FROM_TEXT",
	131: "TOO_LARGE_STRING_SIZE",
	135: "ZERO_ARRAY_OR_TUPLE_INDEX",
	153: "ILLEGAL_DIVISION",
	190: "SIZES_OF_ARRAYS_DONT_MATCH",
	321: "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
	349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
	376: "CANNOT_PARSE_UUID",
	395: "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO",
	407: "DECIMAL_OVERFLOW",
	427: "CANNOT_COMPILE_REGEXP",
	441: "CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING",
	467: "CANNOT_PARSE_BOOL",
	469: "VIOLATED_CONSTRAINT",
	675: "CANNOT_PARSE_IPV4",
	676: "CANNOT_PARSE_IPV6",
	691: "UNKNOWN_ELEMENT_OF_ENUM",
}

var atRow = regexp.MustCompile(`is violated at row (\d+)`)

// RefusedRow is which of the rows an ErrData seems to mean, from 0. It is a hint
// and no proof: ClickHouse tells it in words, and only of constraints.
func RefusedRow(err error) (int, bool) {
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) {
		return 0, false
	}
	found := atRow.FindStringSubmatch(exception.Message)
	if found == nil {
		return 0, false
	}
	row, err := strconv.Atoi(found[1])
	return row - 1, err == nil && row > 0
}

// awayError is a text for people that still answers errors.Is for its cause.
type awayError struct {
	addr  string
	cause error
	late  bool // it was the caller's time that ran out
}

func (e *awayError) Error() string {
	if e.late {
		return fmt.Sprintf("ClickHouse at %s did not answer in time: %v", e.addr, e.cause)
	}
	return fmt.Sprintf("ClickHouse at %s cannot be reached: %v; start it, or leave out --clickhouse to run the embedded one", e.addr, e.cause)
}

func (e *awayError) Unwrap() []error { return []error{errAway, e.cause} }

// explain turns an error of the driver into one that names place, reason and remedy.
func (w *Warehouse) explain(err error) error {
	if err == nil {
		return nil
	}
	if code, ok := exceptionCode(err); ok {
		switch code {
		case codeUnknownDatabase:
			return fmt.Errorf("ClickHouse at %s: %w; create it with CREATE DATABASE, or name another at the end of the address", w.addr, err)
		case codeAuthentication, codeUnknownUser:
			return fmt.Errorf("ClickHouse at %s does not let this user in: %w; check user and password in the address", w.addr, err)
		}
		return fmt.Errorf("ClickHouse at %s: %w", w.addr, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &awayError{addr: w.addr, cause: err, late: true}
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, clickhouse.ErrAcquireConnTimeout) {
		return &awayError{addr: w.addr, cause: err}
	}
	return fmt.Errorf("ClickHouse at %s: %w", w.addr, err)
}

// exceptionCode is the server's own error code, if the server spoke.
func exceptionCode(err error) (int32, bool) {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return exception.Code, true
	}
	return 0, false
}

// sent classifies an error that came after rows were on their way. Only the
// server's word, and not each of its words, says that they are not there.
func (w *Warehouse) sent(err error) error {
	if code, ok := exceptionCode(err); ok {
		switch code {
		case codeTimeout, codeSocketTimeout, codeNetwork, codeCancelled, codeUnknownInsert:
		default:
			if ofData[code] != "" {
				return fmt.Errorf("%w: %w", ErrData, w.explain(err))
			}
			return w.refused(err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnknown, w.explain(err))
}

func (w *Warehouse) refused(err error) error {
	return fmt.Errorf("%w: %w", ErrRefused, w.explain(err))
}
