package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// visit is one of who, with what words say of the person.
func (s *stage) visit(who string, words map[string]string) engine.Visit {
	v := engine.Visit{Visitor: who, User: words["user"], Traits: map[string]any{}}
	_, v.Signed = words["signed"]
	if name, value, ok := strings.Cut(words["trait"], ":"); ok {
		v.Traits[name] = value
	}
	return v
}

func (s *stage) decide(who, path, trigger string, words map[string]string) []string {
	s.Helper()
	_, bot := words["bot"]
	_, explain := words["explain"]
	_, stranger := words["stranger"]
	if stranger {
		who = ""
	}
	context := ingest.Event{
		ID: s.newID(), Name: ingest.PageView, Time: s.now.UnixMilli(), Received: s.now.UnixMilli(), Bot: bot,
		Page: &ingest.Page{URL: "https://shop.example" + path, Path: path}, Device: &ingest.Device{Type: "mobile"},
	}
	v := s.visit(who, words)
	v.Decide = &engine.Request{ID: s.newID(), Context: &context, Trigger: trigger, Consent: !stranger, Explain: explain}
	if slots, told := words["slots"]; told {
		v.Decide.Slots = strings.Split(slots, ",")
	}
	if trigger == "" {
		v.Events = []ingest.Event{context}
	}
	if raw, told := words["event"]; told { // which is the trigger
		event, refused := ingest.Accept(ingest.Incoming{ID: s.newID(), Name: trigger, Properties: json.RawMessage(raw)},
			&ingest.Who{ID: who}, ingest.Terms{Received: s.now, NewID: s.newID})
		if refused != nil {
			s.Fatal(refused.Message)
		}
		event.Page = context.Page
		v.Events = append(v.Events, event)
	}
	before := s.ledger.Last()
	answer, err := s.engine.Visit(v, s.now)
	if err != nil {
		s.Fatal(err)
	}
	said := s.became(who, answer.Visitor)
	d := answer.Decision
	for _, o := range d.Outcomes {
		said = append(said, line(o.Reason, o.Campaign, o.Variant, o.Slot))
	}
	for _, x := range d.Suppressed {
		if explain {
			said = append(said, strings.TrimSpace(fmt.Sprintf("suppressed %s %s %s", x.Reason, x.Campaign, x.Detail)))
		}
	}
	s.offersAgree(d, who, answer.Visitor)
	s.logAgrees(d, answer, before)
	if len(said) == 0 {
		said = []string{"nothing"}
	}
	return said
}

func line(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// became tells when a browser became another visitor than was asked for.
func (s *stage) became(who, visitor string) []string {
	if visitor == who {
		return nil
	}
	if !slices.Contains(s.others, visitor) {
		s.others = append(s.others, visitor)
	}
	return []string{fmt.Sprintf("visitor %d", slices.Index(s.others, visitor)+1)}
}

// offersAgree checks that what may open is what the outcomes say, and keeps the tokens.
func (s *stage) offersAgree(d *engine.Decision, who, visitor string) {
	s.Helper()
	var open, said []string
	for _, o := range d.Offers {
		if o.Armed() {
			open = append(open, line(engine.Armed, o.Campaign.ID))
			continue
		}
		reason := engine.Offered
		if o.Variant.Control() {
			reason = engine.Control
		}
		open = append(open, line(reason, o.Campaign.ID, o.Variant.ID))
		s.offers[who+" "+o.Campaign.ID] = offered{d.ID, o.Variant.ID, s.engine.Token(visitor, d.ID, o)}
	}
	for _, o := range d.Outcomes {
		if o.Reason == engine.Armed || o.Reason == engine.Offered || o.Reason == engine.Control {
			said = append(said, line(o.Reason, o.Campaign, o.Variant))
		}
	}
	if !slices.Equal(open, said) {
		s.Fatalf("offers are %q, outcomes say %q", open, said)
	}
}

// logAgrees checks that the decision is logged as it was answered, and nothing
// is where nobody is to be remembered.
func (s *stage) logAgrees(d *engine.Decision, answer engine.Answer, before uint64) {
	s.Helper()
	if answer.Visitor == "" {
		if s.ledger.Last() != before || answer.Seq != 0 {
			s.Fatalf("a stranger is remembered: visit %d", s.ledger.Last())
		}
		return
	}
	records, err := s.ledger.Read(context.Background(), before, s.ledger.Last(), 100)
	if err != nil {
		s.Fatal(err)
	}
	log := records[len(records)-1].Event
	if err := log.ParseProperties(); err != nil {
		s.Fatal(err)
	}
	told, _ := json.Marshal(d.Outcomes)
	kept, _ := json.Marshal(log.Props.Outcomes)
	if log.Name != ingest.Decision || log.ID != d.ID || log.Visitor != answer.Visitor || log.Seq != answer.Seq ||
		log.Props.DecisionID != d.ID || log.Props.Rules != s.engine.Live().Set.Hash || log.Page.Path == "" || !bytes.Equal(told, kept) {
		s.Fatalf("logged as %s\nanswered %s", records[len(records)-1].Raw, told)
	}
}

// about is an event about a campaign, with the token of its last offer to who.
func (s *stage) about(who, name, campaign string) ingest.Incoming {
	o := s.offers[who+" "+campaign]
	raw, err := json.Marshal(map[string]string{"campaign": campaign, "variant": max(o.variant, "a"), "decision_id": o.decision, "token": o.token})
	if err != nil {
		s.Fatal(err)
	}
	return ingest.Incoming{ID: s.newID(), Name: name, Properties: raw}
}

// send has one event accepted and visited.
func (s *stage) send(who string, in ingest.Incoming, words map[string]string) []string {
	s.Helper()
	s.last = in
	event, refused := ingest.Accept(in, &ingest.Who{ID: who}, ingest.Terms{Received: s.now, NewID: s.newID})
	if refused == nil {
		_, trusted := words["trusted"]
		refused = s.engine.Vouch(&event, trusted)
	}
	if refused != nil {
		return []string{refused.Code + ": " + refused.Message}
	}
	if path, told := words["at"]; told {
		event.Page = &ingest.Page{URL: "https://shop.example" + path, Path: path}
	}
	v := s.visit(who, words)
	v.Events = []ingest.Event{event}
	answer, err := s.engine.Visit(v, s.now)
	if err != nil {
		s.Fatal(err)
	}
	said := s.became(who, answer.Visitor)
	if answer.Duplicates > 0 {
		said = append(said, fmt.Sprintf("duplicates: %d", answer.Duplicates))
	}
	return said
}

func (s *stage) known(who string) []string {
	if number := strings.TrimPrefix(who, "visitor"); number != who {
		who = s.others[int(number[0]-'1')]
	}
	p, err := s.engine.Profile(who)
	if err != nil {
		s.Fatal(err)
	}
	if p == nil {
		return []string{"nothing"}
	}
	said := fmt.Sprintf("visits %d, pages %d, purchases %d, revenue %g", p.Visits(), p.Pageviews, p.Purchases, p.Revenue)
	if p.User != "" {
		said += ", user " + p.User
	}
	if len(p.Traits) > 0 {
		said += fmt.Sprint(", traits ", p.Traits)
	}
	return []string{said}
}
