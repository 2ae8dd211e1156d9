package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// withChat adds a campaign that offers everybody a chat, or nobody by its rule, and has a
// control for none.
func withChat(when string) option { return chatFor(when, 100) }

// chatFor is it for that many of a hundred, and control for the others.
func chatFor(when string, talk int) option {
	return func(o *opening) {
		o.files["campaigns/help.yaml"] = &fstest.MapFile{Data: []byte("id: help\nname: ご相談\nstatus: live\nwhen: " + when + "\nslot: corner\nvariants:\n  - {id: control, weight: " + strconv.Itoa(100-talk) + "}\n  - {id: talk, weight: " + strconv.Itoa(talk) + ", action: {type: chat, title: スタッフがご案内します, channels: [{type: phone, label: 電話する, link: \"tel:0312345678\"}]}}\n")}
	}
}

// told is what an event says of a campaign: state, campaign, variant, phase.
func told(t *testing.T, e ingest.Event) string {
	t.Helper()
	var says struct{ State, Campaign, Variant, Phase string }
	if err := json.Unmarshal(e.Properties, &says); err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{says.State, says.Campaign, says.Variant, says.Phase}, " ")
}

// A person invites one visitor: the next decision brings the chat, once, whatever
// the campaign's rule and variant; the rules' own decision is logged as without it.
func TestInvitation(t *testing.T) {
	t.Parallel()
	_, p := staffed(t)
	s := open(t, withChat("visitor.visits > 100"), options(func(o *api.Options) { o.People = p }))
	in := s.trusted()
	in.visits("ann", "/cart", "かご", cart(12_000))
	in.visits("bob", "/", "")
	before := len(s.recorded())
	view, c := s.as("view"), s.as("edit")
	if page := string(view.get("/ui/live").body); strings.Contains(page, "招待する") {
		t.Error("who may only look is offered to invite")
	}
	if page := string(c.get("/ui/live").body); !strings.Contains(page, `<option value="help">ご相談</option>`) || !strings.Contains(page, `<button form="invite" name="visitor" value="ann" aria-label="ann を招待する">`) {
		t.Errorf("nobody can be invited: %s", page)
	}
	view.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").is(http.StatusForbidden)
	c.submits("/ui/live/invite", "visitor", "nobody", "campaign", "help").is(http.StatusNotFound)
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "welcome").is(http.StatusNotFound)
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help", "query", "cart=1").goes("/ui/live?cart=1#v1")
	if row := c.get("/ui/live").row("熱さ 3/5 ann"); !strings.HasSuffix(row, "招待中 edit") {
		t.Errorf("the row is %s", row)
	}
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").says(http.StatusConflict, "already_invited", "edit has invited the visitor to help: another invitation can follow in 10m0s")
	// Not the other visitor.
	if got := in.visits("bob", "/", "").campaigns(); strings.Contains(got, "help") {
		t.Errorf("bob gets %s", got)
	}
	in.visits("ann", "/items/1", "") // whose answer is lost
	d := in.visits("ann", "/items/1", "")
	first := d.Decisions[0]
	if first.Campaign != "help" || first.Variant != "talk" || first.Control || first.Armed || first.Slot != "corner" || first.Action == nil || first.Action.Title != "スタッフがご案内します" {
		t.Fatalf("the answer is %+v", d.Decisions)
	}
	if row := c.get("/ui/live").row("熱さ 3/5 ann"); !strings.HasSuffix(row, "招待中 edit") {
		t.Errorf("before she has seen it the row is %s", row)
	}

	// The exposure is taken, and is of no phase of the campaign's.
	exposed(s.browser(), "ann", d, "help")
	if again := in.visits("ann", "/items/2", "").campaigns(); strings.Contains(again, "help") {
		t.Errorf("it comes again: %s", again)
	}
	if row := c.get("/ui/live").row("熱さ 3/5 ann"); !strings.HasSuffix(row, "招待済み edit") {
		t.Errorf("the row is %s", row)
	}
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").is(http.StatusConflict)
	profile, err := s.engine.Profile("ann")
	if err != nil {
		t.Fatal(err)
	}
	if x := profile.Campaigns["help"]; x == nil || x.Count != 1 || len(x.Spends) != 1 || x.First != 0 || x.Phase != "" {
		t.Errorf("the campaign has been %+v to her", x)
	}
	var log []string
	for _, r := range s.recorded()[before:] {
		switch e := r.Event; e.Name {
		case ingest.Audit:
			change, _ := engine.ReadChange(&e)
			log = append(log, change.What+" "+change.Of+" by "+change.Who)
		case ingest.Chat, ingest.Exposure:
			log = append(log, e.Name+" "+e.Visitor+" "+told(t, e))
		case ingest.Decision:
			if slices.ContainsFunc(e.Props.Outcomes, func(o ingest.Outcome) bool { return o.Campaign == "help" }) {
				t.Errorf("the decision tells of it: %+v", e.Props.Outcomes)
			}
		}
	}
	if want := []string{"invite help by edit", "omo_chat ann invited help talk invited", "omo_exposure ann  help talk invited"}; !slices.Equal(log, want) {
		t.Errorf("the log is %q, want %q", log, want)
	}
}

