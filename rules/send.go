package rules

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Send is a server-side action: what the server itself sends out.
type Send struct {
	Kind        string   // webhook | email
	URL         string   // of a webhook
	To          string   // of an e-mail: its address; "" that of ToTrait
	ToTrait     string   // of an e-mail: the trait that holds the address
	Subject     Template // of an e-mail
	Title, Body Template
	Unsubscribe Template // of an e-mail: where nobody gets it any more; https or mailto
}

// sendTypes are the actions that nobody sees on a page.
var sendTypes = []string{"webhook", "email"}

// maxAlso bounds what is sent beside one variant.
const maxAlso = 5

// Sends says whether c is the server's alone: what its variants do is sent, and
// nothing is shown.
func (c *Campaign) Sends() bool {
	return slices.ContainsFunc(c.Variants, func(v Variant) bool { return v.Send != nil })
}

// Props are the properties of its triggering event that its texts mention, in order.
func (c *Campaign) Props() []string {
	var names []string
	for _, v := range c.Variants {
		if v.Send == nil {
			continue
		}
		for _, t := range []Template{v.Send.Subject, v.Send.Title, v.Send.Body, v.Send.Unsubscribe} {
			for _, b := range t.blanks {
				if b.Of == "prop" && !slices.Contains(names, b.Name) {
					names = append(names, b.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// sent is an action's canonical JSON, which no browser gets.
type sent struct {
	Type        string `json:"type"`
	URL         string `json:"url,omitempty"`
	To          string `json:"to,omitempty"`
	Subject     string `json:"subject,omitempty"`
	Title       string `json:"title,omitempty"`
	Body        string `json:"body,omitempty"`
	Unsubscribe string `json:"unsubscribe,omitempty"`
}

// send checks a server-side action and writes it as its canonical JSON too.
func (r *reader) send(f *actionFile, path string, site Site) (*Send, json.RawMessage) {
	s := &Send{
		Kind:    f.Type.S,
		Subject: r.worded(f.Subject, join(path, "subject"), 200, site),
		Title:   r.worded(f.Title, join(path, "title"), 200, site),
		Body:    r.worded(f.Body, join(path, "body"), 10_000, site),
	}
	for _, p := range f.At.pairs {
		if key := p.key.text; !slices.Contains(sendKeys[f.Type.S], key) && actionKeys[key] {
			r.fail(p.key, join(path, key), "value", "%q belongs to other actions, and this one is of type %s", key, f.Type.S)
		}
	}
	if s.Kind == "webhook" {
		s.URL = r.hook(f, join(path, "url"))
	} else {
		r.email(s, f, path, site)
	}
	raw, err := json.Marshal(sent{f.Type.S, f.URL.S, f.To.S, f.Subject.S, f.Title.S, f.Body.S, f.Unsubscribe.S})
	if err != nil {
		r.fail(f.At, path, "value", "%v", err)
	}
	return s, raw
}

// sendKeys are the keys of each server-side action; actionKeys those of any.
var (
	sendKeys = map[string][]string{
		"webhook": {"type", "url", "title", "body", "cost"},
		"email":   {"type", "to", "subject", "body", "unsubscribe", "cost"},
	}
	actionKeys = map[string]bool{
		"title": true, "body": true, "image": true, "link": true, "button": true, "theme": true, "position": true, "code": true,
		"expires": true, "items": true, "pool": true, "url": true, "to": true, "subject": true, "unsubscribe": true,
		"selector": true, "height": true, "html": true, "questions": true, "thanks": true, "channels": true, "event": true, "window": true, "limit": true,
	}
)

// worded checks a text with blanks, of bounded length.
func (r *reader) worded(t text, path string, most int, site Site) Template {
	if n := utf8.RuneCountInString(t.S); t.At != nil && n > most {
		r.fail(t.At, path, "value", "the text has %d characters; %d are allowed", n, most)
	}
	if strings.ContainsFunc(t.S, func(c rune) bool { return c < ' ' && c != '\n' || c == 0x7f }) {
		r.fail(t.At, path, "value", "the text holds a control character")
	}
	return r.template(t, path, site, blankHint)
}

func (r *reader) hook(f *actionFile, path string) string {
	if f.URL.At == nil {
		if !f.At.has("url") {
			r.failWith(f.At, path, "missing", `a webhook needs a "url"`, "url: https://crm.example/hook")
		}
		return ""
	}
	r.hookURL(f.URL, path)
	return f.URL.S
}

func (r *reader) hookURL(t text, path string) {
	u, err := url.Parse(t.S)
	if err != nil || len(t.S) > 2048 || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		r.failWith(t.At, path, "value", quote(t.S)+" is not where a webhook can be sent", "write https://host/path, without a password in it")
	}
}

func (r *reader) email(s *Send, f *actionFile, path string, site Site) {
	for _, key := range []string{"subject", "body"} {
		if !f.At.has(key) {
			r.fail(f.At, join(path, key), "missing", "an e-mail needs a %q", key)
		}
	}
	at := join(path, "to")
	trait, declared := site.Traits[f.To.S]
	_, err := mail.ParseAddress(f.To.S)
	switch {
	case f.To.At == nil && !f.At.has("to"):
		r.failWith(f.At, at, "missing", `an e-mail needs a "to"`, "to: email, a trait that site.yaml declares as signed, or an address of the shop's own")
	case f.To.At == nil:
	case strings.Contains(f.To.S, "@") && err != nil:
		r.failWith(f.To.At, at, "value", quote(f.To.S)+" is not an address", "write desk@shop.example, or the name of a trait")
	case strings.Contains(f.To.S, "@"):
		s.To = f.To.S
	case !declared:
		r.failWith(f.To.At, at, "value", fmt.Sprintf("trait %q is not declared%s", f.To.S, didYouMean(f.To.S, sortedKeys(site.Traits))), "declare it in site.yaml: traits: {email: {type: string, trust: signed}}")
	case trait.Trust != "signed" || trait.Type != "string":
		r.failWith(f.To.At, at, "value", fmt.Sprintf("trait %q may be told by anybody's browser: the shop would write to strangers", f.To.S), "declare it in site.yaml as signed: traits: {"+f.To.S+": {type: string, trust: signed}}")
	default:
		s.ToTrait = f.To.S
	}
	at = join(path, "unsubscribe")
	s.Unsubscribe = r.worded(f.Unsubscribe, at, 1000, site)
	switch u, err := url.Parse(f.Unsubscribe.S); {
	case s.ToTrait == "" && f.Unsubscribe.At == nil: // to the shop itself
	case f.Unsubscribe.At == nil:
		if !f.At.has("unsubscribe") {
			r.failWith(f.At, at, "missing", `an e-mail to a visitor needs an "unsubscribe"`, "unsubscribe: https://shop.example/stop?who={{visitor.user_id}}, or mailto:stop@shop.example")
		}
	case bracesForm.FindStringIndex(f.Unsubscribe.S) == nil && err != nil, !strings.HasPrefix(f.Unsubscribe.S, "https://") && !strings.HasPrefix(f.Unsubscribe.S, "mailto:"), u != nil && u.Scheme == "https" && u.Host == "":
		r.failWith(f.Unsubscribe.At, at, "value", quote(f.Unsubscribe.S)+" is not where mail can be stopped", "write https://… or mailto:…")
	}
}

// sending checks how a campaign's variants send, once its triggers are known.
func (r *reader) sending(c *Campaign, f *campaignFile) {
	shows := slices.ContainsFunc(c.Variants, func(v Variant) bool { return v.Action != nil && v.Send == nil })
	for i, v := range c.Variants {
		if v.Send == nil {
			continue
		}
		at, path := f.Variants[i].Action.Type.At, fmt.Sprintf("variants[%d].action.type", i)
		kind := c.On[0].Kind
		switch {
		case shows:
			r.failWith(at, path, "value", "a campaign shows or sends, and its variants do both", "make two campaigns; or send beside what is shown: also: [{type: "+v.Send.Kind+", …}]")
		case len(c.On) > 1 || kind != "absent" && kind != "reminder" && kind != "event":
			r.failWith(at, path, "value", "nothing is sent on "+kind+": the server does not see it happen", "on: {event: …}, {absent: …} or {event: …, at: …}; or send beside what is shown: also: [{type: "+v.Send.Kind+", …}]")
		case kind == "absent" && len(c.Props()) > 0:
			r.failWith(at, path, "value", "nothing happened, so there is no event whose properties could be told", "leave {{event.prop(…)}} out")
		case c.Slot != "":
			r.failWith(f.Slot.At, "slot", "value", "what is sent takes no slot", "remove it")
			return
		}
	}
}

// reminder checks {event, at, offset}.
func (r *reader) reminder(a *triggerArgs, path string, t Trigger) Trigger {
	t.Kind = "reminder"
	const hint = "write at: event.starts_at, a property that holds a time such as 2026-12-01T10:00:00+09:00"
	name, is := strings.CutPrefix(a.Moment.S, "event.")
	if !is || !eventForm.MatchString(name) {
		r.failWith(a.Moment.At, join(path, "at"), "value", quote(a.Moment.S)+" is not a property of the event", hint)
	}
	t.Moment = name
	if a.Offset.At == nil {
		return t
	}
	length, before := strings.CutPrefix(a.Offset.S, "-")
	d, err := ParseDuration(length)
	if err != nil {
		r.failWith(a.Offset.At, join(path, "offset"), "value", quote(a.Offset.S)+" is not a length of time", "write -24h for a day before, 2h for two hours after")
	}
	if t.Offset = d; before {
		t.Offset = -d
	}
	return t
}

// also checks what is sent beside what a variant shows.
func (r *reader) also(v variantFile, path string, site Site) (list []Send, canonical json.RawMessage) {
	if len(v.Also) == 0 {
		return nil, nil
	}
	var raws []json.RawMessage
	for i := range v.Also {
		f := &v.Also[i]
		at := fmt.Sprintf("%s.also[%d]", path, i)
		switch {
		case f.At == nil: // told while reading
		case v.Action == nil || slices.Contains(sendTypes, v.Action.Type.S):
			r.failWith(f.At, at, "value", "also goes beside what is shown, and this variant shows nothing", "make it the variant's action")
		case i == maxAlso:
			r.fail(f.At, at, "value", "at most %d are sent beside one variant", maxAlso)
		case !slices.Contains(sendTypes, f.Type.S):
			if f.Type.At != nil {
				r.failWith(f.Type.At, join(at, "type"), "value", quote(f.Type.S)+" is not sent, it is shown"+didYouMean(f.Type.S, sendTypes), "webhook or email")
			}
		default:
			s, raw := r.send(f, at, site)
			list, raws = append(list, *s), append(raws, raw)
		}
	}
	canonical, err := json.Marshal(raws)
	if err != nil {
		panic("rules: actions are JSON we wrote: " + err.Error())
	}
	return list, canonical
}
