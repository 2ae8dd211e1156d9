package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Letter is one thing that the server sends out, as it is kept until it is
// taken. Its texts are filled in.
type Letter struct {
	ID       string `json:"id"`   // the same however often it is sent
	Kind     string `json:"kind"` // webhook | email | alert
	Campaign string `json:"campaign"`
	Variant  string `json:"variant"`
	Decision string `json:"decision_id,omitempty"`
	Visitor  string `json:"visitor"`
	User     string `json:"user_id,omitempty"`
	At       int64  `json:"at"` // milliseconds since 1970

	URL         string `json:"url,omitempty"`
	To          string `json:"to,omitempty"`
	Subject     string `json:"subject,omitempty"`
	Title       string `json:"title,omitempty"`
	Body        string `json:"body,omitempty"`
	Unsubscribe string `json:"unsubscribe,omitempty"`

	Alert json.RawMessage `json:"alert,omitempty"` // of an alert: the whole body

	Since int64  `json:"since,omitempty"` // tried again by hand since then
	Tries int    `json:"tries,omitempty"`
	Error string `json:"error,omitempty"` // of the last try
}

// sendWithin is how old an event may be that something is sent for: history
// that is imported sends nothing.
const sendWithin = time.Hour

// sends are the campaigns that the server carries out by itself, by the event
// on which it does.
func sends(set *rules.Set) map[string][]*rules.Campaign {
	out := map[string][]*rules.Campaign{}
	for _, c := range set.Campaigns {
		if on := &c.On[0]; c.Sends() && on.Kind == "event" && (c.Status == rules.Live || c.Status == rules.Shadow) {
			out[on.Event] = append(out[on.Event], c)
		}
	}
	return out
}

