package api_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
)

const one = `{"visitor": {"id": "v1"}, "events": [{"name": "look"}]}`

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBodyIsSniffed(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.browser().with("Content-Type", "text/plain;charset=UTF-8").post("/v1/events", one).is(http.StatusOK)
	s.browser().with("Content-Type", "application/x-www-form-urlencoded").post("/v1/events", one).is(http.StatusOK)
	s.browser().post("/v1/events", zipped(t, one)).is(http.StatusOK)
	s.browser().with("Content-Encoding", "gzip").post("/v1/events", zipped(t, one)).is(http.StatusOK)
	s.browser().with("Content-Encoding", "gzip").post("/v1/events", one).is(http.StatusOK)
	if n := len(s.recorded()); n != 5 {
		t.Errorf("%d recorded", n)
	}
}

func TestBodiesThatAreNoJSON(t *testing.T) {
	t.Parallel()
	s := open(t)
	half := zipped(t, strings.Repeat(one, 1000))
	for name, row := range map[string]struct {
		body   any
		status int
		code   string
		text   string
	}{
		"empty":        {"", 400, "bad_json", "body is empty, expected a JSON object"},
		"cut short":    {`{"events": [`, 400, "bad_json", "body is not JSON at byte 12: unexpected end of JSON input"},
		"a comma":      {`{"events": [],}`, 400, "bad_json", "body is not JSON at byte 15: invalid character '}' looking for beginning of object key string"},
		"two":          {one + one, 400, "bad_json", "body is not JSON at byte 56: invalid character '{' after top-level value"},
		"a list":       {`[]`, 400, "bad_json", "body is a list, expected an object"},
		"half a gzip":  {half[:len(half)/2], 400, "bad_request", "body could not be read to its end: unexpected EOF"},
		"no gzip":      {[]byte{0x1f, 0x8b, 0, 0}, 400, "bad_json", "body looks like gzip and is not: unexpected EOF"},
		"deep":         {`{"events": ` + strings.Repeat("[", 33) + strings.Repeat("]", 33) + `}`, 400, "bad_json", "body is nested deeper than 32 levels: flatten it"},
		"too large":    {`{"events": [], "pad": "` + strings.Repeat("x", 512<<10) + `"}`, 413, "too_large", "body is larger than 512 KiB (2048 KiB inflated): send fewer events at a time"},
		"gzip bomb":    {zipped(t, strings.Repeat(" ", 64<<20)), 413, "too_large", "body is larger than 512 KiB (2048 KiB inflated): send fewer events at a time"},
		"infinite":     {`{"visitor": {"id": "v1"}, "sent_at": 1e400, "events": [{"name": "look"}]}`, 400, "bad_json", "body cannot be read: time 1e400 is neither RFC 3339 (2026-12-01T09:00:00+09:00) nor milliseconds since 1970"},
		"a wrong time": {`{"visitor": {"id": "v1"}, "sent_at": "yesterday", "events": [{"name": "look"}]}`, 400, "bad_json", `body cannot be read: time "yesterday" is neither RFC 3339 (2026-12-01T09:00:00+09:00) nor milliseconds since 1970`},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			s.browser().post("/v1/events", row.body).says(row.status, row.code, row.text)
		})
	}
	same(t, "recorded", s.names(), []string{})
}

// A length that is not told is found out on the way.
func TestChunkedBodyHasTheSameLimit(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, err := http.NewRequest(http.MethodPost, s.URL+"/v1/events?k="+publicKey, struct{ *strings.Reader }{strings.NewReader(strings.Repeat(" ", 600<<10))})
	if err != nil {
		t.Fatal(err)
	}
	response, err := newClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", response.StatusCode)
	}
}

// Whatever bytes come, the answer is good JSON of good UTF-8 and no 5xx.
func TestStrangeBytes(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, body := range map[string]string{
		"invalid UTF-8 in a name":  "{\"visitor\": {\"id\": \"v\"}, \"events\": [{\"name\": \"a\xff\"}]}",
		"invalid UTF-8 in an id":   "{\"visitor\": {\"id\": \"v\xff\"}, \"events\": [{\"name\": \"a\"}]}",
		"invalid UTF-8 in a value": "{\"visitor\": {\"id\": \"v\"}, \"events\": [{\"name\": \"a\", \"properties\": {\"x\": \"\xc3\x28\"}}]}",
		"a lone surrogate":         `{"visitor": {"id": "v"}, "events": [{"name": "a", "properties": {"x": "\ud800"}}]}`,
		"NUL":                      "{\"visitor\": {\"id\": \"v\"}, \"events\": [{\"name\": \"a\x00\"}]}",
		"a huge number":            `{"visitor": {"id": "v"}, "events": [{"name": "purchase", "properties": {"value": 1e400}}]}`,
		"no JSON at all":           "\x00\x01\x02",
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			if a := s.browser().post("/v1/events", body); a.status != http.StatusOK && a.status != http.StatusBadRequest {
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
	s.caller("").get("/%ff%00").is(http.StatusNotFound)
	for _, r := range s.recorded() {
		theSpecification(t).checkRecord(t, r.Raw)
	}
}

// At its bound a body is taken, one byte above it is not.
func TestBodiesAtTheirBound(t *testing.T) {
	t.Parallel()
	s := open(t)
	padded := func(size int) string { return one + strings.Repeat(" ", size-len(one)) }
	for name, row := range map[string]struct {
		body   any
		status int
	}{
		"512 KiB":          {padded(api.MaxBody), http.StatusOK},
		"one more":         {padded(api.MaxBody + 1), http.StatusRequestEntityTooLarge},
		"2 MiB inflated":   {zipped(t, padded(api.MaxInflated)), http.StatusOK},
		"one more of that": {zipped(t, padded(api.MaxInflated+1)), http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			s.browser().post("/v1/events", row.body).is(row.status)
		})
	}
}
