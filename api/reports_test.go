package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// sums are the contract's own example.
func sums() warehouse.Sums {
	return warehouse.Sums{Query: warehouse.Query{Phase: "p1"}, Crossovers: 3, Arms: []warehouse.Arm{
		{Variant: "control", Control: true, Weight: 20, Exposed: 9000, Converted: 279, Sum: 1.2e6, SumSquares: 9e9},
		{Variant: "coupon10", Weight: 80, Exposed: 36000, Converted: 1400, Sum: 6e6, SumSquares: 5e10},
	}}
}

func TestCampaigns(t *testing.T) {
	t.Parallel()
	s := open(t)
	var got struct {
		Rules     string
		Campaigns []struct {
			ID, Name, Status, Phase, File string
			Line                          int
			Goals                         []struct{ Event, Window, Value string }
			Variants                      []struct {
				ID      string
				Weight  int
				Control bool
			}
		}
	}
	s.trusted().get("/v1/campaigns").is(http.StatusOK).into(&got)
	if got.Rules != s.engine.Live().Set.Hash || len(got.Campaigns) != 6 {
		t.Fatalf("%+v", got)
	}
	c := got.Campaigns[5]
	if c.ID != "welcome" || c.Name != "はじめての方へ" || c.Status != "live" || c.Phase != s.engine.Live().Phases["welcome"] || c.File != "campaigns/welcome.yaml" || c.Line != 1 {
		t.Errorf("%+v", c)
	}
	if len(c.Goals) != 2 || c.Goals[0].Event != "purchase" || c.Goals[0].Window != "72h" || c.Goals[1].Window != "7d" || c.Variants[0].ID != "a" || c.Variants[0].Control {
		t.Errorf("%+v", c)
	}
}

// A draft is listed after all that run, and whoever asks how it does is told what it
// is and what to do.
func TestADraftIsListedAndHasNoResults(t *testing.T) {
	t.Parallel()
	s := open(t, previewing)
	var got struct {
		Campaigns []struct {
			ID, Name, Status, Phase, Slot, File string
			Line                                int
			Variants                            []struct{ ID string }
		}
	}
	s.trusted().get("/v1/campaigns").is(http.StatusOK).into(&got)
	last := got.Campaigns[len(got.Campaigns)-1]
	if last.ID != "autumn" || last.Name != "秋の準備" || last.Status != "draft" || last.Phase != "" || last.Slot != "modal" || last.File != "campaigns/draft.yaml" || last.Line != 1 || len(last.Variants) != 3 {
		t.Errorf("%+v", last)
	}
	for _, c := range got.Campaigns[:len(got.Campaigns)-1] {
		if c.Status == "draft" || c.Phase == "" {
			t.Errorf("%+v is among those that run", c)
		}
	}
	const isDraft = "campaign autumn is a draft, and nobody has met it: try it in the playground, then set status: live at campaigns/draft.yaml:1, or status: shadow to see whom it would reach"
	for _, path := range []string{"campaigns/autumn/results", "campaigns/autumn/series", "campaigns/autumn/breakdown?by=device", "campaigns/autumn/funnel", "chats?campaign=autumn"} {
		s.trusted().get("/v1/"+path).says(http.StatusNotFound, "not_found", isDraft)
	}
}

func TestResults(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.sums = sums()
	var got struct {
		Campaign, Phase, Goal, Window, Status, Verdict string
		AsOf                                           time.Time `json:"as_of"`
		Arms                                           []struct {
			Variant  string
			Control  bool
			Exposed  int
			Rate     float64
			RateCI   []float64 `json:"rate_ci"`
			Lift     *float64
			PerHead  float64 `json:"value_per_visitor"`
			Reasons  map[string]struct{ Code string }
			Sentence map[string]string
		}
		Crossovers struct{ Count int }
		SRM        struct{ OK bool }
		Sentence   struct{ Ja, En string }
	}
	s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&got)
	if got.Campaign != "welcome" || got.Phase != "p1" || got.Goal != "purchase" || got.Window != "72h" || got.Status != "live" || !got.AsOf.Equal(s.clock.Now()) {
		t.Errorf("%+v", got)
	}
	control, coupon := got.Arms[0], got.Arms[1]
	if control.Rate != 0.031 || len(control.RateCI) != 2 || control.Lift != nil || control.Reasons["lift"].Code != "is_control" || control.PerHead < 133.3 || control.PerHead > 133.4 {
		t.Errorf("control %+v", control)
	}
	if coupon.Lift == nil || *coupon.Lift < 0.25 || got.Verdict != "win" || got.Crossovers.Count != 3 || !got.SRM.OK || got.Sentence.Ja == "" {
		t.Errorf("coupon %+v of %+v", coupon, got)
	}
}

