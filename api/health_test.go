package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		checks []api.Check
		status int
		body   string
	}{
		"nothing to check":  {nil, 200, `{"ready":true,"checks":[]}`},
		"all well":          {[]api.Check{{Part: "ledger", OK: true}}, 200, `{"ready":true,"checks":[{"part":"ledger","ok":true}]}`},
		"warehouse is away": {[]api.Check{{Part: "warehouse", Detail: "starting"}, {Part: "ledger", OK: true}}, 200, `{"ready":true,"checks":[{"part":"warehouse","ok":false,"detail":"starting"},{"part":"ledger","ok":true}]}`},
		"rules are broken":  {[]api.Check{{Part: "rules", Detail: "campaigns/a.yaml:3:1"}}, 200, `{"ready":true,"checks":[{"part":"rules","ok":false,"detail":"campaigns/a.yaml:3:1"}]}`},
		"outbox is full":    {[]api.Check{{Part: "outbox", Detail: "100000 wait"}}, 200, `{"ready":true,"checks":[{"part":"outbox","ok":false,"detail":"100000 wait"}]}`},
		"ledger is full":    {[]api.Check{{Part: "ledger", Detail: "disk full"}}, 503, `{"ready":false,"checks":[{"part":"ledger","ok":false,"detail":"disk full"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.checks = row.checks
			if a := s.caller("").get("/readyz").is(row.status); strings.Contains(string(a.body), "detail") {
				t.Errorf("anybody is told the details: %s", a.body)
			}
			a := s.trusted().get("/readyz").is(row.status)
			want := map[string]any{}
			got := map[string]any{}
			a.into(&got)
			answer{t: t, body: []byte(row.body)}.into(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s", a.body)
			}
		})
	}
	if a := open(t).caller("").get("/healthz").is(http.StatusOK); string(a.body) != `{"status":"ok"}` {
		t.Errorf("%s", a.body)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	b.decide(nil)
	b.sends(object{"events": list{object{"id": "1", "name": "look"}, object{"id": "1", "name": "look"}, object{"name": "Look"}}})
	b.get("/nowhere").is(http.StatusNotFound)
	text := string(s.caller("").get("/metrics").is(http.StatusOK).body)
	for _, line := range []string{
		`omo_http_request_seconds_bucket{route="/v1/decide",status="200",le="+Inf"} 1`,
		`omo_http_request_seconds_count{route="/v1/events",status="200"} 1`,
		`omo_http_request_seconds_count{route="none",status="404"} 1`,
		`omo_events_total{outcome="accepted"} 2`,
		`omo_events_total{outcome="duplicate"} 1`,
		`omo_events_rejected_total{code="bad_name"} 1`,
		`omo_decide_degraded_total 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.caller("").get("/v1/nothing").says(http.StatusNotFound, "not_found", "nothing is at /v1/nothing; GET /openapi.yaml lists what there is")
	a := s.caller("").get("/v1/decide")
	a.says(http.StatusMethodNotAllowed, "bad_method", "GET is not taken at /v1/decide: use one of OPTIONS, POST")
	if got := a.header.Get("Allow"); got != "OPTIONS, POST" {
		t.Errorf("Allow %q", got)
	}
}

func TestScriptsAreAskedForByTheirHash(t *testing.T) {
	t.Parallel()
	c := open(t).caller("")
	renderer, err := beacon.Renderer()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := beacon.Modules()
	if err != nil {
		t.Fatal(err)
	}
	const hour, always = "public, max-age=3600", "public, max-age=31536000, immutable"
	for path, keep := range map[string]string{"/b.js": hour, "/r.js": hour, "/r.js?v=old": hour, "/r.js?v=" + renderer.Version: always, "/m/t.js": hour, "/m/t.js?v=" + modules["t.js"].Version: always} {
		first := c.get(path).is(http.StatusOK)
		tag := first.header.Get("ETag")
		head := func(a answer) {
			t.Helper()
			for name, want := range map[string]string{
				"ETag": tag, "Cache-Control": keep, "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff",
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s: %d: %s is %q, expected %q", path, a.status, name, got, want)
				}
			}
		}
		head(first)
		if len(first.body) == 0 || first.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%s: %v", path, first.header)
		}
		for _, given := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			again := c.with("If-None-Match", given).get(path).is(http.StatusNotModified)
			head(again)
			if len(again.body) != 0 || again.header.Get("Content-Type") != "" {
				t.Errorf("%s: %s: %d bytes, %v", path, given, len(again.body), again.header)
			}
		}
		c.with("If-None-Match", `"other"`).get(path).is(http.StatusOK)
	}
	for _, path := range []string{"/m/b.js", "/m/x.js", "/m/", "/m/%2e%2e"} {
		c.get(path).is(http.StatusNotFound)
	}
}

