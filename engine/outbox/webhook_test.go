package outbox_test

import (
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

// A receiver is a server of somebody else's, with a certificate of its own CA.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	status func(*received) int
	header http.Header
}

type received struct {
	path, body string
	header     http.Header
	n          int // how many came before
}

func receiving(t *testing.T) *receiver {
	r := &receiver{status: func(*received) int { return http.StatusNoContent }, header: http.Header{}}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		got := received{req.URL.Path, string(body), req.Header.Clone(), len(r.got)}
		r.got = append(r.got, got)
		status := r.status
		maps.Copy(w.Header(), r.header)
		r.mu.Unlock()
		w.WriteHeader(status(&got))
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status func(*received) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received{}, r.got...)
}

// ids are the idempotency keys that came, and how often each.
func (r *receiver) ids() map[string]int {
	out := map[string]int{}
	for _, got := range r.all() {
		out[got.header.Get("Idempotency-Key")]++
	}
	return out
}

// trust makes the receiver's CA known; allow lets its loopback address be
// reached too.
func (r *receiver) trust(o *outbox.Options) {
	o.Roots = x509.NewCertPool()
	o.Roots.AddCert(r.Certificate())
}

func (r *receiver) allow(o *outbox.Options) {
	r.trust(o)
	o.Allowed = []string{strings.TrimPrefix(r.URL, "https://")}
}

