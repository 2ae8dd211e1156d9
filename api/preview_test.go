package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// previewing adds a draft with a pool and two variants to the shop's rules.
func previewing(o *opening) {
	o.files["campaigns/draft.yaml"] = &fstest.MapFile{Data: []byte(`id: autumn
name: 秋の準備
on: exit_intent
when: visitor.revenue > 100000
slot: modal
variants:
  - {id: control, weight: 50}
  - {id: code, weight: 25, action: {type: coupon, pool: autumn, title: 秋の10%OFF, expires: 24h}}
  - {id: words, weight: 25, action: {type: banner, title: 秋が来ました, position: top}}
`)}
	o.files["coupons/autumn.csv"] = &fstest.MapFile{Data: []byte("code\nA-1111\n")}
}

type link struct {
	Campaign, Variant, Link string
	ExpiresAt               time.Time `json:"expires_at"`
}

func (l link) token(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(l.Link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("omo_preview")
}

type preview struct {
	Problem, Campaign, Name, Status, Variant, Reason string
	On                                               []string
	Code                                             bool
	Variants                                         []struct {
		ID, Token string
		Control   bool
	}
}

func (s *shop) link(body object) link {
	var out link
	s.trusted().post("/v1/preview", body).is(http.StatusOK).into(&out)
	return out
}

func previewOf(a answer) preview {
	var out struct{ Preview preview }
	a.is(http.StatusOK).into(&out)
	return out.Preview
}

func TestAPreviewShowsItsVariantAndLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	l := s.link(object{"campaign": "autumn", "page": "https://shop.example/cart?q=茶&x=1#top"})
	if l.Campaign != "autumn" || l.Variant != "code" || !l.ExpiresAt.Equal(s.clock.Now().Add(time.Hour)) {
		t.Errorf("%+v", l)
	}
	u, err := url.Parse(l.Link)
	if err != nil || u.Path != "/cart" || u.Query().Get("q") != "茶" || u.Query().Get("x") != "1" || u.Fragment != "top" {
		t.Errorf("the page's own address is %s", l.Link)
	}

	before := s.ledger.Last()
	a := s.browser().answered(object{"consent": "granted", "preview": l.token(t)})
	d, p := a.decision(), previewOf(a)
	if d.campaigns() != "autumn" || d.Decisions[0].Variant != "code" || d.Decisions[0].Armed || d.Decisions[0].Token != "" || d.Decisions[0].Action.Code != "SAMPLE-CODE" {
		t.Errorf("%s", a.body)
	}
	if d.Visitor.ID != "" || a.header.Get("Set-Cookie") != "" {
		t.Errorf("a visitor was made: %+v, %q", d.Visitor, a.header.Get("Set-Cookie"))
	}
	if p.Campaign != "autumn" || p.Name != "秋の準備" || p.Status != "draft" || p.Variant != "code" || p.Reason != "not_live" || !p.Code || strings.Join(p.On, " ") != "exit_intent" {
		t.Errorf("%+v", p)
	}
	var words []string
	for _, v := range p.Variants {
		again := s.browser().answered(object{"preview": v.Token})
		d := again.decision()
		words = append(words, d.Decisions[0].Variant)
		if d.Decisions[0].Control != v.Control || d.Decisions[0].Variant != v.ID {
			t.Errorf("%s: %s", v.ID, again.body)
		}
	}
	same(t, "variants", words, []string{"control", "code", "words"})
	if s.ledger.Last() != before {
		t.Error("a preview was recorded")
	}
	// What a page claims of it is refused: nothing was offered.
	s.browser().post("/v1/events", object{"visitor": object{"id": "v1"}, "consent": "granted", "events": list{object{
		"name": "omo_exposure", "properties": object{"campaign": "autumn", "variant": "code", "decision_id": "d1"},
	}}}).is(http.StatusBadRequest)
	if left := s.engine.CouponsLeft("autumn"); left != 1 {
		t.Errorf("%d codes are left", left)
	}
}

// The gate that would have stopped it is told, and none to whom it is for.
func TestAPreviewSaysWhetherThisVisitorWouldGetIt(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	for _, row := range []struct {
		campaign, page, trigger, consent, want string
	}{
		{"welcome", "https://shop.example/", "", "granted", ""},
		{"leaving", "https://shop.example/cart", "", "granted", ""},
		{"leaving", "https://shop.example/", "", "granted", "page"},
		{"big-cart", "https://shop.example/", "", "granted", "rule_false"},
		{"welcome", "https://shop.example/", "", "denied", "consent"},
	} {
		l := s.link(object{"campaign": row.campaign, "page": row.page})
		p := previewOf(s.browser().answered(object{"consent": row.consent, "page": object{"url": row.page}, "preview": l.token(t)}))
		if p.Reason != row.want || p.Campaign != row.campaign {
			t.Errorf("%s on %s with %s: %+v, want %q", row.campaign, row.page, row.consent, p, row.want)
		}
	}
}

