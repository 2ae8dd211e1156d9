package profile

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Series is what a profile keeps of one stream. A moment is kept while a
// window of the stream can reach it, of a session's those after the end of the
// session before. Up to 1,000 moments are kept one by one; of more the oldest
// are kept by the hour, at most maxHours of them. Of values, the 1,000 that
// were seen last are kept.
type Series struct {
	Epoch  uint64 `json:"e,omitempty"`
	Filled uint32 `json:"b,omitempty"` // a bit for the place of each browser of which Absorb has added what was before Epoch

	N     int     `json:"n,omitempty"` // ever
	Total float64 `json:"s,omitempty"` // ever
	At    int64   `json:"a,omitempty"` // the latest, where List does not end with it
	Text  string  `json:"t,omitempty"` // of the latest

	Form  form   `json:"f,omitempty"`
	List  string `json:"m,omitempty"` // packed, see there
	Hours string `json:"h,omitempty"` // older than all of List; only while List is full

	// Not written down. The first two are known once kept is not 0.
	kept    int   // how many are in List
	end     int64 // the last of them
	window  int64 // as the stream last said
	session bool
}

const (
	maxKept  = 1000
	slack    = 64 // as many more are kept before the oldest are summed up, all at once
	maxHours = 4096
	maxText  = 256 // bytes, as in the warehouse's columns
)

// Add takes e into the series of s, if it belongs there. Fold does so for
// every stream of its terms; a back-fill does it in ledger order for a profile
// of its own, after asking Repeats.
func (p *Profile) Add(s Stream, e *ingest.Event) {
	if e.Name == s.Event {
		p.add(&s, e)
	}
}

func (p *Profile) add(s *Stream, e *ingest.Event) {
	if s.Where != nil && !s.Where(e) {
		return
	}
	switch {
	case s.Kind == Latest:
		if text := lastOf(e, s.Field); text != "" {
			if x := p.series(s); e.Time >= x.At {
				x.At, x.Text = e.Time, clip(text)
			}
		}
	case s.Kind == Values:
		eachOf(e, s.Field, func(text string) {
			p.put(s, entry{e.Time, mark(text)})
		})
	case s.Field == "":
		p.put(s, entry{at: e.Time})
	default:
		if v, ok := amountOf(e, s.Field); ok {
			p.put(s, entry{e.Time, math.Float64bits(v)})
		}
	}
}

// series is that of s, begun if there is none of this epoch.
func (p *Profile) series(s *Stream) *Series {
	x := p.Series[s.Key]
	if x == nil || x.Epoch != s.Epoch {
		x = &Series{Epoch: s.Epoch}
		if p.Series == nil {
			p.Series = map[string]*Series{}
		}
		p.Series[s.Key] = x
	}
	x.window, x.session = s.Window.Milliseconds(), s.Session
	switch {
	case s.Kind == Values:
		x.Form = marks
		if s.Lifetime {
			x.window = math.MaxInt64
		}
	case s.Kind == Times && s.Field != "":
		x.Form = amounts
	}
	return x
}

func (p *Profile) put(s *Stream, e entry) {
	e.at = max(e.at, 0)
	x := p.series(s)
	if x.Form != marks {
		x.N++
	}
	if x.Form == amounts {
		x.Total += e.amount()
	}
	latest := max(x.latest(), e.at)
	x.place(e, x.horizon(p, latest))
	x.ends(latest)
}

// latest is the latest moment ever, 0 if there is none.
func (x *Series) latest() int64 {
	if x.kept > 0 || x.List == "" {
		return max(x.At, x.end)
	}
	read := Series{List: x.List, Form: x.Form} // x may be read by others
	read.measure()
	return max(x.At, read.end)
}

// ends writes the latest moment down, unless the list says it.
func (x *Series) ends(latest int64) {
	x.measure()
	if x.At = latest; x.kept > 0 && x.end == latest {
		x.At = 0
	}
}

