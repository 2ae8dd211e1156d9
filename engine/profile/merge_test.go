package profile

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// both draws what one person did in two browsers, a and b, in the order of the
// ledger and of time.
func both(t *rapid.T) []ingest.Event {
	history := drawn(t)
	at, named := dawn.UnixMilli(), rapid.Bool().Draw(t, "every order has an id")
	for i := range history {
		e := &history[i]
		at += 1000 + rapid.Int64Range(0, 1500).Draw(t, "seconds later")*1000
		e.Visitor = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "browser")
		e.Time, e.Received = at, at
		switch e.Name {
		case ingest.Absent: // waits are excepted
			e.Name = ingest.Exposure
			e.Props.Campaign, e.Props.Variant = rapid.SampledFrom([]string{"rescue", "other"}).Draw(t, "campaign"), "v"
			e.Props.Phase = fmt.Sprint("p", 2*i/len(history)) // one after the other, as the campaign changes
		case ingest.Close:
			e.Props.Campaign = "rescue"
		case "sign_up":
			e.Name = ingest.Identify
			e.Traits = map[string]any{rapid.SampledFrom([]string{"rank", "plan"}).Draw(t, "trait"): fmt.Sprint(i)}
		case ingest.Purchase:
			id := e.Props.TransactionID
			if id == "" && named {
				id = fmt.Sprint("U", i)
			}
			e.Properties = fmt.Appendf(nil, `{"transaction_id":%q,"value":%d}`, id, i+1)
			if err := e.ParseProperties(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return history
}

// person is the profile of two browsers that share it from the start.
func person(t Terms) *Profile {
	p := New("a")
	Merge(p, New("b"), t)
	return p
}

func foldFrom(p *Profile, e ingest.Event, t Terms) {
	p.Turn(e.Visitor)
	Fold(p, &e, t)
}

// sight is what p says from one browser, without what is excepted: waits,
// conversions of which the other browser did not know, carts, which an order
// empties in its own browser though the other had told it too, and the last
// purchase where not every one has an id.
func sight(t rapid.TB, p *Profile, visitor string) string {
	if !p.Turn(visitor) {
		t.Fatalf("%s is no browser of %v", visitor, p.Visitors())
	}
	seen := *reread(t, p)
	told := map[string]int64{}
	for name := range seen.Traits {
		told[name] = seen.toldAt(name)
	}
	for _, x := range seen.Campaigns {
		x.Conversions = 0
		for i := range x.Spends {
			x.Spends[i].Session = x.Spends[i].Session / perBrowser // whose, by place
		}
	}
	for i := range seen.Browsers {
		seen.Browsers[i].Cart = Cart{}
	}
	seen.Cart, seen.Series, seen.Told, seen.Earlier, seen.Due, seen.Pending = Cart{}, nil, 0, nil, nil, nil
	if seen.Purchases != len(seen.Orders) {
		seen.LastPurchase = 0
	}
	raw, err := json.Marshal(&seen)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(string(raw), " visits ", p.Visits(), " told ", told)
}

// Merged at any moment, two profiles say what one says that folded the events
// of both from the start: sums, moments, orders, traits, spends, counters.
func TestMergeIsFoldingBoth(t *testing.T) {
	t.Parallel()
	terms := counting(0)
	rapid.Check(t, func(t *rapid.T) {
		history := both(t)
		cut := rapid.IntRange(0, len(history)).Draw(t, "merged after")
		whole, p, q := person(terms), New("a"), New("b")
		for i, e := range history {
			foldFrom(whole, e, terms)
			if i == cut {
				Merge(p, q, terms)
			}
			if i < cut && e.Visitor == "b" {
				foldFrom(q, e, terms)
			} else {
				foldFrom(p, e, terms)
			}
			if rapid.IntRange(0, 9).Draw(t, "written") == 0 {
				p, q = reread(t, p), reread(t, q)
			}
		}
		if cut == len(history) {
			Merge(p, q, terms)
		}
		now := history[len(history)-1].Time + rapid.Int64Range(0, 3*3600).Draw(t, "later")*1000
		for _, visitor := range []string{"a", "b"} {
			if got, want := sight(t, p, visitor), sight(t, whole, visitor); got != want {
				t.Fatalf("merged after %d of %d, seen from %s:\n%s\nfolded together:\n%s", cut, len(history), visitor, got, want)
			}
			agrees(t, whole, history, now)
			for _, w := range windowed {
				got, text := p.Latest(w.stream.Key)
				if want, wanted := whole.Latest(w.stream.Key); p.Purchases == len(p.Orders) && got != want || text != wanted {
					t.Fatalf("the latest of %s is %d %q, want %d %q", w.stream.Key, got, text, want, wanted)
				}
				for _, window := range w.windows {
					if got, want := asks(p, w.stream, window, now), asks(whole, w.stream, window, now); window != "session" && got != want {
						t.Fatalf("%s of %s, merged after %d of %d: got %q, want %q", w.stream.Key, window, cut, len(history), got, want)
					}
				}
			}
		}
	})
}

// It does not matter who comes to whom but for who is at home, and a merge that
// comes again changes nothing.
func TestMergeIsCommutativeAndIdempotent(t *testing.T) {
	t.Parallel()
	terms := counting(0)
	rapid.Check(t, func(t *rapid.T) {
		history := both(t)
		apart := func() (a, b *Profile) {
			a, b = New("a"), New("b")
			for _, e := range history {
				foldFrom(map[string]*Profile{"a": a, "b": b}[e.Visitor], e, terms)
			}
			return a, b
		}
		ab, b := apart()
		Merge(ab, b, terms)
		a, ba := apart()
		Merge(ba, a, terms)
		for _, visitor := range []string{"a", "b"} {
			one, other := blind(sight(t, ab, visitor)), blind(sight(t, ba, visitor))
			if one != other {
				t.Fatalf("seen from %s, b came to a:\n%s\na came to b:\n%s", visitor, one, other)
			}
		}
		was := sight(t, ab, "a")
		_, again := apart()
		Merge(ab, again, terms)
		home, _ := apart()
		Merge(ab, home, terms)
		if is := sight(t, ab, "a"); is != was {
			t.Fatalf("merged again:\n%s\nbefore:\n%s", is, was)
		}
	})
}

// blind leaves out who is at home, and which browser an order or a spend is of.
func blind(said string) string {
	var p Profile
	raw, rest, _ := strings.Cut(said, " visits ")
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		return err.Error()
	}
	p.Browsers, p.Place = nil, 0
	for i := range p.Orders {
		p.Orders[i].By = 0
	}
	for _, x := range p.Campaigns {
		for i := range x.Spends {
			x.Spends[i].Session = 0
		}
	}
	out, _ := json.Marshal(&p)
	return string(out) + rest
}

// A back-fill brings each browser's past to the profile they share, whether it
// comes before, between or after; an order that both told counts once.
func TestMergeWhileFilling(t *testing.T) {
	t.Parallel()
	const epoch = 42
	before, since := with(), counting(epoch)
	var streams []Stream
	for _, w := range windowed {
		w.stream.Epoch = epoch
		streams = append(streams, w.stream)
	}
	rapid.Check(t, func(t *rapid.T) {
		history := both(t)
		cut := rapid.IntRange(0, len(history)).Draw(t, "cut")
		merged := rapid.IntRange(0, len(history)).Draw(t, "merged after")
		filled := map[string]int{"a": rapid.IntRange(cut, len(history)).Draw(t, "a is filled after"), "b": rapid.IntRange(cut, len(history)).Draw(t, "b is filled after")}
		profiles := map[string]*Profile{"a": New("a"), "b": New("b")}
		fill := func(visitor string) {
			older := New(visitor)
			for _, e := range history[:cut] {
				if e.Visitor == visitor && !older.Repeats(&e) {
					for _, s := range streams {
						older.Add(s, &e)
					}
				}
			}
			p := profiles[visitor]
			p.Turn(visitor)
			p.Elsewhere(older, streams)
			for _, s := range streams {
				if !p.Absorb(s.Key, epoch, older.Series[s.Key]) || p.Absorb(s.Key, epoch, older.Series[s.Key]) {
					t.Fatalf("%s of %s is not absorbed once", s.Key, visitor)
				}
			}
		}
		for i := range len(history) + 1 {
			terms := since
			if i < cut {
				terms = before
			}
			if i == merged {
				Merge(profiles["a"], profiles["b"], terms)
				profiles["b"] = profiles["a"]
			}
			for _, visitor := range []string{"a", "b"} {
				if i == filled[visitor] {
					fill(visitor)
				}
			}
			if i < len(history) {
				foldFrom(profiles[history[i].Visitor], history[i], terms)
			}
		}
		p := profiles["a"]
		for _, visitor := range p.Visitors() { // whoever goes on with a back-fill that was killed brings it once more
			p.Turn(visitor)
			for _, s := range streams {
				if p.Absorb(s.Key, epoch, nil) {
					t.Fatalf("%s of %s is absorbed twice", s.Key, visitor)
				}
			}
		}
		now := history[len(history)-1].Time
		for _, w := range windowed {
			for _, window := range w.windows {
				if window == "session" {
					continue
				}
				if got, want := asks(p, w.stream, window, now), asksOf(history, w.stream, window, now); got != want {
					t.Fatalf("%s of %s, cut %d, merged %d, filled %v of %d: got %q, want %q", w.stream.Key, window, cut, merged, filled, len(history), got, want)
				}
			}
		}
	})
}

func asksOf(history []ingest.Event, s Stream, window string, now int64) string {
	whole := New("v")
	terms := with(s)
	for _, e := range history {
		e.Visitor = "v"
		Fold(whole, &e, terms)
	}
	return asks(whole, s, window, now)
}

// A field that somebody adds to the profile must be merged too, or be one that
// each browser has for itself.
func TestMergeKnowsEveryField(t *testing.T) {
	t.Parallel()
	own := slices.Sorted(maps.Keys(fields(Browser{})))
	merged := []string{"Traits", "Told", "Earlier", "First", "Last", "Done", "DoneMS", "DoneViews", "Pageviews", "Purchases", "Revenue",
		"LastPurchase", "Orders", "Campaigns", "Holds", "Due", "Pending", "Booked", "Coupons", "Series"}
	alike := []string{"User", "Browsers", "Place", "named", "under"}
	known := slices.Sorted(slices.Values(slices.Concat(own, merged, alike)))
	if have := slices.Sorted(maps.Keys(fields(Profile{}))); !slices.Equal(have, known) {
		t.Errorf("a profile has the fields\n%v\nand merging knows\n%v", have, known)
	}
}

func fields(of any) map[string]bool {
	out := map[string]bool{}
	for i := range reflect.TypeOf(of).NumField() {
		out[reflect.TypeOf(of).Field(i).Name] = true
	}
	return out
}

// Orders are written down as they are.
func TestOrdersAreWrittenDown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Order {
			return Order{ID: rapid.Uint64Range(0, 1<<42-1).Draw(t, "id"), At: rapid.Int64Range(0, 1<<45).Draw(t, "at"),
				Value: rapid.Float64Range(-1e12, 1e12).Draw(t, "value"), Bare: rapid.Bool().Draw(t, "bare"), By: rapid.IntRange(0, MaxBrowsers).Draw(t, "by")}
		})).Draw(t, "orders")
		p := New("v")
		p.Orders = orders
		if got := reread(t, p).Orders; !slices.Equal(got, p.Orders) {
			t.Fatalf("got\n%v\nwant\n%v", got, p.Orders)
		}
	})
}

