package api_test

import (
	"testing"
	"testing/fstest"
)

// A text may speak of its visitor: as a word of JSON, whatever the trait holds, to
// who is known to be who it says. An id alone may be anybody's: whoever has only that
// gets the word for strangers.
func TestTextsSpeakToWhoIsProven(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *opening) {
		o.files["campaigns/hello.yaml"] = &fstest.MapFile{Data: []byte(`id: hello
status: live
goal: {event: purchase}
variants:
  - id: a
    weight: 1
    action: {type: banner, title: '{{visitor.trait("plan") ?? "お客"}}さま、{{ visitor.trait("rank") ?? "はじめて" }}の方へ'}
`)}
	})
	greets := func(c caller, want string, body object) decision {
		t.Helper()
		d := c.decide(body)
		for _, one := range d.Decisions {
			if one.Campaign == "hello" && one.Action.Title == want {
				return d
			}
		}
		t.Errorf("%+v says no %q", d.Decisions, want)
		return d
	}
	const hostile = `"}</b>{{visitor.id}}\` + "\u2028"
	b := s.browser()
	v := greets(b, "お客さま、はじめての方へ", object{"consent": "granted"}).Visitor.ID
	greets(b, hostile+"さま、はじめての方へ", object{"consent": "granted", "visitor": object{"traits": object{"plan": hostile}}}) // by its cookie
	greets(s.browser(), "お客さま、はじめての方へ", object{"consent": "granted", "visitor": object{"id": v}})
	greets(s.browser(), "お客さま、はじめての方へ", object{"consent": "granted", "visitor": object{"id": v, "traits": object{"plan": "pro"}}})
	greets(s.trusted(), "proさま、はじめての方へ", object{"consent": "granted", "visitor": object{"id": v}})
	greets(s.browser(), "お客さま、goldの方へ", object{"consent": "granted", "identify": token(t, s, nil)})
	greets(b, "お客さま、はじめての方へ", object{"consent": "denied"})
}