// horizon is the latest moment that no window reaches any more.
func (x *Series) horizon(p *Profile, latest int64) int64 {
	out := int64(math.MaxInt64)
	if x.window > 0 {
		out = max(p.Last, latest) - x.window
	}
	if x.session {
		out = min(out, p.sessionsReach())
	}
	return out
}

// place puts e among what is kept, and drops what horizon has passed.
func (x *Series) place(e entry, horizon int64) {
	x.trim(horizon)
	if e.at <= horizon {
		return
	}
	x.measure()
	if e.at < x.end || x.kept >= maxKept+slack || x.Form == marks && x.has(e.bits) {
		list := unpack(x.List, x.Form, x.kept+1)
		if x.Hours != "" && e.at < list[0].at {
			x.sum([]entry{e}, horizon)
			return
		}
		x.keep(insert(list, e, x.Form), slack, horizon)
		return
	}
	var buf [32]byte
	// Not +=, which would make a text of the few digits first.
	x.List = x.List + string(appendEntry(buf[:0], x.Form, x.end, e))
	x.kept, x.end = x.kept+1, e.at
}

// insert puts e in its place. A value is in the list once, at its latest.
func insert(list []entry, e entry, f form) []entry {
	if f == marks {
		if i := slices.IndexFunc(list, func(have entry) bool { return have.bits == e.bits }); i >= 0 {
			e.at = max(e.at, list[i].at)
			list = slices.Delete(list, i, i+1)
		}
	}
	return slices.Insert(list, placeOf(list, e.at), e)
}

// keep writes the list down. If it is longer than 1,000 and slack more, all but
// the latest 1,000 are summed up by the hour; if they are values, they go.
func (x *Series) keep(list []entry, slack int, horizon int64) {
	if over := len(list) - maxKept; over > slack {
		if x.Form != marks {
			x.sum(list[:over], horizon)
		}
		list = list[over:]
	}
	x.List, x.kept, x.end = pack(list, x.Form), 0, 0
	x.measure()
}

// sum adds what is older than the list to the hours.
func (x *Series) sum(older []entry, horizon int64) {
	hours := unpackHours(x.Hours, x.Form)
	for _, e := range older {
		hours = append(hours, hourOf(e, x.Form))
	}
	x.Hours = packHours(sumHours(hours, horizon), x.Form)
}

// trim drops what horizon has passed.
func (x *Series) trim(horizon int64) {
	r, at, dropped := reader{text: x.List}, int64(0), 0
	for {
		e, ok := r.next(x.Form, at)
		switch {
		case !ok && dropped == 0: // there was nothing
			return
		case !ok:
			x.List, x.Hours, x.kept, x.end = "", "", 0, 0
			return
		case e.at > horizon && dropped == 0:
			return
		case e.at > horizon:
			var buf [32]byte
			x.List = string(appendEntry(buf[:0], x.Form, 0, e)) + x.List[r.pos:]
			x.Hours, x.kept = "", 0 // hours are older than what was dropped
			return
		}
		at, dropped = e.at, dropped+1
	}
}

// measure finds out how long the list is, once after it was read.
func (x *Series) measure() {
	if x.kept > 0 || x.List == "" {
		return
	}
	r := reader{text: x.List}
	for e, ok := r.next(x.Form, 0); ok; e, ok = r.next(x.Form, e.at) {
		x.kept, x.end = x.kept+1, e.at
	}
}

func (x *Series) has(value uint64) bool {
	r := reader{text: x.List}
	for e, ok := r.next(x.Form, 0); ok; e, ok = r.next(x.Form, e.at) {
		if e.bits == value {
			return true
		}
	}
	return false
}

// mark is what is kept of a value. That two of a visitor's 1,000 values are
// taken for one happens to one such visitor in nine million.
func mark(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(sum[:]) & (1<<(6*markWidth) - 1)
}

func clip(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return strings.Clone(text)
}