func TestHeadIsAnsweredLikeGet(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{"/b.js", "/r.js", "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/ui/health", "/v1/campaigns"} {
		a := s.trusted().do(http.MethodHead, path, nil).is(http.StatusOK)
		if len(a.body) != 0 || a.header.Get("Content-Type") == "" {
			t.Errorf("%s: %d bytes, %v", path, len(a.body), a.header)
		}
	}
}

// broken fails from its second commit on: the first is the rule set's.
type broken struct {
	engine.Store
	panics bool
}

func (b broken) Commit(v ledger.Visit) (uint64, error) {
	switch {
	case v.Visitor == "":
		return b.Store.Commit(v)
	case b.panics:
		panic("a bug")
	}
	return 0, errors.New("disk full")
}

func TestTroubleNeverHurtsThePageAndNeverLosesEvents(t *testing.T) {
	t.Parallel()
	for name, panics := range map[string]bool{"an error": false, "a panic": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, store(func(real engine.Store) engine.Store { return broken{real, panics} }))
			d := s.browser().decide(object{"visitor": object{"id": "v1"}})
			same(t, "degraded", d.Degraded, []string{"ledger"})
			if d.Visitor.ID != "v1" || d.campaigns() != "" {
				t.Errorf("%+v", d)
			}
			look := list{object{"name": "look"}}
			const again = "events could not be made durable; send them again"
			for _, a := range []answer{
				s.browser().answered(object{"visitor": object{"id": "v1"}, "events": look}),
				s.browser().answered(object{"identify": token(t, s, nil)}),
				s.browser().post("/v1/events", object{"visitor": object{"id": "v1"}, "events": look}),
			} {
				a.says(http.StatusServiceUnavailable, "unavailable", again)
			}
			same(t, "recorded", s.names(), []string{})
		})
	}
}

// unsynced commits and cannot say that it is on disk.
type unsynced struct{ engine.Store }

func (unsynced) Sync() error { return errors.New("input/output error") }

func TestNoGoodAnswerOnAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	s := open(t, store(func(real engine.Store) engine.Store { return unsynced{real} }))
	body := object{"visitor": object{"id": "v1"}, "events": list{object{"name": "look"}}}
	s.browser().post("/v1/events", body).is(http.StatusServiceUnavailable)
	s.browser().answered(body).is(http.StatusServiceUnavailable)
	if d := s.browser().decide(nil); len(d.Degraded) != 0 || d.campaigns() == "" {
		t.Errorf("a plain decide does not wait for the disk: %+v", d)
	}
}

// A panic below a handler is an answer and a line in the metrics.
func TestPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := open(t, options(func(o *api.Options) { o.Reports = nil }))
	s.trusted().get("/v1/visitors/v1").says(http.StatusInternalServerError, "internal", "something went wrong on the server; its log says what")
	if text := string(s.caller("").get("/metrics").body); !strings.Contains(text, `omo_http_request_seconds_count{route="/v1/visitors/:id",status="500"} 1`) {
		t.Errorf("not counted: %s", text)
	}
}

func TestServerListensAndEnds(t *testing.T) {
	t.Parallel()
	s := open(t)
	server := s.Config.Handler.(*api.Server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	url := "http://" + l.Addr().String()
	response, err := newClient().Get(url + "/healthz")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", response, err)
	}
	response.Body.Close()
	// Headers have a limit, and what is told is not a 5xx.
	r, err := http.NewRequest(http.MethodGet, url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Huge", strings.Repeat("x", 64<<10))
	if response, err = newClient().Do(r); err != nil || response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("huge headers: %v %v", response, err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