// send carries out what is the server's own: of each event that just happened
// or timer that came due it decides as a page's call would, exposes what it
// offers, control alike, and hands what is to be sent to the outbox. Whatever
// goes beside something that was shown goes when that is exposed.
func (e *Engine) send(live *Live, p *profile.Profile, v Visit, now time.Time, keep *ledger.Visit, add func(*ingest.Event) error, text *scratch) error {
	for i := range v.Events {
		event := &v.Events[i]
		if event.Name == ingest.Exposure && !late(event) {
			if err := e.beside(live, p, event, now, keep); err != nil {
				return err
			}
		}
		for _, c := range live.Sending(event, v.timer != nil) {
			r := Request{ID: e.newID(), Context: event, Trigger: ingest.DuePrefix + c.ID, Event: event, Consent: true}
			if r.Facts = e.stockFacts(live); v.Decide != nil {
				r.Facts = v.Decide.Facts
			}
			if err := e.carryOut(live, p, c, r, now, keep, add, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// late says whether an event is too old for anything to be sent for it.
func late(event *ingest.Event) bool { return event.Received-event.Time > sendWithin.Milliseconds() }

// Sending are the campaigns that the server carries out by itself on an event that
// just happened, or that says that a timer came due.
func (l *Live) Sending(event *ingest.Event, due bool) []*rules.Campaign {
	switch {
	case due:
		if c := l.campaign(event.Props.Campaign); c != nil && c.Sends() && !event.Props.Missed {
			return []*rules.Campaign{c}
		}
		return nil
	case late(event):
		return nil
	}
	return l.sends[event.Name]
}

// Carry decides what becomes of a campaign that the server carries out by itself;
// made is nil where its rule is false.
func Carry(live *Live, p *profile.Profile, c *rules.Campaign, r Request, now time.Time) (d Decision, made *ingest.Outcome) {
	d = Decide(live, p, r, now)
	for i := range d.Outcomes {
		if d.Outcomes[i].Campaign == c.ID {
			made = &d.Outcomes[i]
		}
	}
	return d, made
}

// carryOut decides about one campaign and does what comes of it.
func (e *Engine) carryOut(live *Live, p *profile.Profile, c *rules.Campaign, r Request, now time.Time, keep *ledger.Visit, add func(*ingest.Event) error, text *scratch) error {
	d, made := Carry(live, p, c, r, now)
	if made == nil {
		return nil
	}
	log, err := logged(&d, &r, now, text)
	if err == nil {
		err = add(log)
	}
	if err != nil || made.Reason != Offered && made.Reason != Control {
		return err
	}
	exposure := ingest.Event{
		ID: e.newID(), Name: ingest.Exposure, Time: clock(now), Received: clock(now), Bot: r.Context.Bot,
		Props: ingest.Properties{Campaign: c.ID, Variant: made.Variant, Phase: made.Phase, DecisionID: d.ID},
	}
	if exposure.Properties, err = json.Marshal(exposure.Props); err != nil {
		return err
	}
	if err := add(&exposure); err != nil || made.Reason == Control {
		return err
	}
	v := c.Variant(made.Variant)
	return hand(keep, e.newID(), v.Send, p, r.Event, Letter{Campaign: c.ID, Variant: v.ID, Decision: d.ID}, now)
}

// beside hands out what goes with something that was shown: once, however
// often a browser says that it was.
func (e *Engine) beside(live *Live, p *profile.Profile, exposure *ingest.Event, now time.Time, keep *ledger.Visit) error {
	c := live.campaign(exposure.Props.Campaign)
	if c == nil || live.Status(c) == rules.Paused || live.Status(c) == Held { // stopped by now
		return nil
	}
	for i := range c.Variants {
		v := &c.Variants[i]
		if v.ID != exposure.Props.Variant || len(v.Also) == 0 {
			continue
		}
		of := exposure.Props.DecisionID
		if of == "" {
			of = exposure.ID
		}
		id := uuid.NewHash(sha256.New(), uuid.NameSpaceOID, []byte("also|"+of+"|"+c.ID), 8)
		known, err := e.store.Seen(ledger.ID(id))
		if err != nil || known[0] || slices.Contains(keep.IDs, ledger.ID(id)) {
			return err
		}
		keep.IDs = append(keep.IDs, ledger.ID(id))
		for n := range v.Also {
			about := Letter{Campaign: c.ID, Variant: v.ID, Decision: exposure.Props.DecisionID}
			if err := hand(keep, id.String()+"-"+strconv.Itoa(n), &v.Also[n], p, exposure, about, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Write fills in a letter about an event: what campaign, variant and decision it
// is of stands in it already. An e-mail to nobody is none.
func Write(s *rules.Send, p *profile.Profile, event *ingest.Event, l Letter, now time.Time) (_ Letter, addressed bool) {
	l.Kind, l.Visitor, l.User, l.At = s.Kind, p.Visitor, p.User, clock(now)
	l.URL, l.To = s.URL, s.To
	if s.ToTrait != "" {
		if l.To = address(p, s.ToTrait); l.To == "" {
			return l, false
		}
	}
	plain := func(b rules.Blank) string { return blank(b, p, event) }
	l.Subject, l.Title, l.Body = oneLine(s.Subject.Fill(plain)), oneLine(s.Title.Fill(plain)), s.Body.Fill(plain)
	l.Unsubscribe = s.Unsubscribe.Fill(func(b rules.Blank) string { return url.QueryEscape(blank(b, p, event)) })
	return l, true
}

// hand puts what is to be sent in the visit's commit.
func hand(keep *ledger.Visit, id string, s *rules.Send, p *profile.Profile, event *ingest.Event, about Letter, now time.Time) error {
	l, addressed := Write(s, p, event, about, now)
	if !addressed {
		return nil
	}
	l.ID = id
	body, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("what campaign %s sends cannot be kept: %w", l.Campaign, err)
	}
	keep.Out = append(keep.Out, ledger.Outgoing{Due: clock(now), ID: id, Body: body})
	return nil
}

// reachable says whether everybody that c would write to has an address. It
// is asked of every arm, the control too: those who cannot get the mail must
// not be compared with those who can.
func reachable(c *rules.Campaign, p *profile.Profile) bool {
	for i := range c.Variants {
		if s := c.Variants[i].Send; s != nil && s.ToTrait != "" && address(p, s.ToTrait) == "" {
			return false
		}
	}
	return true
}

// address is the e-mail address that a trait holds, "" if it is none.
func address(p *profile.Profile, trait string) string {
	text, _ := p.Traits[trait].(string)
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text {
		return ""
	}
	return text
}

// blank is what stands in a blank; control characters of a visitor's making
// stay out.
func blank(b rules.Blank, p *profile.Profile, event *ingest.Event) string {
	return cmp.Or(oneLine(filling(b, p, event)), b.Else)
}

func filling(b rules.Blank, p *profile.Profile, event *ingest.Event) string {
	switch {
	case b.Of == "id":
		return p.Visitor
	case b.Of == "user_id":
		return p.User
	case b.Of == "trait":
		return ingest.Text(p.Traits[b.Name])
	case event == nil:
		return ""
	case event.Name == ingest.Reminder:
		return event.Props.Booking[b.Name]
	}
	var props map[string]any
	_ = json.Unmarshal(event.Properties, &props) // was read when the event was accepted; without any, none is found
	return ingest.Text(props[b.Name])
}

func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// campaign finds a campaign of the set, nil if there is none.
func (l *Live) campaign(id string) *rules.Campaign {
	for _, c := range l.Set.Campaigns {
		if c.ID == id {
			return c
		}
	}
	return nil
}
