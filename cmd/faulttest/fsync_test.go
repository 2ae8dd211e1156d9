package faulttest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Every answer that promises durability leaves after an fsync that began after
// the event's own bytes were written to the ledger's log: seen from outside, call
// by call, with one client and with eight at once.
func TestFaultFsyncBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	s, file := underStrace(t, needStrace(t))
	s.start()
	const clients, each = 8, 12
	promised, plain := map[string]string{}, []string{} // id → path
	var mu sync.Mutex
	send := func(c *client, n int) {
		path, body, ids := durably(n)
		if n%4 == 3 {
			path, body, ids = "/v1/decide", pageView(), nil
		}
		status, _, answer, err := c.post(t.Context(), s.url(), path, []byte(body))
		if err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %s, %v", path, status, answer, err)
			return
		}
		if sentHome(answer) { // nothing is promised
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, id := range ids {
			promised[id] = path
		}
		if ids == nil {
			_, after, _ := strings.Cut(body, `"page_view_id":"`)
			plain = append(plain, after[:36])
		}
	}
	for n := range 2 * each { // one after the other
		send(newClient(0), n)
	}
	var group sync.WaitGroup
	for w := range clients {
		group.Go(func() {
			c := newClient(uint64(w))
			for n := range each {
				send(c, n)
			}
		})
	}
	group.Wait()
	s.stop()

	trace := calls(t, file)
	syncs, shared := 0, map[int]int{} // by the place of the fsync: how many ids it covered
	for _, c := range trace {
		if c.isLog() && c.isSync() {
			syncs++
		}
	}
	broken, unfound := 0, 0
	for id, path := range promised {
		covering, problem := covered(trace, id)
		switch {
		case problem == notInOnePiece:
			unfound++
		case problem != "":
			broken++
			t.Errorf("%s, event %s: %s", path, id, problem)
		default:
			shared[covering]++
		}
	}
	// An id that lies over the edge of a block of the log is not found in it.
	if unfound > len(promised)/20 {
		t.Errorf("%d of %d events were not found in the ledger's log", unfound, len(promised))
	}
	latest := deferred(t, trace, plain)
	t.Logf("fault 0 fsync order by strace: %d events in 200s, %d answered before their fsync, %d not found whole in one write, %d fsyncs of the log, of which %d covered promised events; plain page views were synced at most %s after their answer",
		len(promised), broken, unfound, syncs, len(shared), latest.Round(time.Millisecond))
	s.sound()
}

const notInOnePiece = "it is not in one write to the log"

// covered finds the fsync that makes an event durable before its answer, and
// gives its place; otherwise it says what is wrong.
func covered(trace []*call, id string) (place int, problem string) {
	var asked, logged, synced *call
	for _, c := range trace {
		switch {
		case !c.ok || c.ended == 0:
		case asked == nil && !c.isWrite() && strings.Contains(c.data, id):
			asked = c
		case asked == nil:
		case c.isLog() && c.isWrite() && strings.Contains(c.data, id):
			logged = c
		case logged != nil && synced == nil && c.isLog() && c.isSync() && c.begun > logged.ended:
			synced = c
		case c.isWrite() && c.fd == asked.fd && strings.Contains(c.data, "HTTP/1.1 200"):
			switch {
			case logged == nil:
				return 0, unwritten(trace, id)
			case synced == nil:
				return 0, "answered without an fsync after its write to the log"
			case synced.ended >= c.begun:
				return 0, "answered before the fsync had ended"
			}
			return synced.begun, ""
		}
	}
	return 0, "the trace has no request and answer of it"
}

// unwritten says what became of an event that was not in the log at its answer.
func unwritten(trace []*call, id string) string {
	for _, c := range trace {
		if c.isLog() && c.isWrite() && strings.Contains(c.data, id) {
			return "answered before it was written to the log"
		}
	}
	return notInOnePiece
}

// deferred is the longest that a page view nobody waits for stayed unsynced
// after its answer.
func deferred(t *testing.T, trace []*call, ids []string) (longest time.Duration) {
	t.Helper()
	for _, id := range ids {
		var asked, answered, logged *call
		var synced time.Duration
		for _, c := range trace {
			switch {
			case !c.ok || c.ended == 0:
			case asked == nil && !c.isWrite() && strings.Contains(c.data, id):
				asked = c
			case asked == nil:
			case logged == nil && c.isLog() && c.isWrite() && strings.Contains(c.data, id):
				logged = c
			case answered == nil && c.isWrite() && c.fd == asked.fd && strings.Contains(c.data, "HTTP/1.1 200"):
				answered = c
			case logged != nil && synced == 0 && c.isLog() && c.isSync() && c.begun > logged.ended:
				synced = c.until
			}
		}
		switch {
		case logged == nil || answered == nil: // over the edge of a block
		case synced == 0:
			t.Errorf("page view %s was never synced", id)
		default:
			longest = max(longest, synced-answered.at)
		}
	}
	// 50 ms is the promise; strace makes everything slow, and so do others.
	if longest > 30*time.Second {
		t.Errorf("a page view was synced only %s after its answer", longest)
	}
	return longest
}

// durably is a request that waits for the fsync: a batch of three visitors, or a
// decide with events.
func durably(n int) (path, body string, ids []string) {
	var events []string
	for i := range 3 {
		id := uuid.Must(uuid.NewV7()).String()
		ids = append(ids, id)
		visitor := ""
		if n%2 == 0 {
			visitor = fmt.Sprintf(`"visitor":{"id":"v%d-%d"},`, n, i)
		}
		events = append(events, fmt.Sprintf(`{"id":%q,%s"name":"view_item"}`, id, visitor))
	}
	list := strings.Join(events, ",")
	if n%2 == 0 {
		return "/v1/events", `{"consent":"granted","events":[` + list + `]}`, ids
	}
	return "/v1/decide", `{"consent":"granted","visitor":{"id":"` + uuid.NewString() + `"},"page":{"url":"https://shop.example/"},"events":[` + list + `]}`, ids
}

func pageView() string {
	return fmt.Sprintf(`{"consent":"granted","visitor":{"id":%q},"page":{"url":"https://shop.example/"},"page_view_id":%q}`, uuid.NewString(), uuid.NewString())
}