// Who is of the holdout is not invited, and who has been asked ten minutes ago and
// has not come is not surprised.
func TestInvitationsThatAreNot(t *testing.T) {
	t.Parallel()
	s := open(t, withChat("true"), edit("site.yaml", "timezone", "holdout: 100%\ntimezone"))
	c := s.trusted()
	c.visits("ann", "/", "")
	if page := string(c.get("/ui/live").body); strings.Contains(page, "招待する</button>") {
		t.Error("the holdout can be invited")
	}
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").says(http.StatusConflict, "in_holdout", "the visitor is of the holdout, whom nothing is shown: what all campaigns together bring is measured by them")

	s = open(t, withChat("visitor.visits > 100"))
	c = s.trusted()
	c.visits("ann", "/", "")
	c.submits("/ui/live/invite", "visitor", "ann", "campaign", "help").goes("/ui/live#v1")
	s.clock.pass(10 * time.Minute)
	if d := c.visits("ann", "/", ""); slices.ContainsFunc(d.Decisions, func(o struct {
		Campaign, Variant, Slot, Token string
		Control, Armed                 bool
		On                             []string
		Action                         *struct{ Type, Title, Code string }
	}) bool {
		return o.Action != nil && o.Campaign == "help"
	}) {
		t.Errorf("after ten minutes she gets %+v", d.Decisions)
	}
}

// While somebody is on duty pages are asked for heartbeats: these keep a visitor on
// the screen, and say that an invitation waits.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	s := open(t, withChat("visitor.visits > 100"))
	c := s.browser()
	beat := func() string { return string(c.post("/v1/heartbeat", object{}).is(http.StatusOK).body) }
	if d := c.decide(object{"consent": "granted"}); strings.Contains(d.campaigns(), "omo:invitation") {
		t.Errorf("with nobody on duty: %s", d.campaigns())
	}
	s.trusted().do(http.MethodPut, "/v1/operators/mika", object{"online": true}).is(http.StatusOK)
	d := c.decide(object{"consent": "granted"})
	last := d.Decisions[len(d.Decisions)-1]
	if last.Campaign != "omo:invitation" || !last.Armed || !slices.Equal(last.On, []string{"invited:15s"}) {
		t.Errorf("the answer has %+v", last)
	}
	if d := s.trusted().visits("bob", "/", ""); strings.Contains(d.campaigns(), "omo:invitation") {
		t.Error("a server is asked for heartbeats")
	}
	visitor := d.Visitor.ID
	if got := beat(); got != `{"invited":false}` {
		t.Errorf("without an invitation: %s", got)
	}
	s.clock.pass(4 * time.Minute)
	beat()
	s.clock.pass(4 * time.Minute)
	if page := string(s.trusted().get("/ui/live?idle=480").body); !strings.Contains(page, `href="/ui/visitors/`+visitor+`"`) {
		t.Error("the visitor is gone, or not silent, though the page is looked at")
	}
	s.trusted().submits("/ui/live/invite", "visitor", visitor, "campaign", "help").is(http.StatusSeeOther)
	if got := beat(); got != `{"invited":true}` {
		t.Errorf("with an invitation: %s", got)
	}
	d = c.decide(object{"consent": "granted", "page_view": false, "trigger": "invited:15s"})
	if got := d.campaigns(); got != "help" {
		t.Errorf("asked for it, it is %s", got)
	}
	if got := beat(); got != `{"invited":true}` {
		t.Errorf("before it was seen: %s", got)
	}
	exposed(c, visitor, d, "help")
	if got := beat(); got != `{"invited":false}` {
		t.Errorf("after it was seen: %s", got)
	}
	c.with("Authorization", "").post("/v1/heartbeat", object{}).is(http.StatusUnauthorized)
}

// The invitation reaches a page that is just looked at, is shown, and what the
// visitor does with it comes back.
func TestInvitationReachesAnOpenPage(t *testing.T) {
	t.Parallel()
	p := sits(t, withChat("visitor.visits > 100"), options(func(o *api.Options) { o.OpenDashboard, o.Heartbeats, o.Now = true, 200*time.Millisecond, time.Now }))
	p.trusted().do(http.MethodPut, "/v1/operators/mika", object{"online": true}).is(http.StatusOK)
	p.goes(p.page + "/cart")
	p.sees(`performance.getEntriesByType("resource").some((r) => r.name.includes("/v1/heartbeat"))`, "true")
	names := p.names()
	visitor := ""
	for _, r := range p.recorded() {
		visitor = r.Event.Visitor
	}
	p.trusted().submits("/ui/live/invite", "visitor", visitor, "campaign", "help").is(http.StatusSeeOther)
	const all = `[...document.querySelectorAll("omo-action")]`
	p.sees(all+`.map((one) => one.shadowRoot.textContent).join()`, "スタッフがご案内します")
	p.does(`addEventListener("click", (e) => e.preventDefault(), true); ` + all + `.map((one) => one.shadowRoot.querySelector('a[href^="tel:"]')).find((a) => a).click()`)
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var log []string
		for _, r := range p.recorded()[len(names):] {
			if e := r.Event; e.Name == ingest.Chat || e.Name == ingest.Exposure {
				log = append(log, e.Name+" "+told(t, e))
			}
		}
		slices.Sort(log)
		log = slices.DeleteFunc(log, func(one string) bool { return !strings.Contains(one, " help ") }) // the page's own banner may come late
		if slices.Equal(log, []string{"omo_chat accepted help talk invited", "omo_chat invited help talk invited", "omo_chat offered help talk invited", "omo_exposure  help talk invited"}) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("recorded %q", log)
		}
	}
	if err := chromedp.Do(p.tab, chromedp.Navigate("about:blank")); err != nil {
		t.Error(err)
	}
}
