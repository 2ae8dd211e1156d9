package api

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// desk is where the shop's people sit: who may come in, and what they see.
type desk struct {
	screens  *dashboard.Screens
	sessions sessions
	people   People
	open     bool // on loopback, nobody need come in: a demo
	crossing *http.CrossOriginProtection
}

// screenRoutes are the screens', each under the role that it needs.
func (s *Server) screenRoutes() {
	get := func(path string, role dashboard.Role, h echo.HandlerFunc) {
		h = s.forPeople(role, h)
		s.echo.GET(path, h)
		s.echo.HEAD(path, h)
	}
	post := func(path string, role dashboard.Role, h echo.HandlerFunc) { s.echo.POST(path, s.forPeople(role, h)) }
	const anybody = dashboard.Role(0)

	get("/ui", dashboard.View, toFirst)
	get("/ui/", dashboard.View, toFirst)
	get("/ui/static/:name", anybody, s.screenAsset)
	get("/ui/login", anybody, s.loginScreen)
	post("/ui/login", anybody, s.login)
	post("/ui/logout", anybody, s.logout)
	post("/ui/look", anybody, s.look)
	get("/ui/live", dashboard.View, s.liveScreen)
	get("/ui/live/events", dashboard.View, s.liveEvents)
	post("/ui/live/duty", dashboard.Edit, s.setDuty)
	post("/ui/live/invite", dashboard.Edit, s.invite)
	get("/ui/results", dashboard.View, toCampaigns) // where results were before
	get("/ui/campaigns", dashboard.View, s.campaignsScreen)
	post("/ui/campaigns/:id/pause", dashboard.Edit, s.changeCampaign("pause", s.pauseCampaign))
	post("/ui/campaigns/:id/resume", dashboard.Edit, s.changeCampaign("resume", s.resumeCampaign))
	get("/ui/campaigns/:id", dashboard.View, s.resultScreen)
	get("/ui/campaigns/:id/days", dashboard.View, s.resultPart("days", s.putDays))
	get("/ui/campaigns/:id/funnel", dashboard.View, s.resultPart("funnel", s.putFunnel))
	get("/ui/campaigns/:id/breakdown", dashboard.View, s.resultPart("breakdown", s.putBreakdown))
	get("/ui/campaigns/:id/chats", dashboard.View, s.resultPart("chats", s.putChats))
	get("/ui/campaigns/:id/visitors", dashboard.View, s.membersScreen)
	get("/ui/campaigns/:id/download", dashboard.View, s.download)
	get("/ui/campaigns/:id/lift.svg", dashboard.View, s.liftDrawing)
	get("/ui/health", dashboard.View, s.healthScreen)
	get("/ui/audit", dashboard.View, s.auditScreen)
	get("/ui/visitors", dashboard.View, s.visitorsScreen)
	get("/ui/visitors/:id", dashboard.View, s.visitorScreen)
	get("/ui/visitors/:id/why", dashboard.View, s.whyScreen)
	post("/ui/visitors/:id/export", dashboard.Publish, s.exportVisitor)
	post("/ui/visitors/:id/erase", dashboard.Publish, s.eraseVisitor)
	get("/ui/erasures/:id", dashboard.View, s.erasureScreen)
	get("/ui/playground", dashboard.View, s.playgroundScreen)
	post("/ui/playground", dashboard.Edit, s.tryCampaign)
	post("/ui/playground/check", dashboard.Edit, s.checkCampaign)
	post("/ui/playground/test", dashboard.Edit, s.saveTest)
	post("/ui/playground/backtest", dashboard.Edit, s.beginBacktest)
	get("/ui/playground/backtest/:id", dashboard.View, s.backtestScreen)
	get("/ui/playground/backtest/:id/report", dashboard.View, s.backtestReport)
	post("/ui/playground/backtest/:id/cancel", dashboard.Edit, s.cancelBacktest)
	get("/ui/playground/action/:id", dashboard.View, s.actionFrame)
	get("/ui/users", dashboard.Publish, s.usersScreen)
	post("/ui/users", dashboard.Publish, s.putUser)
	post("/ui/users/:name/remove", dashboard.Publish, s.removeUser)
}

func toFirst(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/ui/live") }

func toCampaigns(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/ui/campaigns") }

// onScreens is what a screen may do in a browser: nothing that is not this
// server's own, and no script or style within the page.
const onScreens = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxForm bounds a form's body. Without it anybody could send some that fill
// memory and, as multipart, the disk.
const maxForm = 64 << 10

// forPeople lets in those with a role, asks others to log in, and refuses what
// a page of another site makes a browser send.
func (s *Server) forPeople(role dashboard.Role, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", onScreens)
		h.Set("Referrer-Policy", "same-origin") // a form of ours says where it comes from
		if err := s.desk.crossing.Check(c.Request()); err != nil {
			return problem("origin", "a page of another site sent this: open the screen itself and do it there").in("画面を開き直して、そこで操作してください。")
		}
		if r := c.Request(); r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
			if _, err := c.FormParams(); err != nil {
				return unreadForm(err)
			}
		}
		who, err := s.person(c)
		switch {
		case err != nil && role > 0:
			return err
		case err == nil:
			c.Set(personKey, who)
		}
		switch {
		case who.Role >= role:
			return next(c)
		case who.Role > 0:
			return problem("role", "this needs the role "+role.String()+", and "+who.Name+" has "+who.Role.String()+": somebody who may publish can change that under /ui/users, or omo users does").in("必要な権限は「" + roles[role] + "」、" + who.Name + "さんの権限は「" + roles[who.Role] + "」です。公開の権限を持つ人が「メンバー」の画面で変えられます（omo users でも変えられます）。")
		case c.Request().Method == http.MethodGet && c.Request().Header.Get("HX-Request") != "": // the login screen is no part of a page
			h.Set("HX-Redirect", "/ui/login?back="+url.QueryEscape(pageAround(c.Request())))
			return problem("no_key", "nobody is logged in any longer: log in at /ui/login").in("ログインし直してください。")
		case c.Request().Method == http.MethodGet || c.Request().Method == http.MethodHead:
			return c.Redirect(http.StatusSeeOther, "/ui/login?back="+url.QueryEscape(c.Request().RequestURI))
		default:
			return problem("no_key", "nobody is logged in, or no longer: log in at /ui/login and do it again").in("ログインし直して、もう一度操作してください。")
		}
	}
}