func TestResultsAreAskedForAsTold(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.trusted().get("/v1/campaigns/welcome/results?phase=nobody").is(http.StatusNotFound)
	s.reports.sums = warehouse.Sums{Arms: []warehouse.Arm{{Variant: "control", Control: true, Weight: 1}}}
	tokyo := time.FixedZone("JST", 9*60*60)
	day := 24 * time.Hour
	now, live := s.clock.Now(), s.engine.Live().Phases["welcome"]
	for query, want := range map[string]warehouse.Query{
		"":                         {Goal: "purchase", Window: 72 * time.Hour, Phase: live, AsOf: now},
		"goal=sign_up":             {Goal: "sign_up", Window: 7 * day, Phase: live, AsOf: now},
		"goal=add_to_cart":         {Goal: "add_to_cart", Window: 72 * time.Hour, Phase: live, AsOf: now},
		"window=1d&phase=p7":       {Goal: "purchase", Window: day, Phase: "p7", AsOf: now},
		"from=2026-11-01":          {Goal: "purchase", Window: 72 * time.Hour, From: time.Date(2026, 11, 1, 0, 0, 0, 0, tokyo), Phase: live, AsOf: now},
		"to=2026-11-01T12:00:00Z":  {Goal: "purchase", Window: 72 * time.Hour, To: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), Phase: live, AsOf: now},
		"as_of=2026-11-01":         {Goal: "purchase", Window: 72 * time.Hour, AsOf: time.Date(2026, 11, 1, 0, 0, 0, 0, tokyo)},
		"matured=true&goal=refund": {Goal: "refund", Window: 72 * time.Hour, Matured: true, Phase: live, AsOf: now},
	} {
		s.trusted().get("/v1/campaigns/welcome/results?" + query).is(http.StatusOK)
		got := s.reports.asked[len(s.reports.asked)-1]
		if got.Campaign != "welcome" || got.Goal != want.Goal || got.Window != want.Window || got.Phase != want.Phase || got.Matured != want.Matured ||
			!got.From.Equal(want.From) || !got.To.Equal(want.To) || !got.AsOf.Equal(want.AsOf) || got.Value != "value" {
			t.Errorf("%s\n  asked %+v\n  want  %+v", query, got, want)
		}
	}
	for query, message := range map[string]string{
		"window=soon":                    "window soon is not a length of time like 72h or 7d",
		"window=-1h":                     "window -1h is not a length of time like 72h or 7d",
		"from=yesterday":                 "from yesterday is neither a date (2026-12-01) nor a time (2026-12-01T09:00:00+09:00)",
		"from=2026-11-02&to=2026-11-01":  "from 2026-11-02 is not before to 2026-11-01",
		"as_of=2026-11-31":               "as_of 2026-11-31 is neither a date (2026-12-01) nor a time (2026-12-01T09:00:00+09:00)",
		"matured=yes":                    "matured yes is neither true nor false",
		"to=2026-11-01T12:00:00%2B09:00": "",
	} {
		a := s.trusted().get("/v1/campaigns/welcome/results?" + query)
		if message == "" {
			a.is(http.StatusOK)
			continue
		}
		a.says(http.StatusBadRequest, "bad_request", message)
	}
	s.trusted().get("/v1/campaigns/xmas/results").says(http.StatusNotFound, "not_found", "no campaign xmas in the rules folder; GET /v1/campaigns lists them")
}

