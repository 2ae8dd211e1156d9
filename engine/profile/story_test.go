package profile

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

var (
	dawn  = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	terms = Terms{Gap: 30 * time.Minute, Goals: map[string][]Goal{
		"purchase": {{Campaign: "rescue", Window: time.Hour}},
		"sign_up":  {{Campaign: "rescue", Window: time.Hour}, {Campaign: "other", Window: time.Hour}},
	}}
)

// told reads one line of a story: "1h30m add_to_cart /cart {"value":5}", the
// page and the properties where there are any; "-2d" is two days before dawn.
func told(t testing.TB, line string) ingest.Event {
	t.Helper()
	when, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	days := 0
	if at := strings.IndexByte(when, 'd'); at >= 0 {
		if _, err := fmt.Sscan(when[:at], &days); err != nil {
			t.Fatal(err)
		}
		when = "0s" + when[at+1:]
	}
	offset, err := time.ParseDuration(strings.TrimPrefix(when, "0s0s"))
	if err != nil {
		t.Fatal(err)
	}
	name, rest, _ := strings.Cut(rest, " ")
	e := ingest.Event{Name: name, Visitor: "v", Time: dawn.AddDate(0, 0, days).Add(offset).UnixMilli()}
	if strings.HasPrefix(rest, "/") {
		page, more, _ := strings.Cut(rest, " ")
		e.Page, rest = &ingest.Page{Path: page}, more
	}
	if rest != "" {
		e.Properties = json.RawMessage(rest)
	}
	if err := e.ParseProperties(); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return e
}

// after folds a story, a line an event, and gives the events as stamped.
func after(t testing.TB, story string) (*Profile, []ingest.Event) {
	t.Helper()
	p := New("v")
	var events []ingest.Event
	for line := range strings.Lines(story) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		e := told(t, line)
		Fold(p, &e, terms)
		events = append(events, e)
	}
	return p, events
}

// equal compares what was got with what was wanted, one line each.
func equal(t *testing.T, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func minutes(at int64) string {
	return time.UnixMilli(at).Sub(dawn).String()
}
