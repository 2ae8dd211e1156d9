package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/rules"
)

// playgroundScreen begins with a campaign of the rules in use, or a new one.
func (s *Server) playgroundScreen(c echo.Context) error {
	page := s.playground(c)
	page.Chosen, page.AsLive = c.QueryParam("campaign"), true
	page.Visitor = dashboard.Made{Real: c.QueryParam("visitor"), URL: "/", Device: "mobile", Consent: "granted", Visits: 1}
	page.YAML = newCampaign(s.frame(c, "playground").Language)
	if text, found := s.written(page.Chosen); found {
		page.YAML = text
	}
	if x := s.engine.Live().Set.Written(page.Chosen); x != nil {
		page.Visitor.URL = x.Somewhere()
		if last := x.Triggers[len(x.Triggers)-1]; last != "page_view" {
			page.Visitor.Trigger = last
		}
	}
	s.describe(&page)
	return s.played(c, page)
}

// newCampaign is what a new one begins with, in words of the screen's language.
func newCampaign(language string) string {
	name, title, body := "はじめてのキャンペーン", "ご注文前にどうぞ", "5,000円以上で送料無料です"
	if language == "en" {
		name, title, body = "My first campaign", "Before you order", "Free shipping from ¥5,000"
	}
	return fmt.Sprintf(newYAML, name, title, body)
}

const newYAML = `id: my-campaign
name: %s
status: draft
when: visitor.visits >= 2 && cart.value >= 5000
pages: ["/cart"]
frequency: {max: 1, per: session}
slot: modal
variants:
  - {id: control, weight: 50}
  - id: a
    weight: 50
    action: {type: banner, title: "%s", body: "%s"}
`

// tryCampaign checks the text, and tries it on a visitor. Nothing is recorded, held
// or spent.
func (s *Server) tryCampaign(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), asksWithin)
	defer cancel()
	page := s.filled(c)
	set, campaign := s.check(c, &page)
	if set != nil && campaign != nil {
		if err := s.try(ctx, c, &page, set, campaign); err != nil {
			page.Problem, page.In, page.Cited = s.saidTo(c, err)
		}
	}
	s.describe(&page)
	return s.played(c, page)
}

// checkCampaign only checks the text: for htmx, as it is written.
func (s *Server) checkCampaign(c echo.Context) error {
	page := s.filled(c)
	s.check(c, &page)
	return s.part(c, "playground", "findings", page)
}

// saveTest hands over a test as a file.
func (s *Server) saveTest(c echo.Context) error {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="playground.test.yaml"`)
	return c.Blob(http.StatusOK, "application/yaml", []byte(c.FormValue("test")))
}

func (s *Server) played(c echo.Context, page dashboard.Playground) error {
	c.Response().Header().Set("Content-Security-Policy", onScreens+"; frame-src 'self'") // of the action's preview
	return s.screen(c, "playground", page)
}

// playground is what the screen has whatever is asked.
func (s *Server) playground(c echo.Context) dashboard.Playground {
	page := dashboard.Playground{Words: words(s.frame(c, "playground").Language)}
	page.Past = &dashboard.Backtest{}
	if b := s.backtests.current(); b != nil {
		page.Past.Busy = s.backtestPage(c, b)
	}
	set := s.engine.Live().Set
	for _, x := range slices.Concat(set.Campaigns, set.Drafts) {
		page.Campaigns = append(page.Campaigns, dashboard.Named{ID: x.ID, Name: x.Name})
	}
	return page
}

// filled is the screen as its form was filled in.
func (s *Server) filled(c echo.Context) dashboard.Playground {
	page := s.playground(c)
	whole := func(name string, most int) int {
		n, _ := strconv.Atoi(c.FormValue(name)) // what is no number is none
		return max(0, min(n, most))
	}
	page.YAML, page.AsLive = strings.ReplaceAll(c.FormValue("yaml"), "\r\n", "\n"), c.FormValue("aslive") != ""
	cart, _ := strconv.ParseFloat(c.FormValue("cart"), 64)
	page.Visitor = dashboard.Made{
		Real: strings.TrimSpace(c.FormValue("visitor")), User: strings.TrimSpace(c.FormValue("user")), Clock: c.FormValue("clock"),
		URL: strings.TrimSpace(c.FormValue("url")), Trigger: strings.TrimSpace(c.FormValue("trigger")), Device: c.FormValue("device"), Consent: c.FormValue("consent"),
		Visits: max(1, whole("visits", mostVisits)), Purchases: whole("purchases", mostVisits), Cart: max(0, min(cart, 1e9)), Operators: whole("operators", 1000),
		Traits: c.FormValue("traits"), Events: c.FormValue("events"), Variant: c.FormValue("variant"),
	}
	if c.FormValue("who") == "made" {
		page.Visitor.Real = ""
	}
	return page
}

// describe fills in what the form offers for the campaign that is written.
func (s *Server) describe(page *dashboard.Playground) {
	if page.Visitor.Clock == "" {
		page.Visitor.Clock = s.here().Format(formMoment)
	}
	set, _ := rules.Load(s.folderWith(page.YAML, page.AsLive))
	if set == nil {
		return
	}
	if x := set.Written(idIn(page.YAML)); x != nil {
		for _, v := range x.Variants {
			page.Visitor.Variants = append(page.Visitor.Variants, v.ID)
		}
		page.Visitor.Triggers = x.Triggers
	}
}

// words are the chapters of the reference that campaigns are written with.
func words(language string) (out []dashboard.Chapter) {
	for _, section := range rules.Reference() {
		switch section.ID {
		case "site", "segments", "tests", "status":
			continue
		}
		chapter := dashboard.Chapter{ID: section.ID, Title: section.Title.In(language)}
		for _, e := range section.Entries {
			chapter.Words = append(chapter.Words, dashboard.Word{
				Name: e.Name, Written: e.Written, Text: e.Text.In(language), Example: e.Example,
				Rule: e.Type.EN == "rule", Values: strings.Join(e.Values, " "),
			})
		}
		out = append(out, chapter)
	}
	return out
}

// clockOf is the moment that a form names, now if it names none.
func (s *Server) clockOf(text string) (time.Time, error) {
	at, err := momentOf(text, s.here().Location())
	if err != nil {
		return at, problem("bad_request", "the clock is no moment: write it as 2026-12-01T09:00:00").in("日時は 2026-12-01T09:00:00 のように書いてください。")
	}
	if at.IsZero() {
		at = s.here()
	}
	return at, nil
}
