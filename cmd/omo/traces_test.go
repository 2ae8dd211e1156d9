package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Traces go to the collector that the environment names, each request a span
// below the caller's, and nothing of the visitor is in them.
func TestTracesAreSentWithoutTheVisitor(t *testing.T) {
	var mu sync.Mutex
	var got collector.ExportTraceServiceRequest
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
			z, zerr := gzip.NewReader(bytes.NewReader(raw))
			if zerr != nil {
				t.Error(zerr)
				return
			}
			raw, err = io.ReadAll(z)
		}
		var sent collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(raw, &sent)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		proto.Merge(&got, &sent)
	}))
	defer receiver.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away"})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.server+"/v1/decide?k="+a.keys.Public,
		strings.NewReader(`{"visitor":{"id":"the-visitor"},"consent":"granted","page":{"url":"https://shop.example/secret-page"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	req.Header.Set("User-Agent", "the-browser")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if err := a.stop(); err != nil { // sends what is left
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	found := false
	for _, r := range got.ResourceSpans {
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				if span.Name == "POST /v1/decide" {
					found = true
					if !bytes.Equal(span.ParentSpanId, []byte{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}) {
						t.Errorf("its parent is %x", span.ParentSpanId)
					}
				}
			}
		}
	}
	if !found {
		t.Errorf("no span of the request: %v", &got)
	}
	text := got.String()
	for _, never := range []string{"the-visitor", "secret-page", "the-browser", "127.0.0.1", a.keys.Public} {
		if strings.Contains(text, never) {
			t.Errorf("%s is in the traces: %s", never, text)
		}
	}
	if !strings.Contains(text, "omotenashi") {
		t.Errorf("the service is not named: %s", text)
	}
}

// Profiles are served on this machine only, and only if asked for.
func TestProfiles(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", hello)
	away := "clickhouse://127.0.0.1:1/away"
	a, c := product(t, config{Rules: dir, ClickHouse: away, Pprof: "127.0.0.1:0"})
	for url, want := range map[string]int{
		"http://" + a.pprof + "/debug/pprof/heap?debug=1": http.StatusOK,
		c.server + "/debug/pprof/heap":                    http.StatusNotFound,
	} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s, want %d", url, res.Status, want)
		}
	}
	if _, err := start(t.Context(), config{Rules: dir, ClickHouse: away, Data: t.TempDir(), Addr: "127.0.0.1:0", Log: a.log, Pprof: "0.0.0.0:0"}); err == nil || !strings.Contains(err.Error(), "--pprof") {
		t.Errorf("profiles for everybody: %v", err)
	}
}
