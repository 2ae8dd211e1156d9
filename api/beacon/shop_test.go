package beacon_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/beacon"
)

// A shop is a web site whose pages carry the beacon, and the server that the
// beacon talks to: it plays the HTTP contract, keeps what it was told, and
// fails where a test says so.
type shop struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	decides  []decide
	batches  []batch
	requests map[string]int // by method and path

	// answer gives the decisions for a decide call. nil: none.
	answer func(decide) []offer
	// fault gives the status to fail a request with; 0 lets it pass, hangUp cuts the line.
	fault func(path string) int
	// slow says how long an answer is on its way. nil: no time.
	slow func(path string) time.Duration
	// after is sent as Retry-After with a fault.
	after string
	// optOut is a site that takes "unknown" for a yes.
	optOut bool
	// lose lets the server do its work and the answer get lost.
	lose func(path string) bool
}

const hangUp = -1

type decide struct {
	Visitor    struct{ ID string }
	Page       pageInfo
	PageView   *bool  `json:"page_view"`
	PageViewID string `json:"page_view_id"`
	Trigger    string
	Events     []event
	Consent    string
	Identify   string
	Preview    string
	SentAt     string `json:"sent_at"`
	at         time.Time
	kind       string // Content-Type
	cookie     string // the visitor cookie
}

type pageInfo struct {
	URL, Title, Referrer, Type, Lang string
	Item                             *struct {
		ID, Name, Category, Brand string
		Price                     float64
	}
}

type event struct {
	ID, Name, Time string
	Page           pageInfo
	Properties     map[string]any
	Preview        string
}

type batch struct {
	Visitor struct{ ID string }
	Consent string
	SentAt  string `json:"sent_at"`
	Events  []event
	status  int
	at      time.Time
}

// An offer is one decision as it goes over the wire.
type offer map[string]any

func openShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{t: t, requests: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/b.js", s.script(beacon.Script))
	mux.HandleFunc("/r.js", s.script(beacon.Renderer))
	modules, err := beacon.Modules()
	if err != nil {
		t.Fatal(err)
	}
	for name, module := range modules {
		mux.HandleFunc("/m/"+name, s.script(func() (beacon.Asset, error) { return module, nil }))
	}
	mux.HandleFunc("/v1/decide", s.decide)
	mux.HandleFunc("/v1/events", s.events)
	mux.HandleFunc("/", servePage)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// script serves one of the beacon's own, as fault and slow have it.
func (s *shop) script(of func() (beacon.Asset, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests[r.Method+" "+r.URL.Path]++
		status := 0
		if s.fault != nil && r.URL.Path != "/b.js" {
			status = s.fault(r.URL.Path)
		}
		s.mu.Unlock()
		asset, err := of()
		switch {
		case err != nil:
			s.t.Errorf("%s: %v", r.URL.Path, err)
			status = http.StatusInternalServerError
		case status == hangUp:
			panic(http.ErrAbortHandler)
		}
		if status != 0 {
			http.Error(w, "", status)
			return
		}
		s.delay(r.URL.Path)
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("ETag", asset.ETag())
		_, _ = w.Write(asset.Body)
	}
}

// delay is the way that an answer has to a page far away.
func (s *shop) delay(path string) {
	s.mu.Lock()
	slow := s.slow
	s.mu.Unlock()
	if slow != nil {
		time.Sleep(slow(path))
	}
}

// asked says how often a path was asked for.
func (s *shop) asked(request string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[request]
}

// enter counts the request, answers CORS, and fails it where the test wants that.
func (s *shop) enter(w http.ResponseWriter, r *http.Request, body any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[r.Method+" "+r.URL.Path]++
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	if r.URL.Query().Get("k") != "pk_test" {
		http.Error(w, "{}", http.StatusUnauthorized)
		return false
	}
	status := 0
	if s.fault != nil {
		status = s.fault(r.URL.Path)
	}
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(raw, body)
	}
	if err != nil {
		s.t.Errorf("%s %s: %v: %s", r.Method, r.URL.Path, err, raw)
		http.Error(w, "{}", http.StatusBadRequest)
		return false
	}
	if b, is := body.(*batch); is {
		b.status, b.at = status, time.Now()
		s.batches = append(s.batches, *b)
	}
	if status == 0 {
		return true
	}
	if status == hangUp {
		panic(http.ErrAbortHandler)
	}
	if s.after != "" {
		w.Header().Set("Retry-After", s.after)
	}
	http.Error(w, "{}", status)
	return false
}

func (s *shop) decide(w http.ResponseWriter, r *http.Request) {
	d := decide{at: time.Now(), kind: r.Header.Get("Content-Type")}
	if cookie, err := r.Cookie("omo_vid"); err == nil {
		d.cookie = cookie.Value
	}
	if !s.enter(w, r, &d) {
		return
	}
	s.mu.Lock()
	s.decides = append(s.decides, d)
	n := len(s.decides)
	decisions := []offer{}
	if s.answer != nil {
		decisions = append(decisions, s.answer(d)...)
	}
	lost := s.lose != nil && s.lose(r.URL.Path)
	s.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	reply := map[string]any{"decision_id": fmt.Sprint("d", n), "rules": "r", "decisions": decisions, "degraded": []string{}}
	if d.Consent == "granted" || s.optOut && d.Consent == "unknown" {
		id := d.Visitor.ID
		if id == "" {
			id = "minted-1"
		}
		reply["visitor"] = map[string]any{"id": id, "new": false}
	}
	if d.Preview != "" && d.Preview != "junk" { // which the server did not sign
		reply["preview"] = map[string]any{"campaign": "c1", "variant": "a"}
	}
	s.delay(r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply)
}

func (s *shop) events(w http.ResponseWriter, r *http.Request) {
	var b batch
	if !s.enter(w, r, &b) {
		return
	}
	if _, err := time.Parse(time.RFC3339, b.SentAt); err != nil || b.Visitor.ID == "" || b.Consent != "granted" && !s.optOut {
		s.t.Errorf("the server would refuse this batch: visitor %q, consent %q, sent at %q", b.Visitor.ID, b.Consent, b.SentAt)
	}
	s.mu.Lock()
	lost := s.lose != nil && s.lose(r.URL.Path)
	s.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	_, _ = fmt.Fprintf(w, `{"accepted": %d, "rejected": []}`, len(b.Events))
}

// seen gives what was acknowledged, by event id: page views of decide calls and
// events of either call, each once.
func (s *shop) seen() map[string]event {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]event{}
	for _, d := range s.decides {
		if d.PageView == nil && d.Consent == "granted" {
			all[d.PageViewID] = event{ID: d.PageViewID, Name: "page_view", Page: d.Page}
		}
		for _, e := range d.Events {
			all[e.ID] = e
		}
	}
	for _, b := range s.batches {
		if b.status == 0 {
			for _, e := range b.Events {
				all[e.ID] = e
			}
		}
	}
	return all
}

// named gives the distinct acknowledged events of a name.
func (s *shop) named(name string) []event {
	var found []event
	for _, e := range s.seen() {
		if e.Name == name {
			found = append(found, e)
		}
	}
	return found
}

// calls gives the decide calls so far.
func (s *shop) calls() []decide {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]decide(nil), s.decides...)
}

// sent gives the event requests so far, refused ones too.
func (s *shop) sent() []batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]batch(nil), s.batches...)
}

// patience is how long what must come may take on a machine with other things to
// do: nothing but a hang takes longer.
const patience = 2 * time.Minute

// until polls for what must become true, and fails the test if it does not in time.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never came: %s", what)
}
