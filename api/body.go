package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"

	"github.com/bytedance/sonic/encoder"
	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Limits of a request body, as it comes and once inflated.
const (
	MaxBody     = 512 << 10
	MaxInflated = 2 << 20
)

// decode reads a JSON body into v. Its content type is not asked: browsers
// send JSON as text/plain to spare themselves a preflight.
func decode(c echo.Context, v any) error {
	body, err := read(c.Request())
	if err != nil {
		return err
	}
	if err := ingest.Decode(body, v); err != nil {
		return problem("bad_json", err.Error())
	}
	return nil
}

func read(r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBody {
		return nil, tooLarge()
	}
	body, err := readAll(r)
	if err != nil {
		return nil, err
	}
	// Gzip is known by its first bytes: some clients forget the header.
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, problem("bad_json", "body looks like gzip and is not: "+err.Error())
	}
	return readAtMost(z, MaxInflated, int64(4*len(body)))
}

// readAll reads a body as it comes. Most tell their length, and take just that
// much memory.
func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength <= 0 {
		return readAtMost(r.Body, MaxBody, 0)
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, cutShort(err)
	}
	return body, nil
}

func readAtMost(r io.Reader, limit, guess int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, min(max(guess, 0), limit)+bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	var failed *http.MaxBytesError
	switch {
	case n > limit, errors.As(err, &failed):
		return nil, tooLarge()
	case err != nil:
		return nil, cutShort(err)
	}
	return buf.Bytes(), nil
}

func cutShort(err error) error {
	return problem("bad_request", "body could not be read to its end: "+err.Error())
}

func tooLarge() error {
	return problem("too_large", fmt.Sprintf("body is larger than %d KiB (%d KiB inflated): send fewer events at a time", MaxBody>>10, MaxInflated>>10))
}

// warm is engine.Warm for what calls are read into and answered with, and that too.
var warm = sync.OnceValue(func() error {
	return errors.Join(engine.Warm(), ingest.Compile(reflect.TypeFor[decideBody](), reflect.TypeFor[ingest.Batch](), reflect.TypeFor[decideAnswer]()))
})

// answers is how answers are written; what a client sent in another encoding
// than UTF-8 does not go back as it came.
const answers = encoder.SortMapKeys | encoder.ValidateString | encoder.NoValidateJSONMarshaler | encoder.NoQuoteTextMarshaler

// buffers are for answers under way; one that a large answer grew is not kept.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func encode(c echo.Context, status int, v any) error {
	buf := buffers.Get().(*[]byte)
	*buf = (*buf)[:0]
	if err := encoder.EncodeInto(buf, v, answers); err != nil {
		return fmt.Errorf("answer cannot be encoded: %w", err)
	}
	err := c.JSONBlob(status, *buf)
	if cap(*buf) <= 64<<10 {
		buffers.Put(buf)
	}
	return err
}
