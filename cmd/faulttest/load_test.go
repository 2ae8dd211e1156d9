package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const userAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

type object = map[string]any

// load is what visitors' browsers send while things break: batches of events,
// decides that carry events, and identifies. They behave as real clients do: the
// same ids are sent again until there is an answer, some give up, and some send
// what was accepted once more.
type load struct {
	t        *testing.T
	server   *server
	oracle   *oracle
	visitors []string
	pause    time.Duration // of each sender between two requests
	others   bool          // other visitors' events come too: they are nobody's to count
	once     bool          // what was accepted is not sent again
	sends    bool          // the server decides by itself too, what to send out
	stopping context.CancelFunc
	senders  sync.WaitGroup

	requests, acked, failed, again atomic.Int64 // sent, with a 200, without, and sent once more after one
	home                           atomic.Int64 // decides with a 200 that were not begun, see sentHome
	unwell                         causes       // of what was sent without a 200
}

// perSender is how many visitors are one sender's alone: calls of one visitor
// then come in order.
const perSender = 15

func newLoad(t *testing.T, s *server) *load {
	t.Helper()
	l, ctx := noLoad(t, s)
	for n, send := range []func(context.Context, *client, []string){l.batch, l.batch, l.decide, l.identify} {
		var own []string
		for range perSender {
			own = append(own, uuid.Must(uuid.NewV7()).String())
		}
		l.visitors = append(l.visitors, own...)
		c := newClient(uint64(n))
		l.senders.Go(func() {
			for ctx.Err() == nil {
				send(ctx, c, own)
				rest(ctx, l.pause)
			}
		})
	}
	return l
}

// noLoad has no senders yet; they are to end with its context.
func noLoad(t *testing.T, s *server) (*load, context.Context) {
	t.Helper()
	l := &load{t: t, server: s, oracle: newOracle(t), pause: 5 * time.Millisecond}
	ctx, cancel := context.WithCancel(t.Context())
	l.stopping = cancel
	t.Cleanup(l.stop)
	return l, ctx
}

// stop ends the sending, and waits for what is under way: given up, it could still be
// kept when the audit has read one half of what it compares.
func (l *load) stop() {
	l.stopping()
	l.senders.Wait()
}

// flow waits until so many more requests have a 200: without load a fault proves nothing.
func (l *load) flow(requests int64) {
	l.t.Helper()
	want := l.acked.Load() + requests
	eventually(l.t, patience, fmt.Sprintf("%d more requests are acknowledged", requests), func() bool { return l.acked.Load() >= want })
}

// client is one sender's connection and its own chance.
type client struct {
	http *http.Client
	rand *rand.Rand
}

func newClient(seed uint64) *client {
	return &client{
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2}, Timeout: 30 * time.Second},
		rand: rand.New(rand.NewPCG(seed, 2026)),
	}
}

// batch sends up to 20 events of several visitors.
func (l *load) batch(ctx context.Context, c *client, visitors []string) {
	var events []object
	var ids []string
	for range 1 + c.rand.IntN(20) {
		id := uuid.Must(uuid.NewV7()).String()
		ids = append(ids, id)
		events = append(events, event(c.rand, id, visitors[c.rand.IntN(len(visitors))]))
	}
	l.deliver(ctx, c, "/v1/events", object{"consent": "granted", "events": events}, ids, nil)
}

// event is a purchase, a page view or a look at an item.
func event(r *rand.Rand, id, visitor string) object {
	e := object{"id": id, "visitor": object{"id": visitor}, "page": object{"url": fmt.Sprintf("https://shop.example/items/%d", r.IntN(100))}}
	switch r.IntN(4) {
	case 0:
		e["name"], e["properties"] = "purchase", object{"transaction_id": id, "value": 1000 + r.IntN(9000), "currency": "JPY"}
	case 1:
		e["name"] = "page_view"
	default:
		e["name"], e["properties"] = "view_item", object{"items": []object{{"item_id": "a", "price": 1200, "quantity": 1}}}
	}
	return e
}

