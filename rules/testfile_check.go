package rules

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// happenings are the triggers that browsers tell of, by their first word.
var happenings = []string{"exit_intent", "tab_return", "dwell", "scroll", "idle", "in_view"}

// testReasons are the reason codes that a rule test can meet.
var testReasons = []string{
	"consent", "bot", "not_live", "out_of_schedule", "page", "rule_false", "trigger", "holdout", "frequency", "stopped",
	"budget", "layer", "traffic", "coupon_out", "slot_taken", "error", "shadow",
}

func (r *reader) page(f testPageFile, path string) Page {
	for _, address := range []struct {
		text
		key string
	}{{f.URL, "url"}, {f.Referrer, "referrer"}} {
		if _, err := url.Parse(address.S); address.At != nil && (err != nil || address.S == "") {
			r.failWith(address.At, join(path, address.key), "value", quote(address.S)+" is not an address", "write https://…, or a path of the shop such as /cart")
		}
	}
	p := Page{URL: f.URL.S, Title: f.Title.S, Type: f.Type.S, Lang: f.Lang.S, Referrer: f.Referrer.S}
	if i := f.Item; i != nil {
		p.Item = Item{ID: i.ID.S, Name: i.Name.S, Category: i.Category.S, Brand: i.Brand.S, Price: i.Price.N}
	}
	return p
}

func (b *testBench) event(r *reader, f *testEventFile, now time.Time, path string) TestEvent {
	e := TestEvent{Name: f.Name.S, At: r.before(f.When, now, join(path, "at")), Properties: map[string]any{}, Line: f.At.line}
	r.wellFormed(f.Name, join(path, "name"), eventForm, "lower case letters, digits and _, a letter first, such as add_to_cart")
	for key, t := range map[string]text{"currency": f.Currency, "transaction_id": f.TransactionID, "coupon": f.Coupon, "campaign": f.Campaign, "variant": f.Variant} {
		if t.At != nil {
			e.Properties[key] = t.S
		}
	}
	if f.Value.At != nil {
		e.Properties["value"] = f.Value.N
	}
	if f.Items != nil {
		e.Properties["items"] = plainValue(f.At.value("items"))
	}
	for _, p := range f.Properties {
		if _, twice := e.Properties[p.Name]; twice {
			r.fail(p.Key, join(path, "properties."+p.Name), "duplicate", "%q is given beside properties, too", p.Name)
		}
		e.Properties[p.Name] = p.Value.V
	}
	if f.URL.At != nil || f.Title.At != nil || f.Type.At != nil || f.Referrer.At != nil || f.Item != nil || f.Name.S == "page_view" {
		page := r.page(testPageFile{URL: f.URL, Title: f.Title, Type: f.Type, Referrer: f.Referrer, Item: f.Item}, path)
		if page.URL == "" {
			page.URL = "/"
		}
		e.Page = &page
	}
	if c := b.about(r, f, path); c != nil && c.Slot != "" && f.Name.S == "omo_exposure" {
		e.Properties["slot"] = c.Slot // which the server knows by its offer
	}
	return e
}

// about is the campaign that one of the product's own events names, checked;
// nil where it names none.
func (b *testBench) about(r *reader, f *testEventFile, path string) *Campaign {
	if f.Campaign.At == nil {
		if slices.Contains([]string{"omo_exposure", "omo_click", "omo_close"}, f.Name.S) {
			r.failWith(f.At, join(path, "campaign"), "missing", `"campaign" is missing`, "write which campaign was seen: {name: "+f.Name.S+", campaign: …, variant: …}")
		}
		return nil
	}
	c := b.known(r, f.Campaign.S, f.Campaign.At, join(path, "campaign"))
	if c == nil || f.Variant.At == nil {
		return c
	}
	if names := variantNames(c); !slices.Contains(names, f.Variant.S) {
		r.fail(f.Variant.At, join(path, "variant"), "value", "campaign %q has no variant %q%s", c.ID, f.Variant.S, didYouMean(f.Variant.S, names))
	}
	return c
}

