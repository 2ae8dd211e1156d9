package api_test

import (
	"net/http"
	"strings"
	"testing"
)

type reasons struct {
	Language, Lead string
	Campaigns      []struct{ Campaign, Name, Reason string }
	Data           []string
}

func (c caller) why(body object) reasons {
	var out reasons
	c.post("/v1/why", body).is(http.StatusOK).into(&out)
	return out
}

func TestAVisitorIsToldWhy(t *testing.T) {
	t.Parallel()
	s := open(t, edit("campaigns/quiet.yaml", "{id: control, weight: 1}", "{id: control, weight: 1}\n  - {id: b, weight: 1, action: {type: banner, title: t}}"))
	b := s.browser()
	b.decide(object{"consent": "granted"}) // the cookie is the jar's from now on
	const visit = "このサイトでのあなたの行動をもとに選んで表示しています。"
	for _, row := range []struct {
		campaign, name, reason, data string
	}{
		{"welcome", "はじめての方へ", visit, "これまでの訪問と購入、会員情報"},
		{"quiet", "何も見せない", visit + "役に立つかどうかを確かめるため、一部の方には違う内容を表示するか、何も表示しません。", "今回の訪問（どこから来て、どれだけ見たか）"},
		{"leaving", "", "いまご覧のページや時間、端末の種類などから選んで表示しています。これまでの行動は使っていません。", "端末とブラウザの種類"},
	} {
		got := b.why(object{"campaigns": list{row.campaign}, "consent": "granted", "language": "ja-JP"})
		if len(got.Campaigns) != 1 || got.Campaigns[0].Campaign != row.campaign || got.Campaigns[0].Name != row.name || got.Campaigns[0].Reason != row.reason {
			t.Errorf("%s: %+v", row.campaign, got.Campaigns)
		}
		if strings.Join(got.Data, ",") != row.data || got.Language != "ja" || !strings.Contains(got.Lead, "ほかのサイトでの行動は使いません") {
			t.Errorf("%s: %+v", row.campaign, got)
		}
	}
	english := b.why(object{"campaigns": list{"welcome", "leaving"}, "consent": "granted", "language": "fr"})
	if english.Language != "en" || len(english.Campaigns) != 2 || strings.Join(english.Data, "; ") != "your visits and purchases so far, and your membership; the kind of device and browser" {
		t.Errorf("%+v", english)
	}
}

// Without the cookie's proof there is no name, without consent no visitor, and
// of what is not live there is nothing.
func TestWhyTellsNobodyElse(t *testing.T) {
	t.Parallel()
	s := open(t, previewing, edit("campaigns/quiet.yaml", "status: live", "status: paused"))
	v := s.browser().decide(object{"consent": "granted"}).Visitor.ID
	got := s.browser().why(object{"visitor": object{"id": v}, "campaigns": list{"welcome", "quiet", "autumn", "nothing"}, "consent": "unknown", "language": "en"})
	if len(got.Campaigns) != 1 || got.Campaigns[0].Campaign != "welcome" || got.Campaigns[0].Name != "" {
		t.Errorf("%+v", got.Campaigns)
	}
	for consent, want := range map[string]string{"denied": "Recording is off", "granted": "This site chooses"} {
		if got := s.browser().why(object{"consent": consent}); !strings.HasPrefix(got.Lead, want) || len(got.Campaigns)+len(got.Data) != 0 {
			t.Errorf("%s: %+v", consent, got)
		}
	}
	if got := open(t, consent("opt_in")).browser().why(object{"campaigns": nil}); !strings.HasPrefix(got.Lead, "You have not agreed") {
		t.Errorf("%+v", got)
	}
	// Who was known, and says no, is not looked up: neither by its cookie nor by the shop's server.
	b := s.browser()
	known := b.decide(object{"consent": "granted"}).Visitor.ID
	for consent, want := range map[string]string{"granted": "はじめての方へ", "denied": ""} {
		if got := b.why(object{"campaigns": list{"welcome"}, "consent": consent}); got.Campaigns[0].Name != want {
			t.Errorf("%s: its name is %q, want %q", consent, got.Campaigns[0].Name, want)
		}
		if got := s.trusted().why(object{"visitor": object{"id": known}, "campaigns": list{"welcome"}, "consent": consent}); got.Campaigns[0].Name != want {
			t.Errorf("%s, by the shop's server: its name is %q, want %q", consent, got.Campaigns[0].Name, want)
		}
	}
	before := s.ledger.Last()
	s.browser().why(object{"campaigns": list{"welcome"}, "consent": "granted"})
	if s.ledger.Last() != before {
		t.Error("the question was recorded")
	}
	many := make(list, 21)
	for i := range many {
		many[i] = "welcome"
	}
	s.browser().post("/v1/why", object{"campaigns": many}).says(http.StatusRequestEntityTooLarge, "too_large", "campaigns has 21, at most 20 are taken at a time")
	s.browser().post("/v1/why", object{"consent": "maybe"}).is(http.StatusBadRequest)
}