// Results are of the phase that is live, though nobody is exposed in it yet: those of
// the former one are named, and never taken for its own. Of a campaign that rests
// they are those that there are.
func TestResultsOfALivePhaseThatNobodyMet(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	live := s.engine.Live().Phases["welcome"]
	met := s.reports.sums
	s.reports.sums = warehouse.Sums{Query: warehouse.Query{Phase: live}, Arms: []warehouse.Arm{{Variant: "control", Control: true, Weight: 1}, {Variant: "a", Weight: 1}}}
	s.reports.phases[0].ID = live
	var got api.CampaignResults
	ask := func(query string) api.CampaignResults {
		t.Helper()
		got = api.CampaignResults{}
		s.trusted().get("/v1/campaigns/welcome/results" + query).is(http.StatusOK).into(&got)
		return got
	}
	if ask(""); got.Former == nil || *got.Former != (api.Former{Phase: "p1", Began: s.clock.Now().AddDate(0, 0, -3)}) || got.Phase != live || got.Verdict != "collecting" {
		t.Errorf("%+v of phase %s", got.Former, got.Phase)
	}
	page := s.as("view").counted("/ui/campaigns/welcome?goal=sign_up")
	if body := string(page.body); !strings.Contains(body, `いまのフェーズでは、まだ誰にも表示されていません。`) || !strings.Contains(body, `<a href="/ui/campaigns/welcome?goal=sign_up&amp;phase=p1">2026-11-18 12:00 からのフェーズの結果を見る</a>`) {
		t.Errorf("the screen does not lead to the former phase: %s", page.reads("<h1>", "</main>"))
	}
	if body := string(s.as("view").counted("/ui/campaigns/welcome").body); strings.Contains(body, "次にすること") {
		t.Error("a phase that has just begun is advised upon")
	}
	for _, phase := range []struct {
		age              time.Duration
		finding, because string
	}{
		{0, "collecting", "Nobody has been exposed in the live phase yet."},
		{stats.StaleAfter - time.Second, "collecting", "Nobody has been exposed in the live phase yet."},
		{stats.StaleAfter, "stale", "Nobody was exposed in all this time."},
	} {
		s.reports.phases[0].Began = s.clock.Now().Add(-phase.age)
		var review api.Review
		s.trusted().get("/v1/review").is(http.StatusOK).into(&review)
		i := slices.IndexFunc(review.Campaigns, func(c stats.Review) bool { return c.Campaign == "welcome" })
		if i < 0 {
			t.Fatalf("welcome is not reviewed: %+v", review)
		}
		if c := review.Campaigns[i]; string(c.Finding) != phase.finding || !strings.HasPrefix(c.Sentence.En, phase.because) {
			t.Errorf("a phase of %s that nobody met is reviewed as %s: %s", phase.age, c.Finding, c.Sentence.En)
		}
	}
	if ask("?phase=p1"); got.Former != nil {
		t.Errorf("of a phase that is over %+v is former", got.Former)
	}
	s.reports.sums = met
	if ask(""); got.Former != nil {
		t.Errorf("of a phase with visitors %+v is former", got.Former)
	}
	if err := s.engine.Pause("welcome", "hanako", s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if ask(""); s.reports.asked[len(s.reports.asked)-1].Phase != "" {
		t.Error("of a campaign that is paused the live phase is asked for")
	}
}

// A campaign is called stale once it has been open for a week without anybody, and
// not from its first day: neither by a review nor by what its screen advises.
func TestNobodyIsMissedBeforeAWeek(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, c := range []struct {
		what, schedule string
		known          bool          // to the warehouse
		phase          time.Duration // its age
		stale          bool
	}{
		{what: "it is in no table yet"},
		{what: "it has just begun", known: true},
		{what: "it is not yet a week old", known: true, phase: stats.StaleAfter - time.Second},
		{what: "it is a week old", known: true, phase: stats.StaleAfter, stale: true},
		{what: "it is old, and opens next week", known: true, phase: 30 * day, schedule: "\nschedule: {from: 2026-11-28}"},
		{what: "it is old, and opened six days ago", known: true, phase: 30 * day, schedule: "\nschedule: {from: 2026-11-15}"},
		{what: "it is old, and opened eight days ago", known: true, phase: 30 * day, schedule: "\nschedule: {from: 2026-11-13}", stale: true},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s, _ := staffed(t, edit("campaigns/welcome.yaml", "slot: bar", "slot: bar"+c.schedule))
			finding, because, advice := "collecting", "Nobody has been exposed yet.", "このまま続けてください。"
			if c.stale {
				finding, because, advice = "stale", "Nobody was exposed in all this time.", "期間・ページ・条件と優先度を見直すか"
			}
			live := s.engine.Live().Phases["welcome"]
			s.reports.sums = warehouse.Sums{Query: warehouse.Query{Phase: live}, Arms: []warehouse.Arm{{Variant: "control", Control: true, Weight: 1}, {Variant: "a", Weight: 1}}}
			if c.known {
				s.reports.phases = []warehouse.Phase{{ID: live, Began: s.clock.Now().Add(-c.phase)}}
			}
			var review api.Review
			s.trusted().get("/v1/review").is(http.StatusOK).into(&review)
			i := slices.IndexFunc(review.Campaigns, func(c stats.Review) bool { return c.Campaign == "welcome" })
			if i < 0 {
				t.Fatalf("welcome is not reviewed: %+v", review)
			}
			if got := review.Campaigns[i]; string(got.Finding) != finding || got.Sentence.En != because {
				t.Errorf("reviewed as %s: %s", got.Finding, got.Sentence.En)
			}
			if page := s.as("view").counted("/ui/campaigns/welcome"); !strings.Contains(string(page.body), advice) {
				t.Errorf("the screen does not advise %q: %s", advice, page.reads("<h1>", "</main>"))
			}
		})
	}
}

