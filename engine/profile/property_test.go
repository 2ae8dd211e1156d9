package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// anyHistory draws events of every kind that folding knows, out of order now and then.
func anyHistory(t *rapid.T) []ingest.Event {
	one := rapid.Custom(func(t *rapid.T) ingest.Event {
		e := ingest.Event{
			Visitor: "v", Time: dawn.UnixMilli() + rapid.Int64Range(0, 3*3600).Draw(t, "second")*1000,
			Name: rapid.SampledFrom([]string{"page_view", "page_view", "purchase", "refund", "add_to_cart", "remove_from_cart", "view_cart",
				"search", "sign_up", "identify", ingest.Decision, ingest.Exposure, ingest.Click, ingest.Close, ingest.Absent, ingest.Rules}).Draw(t, "name"),
			Page: &ingest.Page{Path: rapid.SampledFrom([]string{"/a", "/b"}).Draw(t, "path")},
		}
		campaign := rapid.SampledFrom([]string{"rescue", "other"}).Draw(t, "campaign")
		e.Props = ingest.Properties{
			Campaign: campaign, Phase: rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "phase"),
			DecisionID: rapid.SampledFrom([]string{"", "d1", "d2"}).Draw(t, "decision"), TransactionID: rapid.SampledFrom([]string{"", "T1", "T2"}).Draw(t, "transaction"),
			Outcomes: []ingest.Outcome{{Campaign: campaign, Slot: rapid.SampledFrom([]string{"", "modal"}).Draw(t, "slot"),
				Reason: rapid.SampledFrom([]string{"offered", "control", "frequency"}).Draw(t, "reason")}},
		}
		if rapid.Bool().Draw(t, "valued") {
			value := rapid.Float64Range(-1e12, 1e12).Draw(t, "value")
			e.Props.Value = &value
		}
		for range rapid.IntRange(0, 2).Draw(t, "items") {
			e.Props.Items = append(e.Props.Items, ingest.OrderItem{ID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "item"),
				Price: rapid.Float64Range(0, 1e12).Draw(t, "price"), Quantity: rapid.Float64Range(-2, 1e12).Draw(t, "quantity")})
		}
		if e.Name == "page_view" && rapid.Bool().Draw(t, "from somewhere") {
			e.Source = &ingest.Source{Channel: "search", ReferrerHost: "www.google.co.jp"}
		}
		if e.Name == "identify" {
			e.User = rapid.SampledFrom([]string{"", "u1"}).Draw(t, "user")
			e.Unit = rapid.SampledFrom([]string{"", "another"}).Draw(t, "unit")
			e.Traits = map[string]any{"rank": "gold", "age": rapid.Float64Range(0, 120).Draw(t, "age")}
		}
		return e
	})
	return rapid.SliceOfN(one, 0, 40).Draw(t, "history")
}

func folded(p *Profile, history []ingest.Event) (stamps string) {
	dear := func(e *ingest.Event) bool { return e.Props.Value != nil && *e.Props.Value > 1e6 }
	t := counting(7)
	t.Here = []Here{{"search", "search", dear}, {"purchase", "purchase", dear}}
	t.Kinds = &Kinds{Of: map[string]string{"dear": "purchase"}, Is: func(e *ingest.Event) []string {
		if e.Name == "purchase" && dear(e) {
			return []string{"dear"}
		}
		return nil
	}}
	t.Goals = map[string][]Goal{"dear": {{"rescue", time.Hour}}, "search": {{"other", time.Hour}}}
	t.Absences = append(t.Absences, Absence{"rescue", "dear", "add_to_cart", time.Hour})
	for _, e := range history {
		Fold(p, &e, t)
		stamps += fmt.Sprint(e.Session, e.New, e.Kinds, " ")
	}
	return stamps
}

func encoded(t *rapid.T, p *Profile) []byte {
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The same events give the same profile and the same stamps, and writing the
// profile down and reading it back at any moment changes nothing.
func TestFoldIsAFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := anyHistory(t)
		cut := rapid.IntRange(0, len(history)).Draw(t, "cut")

		straight, again, first, second := New("v"), New("v"), New("v"), new(Profile)
		stamps := folded(straight, history)
		if other := folded(again, history); other != stamps || !bytes.Equal(encoded(t, again), encoded(t, straight)) {
			t.Fatalf("folded twice:\n%s %s\n%s %s", encoded(t, straight), stamps, encoded(t, again), other)
		}
		inTwo := folded(first, history[:cut])
		if err := json.Unmarshal(encoded(t, first), second); err != nil {
			t.Fatal(err)
		}
		inTwo += folded(second, history[cut:])
		if inTwo != stamps || !bytes.Equal(encoded(t, second), encoded(t, straight)) {
			t.Fatalf("written down after %d of %d:\n%s %s\nstraight:\n%s %s", cut, len(history), encoded(t, second), inTwo, encoded(t, straight), stamps)
		}
	})
}

// Whatever came: counts are counts, and every number can be written down.
func TestFoldStaysWithinReason(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := anyHistory(t)
		p := New("v")
		views := 0
		for _, e := range history {
			Fold(p, &e, terms)
			if e.Name == "page_view" {
				views++
			}
			s := p.Session
			value, pieces := p.Cart.Sum()
			switch {
			case s.Start > s.End, s.N > 0 && p.PrevEnd >= s.Start && p.Done > 0, p.Done != max(0, s.N-1):
				t.Fatalf("session %+v after %d done, the last until %d", s, p.Done, p.PrevEnd)
			case p.Pageviews != views || s.Views+p.DoneViews > views:
				t.Fatalf("%d views, of which %d and %d in sessions; there were %d", p.Pageviews, s.Views, p.DoneViews, views)
			case pieces < 0 || math.IsInf(value, 0) || math.IsNaN(value) || math.IsInf(p.Revenue, 0):
				t.Fatalf("cart %+v, revenue %g", p.Cart, p.Revenue)
			}
		}
	})
}