// Whoever was exposed keeps that variant of the phase, whatever its periods; of
// browsers that merge each keeps its own, and the others have what came first.
func TestWhatBrowsersKeep(t *testing.T) {
	t.Parallel()
	shown := func(p *Profile, at int64, phase, variant string) {
		foldFrom(p, ingest.Event{Visitor: p.Visitor, Name: ingest.Exposure, Time: at, Received: at, Props: ingest.Properties{Campaign: "c", Phase: phase, Variant: variant}}, Terms{Gap: 1})
	}
	for name, c := range map[string]struct {
		a, b [][3]string // time, phase, variant
		want string      // of phase p in a, b and a third browser
	}{
		"nobody was exposed":                  {nil, nil, "  "},
		"one was, in some period":             {[][3]string{{"1", "p/3", "x"}, {"2", "p/4", "y"}}, nil, "x x x"},
		"the other was":                       {nil, [][3]string{{"1", "p", "x"}}, "x x x"},
		"both to the same":                    {[][3]string{{"1", "p", "x"}}, [][3]string{{"2", "p/1", "x"}}, "x x x"},
		"each to its own, the first of a":     {[][3]string{{"1", "p", "x"}}, [][3]string{{"2", "p/1", "y"}}, "x y x"},
		"each to its own, the first of b":     {[][3]string{{"3", "p/1", "x"}}, [][3]string{{"2", "p", "y"}}, "x y y"},
		"one in another phase, before":        {[][3]string{{"1", "o/9", "x"}}, [][3]string{{"2", "p/1", "y"}}, "y y y"},
		"one in another phase, since":         {[][3]string{{"1", "p/1", "x"}}, [][3]string{{"2", "q", "y"}}, "  "},
		"a phase that begins like another":    {[][3]string{{"1", "pp/1", "x"}}, nil, "  "},
		"first in this one, then in another":  {[][3]string{{"1", "p/1", "x"}, {"2", "q/1", "y"}}, nil, "  "},
		"a late word of an earlier phase":     {[][3]string{{"2", "p/1", "x"}, {"1", "o", "y"}}, nil, "x x x"},
		"back in the phase, with another one": {[][3]string{{"1", "p/1", "x"}, {"2", "q/1", "y"}, {"3", "p/2", "z"}}, nil, "z z z"},
	} {
		p, q, third := New("a"), New("b"), New("c")
		for i, browser := range []*Profile{p, q} {
			for _, e := range [][][3]string{c.a, c.b}[i] {
				at, err := strconv.Atoi(e[0])
				if err != nil {
					t.Fatal(err)
				}
				shown(browser, int64(at)*1000, e[1], e[2])
			}
		}
		Merge(p, q, Terms{})
		Merge(p, third, Terms{})
		p = reread(t, p)
		var got []string
		for _, visitor := range []string{"a", "b", "c"} {
			p.Turn(visitor)
			got = append(got, p.Kept("c", "p"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, strings.Join(got, " "), c.want)
		}
		p.Turn("c")
		shown(p, 9000, "next/1", "w")
		if p.Turn("b"); p.Kept("c", "next") != "w" {
			t.Errorf("%s: %q of a phase that began later", name, p.Kept("c", "next"))
		}
	}
}