func TestResultsTellTheirSQL(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.sums = sums()
	var got struct {
		Results struct{ Campaign string }
		SQL     string
	}
	s.trusted().get("/v1/campaigns/welcome/results?sql=1&goal=" + url.QueryEscape("it's")).is(http.StatusOK).into(&got)
	if got.Results.Campaign != "welcome" || !strings.Contains(got.SQL, "'welcome'") || !strings.Contains(got.SQL, `'it\'s'`) {
		t.Errorf("%s", got.SQL)
	}
}

func TestWarehouseAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.reports.away = true
	a := s.trusted().get("/v1/campaigns/welcome/results")
	a.says(http.StatusServiceUnavailable, "unavailable", "the warehouse could not answer: ClickHouse at 127.0.0.1:9000 cannot be reached: connection refused; start it")
	if got := a.header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q", got)
	}
	s.browser().sends(object{"visitor": object{"id": "v1"}, "events": list{object{"name": "look"}}})
	if s.browser().decide(nil).campaigns() == "" {
		t.Error("decisions stopped with the warehouse")
	}
	var v visitorReport
	s.trusted().get("/v1/visitors/v1").is(http.StatusOK).into(&v)
	if v.Note != "the warehouse could not answer, so events are missing: "+errAway.Error() || v.Profile == nil {
		t.Errorf("%+v", v)
	}
	s.trusted().get("/v1/visitors/nobody").says(http.StatusServiceUnavailable, "unavailable", "the warehouse could not answer: "+errAway.Error())
}

type visitorReport struct {
	ID       string
	Browsers []string
	Note     string
	Events   []struct{ Name string }
	Profile  *struct {
		UserID    string    `json:"user_id"`
		FirstSeen time.Time `json:"first_seen"`
		Visits    int
		Pageviews int
		Purchases int
		Revenue   float64
		Traits    map[string]any
		Cart      struct {
			Value float64
			Items []struct {
				ItemID   string `json:"item_id"`
				Quantity float64
			}
		}
		Campaigns map[string]struct {
			Variant      string
			Exposures    int
			FirstExposed time.Time `json:"first_exposed"`
			Clicks       int
		}
	}
}

