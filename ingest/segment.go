package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
)

// segmentBody is what the batch call carries around its messages.
type segmentBody struct {
	Batch    []json.RawMessage `json:"batch"`
	WriteKey string            `json:"writeKey"`
	SentAt   Stamp             `json:"sentAt"`
	Context  json.RawMessage   `json:"context"` // of every message that does not say otherwise
}

// segmentMessage is one call of Segment's API: https://segment.com/docs/connections/spec/common/.
type segmentMessage struct {
	Type        string          `json:"type"`
	MessageID   loose           `json:"messageId"`
	AnonymousID loose           `json:"anonymousId"`
	UserID      loose           `json:"userId"`
	PreviousID  loose           `json:"previousId"`
	GroupID     loose           `json:"groupId"`
	Event       string          `json:"event"`
	Name        string          `json:"name"`
	Category    string          `json:"category"`
	Properties  json.RawMessage `json:"properties"`
	Traits      map[string]any  `json:"traits"`
	Context     json.RawMessage `json:"context"`
	Timestamp   Stamp           `json:"timestamp"`
	Original    Stamp           `json:"originalTimestamp"`
	SentAt      Stamp           `json:"sentAt"`
	ReceivedAt  Stamp           `json:"receivedAt"` // by a relay, which has corrected timestamp
}

// loose is a text, or a number that stands for one.
type loose string

// UnmarshalJSON reads either.
func (l *loose) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		*l = loose(raw)
		return nil
	}
	return json.Unmarshal(raw, (*string)(l))
}

// DecodeSegment reads a body of Segment's HTTP API. kind is the call: track,
// identify, page, screen, group, alias, or batch for many of them. A message
// that cannot be read is refused by Accept, and the others not with it.
func DecodeSegment(body []byte, kind string) (*Batch, error) {
	var whole segmentBody
	if err := Decode(body, &whole); err != nil {
		return nil, err
	}
	if kind != "batch" {
		whole.Batch, whole.Context = []json.RawMessage{body}, nil
	}
	out := &Batch{WriteKey: whole.WriteKey, Events: make([]Incoming, len(whole.Batch))}
	for i, raw := range whole.Batch {
		out.Events[i] = segmentEvent(raw, &whole, kind)
	}
	return out, nil
}

// IsSegment says whether a line of history is one of Segment's calls and no
// event of our own form: it has a type, and someone whose it is by Segment's names.
func IsSegment(line []byte) bool {
	var m struct {
		Type        string          `json:"type"`
		AnonymousID json.RawMessage `json:"anonymousId"`
		UserID      json.RawMessage `json:"userId"`
	}
	return json.Unmarshal(line, &m) == nil && segmentTypes[m.Type] && (m.AnonymousID != nil || m.UserID != nil)
}

var segmentTypes = map[string]bool{"track": true, "identify": true, "page": true, "screen": true, "group": true, "alias": true}

func segmentEvent(raw json.RawMessage, whole *segmentBody, kind string) Incoming {
	var m segmentMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return Incoming{malformed: explain("message", "", err).Error()}
	}
	var context segmentContext
	for _, part := range [...]json.RawMessage{whole.Context, m.Context} {
		if len(part) == 0 {
			continue
		}
		if err := json.Unmarshal(part, &context); err != nil {
			return Incoming{malformed: explain("context", "context.", err).Error()}
		}
	}
	if kind != "batch" {
		m.Type = kind
	}
	in := Incoming{Time: m.time(), Page: context.Page.page(), Beside: context.beside(m.sent(whole.SentAt))}
	if m.MessageID != "" {
		in.ID = ForeignID("segment", string(m.MessageID))
	}
	in.Visitor = &Who{ID: string(m.AnonymousID), UserID: string(m.UserID), Traits: context.Traits}
	switch m.Type {
	case "track":
		in.Name = segmentName(m.Event)
		in.Properties = translate(m.Properties, func(f fields) { segmentFields(in.Name, f) })
	case "page":
		in.Name = PageView
		in.Properties, in.Page = m.page(in.Page)
	case "screen":
		in.Name = "screen_view"
		in.Properties = translate(m.Properties, func(f fields) { f.name("screen_name", m.Name) })
	case "identify":
		in.Name = Identify
		in.Visitor.Traits = both(context.Traits, m.Traits)
	case "group":
		in.Name = "group"
		in.Properties = translate(nil, func(f fields) {
			for name, value := range m.Traits {
				f.set(name, value)
			}
			f.name("group_id", string(m.GroupID))
		})
	case "alias":
		in.Name = "alias"
		if in.Visitor.ID == "" {
			in.Visitor.ID = string(m.PreviousID)
		}
		in.Properties = translate(nil, func(f fields) { f.name("previous_id", string(m.PreviousID)) })
	default:
		return Incoming{malformed: fmt.Sprintf("type %q is none of track, identify, page, screen, group, alias", clip(m.Type, 80))}
	}
	return in
}

// time is when it happened, by the client's clock or as a relay has corrected it.
func (m *segmentMessage) time() Stamp {
	if m.Timestamp != 0 {
		return m.Timestamp
	}
	return m.Original
}

// sent is when the client sent it, by its own clock.
func (m *segmentMessage) sent(batch Stamp) Stamp {
	switch {
	case m.ReceivedAt != 0 && m.Timestamp != 0:
		return 0
	case m.SentAt != 0:
		return m.SentAt
	default:
		return batch
	}
}

// page moves what a page call tells of its page to where it belongs. Its
// category, or else its name, is the page's type.
func (m *segmentMessage) page(known *Page) (json.RawMessage, *Page) {
	var told segmentPage
	properties := translate(m.Properties, func(f fields) {
		told = segmentPage{URL: f.text("url"), Path: f.text("path"), Title: f.text("title"), Referrer: f.text("referrer")}
		f.take("url", "path", "title", "referrer", "search")
		f.name("name", m.Name)
		f.name("category", m.Category)
	})
	page := Page{}
	for _, p := range [...]*Page{told.page(), known} {
		if p != nil {
			page.URL, page.Title, page.Referrer = or(page.URL, p.URL), or(page.Title, p.Title), or(page.Referrer, p.Referrer)
		}
	}
	page.Type = snakeCase(or(m.Category, m.Name))
	if page.URL == "" { // a page that is nowhere is none
		return properties, nil
	}
	return properties, &page
}

// name writes a text where there is one.
func (f fields) name(field, text string) {
	if text != "" {
		f.set(field, text)
	}
}

func both(context, own map[string]any) map[string]any {
	if len(context) == 0 {
		return own
	}
	out := maps.Clone(context)
	maps.Copy(out, own)
	return out
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