// known is the campaign of that id; nil after a complaint.
func (b *testBench) known(r *reader, id string, at *node, path string) *Campaign {
	c, known := b.campaigns[id]
	switch {
	case !known:
		r.fail(at, path, "value", "unknown campaign %s%s", quote(id), didYouMean(id, sortedKeys(b.campaigns)))
	case c == nil:
		r.failWith(at, path, "value", fmt.Sprintf("campaign %q is a draft, and drafts never run", id), "give it status: shadow or live to test it")
	}
	return c
}

func variantNames(c *Campaign) []string {
	names := make([]string, len(c.Variants))
	for i, v := range c.Variants {
		names[i] = v.ID
	}
	return names
}

// before reads when an event happened: `-2d` before now, or a moment.
func (r *reader) before(t whenFile, now time.Time, path string) time.Time {
	if t.At == nil {
		return now
	}
	if ago, relative := strings.CutPrefix(t.S, "-"); relative {
		d, err := ParseDuration(ago)
		if err != nil {
			r.failWith(t.At, path, "value", quote(t.S)+" is not a time before now", whenHint)
		}
		return now.Add(-d)
	}
	at, _ := r.moment(t.text, path, now.Location())
	if at.After(now) {
		r.failWith(t.At, path, "value", "the event lies after now", "a test's events come before its decision; -2d is two days ago")
	}
	return at
}

// trigger checks that it is one, or one of the events.
func (b *testBench) trigger(r *reader, f happenedFile, events []TestEvent, path string) {
	kind, _, _ := strings.Cut(f.S, ":")
	switch {
	case f.At == nil || slices.Contains(happenings, kind):
	case f.S == "page_view":
		r.failWith(f.At, path, "value", "a page view is decided without a trigger", "remove it")
	case !slices.ContainsFunc(events, func(e TestEvent) bool { return e.Name == f.S }):
		r.failWith(f.At, path, "value", quote(f.S)+" is neither a trigger nor one of the test's events"+didYouMean(kind, happenings),
			"one of "+strings.Join(happenings, ", ")+", or the name of an event that is among events")
	}
}

func (b *testBench) expectation(r *reader, e entry[outcomeFile], path string) Expectation {
	out := Expectation{Campaign: b.known(r, e.Name, e.Key, path), Outcome: e.Value.Word.S, Line: e.Key.line, Column: e.Key.column}
	if out.Campaign == nil {
		return out
	}
	words := []string{"any", "none", "control", "armed"}
	for _, v := range variantNames(out.Campaign) {
		if !slices.Contains(words, v) {
			words = append(words, v)
		}
	}
	hasControl := slices.ContainsFunc(out.Campaign.Variants, Variant.Control)
	switch f := e.Value; {
	case f.None.At != nil:
		out.Outcome, out.Reason = "none", f.None.S
		r.oneOf(f.None, path, testReasons...)
	case f.Armed != nil:
		out.Outcome = "armed"
		waits := make([]string, len(out.Campaign.On))
		for i, t := range out.Campaign.On {
			waits[i] = t.String()
		}
		for _, t := range f.Armed {
			if t.At != nil && !slices.Contains(waits, t.S) {
				r.failWith(t.At, path, "value", fmt.Sprintf("campaign %q does not wait for %q%s", out.Campaign.ID, t.S, didYouMean(t.S, waits)), "it waits for "+strings.Join(waits, ", "))
			}
			out.Triggers = append(out.Triggers, t.S)
		}
	case f.Word.At == nil: // told while reading
	case !slices.Contains(words, out.Outcome):
		r.failWith(f.Word.At, path, "value", fmt.Sprintf("campaign %q has no variant %q%s", out.Campaign.ID, out.Outcome, didYouMean(out.Outcome, words)), "one of "+strings.Join(words, ", "))
	case out.Outcome == "control" && !hasControl:
		r.failWith(f.Word.At, path, "value", fmt.Sprintf("campaign %q has no control", out.Campaign.ID), "one of "+strings.Join(variantNames(out.Campaign), ", "))
	}
	return out
}
