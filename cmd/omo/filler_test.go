package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// filler notes what it sends before it does, and what was answered 200.
type filler struct {
	t           *testing.T
	server, key string
	refused     atomic.Int64
	taken       atomic.Int64 // when the last 200 came
	below       atomic.Int64 // since when the reserve is touched, 0 while it is not
	late        atomic.Int64 // the longest after that a 200 came

	mu          sync.Mutex
	sent, acked map[string]bool
}

func newFiller(t *testing.T, c *client) *filler {
	return &filler{t: t, server: c.server, key: c.key, sent: map[string]bool{}, acked: map[string]bool{}}
}

// watch notes since when it is low, until stop is closed.
func (o *filler) watch(low func() bool, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		if !low() {
			o.below.Store(0)
		} else if o.below.Load() == 0 {
			o.below.Store(time.Now().UnixNano())
		}
	}
}

// fill posts batches until stop is closed.
func (o *filler) fill(visitor string, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
			o.post(visitor)
		}
	}
}

// post sends 50 events of about a kilobyte and gives the answer's status.
func (o *filler) post(visitor string) int {
	type event struct {
		ID         string            `json:"id"`
		Name       string            `json:"name"`
		Properties map[string]string `json:"properties"`
	}
	batch := struct {
		Visitor map[string]string `json:"visitor"`
		Consent string            `json:"consent"`
		Events  []event           `json:"events"`
	}{Visitor: map[string]string{"id": visitor}, Consent: "granted"}
	ids := map[string]bool{}
	for range 50 {
		e := event{uuid.Must(uuid.NewV7()).String(), "filler", map[string]string{"text": strings.Repeat("x", 1000)}}
		batch.Events = append(batch.Events, e)
		ids[e.ID] = true
	}
	body, err := json.Marshal(batch)
	if err != nil {
		o.t.Error(err)
		return 0
	}
	o.mu.Lock()
	maps.Copy(o.sent, ids)
	o.mu.Unlock()
	status, _ := o.call("/v1/events", body)
	switch status {
	case http.StatusOK:
		now := time.Now().UnixNano()
		o.taken.Store(now)
		if below := o.below.Load(); below > 0 {
			o.late.Store(max(o.late.Load(), now-below))
		}
		o.mu.Lock()
		maps.Copy(o.acked, ids)
		o.mu.Unlock()
	case http.StatusServiceUnavailable:
		o.refused.Add(1)
	default:
		o.t.Errorf("events are answered %d", status)
	}
	return status
}

// decides asks for decisions, which must come, and say that they are not kept.
func (o *filler) decides(when string) {
	o.t.Helper()
	for n := range 20 {
		status, answer := o.call("/v1/decide", fmt.Appendf(nil, `{"visitor":{"id":"d%d"},"consent":"granted","page":{"url":"https://shop.example/"}}`, n))
		if status != http.StatusOK || !strings.Contains(answer, `"campaign":"hello"`) || !strings.Contains(answer, `"degraded":["ledger"]`) {
			o.t.Fatalf("%s a decision is answered %d %s", when, status, answer)
		}
	}
}

func (o *filler) call(path string, body []byte) (int, string) {
	req, err := http.NewRequest(http.MethodPost, o.server+path, bytes.NewReader(body))
	if err != nil {
		o.t.Error(err)
		return 0, ""
	}
	req.Header.Set("Authorization", "Bearer "+o.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Error(err)
	}
	if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") == "" {
		o.t.Error("503 without Retry-After")
	}
	return res.StatusCode, string(text)
}

// eventIDs gives how often each of a load's events is in a ledger.
func eventIDs(t *testing.T, dir string) map[string]int {
	t.Helper()
	l, err := ledger.Open(dir, ledger.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ids := map[string]int{}
	for after := uint64(0); after < l.Last(); {
		records, err := l.Read(context.Background(), after, l.Last(), 1000)
		if err != nil || len(records) == 0 {
			t.Fatalf("after visit %d of %d: %v", after, l.Last(), err)
		}
		for _, r := range records {
			if r.Event.Name == "filler" {
				ids[r.Event.ID]++
			}
		}
		after = records[len(records)-1].Event.Seq
	}
	return ids
}
