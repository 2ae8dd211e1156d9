package api

import (
	"fmt"
	"maps"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// identity is who a request speaks of.
type identity struct {
	visitor string         // "" unknown, or no consent
	user    string         // the person
	traits  map[string]any // as told
	signed  bool           // user and traits are signed, or told with the secret key
	cookie  string         // the visitor the signed cookie names
	erased  bool           // the visitor it was; visitor is another now
	stale   bool           // that cookie is signed with a key that is going away
}

// told says whether somebody answered for who this is, which is not to be lost.
func (id identity) told() bool { return id.signed && (id.user != "" || len(id.traits) > 0) }

// proven says whether the visitor is who it says. Whoever brings a token is asked for
// no cookie: it comes with every call of a shop that signs its members in.
func (id identity) proven() bool { return id.signed || id.cookie != "" }

// identify reads who it is: the signed cookie wins over the body, and a
// person counts only as signed.
func (s *Server) identify(c echo.Context, who *ingest.Who, token string, may access) (identity, error) {
	id := identity{signed: may == secret}
	if who != nil {
		if why := checkTold(who); why != nil {
			return id, problem("bad_request", why.Message)
		}
		id.visitor, id.traits = who.ID, who.Traits
		if may == secret {
			id.user = who.UserID
		}
	}
	if may == public {
		if id.cookie, id.stale = s.cookieVisitor(c.Request()); id.cookie != "" {
			id.visitor = id.cookie
		}
		if err := s.limits.visits(id.visitor, s.now()); err != nil {
			return id, err
		}
	}
	if token == "" {
		return id, nil
	}
	if err := s.limits.guessing(c, s.now()); err != nil {
		return id, err
	}
	claims, err := s.verify(token)
	if err != nil {
		s.limits.wrong(c, s.now())
		return id, err
	}
	id.user, id.traits, id.signed = claims.Subject, s.together(id.traits, claims.Traits, may), true
	return id, nil
}

// together are the traits that came unsigned and those of a token. What a
// browser says of a trait that must be signed is left out: beside a signature
// it would pass for signed.
func (s *Server) together(unsigned, signed map[string]any, may access) map[string]any {
	declared := s.engine.Live().Set.Site.Traits
	out := make(map[string]any, len(unsigned)+len(signed))
	for name, value := range unsigned {
		if may == secret || declared[name].Trust != "signed" {
			out[name] = value
		}
	}
	maps.Copy(out, signed)
	return out
}

// Bounds of what is told about a visitor: all of it stays in its profile.
const (
	maxTrait  = 512 // bytes
	maxTraits = 100
)

// checkTold bounds what a client tells of a visitor beside its id.
func checkTold(who *ingest.Who) *ingest.Rejection {
	if err := checkID("visitor.user_id", who.UserID); err != nil {
		return &ingest.Rejection{Code: "bad_visitor", Message: err.Message}
	}
	if n := len(who.Traits); n > maxTraits {
		return &ingest.Rejection{Code: "bad_visitor", Message: fmt.Sprintf("visitor.traits has %d, at most %d are taken", n, maxTraits)}
	}
	for name, value := range who.Traits {
		if text, ok := value.(string); ok && len(text) > maxTrait {
			return &ingest.Rejection{Code: "bad_visitor", Message: fmt.Sprintf("visitor.traits.%.80s has %d bytes, at most %d are taken", name, len(text), maxTrait)}
		}
	}
	return nil
}

func checkID(field, id string) *Problem {
	if ingest.GoodID(id) {
		return nil
	}
	return problem("bad_request", fmt.Sprintf("%s is longer than %d bytes or has control characters", field, ingest.MaxID))
}
