package profile

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Reminder is one campaign's interest in a moment that an event names.
type Reminder struct {
	Campaign string
	Event    string
	Moment   string        // the property that holds the time
	Offset   time.Duration // how long after it the campaign is due; negative before
	Keep     []string      // properties that its texts mention
}

// Booked is what a reminder that runs is about.
type Booked struct {
	Moment int64             `json:"m"`
	Props  map[string]string `json:"p,omitempty"` // as texts, each of at most maxProp bytes
}

const (
	maxBooked = 32  // reminders of one visitor; past that the furthest goes
	maxProp   = 512 // bytes
	lateFor   = int64(time.Hour / time.Millisecond)
)

// book begins a reminder, moves it where the same booking names another time,
// and ends it where it names none, or is not the derived event any more.
func book(p *Profile, e *ingest.Event, t Terms) {
	if !slices.ContainsFunc(t.Reminders, func(r Reminder) bool { return t.Kinds.source(r.Event) == e.Name }) {
		return
	}
	var props map[string]any
	for i := range t.Reminders {
		r := &t.Reminders[i]
		if e.Name != t.Kinds.source(r.Event) {
			continue
		}
		if props == nil && (len(e.Properties) == 0 || json.Unmarshal(e.Properties, &props) != nil) {
			props = map[string]any{}
		}
		name := r.Campaign + "/" + bookingID(props)
		delete(p.Pending, name)
		delete(p.Booked, name)
		moment, told := momentOf(props[r.Moment])
		due := moment + r.Offset.Milliseconds()
		if !told || due <= e.Received || !t.Kinds.is(e, r.Event) {
			continue
		}
		if p.Pending == nil {
			p.Pending = map[string]int64{}
		}
		if p.Booked == nil {
			p.Booked = map[string]Booked{}
		}
		p.Pending[name], p.Booked[name] = due, Booked{Moment: moment, Props: kept(props, r.Keep)}
		if len(p.Booked) > maxBooked {
			p.dropFurthest()
		}
	}
}

// dropFurthest forgets the reminder that comes last.
func (p *Profile) dropFurthest() {
	names := slices.Sorted(maps.Keys(p.Booked)) // of equal times always the same one goes
	furthest := slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(p.Pending[a], p.Pending[b]) })
	delete(p.Pending, furthest)
	delete(p.Booked, furthest)
}

// bookingID tells one booking of a visitor from another: its booking_id or id,
// "" where it has none, and there is one at a time.
func bookingID(props map[string]any) string {
	for _, name := range []string{"booking_id", "id"} {
		if id := ingest.Text(props[name]); id != "" && ingest.GoodID(id) {
			return id
		}
	}
	return ""
}

// momentOf reads a time: RFC 3339, or milliseconds since 1970.
func momentOf(v any) (ms int64, told bool) {
	switch v := v.(type) {
	case float64:
		return int64(v), v > 0 && v < 1e14
	case string:
		at, err := time.Parse(time.RFC3339, v)
		return at.UnixMilli(), err == nil
	}
	return 0, false
}

func kept(props map[string]any, names []string) map[string]string {
	var out map[string]string
	for _, name := range names {
		text := ingest.Text(props[name])
		if text == "" || len(text) > maxProp {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = strings.Clone(text)
	}
	return out
}

// Fire is the event that a wait called name, of Pending, ends with at a moment
// at or after its time. A reminder that comes too late is missed: one before
// its moment may come until then and never after, any other for an hour.
func (p *Profile) Fire(name string, at int64) (event string, props ingest.Properties) {
	campaign, _, reminds := strings.Cut(name, "/")
	if !reminds {
		return ingest.Absent, ingest.Properties{Campaign: name}
	}
	due, booked := p.Pending[name], p.Booked[name]
	until := booked.Moment
	if until <= due {
		until = due + lateFor
	}
	return ingest.Reminder, ingest.Properties{Campaign: campaign, Reminder: name, Due: due, Booking: booked.Props, Missed: at >= until}
}

// foldReminder remembers that a reminder's time has come.
func foldReminder(p *Profile, e *ingest.Event, t Terms) {
	delete(p.Pending, e.Props.Reminder)
	delete(p.Booked, e.Props.Reminder)
	if !e.Props.Missed && !t.Sends[e.Props.Campaign] {
		p.due(e.Props.Campaign, e.Props.Due)
	}
}
