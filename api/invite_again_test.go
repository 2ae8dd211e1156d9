package api_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/rules"
)

// exposed tells that what a decision offers of a campaign was seen.
func exposed(c caller, visitor string, d decision, campaign string) {
	c.shop.t.Helper()
	for _, o := range d.Decisions {
		if o.Campaign == campaign && !o.Armed {
			c.post("/v1/events", object{"visitor": object{"id": visitor}, "consent": "granted", "events": list{object{"name": "omo_exposure", "properties": object{
				"campaign": campaign, "variant": o.Variant, "decision_id": d.DecisionID, "token": o.Token, "slot": o.Slot}}}}).is(http.StatusOK)
			return
		}
	}
	c.shop.t.Fatalf("%s is not among %+v", campaign, d.Decisions)
}

// What held when a person clicked is looked at again when the invitation is handed
// out: the campaign, the holdout, and what the visitor is counted in.
func TestInvitationIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	for what, meanwhile := range map[string]func(*shop, decision){
		"nothing": nil,
		"a pause": func(s *shop, _ decision) {
			s.trusted().post("/v1/campaigns/help/pause", object{}).is(http.StatusOK)
		},
		"the holdout": func(s *shop, _ decision) {
			uses(s, withChat("true"), edit("site.yaml", "timezone", "holdout: 100%\ntimezone"))
		},
		"control": func(s *shop, _ decision) { uses(s, chatFor("true", 1)) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := open(t, withChat("true"))
			c := s.trusted()
			d := c.visits("ann", "/", "")
			c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").goes("/ui/live#v1")
			if meanwhile != nil {
				meanwhile(s, d)
			}
			beat := string(c.post("/v1/heartbeat", object{"visitor": object{"id": "ann"}}).is(http.StatusOK).body)
			if want := `{"invited":` + map[bool]string{true: "true", false: "false"}[meanwhile == nil] + "}"; beat != want {
				t.Errorf("a page is told %s, want %s", beat, want)
			}
			if got := chatIn(c.visits("ann", "/", "")); got != (meanwhile == nil) {
				t.Errorf("the chat comes: %t", got)
			}
		})
	}
}

// An invitation that would not be handed out any more leaves room for another one;
// one that was seen does not.
func TestInvitationToWhatIsGoneLeavesRoom(t *testing.T) {
	t.Parallel()
	other := func(o *opening) {
		withChat("visitor.visits > 100")(o)
		text := strings.ReplaceAll(string(o.files["campaigns/help.yaml"].Data), "id: help", "id: other")
		o.files["campaigns/other.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(text, "slot: corner", "slot: side", 1))}
	}
	s := open(t, other)
	c := s.trusted()
	c.visits("ann", "/", "")
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").is(http.StatusSeeOther)
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "other").is(http.StatusConflict)
	c.post("/v1/campaigns/help/pause", object{}).is(http.StatusOK)
	if page := string(c.with("Accept-Language", "ja").get("/ui/live").body); !strings.Contains(page, "招待する</button>") || strings.Contains(page, "招待中") {
		t.Error("who waits for nothing cannot be invited")
	}
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "other").is(http.StatusSeeOther)
	d := c.visits("ann", "/", "")
	if d.Decisions[0].Campaign != "other" {
		t.Fatalf("she gets %+v", d.Decisions)
	}
	exposed(s.browser(), "ann", d, "other")
	c.post("/v1/campaigns/help/resume", object{}).is(http.StatusOK)
	c.post("/v1/campaigns/other/pause", object{}).is(http.StatusOK)
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").is(http.StatusConflict)
}

// uses puts the shop's rules with these changes in place.
func uses(s *shop, changes ...option) {
	s.t.Helper()
	o := opening{files: folder(s.t)}
	for _, change := range changes {
		change(&o)
	}
	set, _ := rules.Load(o.files)
	if err := s.engine.Use(set, s.clock.Now()); err != nil {
		s.t.Fatal(err)
	}
}