// roles are their names in Japanese.
var roles = map[dashboard.Role]string{dashboard.View: "閲覧", dashboard.Edit: "編集", dashboard.Publish: "公開"}

// pageAround is the screen that htmx asks for a part of; "" where it says none.
func pageAround(r *http.Request) string {
	u, err := url.Parse(r.Header.Get("HX-Current-URL"))
	if err != nil {
		return ""
	}
	return u.RequestURI()
}

func unreadForm(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return problem("too_large", "the form is larger than 64 KiB").in("フォームの大きさは 64 KiB までです。")
	}
	return problem("bad_request", "the form cannot be read: "+err.Error()).in("フォームの内容が読めません。画面を開き直してください。")
}

const personKey = "person"

// by is who a request of the screens comes from.
func by(c echo.Context) Person {
	who, _ := c.Get(personKey).(Person)
	return who
}

// frame is what a screen stands in for this request.
func (s *Server) frame(c echo.Context, screen string) dashboard.Frame {
	who := by(c)
	f := dashboard.Frame{
		Language: dashboard.Spoken(c.Request().Header.Get("Accept-Language")), Who: who.Name, Role: who.Role,
		Open: s.desk.open, Here: c.Request().RequestURI, Screen: screen, Simulated: s.notice != "",
	}
	if chosen := cookieOf(c, languageCookie); chosen != "" {
		f.Language = dashboard.Spoken(chosen)
	}
	for _, theme := range dashboard.Themes {
		if theme == cookieOf(c, themeCookie) {
			f.Theme = theme
		}
	}
	return f
}

// screen answers with a whole page.
func (s *Server) screen(c echo.Context, name string, data any) error {
	return s.part(c, name, "layout", data)
}

// part answers with a part of a screen, for htmx to put into its page.
func (s *Server) part(c echo.Context, name, part string, data any) error {
	return s.page(c, http.StatusOK, name, part, data)
}

func (s *Server) page(c echo.Context, status int, name, part string, data any) error {
	var out bytes.Buffer
	if err := s.desk.screens.Part(&out, s.frame(c, name), name, part, data); err != nil {
		return err
	}
	return c.HTMLBlob(status, out.Bytes())
}

// screenAsset serves what the screens load, as script does for the beacon.
func (s *Server) screenAsset(c echo.Context) error {
	asset, ok := s.desk.screens.Asset(c.Param("name"))
	if !ok {
		return echo.ErrNotFound
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=3600")
	if c.QueryParam("v") == asset.Version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("ETag", asset.ETag())
	if names(c.Request().Header.Get("If-None-Match"), asset.ETag()) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, asset.Type, asset.Body)
}

// problemShown is what the problem screen shows.
type problemShown struct {
	*Problem
	From string // the screen that it came up on: its path and query; "" unknown
}

// cameFrom is the screen that a request was sent from, by its path and query; ""
// where the browser says none of ours, where one logs in, or the very same page.
func cameFrom(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host || !strings.HasPrefix(u.Path, "/ui/") || u.Path == "/ui/login" {
		return ""
	}
	if r.Method != http.MethodPost && u.RequestURI() == r.URL.RequestURI() {
		return ""
	}
	return u.RequestURI()
}

// problemPage is a problem as people see it: on a screen and in their language;
// false where the request is no browser's for a screen.
func (s *Server) problemPage(c echo.Context, status int, p *Problem) bool {
	r := c.Request()
	if !strings.HasPrefix(r.URL.Path, "/ui") || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	c.Response().Header().Set("Content-Security-Policy", onScreens)
	if err := s.page(c, status, "problem", "layout", problemShown{p, cameFrom(r)}); err != nil {
		s.log.Error("a problem could not be shown", "error", err)
		return false
	}
	return true
}

// Where the choice of language and colours is kept.
const (
	languageCookie = "omo_language"
	themeCookie    = "omo_theme"
)

// look takes the choice of language or colours, and goes back to where it was made.
func (s *Server) look(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return problem("bad_request", "the form cannot be read: "+err.Error()).in("フォームの内容が読めません。画面を開き直してください。")
	}
	if form.Has("language") {
		s.keepCookie(c, languageCookie, dashboard.Spoken(form.Get("language")), CookieAge)
	}
	if form.Has("theme") {
		s.keepCookie(c, themeCookie, form.Get("theme"), CookieAge)
	}
	return back(c, form.Get("back"))
}

// back goes to a page of the screens, and to no other.
func back(c echo.Context, to string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Path != "/ui" && !strings.HasPrefix(u.Path, "/ui/") || strings.Contains(to, `\`) {
		to = "/ui/"
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// keyProblem says whether an error is about the key that came, or that none did.
func keyProblem(err error, code string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}