// What this server did not sign is no preview: the visit is a visit like any other.
func TestABadPreviewIsNone(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	good := s.link(object{"campaign": "autumn", "variant": "words", "page": "https://shop.example/"}).token(t)
	cookie := s.browser().answered(object{"consent": "granted"}).header.Get("Set-Cookie")
	_, value, _ := strings.Cut(strings.SplitN(cookie, ";", 2)[0], "=")
	for _, token := range []string{
		"x", "...", value, strings.Replace(good, "words", "code", 1), good + "A", good[:len(good)-1], strings.Repeat("autumn.", 9), "autumn.words.soon" + good[strings.LastIndexByte(good, '.'):],
	} {
		before := s.ledger.Last()
		a := s.browser().answered(object{"consent": "granted", "preview": token})
		if strings.Contains(string(a.body), `"preview"`) || len(a.decision().Decisions) == 0 || s.ledger.Last() == before {
			t.Errorf("%s: %s", token, a.body)
		}
	}
	before := s.ledger.Last()
	s.clock.pass(time.Hour)
	if p := previewOf(s.browser().answered(object{"preview": good})); p.Problem != "expired" {
		t.Errorf("after an hour: %+v", p)
	}
	if s.ledger.Last() != before {
		t.Error("a bad preview was recorded")
	}
	s.browser().post("/v1/decide", object{"page": object{"url": "https://shop.example/"}, "preview": good, "events": list{object{"name": "look"}}}).
		says(http.StatusBadRequest, "bad_request", "events do not go with a preview, which records nothing: send them to /v1/events")
}

// A page that is left before decide has answered sends what it has with the
// token: the server knows, also long after, what is a preview's and what is not.
func TestEventsOfAPreviewAreNotTakenAndThoseWithJunkAre(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	good := s.link(object{"campaign": "autumn", "variant": "words", "page": "https://shop.example/"}).token(t)
	s.clock.pass(2 * time.Hour)
	told := func(names ...string) object {
		events := list{}
		for _, name := range names {
			events = append(events, object{"name": name, "preview": map[string]string{"real": good, "junk": good + "A"}[name]})
		}
		return object{"visitor": object{"id": "v1"}, "consent": "granted", "events": events}
	}
	var out struct {
		Accepted int
		Rejected []rejection
	}
	s.browser().post("/v1/events", told("real", "junk", "plain")).is(http.StatusOK).into(&out)
	want := rejection{0, "preview", "the event is of a preview, of which nothing is recorded: leave it away"}
	if out.Accepted != 2 || len(out.Rejected) != 1 || out.Rejected[0] != want {
		t.Errorf("%+v", out)
	}
	before := s.ledger.Last()
	s.browser().post("/v1/events", told("real")).is(http.StatusBadRequest)
	if s.ledger.Last() != before {
		t.Error("a preview's event was recorded")
	}
	body := told("junk", "real") // what an earlier page left rides along with a page view
	body["page"] = object{"url": "https://shop.example/"}
	var answer struct{ Rejected []rejection }
	s.browser().post("/v1/decide", body).is(http.StatusOK).into(&answer)
	if want.Index = 1; len(answer.Rejected) != 1 || answer.Rejected[0] != want {
		t.Errorf("%+v", answer)
	}
}

func TestAPreviewOfWhatIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	s, bare := open(t, previewing), open(t)
	l := s.link(object{"campaign": "autumn", "page": "https://shop.example/"})
	a := bare.browser().answered(object{"preview": l.token(t)})
	if p := previewOf(a); p.Problem != "gone" || p.Campaign != "autumn" || len(a.decision().Decisions) > 0 {
		t.Errorf("%s", a.body)
	}
}

func TestAPreviewsLinkIsForWhatThereIs(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	for _, row := range []struct {
		body    object
		status  int
		code    string
		message string
	}{
		{object{"campaign": "autumm", "page": "https://shop.example/"}, 404, "not_found", `no campaign "autumm" in the rules folder`},
		{object{"campaign": "autumn", "variant": "b", "page": "https://shop.example/"}, 404, "not_found", `campaign "autumn" has no variant "b"`},
		{object{"campaign": "autumn", "page": "/cart"}, 400, "bad_request", "page is no address of a shop's page: give it whole, https://shop.example/cart"},
		{object{"campaign": "autumn", "page": "javascript:alert(1)"}, 400, "bad_request", "page is no address of a shop's page: give it whole, https://shop.example/cart"},
		{object{"campaign": "autumn", "page": "https://evil.example/"}, 400, "bad_request", "page is of https://evil.example, which is none of site.yaml's origins"},
	} {
		s.trusted().post("/v1/preview", row.body).says(row.status, row.code, row.message)
	}
	s.browser().post("/v1/preview", object{"campaign": "autumn", "page": "https://shop.example/"}).is(http.StatusForbidden)
	if l := s.link(object{"campaign": "quiet", "page": "https://shop.example/"}); l.Variant != "control" {
		t.Errorf("a campaign with nothing to show: %+v", l)
	}
}
