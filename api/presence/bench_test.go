package presence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api/presence"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// shopOf is a shop with so many visitors, one in ten with something in the cart.
func shopOf(n int) (w *watched, standings []engine.Standing, ids []string) {
	w = opened()
	for i := range n {
		s := engine.Standing{Visits: 1 + i%3, Began: w.now.UnixMilli(), Source: &ingest.Source{Channel: "search", ReferrerHost: "www.google.com"}, Asked: true}
		if i%10 == 0 {
			s.Cart, s.Pieces = float64(100*(i+1)), 1
		}
		id := fmt.Sprintf("018f0000-0000-7000-8000-%012d", i)
		s.Events = []ingest.Event{{Name: ingest.PageView, Time: w.now.UnixMilli(), Page: &ingest.Page{Path: fmt.Sprint("/items/", i), Title: "スニーカー"}, Device: &ingest.Device{Type: "mobile"}}}
		w.See(id, &s, nil, w.now)
		standings, ids = append(standings, s), append(ids, id)
	}
	return w, standings, ids
}

// One event of one of 5,000 visitors.
func BenchmarkSee(b *testing.B) {
	w, standings, ids := shopOf(5000)
	for i := 0; b.Loop(); i++ {
		w.See(ids[i%5000], &standings[i%5000], nil, w.now)
	}
	if h := w.Look(presence.Filter{}, 50, 10_000, w.now); h.Online != 5000 || h.Carts != 500 {
		b.Fatalf("%+v", h)
	}
}

// One second of the table with 5,000 visitors online: 500 events, and two looks of
// one screen.
func BenchmarkSecond(b *testing.B) {
	w, standings, ids := shopOf(5000)
	for i := 0; b.Loop(); i++ {
		for j := range 500 {
			at := (500*i + j) % 5000
			standings[at].Events[0].Time = w.now.UnixMilli()
			w.See(ids[at], &standings[at], nil, w.now)
		}
		for range 2 {
			w.pass(500 * time.Millisecond)
			h := w.Look(presence.Filter{}, 50, 10_000, w.now)
			if h.Online != 5000 || h.Carts != 500 || len(h.Rows) != 50 || h.Rows[0].Cart == 0 {
				b.Fatalf("%d online, %d carts, the hottest %+v", h.Online, h.Carts, h.Rows[0])
			}
			if beat := w.Beat(w.now); beat.Actions == 0 {
				b.Fatalf("%+v", beat)
			}
		}
	}
}
