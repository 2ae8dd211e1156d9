package api_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

const noConsent = `the visitor has not agreed to be remembered: send "consent": "granted" once it has`

// nothing says that a page got its answer and that nobody is remembered.
func nothing(t *testing.T, s *shop, a answer) {
	t.Helper()
	d := a.decision()
	if d.Visitor.ID != "" || d.campaigns() != "" {
		t.Errorf("%+v", d)
	}
	if cookie := a.header.Get("Set-Cookie"); cookie != "" {
		t.Errorf("cookie %q", cookie)
	}
	same(t, "recorded", s.names(), []string{})
	if p, err := s.engine.Profile("v1"); p != nil || err != nil {
		t.Errorf("a profile: %+v %v", p, err)
	}
}

func TestWithoutConsentNothingIsKept(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		site, word string
		remembered bool
	}{
		{"opt_in", "", false}, {"opt_in", "unknown", false}, {"opt_in", "denied", false}, {"opt_in", "granted", true},
		{"opt_out", "", true}, {"opt_out", "unknown", true}, {"opt_out", "denied", false}, {"opt_out", "granted", true},
	} {
		t.Run(row.site+" "+row.word, func(t *testing.T) {
			t.Parallel()
			s := open(t, consent(row.site))
			for _, key := range []string{publicKey, secretKey} {
				a := s.caller(key).answered(object{"consent": row.word, "visitor": object{"id": "v1"}})
				if !row.remembered {
					nothing(t, s, a)
				} else if a.decision().Visitor.ID != "v1" {
					t.Errorf("with %.2s: %s", key, a.body)
				}
			}
			body := object{"consent": row.word, "visitor": object{"id": "v1"}, "events": list{object{"name": "look"}}}
			if row.remembered {
				s.browser().sends(body)
				return
			}
			var why struct {
				Error struct{ Details []rejection }
			}
			s.browser().post("/v1/events", body).is(http.StatusBadRequest).into(&why)
			if want := (rejection{0, "consent", noConsent}); len(why.Error.Details) != 1 || why.Error.Details[0] != want {
				t.Errorf("%+v", why.Error.Details)
			}
			same(t, "recorded", s.names(), []string{})
		})
	}
}

func TestEventsOfAVisitorWhoSaidNothingAreRefusedByName(t *testing.T) {
	t.Parallel()
	s := open(t, consent("opt_in"))
	d := s.browser().decide(object{"events": list{object{"name": "look"}}})
	if want := (rejection{0, "consent", noConsent}); len(d.Rejected) != 1 || d.Rejected[0] != want {
		t.Errorf("%+v", d.Rejected)
	}
}

// A shop's own server answers for the consent of those whose history it brings,
// but not against the visitor's own no.
func TestHistoryNeedsNoWordOfConsent(t *testing.T) {
	t.Parallel()
	s := open(t, consent("opt_in"))
	body := object{"visitor": object{"id": "v1"}, "events": list{object{"name": "look"}}}
	s.trusted().sends(body)
	body["consent"] = "denied"
	s.trusted().post("/v1/events", body).is(http.StatusBadRequest)
	same(t, "recorded", s.names(), []string{"look"})
}

func TestNoTakesTheCookieAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	first := b.decide(nil).Visitor.ID
	a := b.answered(object{"consent": "denied"})
	if d := a.decision(); d.Visitor.ID != "" || len(d.Decisions) != 0 {
		t.Errorf("%+v", d)
	}
	if cookie := a.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "omo_vid=; Path=/; Max-Age=0;") {
		t.Errorf("cookie %q", cookie)
	}
	if again := b.decide(nil).Visitor; again.ID == first || !again.New {
		t.Errorf("first %s, then %+v", first, again)
	}
}

// What asks nothing of the visitor comes without consent as well, and leaves no
// trace; what is known of a visitor from before is not read.
func TestWithoutConsentOnlyThePageDecides(t *testing.T) {
	t.Parallel()
	s := open(t, consent("opt_in"), func(o *opening) {
		o.files["campaigns/anybody.yaml"] = &fstest.MapFile{Data: []byte(`id: anybody
status: live
when: page.path == "/sale" && device.type == "desktop"
slot: sale
variants: [{id: a, weight: 1, action: {type: banner, title: t}}]
`)}
	})
	known := s.browser()
	known.decide(object{"consent": "granted", "visitor": object{"id": "v2"}})
	before := len(s.names())
	for _, b := range []caller{s.browser(), known} {
		for _, word := range []string{"", "unknown", "denied"} {
			body := object{"consent": word, "visitor": object{"id": "v1"}, "page": object{"url": "https://shop.example/sale"}}
			d := b.decide(body)
			if d.campaigns() != "anybody" || d.Visitor.ID != "" || d.Decisions[0].Variant != "a" {
				t.Errorf("%q: %+v", word, d)
			}
			body["page"] = object{"url": "https://shop.example/"}
			if d := b.decide(body); d.campaigns() != "" {
				t.Errorf("%q, elsewhere: %+v", word, d)
			}
		}
	}
	if after := len(s.names()); after != before {
		t.Errorf("%d events were recorded", after-before)
	}
	if p, err := s.engine.Profile("v1"); p != nil || err != nil {
		t.Errorf("a profile: %+v %v", p, err)
	}
}