// decide asks for a page view with events that waited; all of it is durable at
// the answer, the decision's own record too.
func (l *load) decide(ctx context.Context, c *client, visitors []string) {
	visitor := visitors[c.rand.IntN(len(visitors))]
	view, first, second := uuid.NewString(), uuid.NewString(), uuid.NewString()
	body := object{
		"visitor": object{"id": visitor}, "consent": "granted", "page": object{"url": "https://shop.example/"}, "page_view_id": view,
		"events": []object{event(c.rand, first, visitor), event(c.rand, second, visitor)},
	}
	l.deliver(ctx, c, "/v1/decide", body, []string{view, first, second}, nil)
}

// identify tells whose browser it is; a person has two of them.
func (l *load) identify(ctx context.Context, c *client, visitors []string) {
	i := c.rand.IntN(len(visitors))
	l.name(ctx, c, visitors[i], "user-"+visitors[i-i%2], uuid.NewString())
}

// name is a page view, with a signed token that says whose browser it is.
func (l *load) name(ctx context.Context, c *client, visitor, user, view string) (told bool) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": user, "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte(identifySecret))
	if err != nil {
		l.t.Error(err)
		return false
	}
	body := object{"visitor": object{"id": visitor}, "consent": "granted", "page": object{"url": "https://shop.example/account"}, "page_view_id": view, "identify": token}
	l.deliver(ctx, c, "/v1/decide", body, []string{view}, func() { l.oracle.identified(visitor, user); told = true })
	return told
}

// deliver sends until there is a 200, or gives up now and then.
func (l *load) deliver(ctx context.Context, c *client, path string, body object, ids []string, also func()) {
	raw, err := json.Marshal(body)
	if err != nil {
		l.t.Error(err)
		return
	}
	l.oracle.sending(ids...)
	for ctx.Err() == nil {
		l.requests.Add(1)
		if path == "/v1/decide" {
			l.oracle.deciding()
		}
		status, header, answer, err := c.post(l.t.Context(), l.server.url(), path, raw)
		switch {
		case err != nil: // the server died: nobody knows what became of it
		case status == http.StatusOK && sentHome(answer):
			l.home.Add(1)
			rest(ctx, 20*time.Millisecond)
			continue
		case status == http.StatusOK:
			nth := l.acked.Add(1)
			l.oracle.acked(append(l.check(path, answer, len(ids)), ids...)...)
			if also != nil {
				also()
			}
			if l.once || nth%10 != 1 {
				return
			}
			l.again.Add(1) // a client that lost the answer
			continue
		case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
			if header.Get("Retry-After") == "" {
				l.t.Errorf("%s: %d without Retry-After: %s", path, status, answer)
			}
		default:
			l.t.Errorf("%s: %d %s", path, status, answer)
			return
		}
		l.failed.Add(1)
		l.unwell.add(cause(status, answer, err))
		if c.rand.IntN(8) == 0 {
			return // a visitor who went away
		}
		rest(ctx, 20*time.Millisecond)
	}
}

// sentHome says whether a decide was answered without being begun, since the
// machine has other work: nothing of it is kept, and clients ask again.
func sentHome(answer []byte) bool { return bytes.Contains(answer, []byte(`"degraded":["busy"]`)) }

// check reads an answer: everything sent is good, so everything must be accepted.
// It gives the id of the decision that was logged, if there is one.
func (l *load) check(path string, answer []byte, n int) (logged []string) {
	var got struct {
		Accepted   int
		Rejected   []object
		Degraded   []string
		DecisionID string `json:"decision_id"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		l.t.Errorf("%s: %v: %s", path, err, answer)
	}
	if path == "/v1/events" && got.Accepted != n || len(got.Rejected) > 0 || len(got.Degraded) > 0 {
		l.t.Errorf("%s: sent %d events, answered %s", path, n, answer)
	}
	if got.DecisionID != "" {
		logged = append(logged, got.DecisionID)
	}
	return logged
}

func (c *client) post(ctx context.Context, url, path string, body []byte) (int, http.Header, []byte, error) {
	return c.do(ctx, http.MethodPost, url, path, body, publicKey)
}

func (c *client) do(ctx context.Context, method, url, path string, body []byte, key string) (int, http.Header, []byte, error) {
	if url == "" {
		return 0, nil, nil, fmt.Errorf("%s: %w", path, errNotRunning)
	}
	r, err := http.NewRequestWithContext(ctx, method, url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("User-Agent", userAgent)
	res, err := c.http.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, answer, err
}

// rest is a pause that ends with ctx.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
