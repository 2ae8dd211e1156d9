package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// windowed are streams of every kind, each with the windows asked of it.
var windowed = []struct {
	stream  Stream
	windows []string
}{
	{stream("count page_view 1h session"), []string{"30m", "1h", "session"}},
	{stream("count search session lifetime"), []string{"session", "lifetime"}},
	{stream("count omo_close 2h lifetime"), []string{"1m", "2h", "lifetime"}},
	{stream("sum purchase.value 2h session lifetime"), []string{"1h", "2h", "session", "lifetime"}},
	{stream("sum add_to_cart.quantity 1h"), []string{"1h"}},
	{stream("uniq page_view.path 1h session"), []string{"10m", "1h", "session"}},
	{stream("uniq view_item.item_id 2h lifetime"), []string{"2h", "lifetime"}},
	{stream("uniq search.term session"), []string{"session"}},
	{stream("last view_item.item_category"), []string{"lifetime"}},
}

func counting(epoch uint64) Terms {
	var streams []Stream
	for _, w := range windowed {
		w.stream.Epoch = epoch
		streams = append(streams, w.stream)
	}
	return with(streams...)
}

// drawn is a history of what those streams count, in any order of time, with
// purchases told twice.
func drawn(t *rapid.T) []ingest.Event {
	hours := rapid.Int64Range(1, 8).Draw(t, "hours")
	one := rapid.Custom(func(t *rapid.T) ingest.Event {
		pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
		e := ingest.Event{Visitor: "v", Name: pick("name", "page_view", "page_view", "search", "omo_close", "purchase", "add_to_cart", "view_item", "sign_up", ingest.Absent),
			Time: dawn.UnixMilli() + rapid.Int64Range(0, hours*3600).Draw(t, "second")*1000,
			Page: &ingest.Page{Path: pick("path", "/a", "/b", "/c")}}
		switch e.Name {
		case "purchase":
			e.Properties = fmt.Appendf(nil, `{"transaction_id":%q,"value":%s}`, pick("transaction", "", "T1", "T2", "T3"), pick("value", "0", "1", "6800", "19.5", "-3", "0.125", "123456789"))
		case "search":
			e.Properties = fmt.Appendf(nil, `{"term":%q}`, pick("term", "", "靴", "boots"))
		case "add_to_cart", "view_item":
			e.Properties = fmt.Appendf(nil, `{"items":[{"item_id":%q,"quantity":%s,"item_category":%q},{"item_id":"b","item_category":%q}]}`,
				pick("item", "a", "b", "c", ""), pick("quantity", "0", "1", "3"), pick("category", "shoes", "hats"), pick("last category", "", "shoes", "hats"))
		}
		if err := e.ParseProperties(); err != nil {
			t.Fatal(err)
		}
		return e
	})
	return rapid.SliceOfN(one, 1, 60).Draw(t, "history")
}

// plainly computes one answer over all events, as the language defines it.
func plainly(history []ingest.Event, s Stream, from int64) string {
	n, sum, last, values := 0, 0.0, ingest.Event{}, map[string]bool{}
	orders := map[string]bool{}
	for _, e := range history {
		if id := e.Props.TransactionID; id != "" {
			if orders[id] {
				continue
			}
			orders[id] = true
		}
		if e.Name != s.Event || e.Time < from {
			continue
		}
		n++
		switch s.Field {
		case "value":
			sum += *e.Props.Value
		case "quantity":
			for _, i := range e.Props.Items {
				sum += max(1, i.Quantity)
			}
		case "path":
			values[e.Page.Path] = true
		case "term":
			term, _ := e.Property("term").(string)
			values[term] = true
		case "item_id":
			for _, i := range e.Props.Items {
				values[i.ID] = true
			}
		case "item_category":
			if e.Time >= last.Time && e.Props.Items[1].Category != "" {
				last = e
			}
		}
	}
	delete(values, "")
	switch {
	case s.Kind == Values:
		return fmt.Sprint(len(values))
	case s.Kind == Latest && last.Time == 0:
		return ""
	case s.Kind == Latest:
		return last.Props.Items[1].Category
	case s.Field != "":
		return fmt.Sprint(sum)
	default:
		return fmt.Sprint(n)
	}
}

