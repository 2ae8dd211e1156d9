package api

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// surroundings are what the request tells of the browser; from a shop's own
// server only what it says in context.
func (s *Server) surroundings(c echo.Context, told *ingest.Client, consent string, may access) ingest.Surroundings {
	out := ingest.Surroundings{Consent: consent}
	if may == secret {
		if told != nil {
			out.UserAgent, out.IP, out.Language = told.UserAgent, told.IP, told.Language
		}
		return out
	}
	h := c.Request().Header
	out.UserAgent, out.Language = h.Get("User-Agent"), h.Get("Accept-Language")
	out.Mobile, out.Platform = h.Get("Sec-Ch-Ua-Mobile"), h.Get("Sec-Ch-Ua-Platform")
	out.IP = c.RealIP()
	if s.trustProxy {
		out.Country = h.Get("Cf-Ipcountry")
	}
	return out
}

// consents says whether this visitor may be remembered, by its own word and
// the site's rule for those who said nothing.
func (s *Server) consents(word string) bool {
	if word == "granted" {
		return true
	}
	return word != "denied" && s.engine.Live().Set.Site.Consent == "opt_out"
}

// accept makes an event of what a client sent, or says why it is refused.
func (s *Server) accept(event *ingest.Event, in ingest.Incoming, who *ingest.Who, terms ingest.Terms, around ingest.Surroundings, consent bool) *ingest.Rejection {
	if !consent {
		return &ingest.Rejection{Code: "consent", Message: `the visitor has not agreed to be remembered: send "consent": "granted" once it has`}
	}
	// A page that is left before decide has answered cannot know whether its token is a preview's.
	if in.Preview != "" && s.ring.Load().signedPreview(in.Preview) {
		return &ingest.Rejection{Code: "preview", Message: "the event is of a preview, of which nothing is recorded: leave it away"}
	}
	refused := ingest.AcceptInto(event, in, who, terms)
	if refused == nil {
		refused = s.engine.Vouch(event, terms.Trusted)
	}
	if refused == nil {
		s.enricher.Enrich(event, around)
	}
	return refused
}

// pageBytes is how much a page's texts weigh.
func pageBytes(p *ingest.Page) int {
	if p == nil {
		return 0
	}
	n := len(p.URL) + len(p.Title) + len(p.Type) + len(p.Lang) + len(p.Referrer)
	if p.Item != nil {
		n += len(p.Item.ID) + len(p.Item.Name) + len(p.Item.Category) + len(p.Item.Brand)
	}
	return n
}

// visit runs v. A panic is an error like any other here, so that a page gets
// its answer all the same.
func (s *Server) visit(v engine.Visit, now time.Time) (answer engine.Answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("visit panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("visit panicked: %v", r)
		}
	}()
	if answer, err = s.engine.Visit(v, now); err == nil {
		s.see(&answer, now)
	}
	return answer, err
}