// chatIn says whether an answer opens the chat.
func chatIn(d decision) bool {
	for _, o := range d.Decisions {
		if o.Campaign == "help" && o.Action != nil && o.Action.Type == "chat" {
			return true
		}
	}
	return false
}

// Control stays untreated: who is counted in it is not invited, nor who would be, even
// if the share of traffic leaves them out yet.
func TestControlIsNotInvited(t *testing.T) {
	t.Parallel()
	s := open(t, chatFor("true", 1))
	c := s.trusted()
	c.visits("bob", "/", "")
	c.submits("/ui/live/invite", "visitor", "bob", "campaign", "help").says(http.StatusConflict, "in_control", "the visitor will be counted in variant control of help, should it come to that, and the chat is that of talk: what the campaign brings is measured by those whom it did not come to")
	outside := open(t, chatFor("true", 1), edit("campaigns/help.yaml", "slot:", "traffic: 0%\nslot:"))
	outside.trusted().visits("bob", "/", "")
	outside.trusted().submits("/ui/live/invite", "visitor", "bob", "campaign", "help").says(http.StatusConflict, "in_control", "the visitor will be counted in variant control of help, should it come to that, and the chat is that of talk: what the campaign brings is measured by those whom it did not come to")
	exposed(s.browser(), "ann", c.visits("ann", "/", ""), "help")
	invite := c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help")
	invite.says(http.StatusConflict, "in_control", "the visitor is counted in variant control of help, and the chat is that of talk: what the campaign brings is measured by those whom it did not come to")
	for language, want := range map[string]string{"ja": "未実施か別のパターンとして数えられているため招待できません", "en": "is counted in control, or in another variant of this campaign"} {
		page := c.with("Accept", "text/html").with("Accept-Language", language).submits("/ui/live/invite", "visitor", "ann", "campaign", "help").is(http.StatusConflict)
		if !strings.Contains(string(page.body), want) {
			t.Errorf("%s: %s", language, page.body)
		}
	}
}

// Campaigns of a layer never meet the same visitor, by an invitation neither.
func TestLayerIsNotInvited(t *testing.T) {
	t.Parallel()
	both := func(layer string) option {
		return func(o *opening) {
			withChat("true")(o)
			text := strings.Replace(string(o.files["campaigns/help.yaml"].Data), "slot:", layer+"slot:", 1)
			o.files["campaigns/help.yaml"] = &fstest.MapFile{Data: []byte(text)}
			o.files["campaigns/other.yaml"] = &fstest.MapFile{Data: []byte(strings.NewReplacer("id: help", "id: other", "slot: corner", "slot: side").Replace(text))}
		}
	}
	const why = "campaigns of a layer never meet the same visitor, and help is not this visitor's: "
	s := open(t, both("layer: chats\n"))
	c := s.trusted()
	drawn := map[string]string{"help": "", "other": ""}
	for _, visitor := range strings.Fields("v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12") {
		drawn[c.visits(visitor, "/", "").Decisions[0].Campaign] = visitor
	}
	c.submits("/ui/live/invite", "visitor", drawn["help"], "campaign", "help").is(http.StatusSeeOther)
	c.submits("/ui/live/invite", "visitor", drawn["other"], "campaign", "help").says(http.StatusConflict, "in_layer", why+"other of the layer chats")
	c.submits("/ui/live/invite", "visitor", drawn["other"], "campaign", "other").is(http.StatusSeeOther)

	s = open(t, both(""))
	c = s.trusted()
	seen := c.visits(drawn["help"], "/", "") // both, for there is no layer yet
	c.submits("/ui/live/invite", "visitor", drawn["help"], "campaign", "help").is(http.StatusSeeOther)
	exposed(s.browser(), drawn["help"], seen, "other")
	s.clock.pass(time.Minute) // nothing is held for the page any more
	uses(s, both("layer: chats\n"))
	if d := c.visits(drawn["help"], "/", ""); chatIn(d) {
		t.Errorf("the chat comes to whom the other came: %+v", d.Decisions)
	}
	c.submits("/ui/live/invite", "visitor", drawn["help"], "campaign", "help").says(http.StatusConflict, "in_layer", why+"other of the layer chats")
}

