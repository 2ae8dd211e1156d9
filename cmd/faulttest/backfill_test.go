package faulttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// counting is a campaign whose counter is new: its past is in ClickHouse only.
const counting = `id: counted
status: live
slot: modal
when: count("purchase", "30d") == 3
variants:
  - {id: own, weight: 1, action: {type: banner, title: いつもありがとうございます}}
`

// A campaign brings a counter, and the server is killed twice in the middle of
// counting the past: after the third start everybody's count is exact, those who
// were counted before a kill are not counted twice, and what came in after the
// cut is counted once.
func TestFaultBackfillKilled(t *testing.T) {
	t.Parallel()
	visitors := rounds(300, 100_000)
	s := serve(t)
	c := newClient(5)
	name := func(i int) string { return fmt.Sprintf("buyer-%06d", i) }
	buy := func(of func(i int) int) (last string, sent int) {
		t.Helper()
		var events []object
		flush := func() {
			if len(events) == 0 {
				return
			}
			raw, err := json.Marshal(object{"consent": "granted", "events": events})
			if err != nil {
				t.Fatal(err)
			}
			if status, _, answer, err := c.post(t.Context(), s.url(), "/v1/events", raw); err != nil || status != http.StatusOK {
				t.Fatalf("purchases: %d %s, %v", status, answer, err)
			}
			events = events[:0]
		}
		for i := range visitors {
			for range of(i) {
				last = uuid.Must(uuid.NewV7()).String()
				sent++
				events = append(events, object{"id": last, "name": "purchase", "visitor": object{"id": name(i)},
					"properties": object{"value": 1000, "transaction_id": last}})
				if len(events) == 500 {
					flush()
				}
			}
		}
		flush()
		return last, sent
	}
	last, sent := buy(func(i int) int { return i % 5 })
	openReports(t, s).awaitEvent(last, patience)
	s.kill()
	if err := os.WriteFile(filepath.Join(s.dir, "rules", "campaigns", "counted.yaml"), []byte(counting), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, pass := range []int{visitors / 5, visitors / 3} {
		s.launch(fmt.Sprintf("OMO_CRASH_AT=backfill.middle:%d", pass), "OMO_SHORT=backfill.mark=5ms") // or nobody's mark is there yet
		s.awaitKilled(patience, fmt.Sprintf("the server kills itself after counting %d visitors", pass))
	}
	began := time.Now()
	s.start()
	_, more := buy(func(i int) int { // those with two get their third while the past is counted
		if i%5 == 2 {
			return 1
		}
		return 0
	})
	eventually(t, patience, "the campaign has its past", func() bool {
		status, _, answer, err := c.do(t.Context(), http.MethodGet, s.url(), "/v1/campaigns", nil, secretKey)
		return err == nil && status == http.StatusOK && strings.Contains(string(answer), `"counted"`) && !strings.Contains(string(answer), `"backfilling"`)
	})
	took := time.Since(began)
	wrong := 0
	for i := range visitors {
		body := fmt.Sprintf(`{"visitor":{"id":%q},"consent":"granted","page":{"url":"https://shop.example/"}}`, name(i))
		var answer []byte
		eventually(t, patience, "a decision for "+name(i), func() bool {
			var status int
			var err error
			status, _, answer, err = c.post(t.Context(), s.url(), "/v1/decide", []byte(body))
			if err != nil || status != http.StatusOK {
				t.Fatalf("decide: %d %s, %v", status, answer, err)
			}
			return !sentHome(answer)
		})
		if gets, due := strings.Contains(string(answer), `"campaign":"counted"`), i%5 == 2 || i%5 == 3; gets != due {
			if wrong++; wrong < 5 {
				t.Errorf("%s has %d purchases of old: %s", name(i), i%5, answer)
			}
		}
	}
	t.Logf("fault - kill -9 in the middle of a back-fill, twice: visitors %d, sent %d, wrong counts %d, the third start counted the rest in %s", visitors, sent+more, wrong, took.Round(time.Millisecond))
	s.stop()
}
