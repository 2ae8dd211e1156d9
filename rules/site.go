package rules

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"
)

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// site checks site.yaml and fills in what it leaves out.
func (r *reader) site(f *siteFile) Site {
	s := Site{
		Timezone:   r.zone(f.Timezone, "timezone", time.UTC),
		Currency:   "JPY",
		SessionGap: 30 * time.Minute,
		Holdout:    f.Holdout.N,
		Traits:     map[string]TraitSpec{},
		Consent:    "opt_out",
	}
	if r.wellFormed(f.Currency, "currency", currencyForm, "three letters, such as JPY") {
		s.Currency = f.Currency.S
	}
	if f.SessionGap.At != nil {
		if s.SessionGap = f.SessionGap.D; s.SessionGap > 24*time.Hour {
			r.fail(f.SessionGap.At, "session_gap", "value", "a session may pause for a day at most")
		}
	}
	if r.oneOf(f.Consent, "consent", consents...) {
		s.Consent = f.Consent.S
	}
	for _, t := range f.Traits {
		path := join("traits", t.Name)
		r.wellFormed(text{t.Name, t.Key}, path, eventForm, "lower case letters, digits and _, a letter first")
		spec := TraitSpec{Type: t.Value.Type.S, Trust: "any"}
		r.oneOf(t.Value.Type, join(path, "type"), traitTypes...)
		if r.oneOf(t.Value.Trust, join(path, "trust"), traitTrusts...) {
			spec.Trust = t.Value.Trust.S
		}
		s.Traits[t.Name] = spec
	}
	s.Budget = r.budget(f.Budget)
	s.Channels = r.channels(f.Channels)
	s.Alerts = r.alerts(f.Alerts)
	for i, o := range f.Origins {
		if o.At == nil {
			continue
		}
		u, err := url.Parse(o.S)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != o.S {
			r.failWith(o.At, fmt.Sprintf("origins[%d]", i), "value", quote(o.S)+" is not an origin", "write scheme and host alone: https://shop.example")
			continue
		}
		s.Origins = append(s.Origins, o.S)
	}
	return s
}

var hookForm = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*$`)

// budget checks how much attention all campaigns together may take of a visitor.
func (r *reader) budget(t table[oneOrMany[limitFile]]) map[string][]Limit {
	budget := map[string][]Limit{}
	for _, e := range t {
		path := join("budget", e.Name)
		if i := slices.IndexFunc(e.Value, func(f limitFile) bool { return f.After != nil }); i >= 0 {
			r.failWith(e.Value[i].At, path, "value", `a budget has no "after"`, "write {max: 1, per: session}")
			continue
		}
		budget[e.Name], _ = r.limits(e.Value, path)
	}
	return budget
}

// channels checks the ways to reach the shop.
func (r *reader) channels(t table[channelFile]) map[string]Channel {
	channels := map[string]Channel{}
	for _, e := range t {
		path := join("channels", e.Name)
		r.wellFormed(text{e.Name, e.Key}, path, idForm, "1 to 64 of a-z, 0-9, _ and -")
		if e.Value.At != nil {
			channels[e.Name] = r.channel(e.Value, path)
		}
	}
	return channels
}

// channel checks one way to reach the shop.
func (r *reader) channel(f channelFile, path string) Channel {
	c := Channel{Hook: f.Hook.S, Open: r.opening(f.Days, f.Hours, path), Staffed: f.Staffed.Yes}
	switch {
	case f.At.has("link") && f.At.has("hook"):
		r.failWith(f.At, path, "value", `"link" and "hook" do not go together`, "keep one: the page is left for a link, and a hook is called on it")
	case !f.At.has("link") && !f.At.has("hook"):
		r.failWith(f.At, path, "missing", "the channel leads nowhere", "give it a link, such as https://…, or a hook, such as openChat")
	case f.Link.At != nil && callable(f.Link.S):
		c.Link = f.Link.S
	case f.Link.At != nil:
		c.Link = r.address(f.Link, join(path, "link"))
	case f.Hook.At != nil && (!hookForm.MatchString(f.Hook.S) || len(f.Hook.S) > 100):
		r.failWith(f.Hook.At, join(path, "hook"), "value", quote(f.Hook.S)+" is not a function's name", "write the name alone, such as openChat or Chat.open")
	}
	return c
}

var callForm = regexp.MustCompile(`^(tel:\+?[0-9-]{2,20}|mailto:[^\s?<>"]{1,100}@[^\s?<>"]{1,100})$`)

// callable says whether an address is a telephone number or a mailbox.
func callable(address string) bool { return callForm.MatchString(address) }
