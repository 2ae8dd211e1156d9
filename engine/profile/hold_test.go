package profile

import (
	"fmt"
	"strings"
	"testing"
)

// offer is the line of a decision that offers campaigns, "rescue:modal control:bar".
func offer(when, page, decision, offers string) string {
	var list []string
	for o := range strings.FieldsSeq(offers) {
		campaign, slot, _ := strings.Cut(o, ":")
		reason := "offered"
		for _, other := range []string{"control", "armed", "shadow", "slot_taken"} {
			if strings.HasPrefix(campaign, other) {
				reason = other
			}
		}
		list = append(list, fmt.Sprintf(`{"campaign":%q,"reason":%q,"slot":%q}`, campaign, reason, slot))
	}
	return fmt.Sprintf("%s omo_decision %s {\"decision_id\":%q,\"outcomes\":[%s]}\n", when, page, decision, strings.Join(list, ","))
}

func event(when, name, campaign, decision string) string {
	return fmt.Sprintf("%s omo_%s {\"campaign\":%q,\"variant\":\"a\",\"phase\":\"p1\",\"decision_id\":%q}\n", when, name, campaign, decision)
}

// An offer holds its slot and its spend; what becomes of both.
func TestHolds(t *testing.T) {
	t.Parallel()
	start := "0m page_view /a\n"
	for _, c := range []struct{ name, story, want string }{
		{"an offer holds", start + offer("0m", "/a", "d1", "rescue:modal"), "rescue modal on /a"},
		{"control holds alike", start + offer("0m", "/a", "d1", "control:modal"), "control modal on /a"},
		{"what may not open holds nothing", start + offer("0m", "/a", "d1", "armed:modal shadow:modal slot_taken:modal"), ""},
		{"it lapses after a minute", start + offer("0m", "/a", "d1", "rescue:modal") + offer("59.999s", "/a", "d2", "") + offer("60s", "/a", "d3", ""), ""},
		{"and not before", start + offer("0m", "/a", "d1", "rescue:modal") + offer("59.999s", "/a", "d2", ""), "rescue modal on /a"},
		{"its exposure makes it stay", start + offer("0m", "/a", "d1", "rescue:modal") + event("1s", "exposure", "rescue", "d1") + offer("10m", "/a", "d2", ""), "rescue modal on /a, exposed"},
		{"another decision's exposure does not", start + offer("0m", "/a", "d1", "rescue:modal") + event("1s", "exposure", "rescue", "d0"), "rescue modal on /a"},
		{"of two tabs the right one", start + offer("0m", "/a", "d1", "rescue:modal") + offer("1s", "/b", "d2", "rescue:modal") + event("2s", "exposure", "rescue", "d2"), "rescue modal on /a; rescue modal on /b, exposed"},
		{"the page goes, and the slot with it", start + offer("0m", "/a", "d1", "rescue:modal") + event("1s", "exposure", "rescue", "d1") + "5s page_view /a\n", ""},
		{"what was not exposed yet stays spent", start + offer("0m", "/a", "d1", "rescue:modal") + "5s page_view /a\n", "rescue"},
		{"and is forgotten once it is exposed", start + offer("0m", "/a", "d1", "rescue:modal") + "5s page_view /a\n" + event("6s", "exposure", "rescue", "d1"), ""},
		{"another page is another place", start + offer("0m", "/a", "d1", "rescue:modal") + "5s page_view /b\n", "rescue modal on /a"},
		{"closed, the slot is free", start + offer("0m", "/a", "d1", "rescue:modal other:bar") + event("1s", "exposure", "rescue", "d1") + event("2s", "close", "rescue", "d1"), "other bar on /a"},
		{"a campaign without a slot", start + offer("0m", "/a", "d1", "rescue") + event("1s", "exposure", "rescue", "d1"), ""},
		{"a new session begins with none", start + offer("0m", "/a", "d1", "rescue:modal") + event("1s", "exposure", "rescue", "d1") + "45m page_view /b\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := after(t, c.story)
			var got []string
			for _, h := range p.Holds {
				line := h.Campaign
				if h.Slot != "" {
					line += " " + h.Slot + " on " + h.Page
				}
				if h.Exposed {
					line += ", exposed"
				}
				got = append(got, line)
			}
			equal(t, strings.Join(got, "; "), c.want)
		})
	}
}

