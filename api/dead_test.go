package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// deadLetter holds n events, one a visit; replay cures those of an even visit.
type deadLetter struct {
	events []ingest.Dead
	away   bool
}

func deadOf(n int) *deadLetter {
	d := &deadLetter{}
	for seq := 1; seq <= n; seq++ {
		raw := fmt.Sprintf(`{"id":"018f0000-0000-7000-8000-%012d","visitor":"v%d","name":"purchase","properties":{"value":666}}`, seq, seq)
		d.events = append(d.events, ingest.Dead{Place: ingest.Place{Seq: uint64(seq)}, At: 1_790_000_000_123, Reason: "code: 469: <no>", Raw: []byte(raw)})
	}
	return d
}

func (d *deadLetter) DeadSize() (events, bytes, bound uint64) {
	return uint64(len(d.events)), 77, 1000
}

func (d *deadLetter) Dead(after ingest.Place, most int) (out []ingest.Dead, _ error) {
	for _, e := range d.events {
		if after.Before(e.Place) && len(out) < most {
			out = append(out, e)
		}
	}
	return out, nil
}

func (d *deadLetter) Replay(_ context.Context, places []ingest.Place) (out ingest.Replayed, _ error) {
	if d.away {
		return out, errors.New("ClickHouse at db:9000 cannot be reached")
	}
	for _, p := range places {
		i := slices.IndexFunc(d.events, func(e ingest.Dead) bool { return e.Place == p })
		switch {
		case i < 0:
			out.Unknown = append(out.Unknown, p)
		case p.Seq%2 == 0:
			out.Loaded++
			d.events = slices.Delete(d.events, i, i+1)
		default:
			out.Still = append(out.Still, d.events[i])
		}
	}
	return out, nil
}

func TestDeadLetter(t *testing.T) {
	t.Parallel()
	letter := deadOf(3)
	s := open(t, options(func(o *api.Options) { o.Dead = letter }))
	const three = `{"place":"3/0","at":"2026-09-21T14:13:20.123Z","id":"018f0000-0000-7000-8000-000000000003","visitor":"v3","name":"purchase","reason":"code: 469: <no>","raw":{"id":"018f0000-0000-7000-8000-000000000003","visitor":"v3","name":"purchase","properties":{"value":666}}}`
	for path, want := range map[string]string{
		"/v1/dead?after=2/0":         `{"events":3,"bytes":77,"max_bytes":1000,"dead":[` + three + `]}`,
		"/v1/dead?after=3/0&limit=1": `{"events":3,"bytes":77,"max_bytes":1000,"dead":[]}`,
	} {
		if got := strings.TrimSpace(string(s.trusted().get(path).is(http.StatusOK).body)); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", path, got, want)
		}
	}
	var page struct{ Next string }
	if s.trusted().get("/v1/dead?limit=2").is(http.StatusOK).into(&page); page.Next != "2/0" {
		t.Errorf("after two of three comes %q", page.Next)
	}
	for path, want := range map[string]string{
		"/v1/dead?limit=0":     `limit "0" is no number from 1 to 1000`,
		"/v1/dead?limit=1001":  `limit "1001" is no number from 1 to 1000`,
		"/v1/dead?after=first": `after: "first" is no place of an event: write seq/idx as omo dead list shows it, 1842/0 say`,
	} {
		s.trusted().get(path).says(http.StatusBadRequest, "bad_request", want)
	}
	s.browser().get("/v1/dead").is(http.StatusForbidden)
	s.browser().post("/v1/dead/replay", object{"all": true}).is(http.StatusForbidden)
}

func TestReplayOfTheDeadLetter(t *testing.T) {
	t.Parallel()
	letter := deadOf(1002)
	s := open(t, options(func(o *api.Options) { o.Dead = letter }))
	for _, c := range []struct {
		want string
		body object
	}{
		{`name places, {"places": ["1842/0"]}, or all of them, {"all": true}`, object{}},
		{`name places, {"places": ["1842/0"]}, or all of them, {"all": true}`, object{"all": true, "places": []string{"1/0"}}},
		{`"0/0" is no place of an event: write seq/idx as omo dead list shows it, 1842/0 say`, object{"places": []string{"0/0"}}},
		{`"1/70000" is no place of an event: write seq/idx as omo dead list shows it, 1842/0 say`, object{"places": []string{"1/70000"}}},
		{`after: "x" is no place of an event: write seq/idx as omo dead list shows it, 1842/0 say`, object{"all": true, "after": "x"}},
		{`1001 places are more than the 1000 of one call`, object{"places": slices.Repeat([]string{"1/0"}, 1001)}},
	} {
		s.trusted().post("/v1/dead/replay", c.body).says(http.StatusBadRequest, "bad_request", c.want)
	}
	const want = `{"loaded":1,"still":[{"place":"1/0","reason":"code: 469: <no>"}],"unknown":["9999/0"]}`
	if got := strings.TrimSpace(string(s.trusted().post("/v1/dead/replay", object{"places": []string{"1/0", "2/0", "9999/0"}}).is(http.StatusOK).body)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	var part struct {
		Loaded int
		Still  []struct{ Place string }
		Next   string
	}
	if s.trusted().post("/v1/dead/replay", object{"all": true}).is(http.StatusOK).into(&part); part.Loaded != 499 || len(part.Still) != 501 || part.Next != "1001/0" {
		t.Errorf("the first 1000 of all: %d, %d, %s", part.Loaded, len(part.Still), part.Next)
	}
	letter.away = true
	s.trusted().post("/v1/dead/replay", object{"all": true}).
		says(http.StatusServiceUnavailable, "unavailable", "dead events could not be replayed: ClickHouse at db:9000 cannot be reached; none is lost, replay again")
}
