package rules

import (
	"fmt"
	"net/url"
	"regexp"
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
	if r.oneOf(f.Consent, "consent", "opt_in", "opt_out") {
		s.Consent = f.Consent.S
	}
	for _, t := range f.Traits {
		path := join("traits", t.Name)
		r.wellFormed(text{t.Name, t.Key}, path, eventForm, "lower case letters, digits and _, a letter first")
		spec := TraitSpec{Type: t.Value.Type.S, Trust: "any"}
		r.oneOf(t.Value.Type, join(path, "type"), "string", "number", "boolean")
		if r.oneOf(t.Value.Trust, join(path, "trust"), "any", "signed") {
			spec.Trust = t.Value.Trust.S
		}
		s.Traits[t.Name] = spec
	}
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
