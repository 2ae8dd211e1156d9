package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever stands where a key may stand: no panic, and a key that is found is one
// that was written there. Each of the places gives back what was put into it.
func FuzzKeyOf(f *testing.F) {
	for _, seed := range [][3]string{
		{"Bearer pk_a", "", ""}, {"bearer  sk_a ", "k=pk_b", "pk_c"}, {"Basic cGtfYTo=", "", ""}, {"Basic OnNrX2E=", "k=x", ""}, {"Basic dXNlcjpza19h", "", ""},
		{"Basic ???", "k=%zz&k=pk_b", ""}, {"Bearer", "k=", "pk_c"}, {"", "a=1&k=%70k_b&k=other", ""}, {"", "k=a;k=b", "\x00"}, {"Digest username=\"k\"", "K=pk_b", "pk_c"},
		{"\xff \xff", "k=%00", "\ud7ff"}, {"Bearer Bearer pk_a", "&&&=&k", ""}, {"", "k=a+b%2b", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, authorization, query, body string) {
		request := func(authorization, query string) *http.Request {
			return &http.Request{Header: http.Header{"Authorization": {authorization}}, URL: &url.URL{RawQuery: query}}
		}
		r := request(authorization, query)
		key := keyOf(r, body)
		user, password, _ := r.BasicAuth()
		plain, _ := url.QueryUnescape(strings.ReplaceAll(query, "%", "%25")) // a plus is a space
		if key != "" && key != body && key != user && key != password && !strings.Contains(authorization, key) && !strings.Contains(plain, key) && !strings.Contains(query, "%") {
			t.Fatalf("key %q came from nowhere: %q, %q, %q", key, authorization, query, body)
		}
		// The body's text as a key, in each of its places.
		if got := keyOf(request("Bearer "+body, query), "other"); got != strings.TrimSpace(body) {
			t.Fatalf("as bearer: %q, want %q", got, body)
		}
		if got := keyOf(request("", "a=1&k="+url.QueryEscape(body)), "other"); body != "" && got != body {
			t.Fatalf("in the query: %q, want %q", got, body)
		}
		r = request("", "")
		if r.SetBasicAuth(body, ""); body != "" && !strings.Contains(body, ":") && keyOf(r, "other") != body {
			t.Fatalf("as a user name: %q, want %q", keyOf(r, "other"), body)
		}
		if r.SetBasicAuth("somebody", "sk_"+body); keyOf(r, "other") != "sk_"+body {
			t.Fatalf("as a password: %q, want %q", keyOf(r, "other"), "sk_"+body)
		}
		if got := keyOf(request("", ""), body); got != body {
			t.Fatalf("in the body: %q, want %q", got, body)
		}
	})
}
