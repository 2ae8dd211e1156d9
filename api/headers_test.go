package api_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
)

// Whatever a browser could be led to show comes with what keeps it harmless,
// found or refused; what the shop's pages fetch is not in their way.
func TestEveryAnswerIsHarmlessInABrowser(t *testing.T) {
	t.Parallel()
	s := open(t, trustProxy)
	ours := []string{"/v1/decide", "/v1/events", "/b.js", "/r.js", "/m/:name"}
	routes := append(s.Config.Handler.(*api.Server).Routes(), [2]string{http.MethodGet, "/nothing/here"}, [2]string{http.MethodDelete, "/ui"})
	for _, route := range routes {
		path := regexp.MustCompile(`:\w+`).ReplaceAllString(route[1], "x")
		for _, key := range []string{"", publicKey, secretKey} {
			for _, scheme := range []string{"http", "https"} {
				a := s.caller(key).with("X-Forwarded-Proto", scheme).do(route[0], path, `{"online": false}`)
				want := map[string]string{"X-Content-Type-Options": "nosniff"}
				if !slices.Contains(ours, route[1]) {
					want["Referrer-Policy"], want["Strict-Transport-Security"] = "no-referrer", ""
					if strings.HasPrefix(route[1], "/ui") && a.status != http.StatusMethodNotAllowed {
						want["Referrer-Policy"] = "same-origin" // forms say where they come from
					}
					if scheme == "https" {
						want["Strict-Transport-Security"] = "max-age=31536000"
					}
					want["Cache-Control"] = "no-store"
					csp := a.header.Get("Content-Security-Policy")
					for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
						if !strings.Contains(csp, part) {
							t.Errorf("%s %s: its policy is %q", route[0], path, csp)
						}
					}
				}
				for name, value := range want {
					if got := a.header.Get(name); got != value {
						t.Errorf("%s %s over %s with %q: %s is %q, want %q", route[0], path, scheme, key, name, got, value)
					}
				}
			}
		}
	}
}
