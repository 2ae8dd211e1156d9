package api

import (
	"net/http"
	"strings"

	_ "embed"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/beacon"
)

//go:embed openapi.yaml
var openAPIText []byte

func openAPI(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", openAPIText) }

// healthz says that the process answers at all.
func (s *Server) healthz(c echo.Context) error {
	return encode(c, http.StatusOK, map[string]string{"status": "ok"})
}

// mayFail are the parts without which events and decisions go on: a warehouse
// that is away, a rules folder with a mistake, whose last good set serves, a dead
// letter that is full, and a balance that does not come out. Without room no
// event is taken, with a full outbox none that sends something, and decisions go on.
var mayFail = map[string]bool{"warehouse": true, "rules": true, "room": true, "dead letter": true, "outbox": true, "balance": true}

// readyz says whether shops may be sent here: 503 with the part that is not.
func (s *Server) readyz(c echo.Context) error {
	checks := append([]Check{}, s.ready(c.Request().Context())...)
	if who, err := s.bearer(c, ""); err != nil || !who.scope.has(ScopeReports) {
		for i := range checks {
			checks[i].Detail = "" // it may hold rules, addresses and paths
		}
	}
	status := http.StatusOK
	for _, check := range checks {
		if !check.OK && !mayFail[check.Part] {
			status = http.StatusServiceUnavailable
			c.Response().Header().Set("Retry-After", seconds(soon))
		}
	}
	return encode(c, status, struct {
		Ready  bool    `json:"ready"`
		Checks []Check `json:"checks"`
	}{status == http.StatusOK, checks})
}

// script serves the beacon or its renderer. An address without a version never
// changes, so what it gives is kept for an hour only and then asked for by its
// hash. The address with the version may be kept for good; one with another
// version, which a page of before an upgrade asks for, gets what there is.
func script(asset beacon.Asset) echo.HandlerFunc {
	tag := asset.ETag()
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Cache-Control", "public, max-age=3600")
		if c.QueryParam("v") == asset.Version {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		h.Set("ETag", tag)
		h.Set("Access-Control-Allow-Origin", "*") // public, and a module is fetched with CORS
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if names(c.Request().Header.Get("If-None-Match"), tag) {
			return c.NoContent(http.StatusNotModified)
		}
		return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", asset.Body)
	}
}

// module serves what the beacon imports besides the renderer.
func module(all map[string]beacon.Asset) echo.HandlerFunc {
	serve := map[string]echo.HandlerFunc{}
	for name, asset := range all {
		serve[name] = script(asset)
	}
	return func(c echo.Context) error {
		if one := serve[c.Param("name")]; one != nil {
			return one(c)
		}
		return echo.ErrNotFound
	}
}

// names says whether an If-None-Match header names the tag. A proxy that
// compressed the body has made the tag weak.
func names(header, tag string) bool {
	for given := range strings.SplitSeq(header, ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		if given == tag || given == "*" {
			return true
		}
	}
	return false
}
