package main

import (
	"strings"
	"testing"
)

// What only some shops do is in the notices of those alone.
func TestTheNoticeTellsWhatTheCampaignsDo(t *testing.T) {
	t.Parallel()
	for language, texts := range map[string][]string{
		"ja": {"アンケートへの回答", "チャットや電話のご利用の有無", "お知らせメールの送付先", "hooks.partner.example を運営する者"},
		"en": {"answers to surveys", "whether a chat or a call was taken", "where reminders by e-mail are sent", "whoever runs hooks.partner.example"},
	} {
		var plain, all strings.Builder
		n := notice{Host: "omo.shop.example", Consent: "opt_in", CookieDays: 400, Keep: "760d"}
		if err := n.write(&plain, language); err != nil {
			t.Fatal(err)
		}
		n.Actions, n.Others = []string{"chat", "email", "survey", "webhook"}, []string{"hooks.partner.example"}
		if err := n.write(&all, language); err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if strings.Contains(plain.String(), text) || !strings.Contains(all.String(), text) {
				t.Errorf("%s: %q\n%s", language, text, all.String())
			}
		}
	}
}