func TestVisitor(t *testing.T) {
	t.Parallel()
	s := open(t)
	b := s.browser()
	d := b.decide(object{"identify": token(t, s, nil)})
	b.sends(object{"events": list{
		object{"name": "omo_exposure", "properties": d.about("welcome")},
		object{"name": "omo_click", "properties": d.about("welcome")},
		object{"name": "purchase", "properties": object{"value": 3000}},
		object{"name": "add_to_cart", "properties": object{"items": list{object{"item_id": "sku-1", "price": 500, "quantity": 2}}}},
	}})
	s.reports.events = []ingest.Record{{Event: ingest.Event{Name: "page_view"}}, {Event: ingest.Event{Name: "purchase"}}}
	var v visitorReport
	s.trusted().get("/v1/visitors/" + d.Visitor.ID).is(http.StatusOK).into(&v)
	p := v.Profile
	if v.ID != d.Visitor.ID || p.UserID != "u1" || p.Traits["rank"] != "gold" || p.Visits != 1 || p.Pageviews != 1 || p.Purchases != 1 || p.Revenue != 3000 || !p.FirstSeen.Equal(s.clock.Now()) {
		t.Errorf("%+v", p)
	}
	if p.Cart.Value != 1000 || len(p.Cart.Items) != 1 || p.Cart.Items[0].ItemID != "sku-1" || p.Cart.Items[0].Quantity != 2 {
		t.Errorf("cart %+v", p.Cart)
	}
	if w := p.Campaigns["welcome"]; w.Variant != "a" || w.Exposures != 1 || w.Clicks != 1 || !w.FirstExposed.Equal(s.clock.Now()) {
		t.Errorf("welcome %+v", w)
	}
	if len(v.Events) != 2 || v.Events[1].Name != "purchase" {
		t.Errorf("events %+v", v.Events)
	}
}

// A person's second browser shows the person's profile, and whose else it is.
func TestVisitorWithTwoBrowsers(t *testing.T) {
	t.Parallel()
	s := open(t)
	phone, desk := s.browser(), s.browser()
	first := phone.decide(object{"identify": token(t, s, nil)}).Visitor.ID
	phone.sends(object{"events": list{object{"name": "purchase", "properties": object{"transaction_id": "T1", "value": 3000}}}})
	second := desk.decide(nil).Visitor.ID
	desk.sends(object{"events": list{object{"name": "purchase", "properties": object{"transaction_id": "T1", "value": 3000}}}})
	var alone visitorReport
	if s.trusted().get("/v1/visitors/" + second).is(http.StatusOK).into(&alone); alone.Browsers != nil || alone.Profile.Purchases != 1 {
		t.Errorf("before it names anybody: %v, %+v", alone.Browsers, alone.Profile)
	}
	if d := desk.decide(object{"identify": token(t, s, nil)}); d.Visitor.ID != second {
		t.Fatalf("the browser became %s", d.Visitor.ID)
	}
	for _, id := range []string{first, second} {
		var v visitorReport
		s.trusted().get("/v1/visitors/" + id).is(http.StatusOK).into(&v)
		if p := v.Profile; v.ID != id || !slices.Equal(v.Browsers, []string{first, second}) || p.UserID != "u1" || p.Visits != 2 || p.Pageviews != 3 || p.Purchases != 1 || p.Revenue != 3000 {
			t.Errorf("%s of %v: %+v", v.ID, v.Browsers, p)
		}
	}
	if text := string(s.trusted().get("/metrics").is(http.StatusOK).body); !strings.Contains(text, "\nomo_merges_done_total 1\n") || !strings.Contains(text, "\nomo_merges_refused_total 0\n") {
		t.Error("the merge is not in the metrics")
	}
}

func TestVisitorIDsOfAnyForm(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, id := range []string{"a/b", "a b", "花子", "100%", "a?b#c", "a+b"} {
		s.trusted().sends(object{"visitor": object{"id": id}, "events": list{object{"name": "look"}}})
		var v visitorReport
		if s.trusted().get("/v1/visitors/" + url.PathEscape(id)).is(http.StatusOK).into(&v); v.ID != id || v.Profile == nil {
			t.Errorf("%q: %+v", id, v)
		}
	}
	s.trusted().get("/v1/visitors/nobody").says(http.StatusNotFound, "not_found", "nothing is known of visitor nobody")
}
