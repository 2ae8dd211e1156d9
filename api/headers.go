package api

import "github.com/labstack/echo/v4"

// What a browser is told of whatever it might show: nothing of it is a script,
// a frame, a form or a thing to keep. The values are shared: nobody appends to them.
var (
	nosniff    = []string{"nosniff"}
	nowhere    = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	secureYear = []string{"max-age=31536000"}
	nothing    = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
)

// guarded sets those headers; a page that needs more says so itself. What a
// shop's pages fetch is data to them, or a script, and needs the first alone.
func guarded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h["X-Content-Type-Options"] = nosniff
		switch c.Path() {
		case "/v1/decide", "/v1/events", "/b.js", "/r.js", "/m/:name":
			return next(c)
		}
		h["Content-Security-Policy"] = nothing
		h["Referrer-Policy"] = nowhere
		h["Cache-Control"] = noStore
		if c.Scheme() == "https" {
			h["Strict-Transport-Security"] = secureYear
		}
		return next(c)
	}
}