// Where the browser changes hands, the invitation of the one does not go to the other.
func TestInvitationStaysWithItsVisitor(t *testing.T) {
	t.Parallel()
	s := open(t, withChat("visitor.visits > 100"))
	b := s.browser()
	ann := b.decide(object{"identify": token(t, s, nil)}).Visitor.ID
	s.trusted().submits("/ui/live/invite", "visitor", ann, "campaign", "help").is(http.StatusSeeOther)
	d := b.decide(object{"identify": token(t, s, func(c jwt.MapClaims) { c["sub"] = "u2" })})
	if d.Visitor.ID == ann || chatIn(d) {
		t.Errorf("%s gets %s's chat: %t", d.Visitor.ID, ann, chatIn(d))
	}
	if !chatIn(s.trusted().visits(ann, "/", "")) {
		t.Error("the invitation is gone")
	}
}

// Who says no leaves the live screen at once, and is not invited after a later yes.
func TestDeniedConsentLeavesTheLiveScreen(t *testing.T) {
	t.Parallel()
	for what, denies := range map[string]func(b caller, visitor string){
		"decide": func(b caller, _ string) { b.decide(object{"consent": "denied"}) },
		"events": func(b caller, _ string) {
			b.post("/v1/events", object{"consent": "denied", "events": list{object{"name": "look"}}})
		},
		"an event of its own": func(b caller, visitor string) {
			b.shop.trusted().post("/v1/events", object{"consent": "denied", "events": list{object{"name": "look", "visitor": object{"id": visitor}}}})
		},
		"a server beside others": func(b caller, visitor string) {
			b.shop.trusted().post("/v1/batch", object{"batch": list{
				object{"type": "track", "event": "look", "anonymousId": "somebody"},
				object{"type": "track", "event": "look", "anonymousId": visitor, "context": object{"consent": object{"categoryPreferences": object{"Advertising": false}}}},
			}})
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := open(t, withChat("visitor.visits > 100"))
			b, c := s.browser(), s.trusted()
			visitor := b.decide(object{"consent": "granted"}).Visitor.ID
			here := func() bool { return strings.Contains(string(c.get("/ui/live").body), "/ui/visitors/"+visitor) }
			c.submits("/ui/live/invite", "visitor", visitor, "campaign", "help").is(http.StatusSeeOther)
			if !here() {
				t.Fatal("not on the screen before")
			}
			if denies(b, visitor); here() {
				t.Error("still on the screen")
			}
			if d := c.visits(visitor, "/", ""); chatIn(d) || !here() {
				t.Errorf("after a later yes: invited %t, on the screen %t", chatIn(d), here())
			}
		})
	}
}

// History that tells of a no, and a page that names another visitor than its own,
// take nobody off the live screen.
func TestDenialOfBeforeOrOfAnotherIsNoNews(t *testing.T) {
	t.Parallel()
	for what, says := range map[string]func(s *shop){
		"history": func(s *shop) {
			s.trusted().post("/v1/events", object{"consent": "denied", "events": list{object{"name": "look", "time": s.clock.Now().Add(-31 * time.Minute).UnixMilli(), "visitor": object{"id": "ann"}}}})
		},
		"history of the batch's visitor": func(s *shop) {
			s.trusted().post("/v1/events", object{"consent": "denied", "visitor": object{"id": "ann"}, "events": list{object{"name": "look", "time": s.clock.Now().Add(-31 * time.Minute).UnixMilli()}}})
		},
		"a page without a cookie": func(s *shop) {
			s.browser().post("/v1/events", object{"consent": "denied", "visitor": object{"id": "ann"}, "events": list{object{"name": "look"}}})
		},
		"another's page": func(s *shop) {
			b := s.browser()
			b.decide(object{"consent": "granted"})
			b.post("/v1/events", object{"consent": "denied", "events": list{object{"name": "look", "visitor": object{"id": "ann"}}}})
		},
		"a page, in Segment's form": func(s *shop) {
			s.browser().post("/v1/batch", object{"batch": list{object{"type": "track", "event": "look", "anonymousId": "ann", "context": object{"consent": object{"categoryPreferences": object{"Advertising": false}}}}}})
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := open(t, withChat("visitor.visits > 100"))
			s.trusted().visits("ann", "/", "")
			if says(s); !strings.Contains(string(s.trusted().get("/ui/live").body), "/ui/visitors/ann") {
				t.Error("she is off the screen")
			}
		})
	}
}