// agrees compares every answer at now with the plain computation.
func agrees(t *rapid.T, p *Profile, history []ingest.Event, now int64) {
	for _, w := range windowed {
		for _, window := range w.windows {
			from := int64(math.MinInt64)
			switch window {
			case "lifetime":
			case "session":
				from = p.Session.Start
			default:
				length, _ := time.ParseDuration(window)
				from = now - length.Milliseconds() + 1
			}
			if got, want := asks(p, w.stream, window, now), plainly(history, w.stream, from); got != want {
				t.Fatalf("%s of %s at %s after %d events: got %q, want %q", w.stream.Key, window, minutes(now), len(history), got, want)
			}
		}
	}
}

// reread is p written down and read back.
func reread(t rapid.TB, p *Profile) *Profile {
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	again := new(Profile)
	if err := json.Unmarshal(raw, again); err != nil {
		t.Fatal(err)
	}
	return again
}

// Whatever came, in whatever order: at every moment each counter answers what
// a plain computation over all events answers, also when time passes without
// any, and also when the profile is written down and read between two events.
func TestCountersAreExact(t *testing.T) {
	t.Parallel()
	terms := counting(0)
	rapid.Check(t, func(t *rapid.T) {
		history := drawn(t)
		p, now := New("v"), int64(0)
		for i, e := range history {
			if e.Name != ingest.Absent {
				now = max(now, e.Time)
			}
			Fold(p, &e, terms)
			if rapid.IntRange(0, 9).Draw(t, "written") == 0 {
				p = reread(t, p)
			}
			later := now + rapid.Int64Range(0, 3*3600).Draw(t, "later")*1000
			agrees(t, p, history[:i+1], later)
		}
	})
}

// A history split anywhere: the first part back-filled, the second counted
// live, is the whole counted from the start; and the second part may be under
// way when the first is added.
func TestBackfillIsCountingFromTheStart(t *testing.T) {
	t.Parallel()
	const epoch = 42
	before, since := with(), counting(epoch)
	rapid.Check(t, func(t *rapid.T) {
		history := drawn(t)
		cut := rapid.IntRange(0, len(history)).Draw(t, "cut")
		joined := rapid.IntRange(cut, len(history)).Draw(t, "joined")
		older := New("")
		for _, e := range history[:cut] {
			if older.Repeats(&e) {
				continue
			}
			for _, w := range windowed {
				w.stream.Epoch = epoch
				older.Add(w.stream, &e)
			}
		}
		p, now := New("v"), int64(0)
		join := func() {
			for _, w := range windowed {
				if !p.Absorb(w.stream.Key, epoch, older.Series[w.stream.Key]) {
					t.Fatalf("%s is not absorbed", w.stream.Key)
				}
				if p.Absorb(w.stream.Key, epoch, older.Series[w.stream.Key]) {
					t.Fatalf("%s is absorbed twice", w.stream.Key)
				}
			}
		}
		for i, e := range history {
			if i == joined {
				join()
			}
			now = max(now, e.Time)
			if i < cut {
				Fold(p, &e, before)
			} else {
				Fold(p, &e, since)
			}
		}
		if joined == len(history) {
			join()
		}
		agrees(t, p, history, now+rapid.Int64Range(0, 3*3600).Draw(t, "later")*1000)
	})
}

