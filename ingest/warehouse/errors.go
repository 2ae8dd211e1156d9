package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Outcomes of an insert that is not known to have succeeded.
var (
	// ErrRefused: the rows are not there, for a reason the error gives.
	ErrRefused = errors.New("insert refused")
	// ErrUnknown: the rows may be there or not. Send the same again, with the same token.
	ErrUnknown = errors.New("outcome of the insert unknown")
)

// errAway: the server could not be reached or went away in the middle.
var errAway = errors.New("clickhouse away")

func isAway(err error) bool { return errors.Is(err, errAway) }

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
			return w.refused(err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnknown, w.explain(err))
}

func (w *Warehouse) refused(err error) error {
	return fmt.Errorf("%w: %w", ErrRefused, w.explain(err))
}
