package api

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// timeline puts events into days, sessions and words.
type timeline struct {
	live     *engine.Live
	zone     *time.Location
	browsers []dashboard.Browser
}

// days groups events, the newest first, by day and session.
func (t *timeline) days(records []ingest.Record) (out []dashboard.VisitorDay) {
	var day *dashboard.VisitorDay
	var session *dashboard.VisitorSession
	visitor := ""
	for i := range records {
		e := &records[i].Event
		at := time.UnixMilli(e.Time).In(t.zone)
		if y, m, d := at.Date(); day == nil || !day.Day.Equal(time.Date(y, m, d, 0, 0, 0, 0, t.zone)) {
			out = append(out, dashboard.VisitorDay{Day: time.Date(y, m, d, 0, 0, 0, 0, t.zone)})
			day, session = &out[len(out)-1], nil
		}
		entry, shown := t.entry(e, at)
		if session == nil || e.Visitor != visitor || e.Session != "" && session.ID != "" && e.Session != session.ID {
			if !shown {
				continue
			}
			day.Sessions = append(day.Sessions, dashboard.VisitorSession{To: at, Letter: t.letter(e.Visitor)})
			session, visitor = &day.Sessions[len(day.Sessions)-1], e.Visitor
		}
		describeSession(session, e, at)
		if shown {
			session.Entries = append(session.Entries, entry)
		}
	}
	return out
}

// describeSession learns from one more event, an earlier one than those before.
func describeSession(s *dashboard.VisitorSession, e *ingest.Event, at time.Time) {
	s.From, s.ID = at, cmp.Or(s.ID, e.Session)
	if e.Name == ingest.PageView {
		s.Pages++
	}
	if d := e.Device; d != nil {
		s.Device, s.OS, s.Agent = cmp.Or(s.Device, d.Type), cmp.Or(s.OS, d.OS), cmp.Or(s.Agent, d.Browser)
	}
	if e.Geo != nil {
		s.Country = cmp.Or(s.Country, e.Geo.Country)
	}
	if src := e.Source; src != nil { // the one that the session began with
		s.Channel, s.Source = src.Channel, cmp.Or(src.Source, src.ReferrerHost)
	}
}

func (t *timeline) letter(visitor string) string {
	for _, b := range t.browsers {
		if b.ID == visitor {
			return b.Letter
		}
	}
	return ""
}

// kindsOf are the classes that entries are shown in.
var kindsOf = map[string]string{
	ingest.PageView: "page", ingest.Purchase: "purchase", "refund": "purchase",
	"view_item_list": "commerce", "select_item": "commerce", "view_item": "commerce", "add_to_cart": "commerce", "remove_from_cart": "commerce",
	"view_cart": "commerce", "begin_checkout": "commerce", "add_payment_info": "commerce", "add_shipping_info": "commerce", "search": "commerce",
	ingest.Decision: "decision", ingest.Exposure: "action", ingest.Click: "action", ingest.Close: "action",
	ingest.Answer: "survey", ingest.Chat: "chat", ingest.Coupon: "coupon", ingest.Engagement: "quiet", ingest.Trouble: "trouble",
	ingest.Merge: "identity", ingest.Identify: "identity", "login": "identity", "sign_up": "identity",
	ingest.Absent: "action", ingest.Reminder: "action",
}

