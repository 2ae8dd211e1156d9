package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Routes are the methods and paths that are answered, as echo knows them.
func (s *Server) Routes() [][2]string {
	var out [][2]string
	for _, r := range s.echo.Routes() {
		out = append(out, [2]string{r.Method, r.Path})
	}
	return out
}

// SameCodecEcho is a bare echo handler that decodes what decide decodes and encodes
// what decide encodes, and does nothing between: what decide is measured by.
func SameCodecEcho(example []byte) (http.Handler, error) {
	var answer decideAnswer
	if err := json.Unmarshal(example, &answer); err != nil {
		return nil, err
	}
	e := echo.New()
	e.POST("/v1/decide", func(c echo.Context) error {
		var body decideBody
		if err := decode(c, &body); err != nil {
			return err
		}
		return encode(c, http.StatusOK, answer)
	})
	return e, nil
}

// BareEcho is the same by echo's own means: its JSON serializer is the
// standard library's.
func BareEcho(example []byte) (http.Handler, error) {
	var answer decideAnswer
	if err := json.Unmarshal(example, &answer); err != nil {
		return nil, err
	}
	e := echo.New()
	e.POST("/v1/decide", func(c echo.Context) error {
		var body decideBody
		if err := e.JSONSerializer.Deserialize(c, &body); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, answer)
	})
	return e, nil
}

// CookieOf is the cookie of a visitor that has been here before.
func (s *Server) CookieOf(visitor string) string {
	return visitorCookie + "=" + s.cookieValue(visitor)
}

// UnmarshalJSON keeps the bytes, so that an answer can be read back.
func (r *raw) UnmarshalJSON(text []byte) error {
	if *r = nil; string(text) != "null" {
		*r = append(raw{}, text...)
	}
	return nil
}

// KnownRates fills a table of rates with n strangers and says how many it
// knows then, and whether the first is still kept from coming.
func KnownRates(n int) (size int, firstKept bool) {
	l := newLimited(1, 1, prometheus.NewCounter(prometheus.CounterOpts{}))
	now := time.Unix(1e9, 0)
	l.take(1<<40, now)
	for i := range n {
		l.take(uint64(i), now)
	}
	size = l.size()
	return size, l.take(1<<40, now) > 0
}