// A heartbeat of an erased visitor's page keeps nobody on the screen.
func TestHeartbeatOfTheErased(t *testing.T) {
	t.Parallel()
	s := open(t, withChat("visitor.visits > 100"))
	c := s.trusted()
	c.visits("ann", "/", "")
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").is(http.StatusSeeOther)
	if _, err := s.engine.Erase([]string{"ann"}, s.clock.Now()); err != nil { // by another process of the shop
		t.Fatal(err)
	}
	if got := string(s.browser().post("/v1/heartbeat", object{"visitor": object{"id": "ann"}}).is(http.StatusOK).body); got != `{"invited":false}` {
		t.Errorf("the page is told %s", got)
	}
	if strings.Contains(string(c.get("/ui/live").body), "/ui/visitors/ann") {
		t.Error("still on the screen")
	}
}

// Under Consent Mode a page beats from the yes to the no. What is asked for after a
// beat and gets lost is asked for again, and opens though its campaign is armed on
// the page, where it waits no more.
func TestHeartbeatGoesOnWithConsent(t *testing.T) {
	t.Parallel()
	p := sits(t, withChat("true\non: {event: look}"), options(func(o *api.Options) { o.OpenDashboard, o.Heartbeats, o.Now = true, 200*time.Millisecond, time.Now }))
	p.trusted().do(http.MethodPut, "/v1/operators/mika", object{"online": true}).is(http.StatusOK)
	p.goes(p.page + "/cart?consent=gcm")
	p.does(`window.asked = []; const real = fetch; window.fetch = (url, o) => {
		const path = new URL(url).pathname, trigger = JSON.parse(o.body).trigger || "";
		asked.push(path + " " + trigger);
		return trigger.startsWith("invited:") && asked.filter((one) => one.includes("invited:")).length === 1 ? Promise.reject(new Error("lost")) : real(url, o);
	};
	window.beats = () => asked.filter((one) => one.includes("heartbeat")).length;
	window.gtag = function () { dataLayer.push(arguments) }; gtag("consent", "default", {personalization_storage: "denied"});
	setTimeout(() => window.waited = beats(), 700)`)
	p.sees(`window.waited`, "0")
	p.does(`gtag("consent", "update", {personalization_storage: "granted"})`)
	p.sees(`beats() > 0`, "true")
	visitor := ""
	for _, r := range p.recorded() {
		if r.Event.Visitor != "" {
			visitor = r.Event.Visitor
		}
	}
	p.trusted().submits("/ui/live/invite", "visitor", visitor, "campaign", "help").is(http.StatusSeeOther)
	p.sees(`[...document.querySelectorAll("omo-action")].map((one) => one.shadowRoot.textContent).join()`, "スタッフがご案内します")
	p.sees(`asked.filter((one) => one === "/v1/decide invited:200ms").length >= 2`, "true")
	p.sees(`window.upTo ??= beats(), beats() > window.upTo + 1`, "true")
	p.does(`omo("track", "look")
	gtag("consent", "update", {personalization_storage: "denied"}); window.said = beats(); setTimeout(() => window.silent = beats() - said, 900)`)
	p.sees(`window.silent`, "0")
	p.sees(`asked.some((one) => one.endsWith(" look"))`, "false")
}