// Exposures are counted, each in the session of its offer.
func TestExposures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, story, want string }{
		{"one", "0m page_view\n" + event("1s", "exposure", "rescue", "d1"), "1 ever, in session 1; first at 1s of p1"},
		{"one that came when the next session had begun", "0m page_view\n" + offer("29m30s", "/a", "d1", "rescue:modal") + "30m page_view /b\n" + event("29m59s", "exposure", "rescue", "d1"), "1 ever, in session 1; first at 29m59s of p1"},
		{"one of an old session that nobody remembers", "0m page_view\n" + event("-2d", "exposure", "rescue", ""), "1 ever, in session 0; first at -48h0m0s of p1"},
		{"two sessions", "0m page_view\n" + event("1m", "exposure", "rescue", "d1") + event("2h", "exposure", "rescue", "d2"), "2 ever, in session 1 2; first at 1m0s of p1"},
		{"another phase", event("1m", "exposure", "rescue", "d1") + "2m omo_exposure {\"campaign\":\"rescue\",\"variant\":\"b\",\"phase\":\"p2\"}", "2 ever, in session 1 1; first at 2m0s of p2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := after(t, c.story)
			x := p.Campaigns["rescue"]
			sessions := ""
			for _, s := range x.Spends {
				sessions += fmt.Sprint(" ", s.Session)
			}
			equal(t, fmt.Sprintf("%d ever, in session%s; first at %s of %s", x.Count, sessions, minutes(x.First), x.Phase), c.want)
		})
	}
}

// What ends a campaign for a visitor: closes, clicks, and goals within the
// window after its first exposure.
func TestStops(t *testing.T) {
	t.Parallel()
	shown := event("0m", "exposure", "rescue", "d1")
	for _, c := range []struct{ name, story, want string }{
		{"closed and clicked", shown + event("1m", "close", "rescue", "d1") + event("2m", "click", "rescue", "d1") + event("3m", "close", "rescue", "d1"), "2 closes, 1 clicks, 0 conversions"},
		{"bought within the window", shown + "59m59.999s purchase {\"value\":1}", "0 closes, 0 clicks, 1 conversions"},
		{"at the very moment", shown + "0m purchase {\"value\":1}", "0 closes, 0 clicks, 1 conversions"},
		{"bought before", shown + "-1m purchase {\"value\":1}", "0 closes, 0 clicks, 0 conversions"},
		{"bought when it was over", shown + "60m purchase {\"value\":1}", "0 closes, 0 clicks, 0 conversions"},
		{"a later exposure does not extend it", shown + event("50m", "exposure", "rescue", "d2") + "61m purchase {\"value\":1}", "0 closes, 0 clicks, 0 conversions"},
		{"bought once, told twice", shown + "1m purchase {\"value\":1,\"transaction_id\":\"T\"}\n2m purchase {\"value\":1,\"transaction_id\":\"T\"}", "0 closes, 0 clicks, 1 conversions"},
		{"another goal", shown + "1m sign_up", "0 closes, 0 clicks, 1 conversions"},
		{"clicked and never exposed", event("0m", "click", "rescue", "d1") + "1m sign_up", "0 closes, 1 clicks, 0 conversions"},
		{"another phase takes nothing back", shown + "1m sign_up\n" + strings.ReplaceAll(event("2m", "exposure", "rescue", "d2"), "p1", "p2") + "3m sign_up", "0 closes, 0 clicks, 2 conversions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := after(t, c.story)
			x := p.Campaigns["rescue"]
			equal(t, fmt.Sprintf("%d closes, %d clicks, %d conversions", x.Closes, x.Clicks, x.Conversions), c.want)
			if p.Campaigns["other"] != nil {
				t.Errorf("a campaign that was never shown is remembered: %+v", p.Campaigns["other"])
			}
		})
	}
}