// Beyond 1,000 occurrences: exact where the window holds no more than 1,000;
// beyond, over by less than what happened in the hour in which the window
// begins. In one go, back-filled, and written down on the way.
func TestManyOccurrences(t *testing.T) {
	t.Parallel()
	const day = 24 * anHour
	count, sum := stream("count search 24h"), stream("sum search.n 24h lifetime")
	for seed := range uint64(16) {
		random := rand.New(rand.NewPCG(seed, 0)).Int64N
		n, late := 1001+int(random(1600)), int(seed%4)*3
		history := make([]ingest.Event, n)
		for i := range history {
			history[i] = ingest.Event{Name: "search", Time: dawn.UnixMilli() + int64(i)*50_000 + random(60_000), Properties: fmt.Appendf(nil, `{"n":%d}`, random(1000))}
			if int(random(10)) < late {
				history[i].Time -= random(2 * day)
			}
		}
		cut := int(random(int64(n)))
		p, older, now := New("v"), New(""), int64(0)
		for i, e := range history {
			now = max(now, e.Time)
			if i < cut {
				older.Add(count, &e)
				older.Add(sum, &e)
				continue
			}
			Fold(p, &e, with(count, sum))
		}
		p.Absorb(count.Key, 0, older.Series[count.Key])
		p.Absorb(sum.Key, 0, older.Series[sum.Key])
		p = reread(t, p)
		if list := unpack(p.Series[count.Key].List, moments, 0); len(list) > maxKept+slack {
			t.Fatalf("%d moments are kept one by one", len(list))
		}
		if hours := unpackHours(p.Series[sum.Key].Hours, amounts); len(hours) > 26 {
			t.Fatalf("%d hours are kept of a day", len(hours))
		}
		for range 20 {
			from := now - random(day)
			occurred, added, near, nearAdded := 0, 0.0, 0, 0.0
			for _, e := range history {
				value, _ := e.Property("n").(float64)
				if e.Time >= from {
					occurred++
					added += value
				} else if e.Time/anHour == from/anHour {
					near++ // of the hour in which the window begins, before it
					nearAdded += value
				}
			}
			if occurred <= maxKept {
				near, nearAdded = 0, 0
			}
			if got := p.Count(count.Key, from); got < float64(occurred) || got > float64(occurred+near) {
				t.Fatalf("%d events, window of %dms: counted %g, there were %d and %d just before", n, now-from, got, occurred, near)
			}
			if got := p.Sum(sum.Key, from); got < added || got > added+nearAdded {
				t.Fatalf("%d events, window of %dms: they add up to %g, want %g and at most %g more", n, now-from, got, added, nearAdded)
			}
		}
		if got := p.Count(count.Key, 0); got != float64(n) {
			t.Fatalf("counted %g ever, there were %d", got, n)
		}
	}
}

// Of more than 1,000 values those seen last are known.
func TestManyValues(t *testing.T) {
	t.Parallel()
	s := stream("uniq page_view.path lifetime")
	p := New("v")
	for i := range 1500 {
		e := ingest.Event{Name: "page_view", Time: dawn.UnixMilli() + int64(i)*1000, Page: &ingest.Page{Path: fmt.Sprint("/", i%1200)}}
		Fold(p, &e, with(s))
	}
	last := func(n int64) int64 { return dawn.UnixMilli() + (1500-n)*1000 }
	equal(t, fmt.Sprint(p.Uniq(s.Key, 0), p.Uniq(s.Key, last(700)), p.Uniq(s.Key, last(1000)), p.Uniq(s.Key, last(1400))), "1000 700 1000 1000")
}

// What is written is what is read, whatever the numbers are.
func TestPacking(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom([]form{moments, amounts, marks}).Draw(t, "form")
		var list []entry
		at := int64(0)
		for range rapid.IntRange(0, 20).Draw(t, "length") {
			at += rapid.Int64Range(0, 1<<45).Draw(t, "later")
			e := entry{at: at}
			switch f {
			case amounts:
				e.bits = math.Float64bits(rapid.OneOf(rapid.Float64Range(-1e12, 1e12), rapid.Map(rapid.Int64Range(-1e9, 1e9), func(n int64) float64 { return float64(n) / 100 }),
					rapid.Map(rapid.Int64Range(-1e12, 1e12), func(n int64) float64 { return float64(n) })).Draw(t, "amount"))
			case marks:
				e.bits = rapid.Uint64Max(1<<42-1).Draw(t, "mark")
			}
			list = append(list, e)
		}
		text := pack(list, f)
		got := unpack(text, f, 0)
		if len(got) != len(list) || !bytes.Equal([]byte(pack(got, f)), []byte(text)) {
			t.Fatalf("%v became %s became %v", list, text, got)
		}
		for i := range list {
			if got[i].at != list[i].at || f == marks && got[i].bits != list[i].bits || f == amounts && got[i].amount() != list[i].amount() {
				t.Fatalf("%v became %s became %v", list, text, got)
			}
		}
		if n := len(text); n > 0 {
			if broken := unpack(text[:n-1], f, 0); len(broken) != len(list)-1 {
				t.Fatalf("%s without its last digit became %v", text, broken)
			}
		}
	})
}
