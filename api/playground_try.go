package api

import (
	"context"
	"errors"
	"slices"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/beacon"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/engine/ruletest"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// try decides for the visitor that the form names, or makes up.
func (s *Server) try(ctx context.Context, c echo.Context, page *dashboard.Playground, set *rules.Set, campaign *rules.Campaign) error {
	at, err := s.clockOf(page.Visitor.Clock)
	if err != nil {
		return err
	}
	if page.Visitor.URL == "" {
		page.Visitor.URL = "/"
	}
	var m *replay.Moment
	trial := &dashboard.Trial{At: at, Real: page.Visitor.Real != ""}
	if trial.Real {
		m, err = s.realMoment(ctx, c, page, set, at)
	} else {
		m, err = s.madeMoment(page, set, campaign, at, trial)
	}
	if err != nil {
		return err
	}
	answer := m.Explain("")
	trial.Visitor = m.Profile.Visitor
	fillWhy(&trial.Why, answer, m.Live, campaign.ID)
	for _, row := range trial.Why.Campaigns {
		if row.Chosen {
			trial.Row = row
		}
	}
	if trial.Row.ID == "" { // a draft that was not to be taken for live
		trial.Row = dashboard.WhyRow{ID: campaign.ID, Name: campaignName(m.Live.Set, campaign.ID), Reason: engine.NotLive, Chosen: true}
	}
	trial.Others = trial.Why
	trial.Others.Chosen, trial.Others.Campaigns = nil, slices.Clone(trial.Why.Campaigns)
	for i := range trial.Others.Campaigns {
		trial.Others.Campaigns[i].Chosen = false
	}
	trial.Previews = s.previews(m, campaign, trial.Row.Variant)
	page.Trial = trial
	return nil
}

// realMoment is a visitor's past, folded for the rules that are tried, and a page
// view or trigger behind it.
func (s *Server) realMoment(ctx context.Context, c echo.Context, page *dashboard.Playground, set *rules.Set, at time.Time) (*replay.Moment, error) {
	id := page.Visitor.Real
	if err := checkID("the visitor's id", id); err != nil {
		return nil, err
	}
	if gone, err := s.engine.Erased(id); err != nil || gone {
		return nil, errors.Join(err, problem("not_found", "this visitor was erased").in("この来訪者は消去されました。"))
	}
	past, err := s.history.Of(ctx, id)
	if err != nil {
		return nil, s.away("try", id, err)
	}
	view := s.pageAsked(c, &explainBody{Visitor: named(id), At: moment{time: at}, Page: &ingest.Page{URL: s.onShop(page.Visitor.URL)}})
	live := engine.LiveOf(set, contents(set), nil, nil)
	m, err := past.Before(live, replay.Question{Page: view, Trigger: page.Visitor.Trigger, Facts: s.facts(set, s.now())})
	if errors.Is(err, replay.ErrNobody) || errors.Is(err, replay.ErrTooEarly) {
		return nil, problem("not_found", "nothing is known of visitor "+id+": look for it under /ui/visitors").in("来訪者 " + id + " の記録はありません。「来訪者」の画面で探してください。")
	}
	return m, err
}

// onShop is an address of the shop's, whole.
func (s *Server) onShop(address string) string {
	origins := s.engine.Live().Set.Site.Origins
	switch {
	case address == "" || address[0] != '/':
		return address
	case len(origins) > 0:
		return origins[0] + address
	}
	return "https://shop.example" + address
}

func contents(set *rules.Set) map[string]string {
	phases := map[string]string{}
	for _, c := range set.Campaigns {
		phases[c.ID] = c.Content
	}
	return phases
}

// madeMoment is a visitor who is made up as a rule test would: the test is written
// first, and read as any other.
func (s *Server) madeMoment(page *dashboard.Playground, set *rules.Set, campaign *rules.Campaign, at time.Time, trial *dashboard.Trial) (*replay.Moment, error) {
	expect := "any"
	if v := page.Visitor.Variant; v != "" && campaign.Variant(v) != nil {
		expect = v
	}
	if !slices.Contains(set.Campaigns, campaign) {
		return nil, problem("bad_request", "a draft is in no decision: try it as if it were live").in("下書きはどの判定にも入りません。「実施中とみなして試す」を選んでください。")
	}
	test, err := readTest(writeTest(&page.Visitor, campaign, at, expect), set)
	if err != nil {
		return nil, err
	}
	scene, err := ruletest.New(set).Scene(test)
	if err != nil {
		return nil, problem("bad_request", err.Error()).in("この来訪者は作れません。").citing(err.Error())
	}
	m := &replay.Moment{Profile: scene.Profile, Request: scene.Request, Live: scene.Live, Now: at}
	d := m.Again()
	if became := ruletest.Outcome(&d, campaign); became != "any" || expect == "any" {
		expect = became
	}
	trial.Test = writeTest(&page.Visitor, campaign, at, expect)
	return m, nil
}

// readTest reads a file of one test.
func readTest(text string, set *rules.Set) (*rules.Test, error) {
	tests, found := rules.LoadTests(fstest.MapFS{"tests/playground.test.yaml": &fstest.MapFile{Data: []byte(text)}}, set)
	if err := found.Err(); err != nil {
		for _, f := range found {
			if f.Severity == rules.Error {
				return nil, problem("bad_request", "the visitor cannot be made up: "+f.Path+": "+f.Message+" "+f.Hint).in("この来訪者は作れません。").citing(f.Path + ": " + f.Message + " " + f.Hint)
			}
		}
	}
	if len(tests) != 1 {
		return nil, problem("bad_request", "the visitor cannot be made up").in("この来訪者は作れません。")
	}
	return tests[0], nil
}

// previews are a campaign's variants as this visitor would see them.
func (s *Server) previews(m *replay.Moment, campaign *rules.Campaign, drawn string) (out []dashboard.Preview) {
	for i := range campaign.Variants {
		v := &campaign.Variants[i]
		p := dashboard.Preview{Variant: v.ID, Drawn: v.ID == drawn, Control: v.Control(), Type: actionType(v.Action)}
		action := s.engine.Furnished(m.Live, m.Profile, &m.Request, campaign, v, m.Now)
		switch {
		case action == nil:
		case p.Type == "redirect":
			p.Link = actionLink(action)
		default:
			p.Path = "/ui/playground/action/" + s.actions.keep(action)
		}
		out = append(out, p)
	}
	return out
}

// actionFrame is one action by itself, in a page that can reach nothing of ours.
func (s *Server) actionFrame(c echo.Context) error {
	action, ok := s.actions.find(c.Param("id"))
	if !ok {
		return problem("not_found", "this preview is gone: try the campaign again").in("見本の期限が切れました。もう一度試してください。")
	}
	renderer, err := beacon.Renderer()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Security-Policy", inFrame)
	return s.part(c, "playground", "action", dashboard.Shown{Action: string(action), Renderer: "/r.js?v=" + renderer.Version})
}

// inFrame is what a previewed action may do: it has no origin, so that it can reach
// nothing of the screens', and shows pictures from wherever the shop has them.
const inFrame = "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'self'; img-src http: https: data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
