package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// What pages of the shop are told with every answer. The values are shared:
// nobody appends to them.
var (
	varyOrigin   = []string{"Origin"}
	yes          = []string{"true"}
	exposed      = []string{"ETag, Retry-After"}
	forPreflight = map[string]string{
		"Access-Control-Allow-Methods": http.MethodPost,
		// The last three are OpenFeature's, analytics.js's on a retry, and RudderStack's.
		"Access-Control-Allow-Headers": "Authorization,Content-Type,If-None-Match,X-Retry-Count,AnonymousId",
		"Access-Control-Max-Age":       "86400",
	}
)

// forPages lets scripts of listed origins read a route's answers, errors
// included. It is for what the shop's pages call and nothing else: a browser
// that has been given the secret key as a password would send it along from
// any page.
func (s *Server) forPages(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h["Vary"] = varyOrigin
		if origin := c.Request().Header["Origin"]; len(origin) == 1 && s.originAllowed(origin[0]) {
			h["Access-Control-Allow-Origin"] = origin
			h["Access-Control-Allow-Credentials"] = yes
			h["Access-Control-Expose-Headers"] = exposed
		}
		return next(c)
	}
}

// preflight answers a browser that asks before it sends.
func preflight(c echo.Context) error {
	h := c.Response().Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		for name, value := range forPreflight {
			h.Set(name, value)
		}
	}
	return c.NoContent(http.StatusNoContent)
}
