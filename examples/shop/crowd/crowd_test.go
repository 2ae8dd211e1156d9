package crowd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A server that does not answer: once, and the visitor asks again; never, for one of
// them, and that one is left. Either way it is told, and the others come and go.
func TestTheCrowdGoesOnWhereACallIsNotAnswered(t *testing.T) {
	t.Parallel()
	const many = 6
	for name, test := range map[string]struct {
		calls int // to decide, of the third visitor, that are not answered
		done  int64
		half  bool // they are, but a part of the answer is missing
		told  []string
		err   string
	}{
		"by half": {calls: 1, half: true, done: many, told: []string{"simulated visitor sim-t-2: decide went wrong: degraded [ledger], rejected []; it asks again"}},
		"once":    {calls: 1, done: many, told: []string{"simulated visitor sim-t-2: … it asks again"}},
		"never": {calls: 1 << 30, done: many - 1, err: "left by the way: 1; the first was simulated visitor sim-t-2: …", told: []string{
			"simulated visitor sim-t-2: … it asks again", "simulated visitor sim-t-2: … it asks again", "simulated visitor sim-t-2: … it asks again", "simulated visitor sim-t-2: …",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var told []string
			dropped := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				raw, _ := io.ReadAll(r.Body)
				if r.URL.Path == "/v1/decide" && strings.Contains(string(raw), `"sim-t-2"`) {
					mu.Lock()
					dropped++
					drop := dropped <= test.calls
					mu.Unlock()
					if drop && test.half {
						fmt.Fprint(w, `{"decisions": [], "degraded": ["ledger"]}`)
						return
					}
					if drop {
						panic(http.ErrAbortHandler) // the connection ends without an answer
					}
				}
				var call struct{ Events []any }
				if err := json.Unmarshal(raw, &call); err != nil {
					t.Error(err)
				}
				fmt.Fprintf(w, `{"accepted": %d, "decisions": []}`, len(call.Events))
			}))
			t.Cleanup(server.Close)
			c, err := New(Options{
				Server: server.URL, Shop: "https://shop.example", Name: "t", Seed: 3,
				Sign: func(map[string]any) (string, error) { return "token", nil },
				Told: func(err error) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, short(err))
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			said := short(c.Run(t.Context(), 0, many, 0))
			if c.Done() != test.done || said != test.err || !slices.Equal(told, test.told) {
				t.Errorf("%d came and went, want %d; the end is %q, want %q; told was %q, want %q", c.Done(), test.done, said, test.err, told, test.told)
			}
		})
	}
}

// short is an error without the words of the network.
func short(err error) string {
	if err == nil {
		return ""
	}
	before, after, network := strings.Cut(err.Error(), "Post ")
	if !network {
		return before
	}
	if _, again, found := strings.Cut(after, ";"); found {
		return before + "…" + again
	}
	return before + "…"
}
