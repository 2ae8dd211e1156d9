package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxPast is how far back a browser may date an event.
const MaxPast = 7 * 24 * time.Hour

// MaxNumber bounds an amount of money or of pieces.
const MaxNumber = 1e12

// Rejection says why one event of a batch was refused.
type Rejection struct {
	Index   int    `json:"index"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Terms under which a batch is accepted.
type Terms struct {
	Received time.Time
	SentAt   Stamp // the client's clock when it sent; 0 unknown
	Trusted  bool  // the secret key: history keeps its times, exposures need no token
	NewID    func() string
}

var (
	eventName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

	// clientsOwn are the product's own events that clients send.
	clientsOwn = map[string]bool{Exposure: true, Click: true, Close: true, Answer: true, Chat: true, Engagement: true, Trouble: true}
)

// Accept checks one event and gives it its canonical id, times and visitor.
// It is not enriched yet. The rejection is nil when the event is good.
func Accept(in Incoming, batch *Who, t Terms) (Event, *Rejection) {
	var e Event
	refused := AcceptInto(&e, in, batch, t)
	return e, refused
}

// AcceptInto is Accept for those who take in many: e, which is large, is filled
// anew. What is in it of a refused event means nothing.
func AcceptInto(e *Event, in Incoming, batch *Who, t Terms) *Rejection {
	refuse := func(code, format string, args ...any) *Rejection {
		return &Rejection{Code: code, Message: fmt.Sprintf(format, args...)}
	}
	if in.malformed != "" {
		return refuse("bad_event", "%s", in.malformed)
	}
	who := batch
	if in.Visitor != nil && in.Visitor.ID != "" {
		who = in.Visitor
	}
	if who == nil || who.ID == "" {
		return refuse("no_visitor", "the event names no visitor: give visitor.id in the event or the batch")
	}
	if !GoodID(who.ID) {
		return refuse("bad_visitor", "visitor.id is longer than 128 bytes or has control characters")
	}
	if !eventName.MatchString(in.Name) {
		return refuse("bad_name", "name %q does not match [a-z][a-z0-9_]{0,63}", clip(in.Name, 80))
	}
	if strings.HasPrefix(in.Name, OmoPrefix) && !clientsOwn[in.Name] {
		return refuse("reserved_name", "names that begin with omo_ are the product's, and %s is written by the server only: use another name", in.Name)
	}
	if n := in.size(); n > MaxEventBytes {
		return refuse("too_large", "the event has %d bytes, at most %d are taken: send less with it", n, MaxEventBytes)
	}
	props, why := objectOnly(in.Properties)
	if why != "" {
		return refuse("bad_properties", "%s", why)
	}
	if n := members(props); n > MaxProperties {
		return refuse("bad_properties", "properties has %d fields, at most %d are taken: send those that somebody asks for", n, MaxProperties)
	}
	*e = Event{
		ID: eventID(in.ID, t.NewID), Visitor: who.ID, Name: in.Name,
		Received: t.Received.UnixMilli(), Page: in.Page, Properties: props,
	}
	if in.Beside != nil {
		t.SentAt, e.Source = in.Beside.SentAt, in.Beside.Source
	}
	e.Time, e.Stated = correct(in.Time, t)
	err := e.ParseProperties()
	if err != nil && !strings.HasPrefix(e.Name, OmoPrefix) {
		e.Properties = translate(props, fields.commerceTexts)
		err = e.ParseProperties()
	}
	if err != nil {
		return refuse("bad_properties", "%v", err)
	}
	if name, n := e.Props.beyond(MaxNumber); name != "" {
		return refuse("bad_properties", "properties.%s is %g, no amount that a shop would count", name, n)
	}
	return nil
}

// size is about how many bytes the event's JSON has.
func (in *Incoming) size() int {
	n := len(in.ID) + len(in.Name) + len(in.Properties)
	if p := in.Page; p != nil {
		n += len(p.URL) + len(p.Path) + len(p.Title) + len(p.Type) + len(p.Lang) + len(p.Referrer)
		if p.Item != nil {
			n += len(p.Item.ID) + len(p.Item.Name) + len(p.Item.Category) + len(p.Item.Brand)
		}
	}
	return n
}

// beyond names an amount that is larger than limit either way: sums of such
// would reach infinity, which no JSON can hold.
func (p *Properties) beyond(limit float64) (string, float64) {
	if p.Value != nil && math.Abs(*p.Value) > limit {
		return "value", *p.Value
	}
	for i, item := range p.Items {
		if math.Abs(item.Price) > limit {
			return fmt.Sprintf("items[%d].price", i), item.Price
		}
		if math.Abs(item.Quantity) > limit {
			return fmt.Sprintf("items[%d].quantity", i), item.Quantity
		}
	}
	return "", 0
}

// TimeOf is the time that Accept gives an event, in milliseconds since 1970.
func (t Terms) TimeOf(in *Incoming) int64 {
	if in.Beside != nil {
		t.SentAt = in.Beside.SentAt
	}
	at, _ := correct(in.Time, t)
	return at
}

// correct moves a client's time by what its clock is off, and keeps it within
// the last seven days; history that a trusted server tells keeps its times.
// stated is what the client said, 0 where that is the same.
func correct(stated Stamp, t Terms) (at, said int64) {
	received := t.Received.UnixMilli()
	if stated == 0 {
		return received, 0
	}
	at = int64(stated)
	if t.SentAt != 0 {
		at += received - int64(t.SentAt)
	}
	if !t.Trusted {
		at = max(at, received-MaxPast.Milliseconds())
	}
	at = min(at, received)
	if at != int64(stated) {
		said = int64(stated)
	}
	return at, said
}

func objectOnly(raw json.RawMessage) (json.RawMessage, string) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null" || string(raw) == "{}":
		return nil, ""
	case raw[0] != '{':
		return nil, "properties is not an object"
	case !bytes.ContainsAny(raw, " \t\r\n"): // as browsers write it
		return raw, ""
	}
	var tight bytes.Buffer
	if err := json.Compact(&tight, raw); err != nil {
		return nil, explain("properties", "", err).Error()
	}
	return tight.Bytes(), ""
}

// MaxID is how long a visitor's or a person's id may be, in bytes.
const MaxID = 128

// GoodID says whether an id can be kept: short, UTF-8, no control characters.
func GoodID(id string) bool {
	if len(id) > MaxID || !utf8.ValidString(id) {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
