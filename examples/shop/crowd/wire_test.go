package crowd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// A server that has no room for a moment gets the very same again; one that refuses
// is not asked twice.
func TestAVisitorAsksABusyServerAgain(t *testing.T) {
	t.Parallel()
	for first, want := range map[int][]string{
		http.StatusServiceUnavailable: {"POST /v1/events 3", "POST /v1/events 3"},
		http.StatusBadRequest:         {"POST /v1/events 3"},
	} {
		t.Run(http.StatusText(first), func(t *testing.T) {
			t.Parallel()
			var heard []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if heard = append(heard, fmt.Sprint(r.Method, " ", r.URL.Path, " ", string(body))); len(heard) == 1 {
					http.Error(w, "later", first)
					return
				}
				_, _ = io.WriteString(w, "7")
			}))
			t.Cleanup(server.Close)
			p := &person{crowd: &Crowd{o: Options{Clock: &Clock{}, Server: server.URL}, http: server.Client()}}
			answer := 0
			err := p.post(t.Context(), "/v1/events", "pk", 3, &answer)
			if good := err == nil && answer == 7; good != (len(want) == 2) {
				t.Errorf("%v, answer %d", err, answer)
			}
			if !slices.Equal(heard, want) {
				t.Errorf("the server heard %q, want %q", heard, want)
			}
		})
	}
}