func TestAWebhookIsSignedAndKnownByItsID(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	b := p.box(r.allow)
	p.hand(engine.Letter{ID: "018f-1", Kind: "webhook", Campaign: "cart", Variant: "a", Decision: "d1", Visitor: "ann", User: "u1",
		URL: r.URL + "/hook", Title: "left", Body: "a \"cart\"\nof 3"})
	p.runs(b, p.empty(b))
	got := r.all()
	if len(got) != 1 || got[0].path != "/hook" {
		t.Fatalf("%+v", got)
	}
	const body = `{"id":"018f-1","campaign":"cart","variant":"a","decision_id":"d1","visitor":{"id":"ann","user_id":"u1"},"time":"2026-12-01T09:00:00Z","title":"left","body":"a \"cart\"\nof 3"}`
	if got[0].body != body {
		t.Errorf("body %s", got[0].body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Idempotency-Key": "018f-1", "User-Agent": "omotenashi",
		"Omo-Signature": "t=1796115600,v1=" + signedByHand,
	} {
		if got := got[0].header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// signedByHand is what openssl dgst -sha256 -hmac says of "1796115600." and
// the body.
const signedByHand = "23262e610d9c6d18a7bd482c96c84c2917c305cf89329e2de08b1c0ef16b8dee"

// What a receiver answers decides whether it is tried again, and when.
func TestWhatReceiversAnswer(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		header map[string]string
		err    string
		wait   time.Duration // 0: given up
	}{
		"server error":        {500, nil, "the receiver answered 500 Internal Server Error", 15 * time.Second},
		"busy":                {429, nil, "the receiver answered 429 Too Many Requests", 15 * time.Second},
		"busy for a while":    {429, map[string]string{"Retry-After": "3600"}, "the receiver answered 429 Too Many Requests", time.Hour},
		"busy until a date":   {503, map[string]string{"Retry-After": "Tue, 01 Dec 2026 11:00:00 GMT"}, "the receiver answered 503 Service Unavailable", 2 * time.Hour},
		"busy for ever":       {503, map[string]string{"Retry-After": "999999999"}, "the receiver answered 503 Service Unavailable", 24 * time.Hour},
		"moved":               {302, map[string]string{"Location": "/elsewhere"}, "the receiver answered 302 Found: redirects are not followed, name the address itself", 0},
		"moved to the inside": {307, map[string]string{"Location": "http://169.254.169.254/latest"}, "the receiver answered 307 Temporary Redirect: redirects are not followed, name the address itself", 0},
		"gone":                {410, nil, "the receiver answered 410 Gone", 0},
		"refused":             {400, nil, "the receiver answered 400 Bad Request", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r := open(t), receiving(t)
			r.answer(func(*received) int { return row.status })
			for name, value := range row.header {
				r.header.Set(name, value)
			}
			b := p.box(r.allow)
			p.hand(engine.Letter{ID: "x", Kind: "webhook", URL: r.URL})
			p.runs(b, p.tried(b, 1))
			e := p.list(b)[0]
			if e.Error != row.err || e.Due.IsZero() != (row.wait == 0) {
				t.Errorf("%+v", e)
			}
			if wait := e.Due.Sub(p.clock()); row.wait > 0 && (wait > row.wait || wait < row.wait/3) {
				t.Errorf("tried again after %s, want %s", wait, row.wait)
			}
			if n := len(r.all()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// A receiver that says nothing is not waited for longer than five seconds, and
// others are sent what is theirs meanwhile.
func TestAReceiverThatSaysNothing(t *testing.T) {
	t.Parallel()
	p, silent, quick := open(t), receiving(t), receiving(t)
	gone := make(chan struct{})
	silent.answer(func(*received) int { <-gone; return 200 })
	defer close(gone)
	b := p.box(func(o *outbox.Options) {
		silent.allow(o)
		o.Roots.AddCert(quick.Certificate())
		o.Allowed = append(o.Allowed, strings.TrimPrefix(quick.URL, "https://"))
		o.Patience = 0 // as usual
	})
	p.hand(engine.Letter{ID: "slow", Kind: "webhook", URL: silent.URL}, engine.Letter{ID: "quick", Kind: "webhook", URL: quick.URL})
	began := time.Now()
	p.runs(b, p.tried(b, 1))
	if took := time.Since(began); took < 4*time.Second || took > time.Minute {
		t.Errorf("it took %s", took)
	}
	if e := p.list(b)[0]; e.ID != "slow" || !strings.Contains(e.Error, "deadline exceeded") && !strings.Contains(e.Error, "timeout") {
		t.Errorf("%+v", e)
	}
}

// No name and no writing of an address gets a webhook to this machine or its
// network; a host that is allowed by name may be there, and only that one.
func TestWebhooksStayOutside(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	b := p.box(r.trust)
	at, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{
		r.URL, "https://localhost:" + at.Port(), "https://[::1]:" + at.Port(), "https://[::ffff:127.0.0.1]:" + at.Port(),
		"https://0.0.0.0:" + at.Port(), "https://[::]:" + at.Port(), "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://[fd00:ec2::254]/", "https://[64:ff9b::7f00:1]/",
	} {
		p.hand(engine.Letter{ID: "x", Kind: "webhook", URL: to})
		p.runs(b, p.tried(b, 1))
		e := p.list(b)[0]
		if !e.Due.IsZero() || !strings.Contains(e.Error, "is not on the open internet: allow the host with --allow-webhook-host") &&
			!strings.Contains(e.Error, "network is unreachable") && !strings.Contains(e.Error, "cannot assign") {
			t.Errorf("%s: %+v", to, e)
		}
		p.forget()
	}
	p.hand(engine.Letter{ID: "x", Kind: "webhook", URL: "http" + strings.TrimPrefix(r.URL, "https")})
	p.runs(b, p.tried(b, 1))
	if e := p.list(b)[0]; !e.Due.IsZero() || e.Error != at.Host+" is not https: allow the host with --allow-webhook-host if that is meant" {
		t.Errorf("%+v", e)
	}
	if n := len(r.all()); n > 0 {
		t.Fatalf("%d requests came through", n)
	}
	if n, more, err := b.Retry(""); n != 1 || more || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	p.forget()
	p.hand(engine.Letter{ID: "y", Kind: "webhook", URL: "https://" + at.Host})
	allowed := p.box(r.allow)
	p.runs(allowed, p.empty(allowed))
	if n := len(r.all()); n != 1 {
		t.Errorf("%d requests to the allowed host", n)
	}
}

// forget empties the outbox.
func (p *post) forget() {
	p.Helper()
	all, err := p.ledger.Outgoing(0, 1<<63-1, 100)
	if err != nil {
		p.Fatal(err)
	}
	for _, o := range all {
		if _, err := p.ledger.Sent(o); err != nil {
			p.Fatal(err)
		}
	}
}

// A certificate of a CA that nobody knows is no certificate.
func TestAStrangersCertificateIsRefused(t *testing.T) {
	t.Parallel()
	p, r := open(t), receiving(t)
	b := p.box(func(o *outbox.Options) { r.allow(o); o.Roots = x509.NewCertPool() })
	p.hand(engine.Letter{ID: "x", Kind: "webhook", URL: r.URL})
	p.runs(b, p.tried(b, 1))
	if e := p.list(b)[0]; !strings.Contains(e.Error, "certificate") || len(r.all()) != 0 {
		t.Errorf("%+v", e)
	}
}

// What a list tells names no address and no text of anybody's.
func TestTheListNamesNobodysAddress(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.hand(engine.Letter{ID: "x", Kind: "email", Campaign: "c", To: "ann@example.com", Subject: "secret", Body: "secret"})
	raw, err := json.Marshal(p.list(p.box(nil)))
	if err != nil || strings.Contains(string(raw), "ann@") || strings.Contains(string(raw), "secret") {
		t.Errorf("%s, %v", raw, err)
	}
}