// entry is an event in the screen's words; not shown where it tells nothing: a
// decision in which no rule matched.
func (t *timeline) entry(e *ingest.Event, at time.Time) (out dashboard.Entry, shown bool) {
	out = dashboard.Entry{At: at, Seq: e.Seq, Name: e.Name, Kind: cmp.Or(kindsOf[e.Name], "other")}
	_ = e.ParseProperties() // what cannot be read is not told
	if e.Page != nil {
		out.Path = cmp.Or(e.Page.Path, e.Page.URL)
		if e.Name == ingest.PageView {
			out.What = e.Page.Title
		}
	}
	props := &e.Props
	if v := props.Value; v != nil {
		out.Value, out.Valued = *v, true
	}
	if props.Campaign != "" && strings.HasPrefix(e.Name, ingest.OmoPrefix) {
		out.What = campaignName(t.live.Set, props.Campaign)
		if controls(t.live, props.Campaign, props.Variant) {
			out.Details = append(out.Details, dashboard.Pair{Name: "control"})
		} else if props.Variant != "" {
			out.Details = append(out.Details, dashboard.Pair{Name: "variant", Value: props.Variant})
		}
	}
	switch e.Name {
	case ingest.Decision:
		for _, o := range props.Outcomes {
			one := dashboard.Outcome{
				Campaign: o.Campaign, Name: campaignName(t.live.Set, o.Campaign), Reason: o.Reason, Variant: o.Variant, Slot: o.Slot,
			}
			if passed(o.Reason) == len(gatesInOrder) {
				out.Came = append(out.Came, one)
			} else {
				out.Stopped = append(out.Stopped, one)
			}
		}
		if out.Path = ""; props.Trigger != "" {
			out.Details = append(out.Details, dashboard.Pair{Name: "trigger", Value: props.Trigger})
		}
		return out, len(props.Outcomes) > 0
	case ingest.Answer:
		out.Details = append(out.Details, dashboard.Pair{Name: "said", Value: questionText(t.live, props.Campaign, props.Variant, ingest.Text(e.Property("question"))) + " – " + ingest.Text(e.Property("answer"))})
	case ingest.Engagement:
		out.Details = attention(e)
		return out, len(out.Details) > 0
	case ingest.Merge:
		m, err := ingest.ReadMerge(e) // both browsers have one: told of the one that came
		return out, err == nil && m.Visitor == e.Visitor
	case ingest.Identify:
		if e.User != "" {
			out.Details = append(out.Details, dashboard.Pair{Name: "user", Value: e.User})
		}
	default:
		out.Details = append(out.Details, t.told(e)...)
	}
	return out, true
}

// names that are told of an event, in this order, where it has them.
var toldOf = [...]string{"state", "channel", "topic", "target", "by", "pool", "transaction_id", "search_term", "method", "kind", "message"}

// told are an event's products and what else is of use of it.
func (t *timeline) told(e *ingest.Event) (out []dashboard.Pair) {
	const most = 3
	items := e.Props.Items
	if len(items) == 0 && e.Page != nil && e.Page.Item != nil && kindsOf[e.Name] == "commerce" {
		items = []ingest.OrderItem{{ID: e.Page.Item.ID, Name: e.Page.Item.Name}}
	}
	var names []string
	for _, item := range items[:min(most, len(items))] {
		name := cmp.Or(item.Name, item.ID)
		if item.Quantity > 1 {
			name += " ×" + strconv.FormatFloat(item.Quantity, 'f', -1, 64)
		}
		names = append(names, name)
	}
	if len(items) > most {
		names = append(names, fmt.Sprintf("+%d", len(items)-most))
	}
	if len(names) > 0 {
		out = append(out, dashboard.Pair{Name: "items", Value: strings.Join(names, ", ")})
	}
	for _, name := range toldOf {
		if v := ingest.Text(e.Property(name)); v != "" {
			out = append(out, dashboard.Pair{Name: name, Value: v})
		}
	}
	return out
}

// attention is how long a page was looked at and how far.
func attention(e *ingest.Event) (out []dashboard.Pair) {
	number := func(name string) float64 { n, _ := e.Property(name).(float64); return n }
	if ms := number("dwell_ms"); ms >= 1000 {
		out = append(out, dashboard.Pair{Name: "dwell", Value: strconv.Itoa(int(math.Round(ms / 1000)))})
	}
	if depth := number("scroll"); depth > 0 {
		out = append(out, dashboard.Pair{Name: "scroll", Value: strconv.Itoa(int(depth))})
	}
	if e.Property("exit") != nil {
		out = append(out, dashboard.Pair{Name: "exit"})
	}
	return out
}
