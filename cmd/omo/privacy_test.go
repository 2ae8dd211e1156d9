package main

import (
	"bytes"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// raw sends a body as it is, from an address that a proxy tells, and says how
// it was answered.
func raw(t *testing.T, c *client, ip, method, path, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.server+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("X-Forwarded-For", ip)
	req.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0")
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// onDisk names the files below dir that hold any of the words.
func onDisk(t *testing.T, dir string, words ...string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range words {
			if bytes.Contains(text, []byte(word)) {
				found = append(found, word+" in "+path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A whole address, an id without consent and a secret key are in no file of the
// data folder and in no column, whatever was sent and whatever went wrong; and
// nobody who was erased is named in what is left.
func TestWhatMustNotBeWrittenIsInNoFile(t *testing.T) {
	t.Parallel()
	const (
		ip, ip6  = "203.0.113.77", "2001:db8:1:2:3:4:5:6f"
		stranger = "planted-without-consent"
		decliner = "planted-and-declined"
		gone     = "planted-and-erased"
		kept     = "planted-and-kept"
	)
	data := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(data, "omo.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	dir := rulesFolder(t, "site.yaml", "consent: opt_in\n", "campaigns/hello.yaml", hello)
	c := config{Rules: dir, Data: data, TrustProxy: true, Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	c.Addr, c.Progress = "127.0.0.1:0", func(string, int64, int64) {}
	a, err := start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	secret := a.keys.secret
	shop := &client{server: "http://" + a.addr, key: a.keys.Public, http: http.DefaultClient}
	trusted := &client{server: shop.server, key: secret, http: http.DefaultClient}
	page := `"page":{"url":"https://shop.example/"}`
	for _, from := range []string{ip, ip6, ip + ", 10.0.0.1"} {
		for _, call := range []struct {
			by         *client
			path, body string
			expected   int
		}{
			{shop, "/v1/decide", `{"visitor":{"id":"` + kept + `"},"consent":"granted",` + page + `}`, 200},
			{shop, "/v1/decide", `{"visitor":{"id":"` + gone + `"},"consent":"granted",` + page + `}`, 200},
			{shop, "/v1/decide", `{"visitor":{"id":"` + stranger + `"},` + page + `}`, 200},
			{shop, "/v1/decide", `{"visitor":{"id":"` + stranger + `"},"consent":"unknown","events":[{"name":"look"}],` + page + `}`, 200},
			{shop, "/v1/decide", `{"visitor":{"id":"` + decliner + `"},"consent":"denied",` + page + `}`, 200},
			{shop, "/v1/events", `{"visitor":{"id":"` + stranger + `"},"events":[{"name":"look"}]}`, 400},
			{shop, "/v1/events", `{"visitor":{"id":"` + decliner + `"},"consent":"denied","events":[{"name":"look"}]}`, 400},
			{shop, "/v1/events", `{"visitor":{"id":"` + kept + `"},"consent":"granted","events":[{"name":"look"},{"name":"Bad Name"}]}`, 200},
			{shop, "/v1/events", `{"visitor":{"id":"` + stranger + `"`, 400}, // cut short
			{trusted, "/v1/decide", `{"visitor":{"id":"` + kept + `"},"consent":"granted",` + page + `,"context":{"ip":"` + from + `"}}`, 200},
			{trusted, "/v1/explain", `{"visitor":"` + kept + `"}`, 200},
			{trusted, "/v1/events", `{"writeKey":"` + secret + `","visitor":{"id":"` + gone + `"},"events":[{"name":"look"}]}`, 200},
			{shop, "/v1/events?k=" + secret, `{}`, 400},
		} {
			if call.by == trusted && call.path == "/v1/explain" {
				if err := a.settle(t.Context()); err != nil { // the warehouse is up, and has it
					t.Fatal(err)
				}
			}
			if got := raw(t, call.by, from, http.MethodPost, call.path, call.body); got != call.expected {
				t.Errorf("%s %s: %d, expected %d", call.path, call.body, got, call.expected)
			}
		}
	}
	breakOff(t, a.addr, secret)
	if _, err := trusted.erase(t.Context(), "/v1/visitors/"+gone); err != nil {
		t.Fatal(err)
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	dsn := a.child.DSN()
	for _, word := range []string{ip, ip6, stranger, decliner, secret, gone} {
		var out strings.Builder
		if err := clickhouse.Query(t.Context(), dsn, "SELECT count() FROM event_log WHERE position(toString(tuple(*)), '"+word+"') > 0", &out, "tsv"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Fields(out.String()); got[len(got)-1] != "0" {
			t.Errorf("%s is in %s rows", word, got)
		}
	}
	// A part that was rewritten is deleted some minutes later.
	var living strings.Builder
	if err := clickhouse.Query(t.Context(), dsn, "SELECT path FROM system.parts WHERE active", &living, "tsv"); err != nil {
		t.Fatal(err)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	for _, found := range onDisk(t, data, ip, ip6, stranger, decliner, secret) {
		t.Error(found)
	}
	parts := strings.Fields(living.String())[1:] // behind the heading
	if len(parts) == 0 {
		t.Error("ClickHouse has no part: this test looks at nothing")
	}
	for _, path := range parts {
		for _, found := range onDisk(t, path, gone) {
			t.Error(found)
		}
	}
	for _, found := range onDisk(t, filepath.Join(data, "clickhouse", "log"), gone) {
		t.Error(found)
	}
	if len(onDisk(t, data, kept)) == 0 || len(onDisk(t, data, "203.0.113.0")) == 0 {
		t.Error("what may be kept is in no file: this test looks at the wrong ones")
	}
}

// breakOff sends half a request.
func breakOff(t *testing.T, addr, secret string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Write([]byte("POST /v1/events HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 203.0.113.77\r\nAuthorization: Bearer " + secret + "\r\nContent-Length: 999\r\n\r\n{"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
