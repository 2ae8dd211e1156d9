package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// family is a person with two browsers.
type family struct {
	user     string
	browsers []string
	shown    bool // both were offered something while nobody knew them
	known    bool // the first had said whose it is before anything broke
}

// Two browsers of a person say whose they are while their events flow, many at
// once, and the server is killed in the middle of the merges, and by chance; the
// clients ask again. Afterwards each person has one profile that has counted every
// event of both browsers once, one merge, and the unit of the browser that was
// first, but where the other had been offered something under its own.
func TestFault1MergeKilled(t *testing.T) {
	t.Parallel()
	s := serve(t)
	l, ctx := noLoad(t, s)
	var families []family
	for i := range rounds(8, 40) {
		f := family{user: fmt.Sprintf("person-%d", i), shown: i%2 == 0, known: i%4 < 2}
		for range 2 {
			f.browsers = append(f.browsers, uuid.Must(uuid.NewV7()).String())
		}
		families = append(families, f)
		l.visitors = append(l.visitors, f.browsers...)
		c := newClient(uint64(i))
		l.senders.Go(func() {
			for ctx.Err() == nil {
				l.batch(ctx, c, f.browsers)
				rest(ctx, 20*time.Millisecond)
			}
		})
	}
	c := newClient(50)
	for _, f := range families {
		for _, browser := range f.browsers {
			if f.shown {
				l.decide(ctx, c, []string{browser})
			}
		}
		if f.known {
			l.insist(ctx, c, f.browsers[0], f.user)
		}
	}
	l.flow(50)
	s.kill()
	var naming sync.WaitGroup
	for i, f := range families {
		for n, browser := range f.browsers {
			if n > 0 || !f.known {
				c := newClient(uint64(100 + 2*i + n))
				naming.Go(func() { l.insist(ctx, c, browser, f.user) })
			}
		}
	}
	killed := 0
	for range rounds(1, 8) { // at most three of the merges are committed in a round
		for _, pass := range []int{1, 2, 1, 3} {
			at := fmt.Sprintf("merge.middle:%d", pass)
			s.launch("OMO_CRASH_AT=" + at)
			s.awaitKilled(patience, "the server kills itself at "+at)
			killed++
		}
	}
	s.start()
	time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond) // the moment is left to chance
	s.kill()
	s.start()
	naming.Wait()
	for _, f := range families { // once more, of one that is known
		for _, browser := range f.browsers {
			l.insist(ctx, c, browser, f.user)
		}
	}
	l.flow(100)
	audit(t, l, 1, fmt.Sprintf("kill -9 in the middle of a merge, %d times, and by chance", killed), fmt.Sprintf("persons %d, of two browsers each", len(families)))
	merges := openReports(t, s).merges()
	for _, f := range families {
		f.check(t, s, merges)
	}
}

// insist says whose browser it is until that is answered; the page view keeps its id.
func (l *load) insist(ctx context.Context, c *client, browser, user string) {
	for view := uuid.NewString(); ctx.Err() == nil && !l.name(ctx, c, browser, user, view); {
		rest(ctx, l.pause)
	}
}

// merges are the omo_merge events, by visitor.
func (r reports) merges() map[string][]ingest.Event {
	r.t.Helper()
	rows, err := r.conn.Query(r.t.Context(), "SELECT raw FROM events WHERE name = ?", ingest.Merge)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string][]ingest.Event{}
	for rows.Next() {
		var raw string
		var event ingest.Event
		if err := rows.Scan(&raw); err != nil {
			r.t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(raw), &event); err != nil {
			r.t.Fatal(err)
		}
		all[event.Visitor] = append(all[event.Visitor], event)
	}
	if err := rows.Err(); err != nil {
		r.t.Fatal(err)
	}
	return all
}

// check holds what became of a family against what should have.
func (f family) check(t *testing.T, s *server, merges map[string][]ingest.Event) {
	t.Helper()
	var variants []string
	for _, browser := range f.browsers {
		var got struct {
			Browsers []string
			Profile  struct {
				UserID string `json:"user_id"`
			}
		}
		_, answer := s.ask("/v1/visitors/" + browser)
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(slices.Sorted(slices.Values(got.Browsers)), slices.Sorted(slices.Values(f.browsers))) || got.Profile.UserID != f.user {
			t.Errorf("%s: browser %s shares the profile of %q with %q, want %q", f.user, browser, got.Profile.UserID, got.Browsers, f.browsers)
		}
		told := merges[browser]
		if len(told) != 1 {
			t.Errorf("%s: browser %s has %d merges in its history, want 1", f.user, browser, len(told))
			continue
		}
		m, err := ingest.ReadMerge(&told[0])
		if err != nil {
			t.Fatal(err)
		}
		unit := ""
		if !f.shown && browser == m.Visitor {
			unit = m.Home
		}
		if told[0].Unit != unit || f.known && m.Home != f.browsers[0] {
			t.Errorf("%s: browser %s came with %+v and unit %q, want %q", f.user, browser, m, told[0].Unit, unit)
		}
		variants = append(variants, variantOf(t, s, browser))
	}
	if !f.shown && len(variants) == 2 && variants[0] != variants[1] {
		t.Errorf("%s: the browsers get variants %q, want one unit's", f.user, variants)
	}
}

// variantOf is what the campaign draws for a visitor's page view.
func variantOf(t *testing.T, s *server, visitor string) string {
	t.Helper()
	body := fmt.Appendf(nil, `{"visitor":{"id":%q},"consent":"granted","page":{"url":"https://shop.example/"}}`, visitor)
	var got struct {
		Decisions []struct{ Campaign, Variant string }
	}
	eventually(t, patience, "a decision for "+visitor, func() bool {
		status, _, answer, err := newClient(60).post(t.Context(), s.url(), "/v1/decide", body)
		if err != nil || status != http.StatusOK || json.Unmarshal(answer, &got) != nil {
			t.Fatalf("a decide: %d %s, %v", status, answer, err)
		}
		return !sentHome(answer)
	})
	for _, d := range got.Decisions {
		if d.Campaign == "hello" {
			return d.Variant
		}
	}
	t.Errorf("visitor %s gets nothing", visitor)
	return ""
}
