package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bytedance/sonic/encoder"
	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// ofrepContext is what an OpenFeature client tells of whom it asks for. Any
// other field of it may be a trait.
type ofrepContext struct {
	TargetingKey string         `json:"targetingKey"` // the visitor
	UserID       string         `json:"user_id"`
	Traits       map[string]any `json:"traits"`
	Page         *ingest.Page   `json:"page"`
	URL          string         `json:"url"` // of the page, where there is no more to tell
	Trigger      string         `json:"trigger"`
	Slots        []string       `json:"slots"`
	Consent      string         `json:"consent"`
	Identify     string         `json:"identify"`
	UserAgent    string         `json:"user_agent"`
	IP           string         `json:"ip"`
	Language     string         `json:"language"`
}

// evaluation is what a campaign is for a visitor. Without a value the client's
// own default holds: that is what control gets, and who gets nothing.
type evaluation struct {
	Key      string            `json:"key"`
	Value    raw               `json:"value,omitempty"`
	Reason   string            `json:"reason"`
	Variant  string            `json:"variant,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// OpenFeature's reasons, as far as they are ours.
const (
	reasonTargeting = "TARGETING_MATCH"
	reasonSplit     = "SPLIT"
	reasonDefault   = "DEFAULT"
	reasonDisabled  = "DISABLED"
)

// evaluationFailure is an error in OFREP's words.
type evaluationFailure struct {
	Key     string `json:"key,omitempty"`
	Code    string `json:"errorCode"`
	Details string `json:"errorDetails"`
}

func (f *evaluationFailure) Error() string { return f.Code + ": " + f.Details }

// evaluate answers for one campaign. It is a dry read, which spends nothing and
// leaves no trace.
func (s *Server) evaluate(c echo.Context) error {
	key := idOf(c)
	d, _, err := s.peek(c)
	if err != nil {
		return s.answerFailure(c, key, err)
	}
	for _, campaign := range s.engine.Live().Set.Campaigns {
		if campaign.ID == key {
			return encode(c, http.StatusOK, evaluationOf(campaign, d))
		}
	}
	details := fmt.Sprintf("no campaign %q in the rules folder", key)
	if s.draft(key) != nil {
		details = fmt.Sprintf("campaign %q is a draft: nobody is shown it until its status is live", key)
	}
	return encode(c, http.StatusNotFound, &evaluationFailure{key, "FLAG_NOT_FOUND", details})
}

// evaluateAll answers for every campaign; with the public key for those alone
// that decide would have told of, since the others are nobody's business.
func (s *Server) evaluateAll(c echo.Context) error {
	d, may, err := s.peek(c)
	if err != nil {
		return s.answerFailure(c, "", err)
	}
	all := struct {
		Evaluations []evaluation `json:"flags"`
	}{[]evaluation{}}
	for _, campaign := range s.engine.Live().Set.Campaigns {
		if e := evaluationOf(campaign, d); may == secret || e.Variant != "" {
			all.Evaluations = append(all.Evaluations, e)
		}
	}
	body, err := encoder.Encode(all, answers)
	if err != nil {
		return fmt.Errorf("answer cannot be encoded: %w", err)
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	c.Response().Header().Set("ETag", tag)
	if matches(c.Request().Header.Get("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.JSONBlob(http.StatusOK, body)
}

// evaluationOf is what d came to for a campaign.
func evaluationOf(campaign *rules.Campaign, d *engine.Decision) evaluation {
	out := evaluation{Key: campaign.ID, Reason: reasonDefault}
	paused := slices.ContainsFunc(d.Outcomes, func(o ingest.Outcome) bool { return o.Campaign == campaign.ID && o.Reason == engine.NotLive })
	if paused || campaign.Status != rules.Live {
		out.Reason = reasonDisabled
		return out
	}
	for _, o := range d.Offers {
		if o.Campaign.ID != campaign.ID || o.Armed() {
			continue
		}
		out.Variant, out.Value, out.Reason = o.Variant.ID, raw(o.Action), reasonTargeting
		if len(campaign.Variants) > 1 {
			out.Reason = reasonSplit
		}
		if campaign.Slot != "" {
			out.Metadata = map[string]string{"slot": campaign.Slot}
		}
	}
	return out
}

// peek makes the decision that the request's context asks about.
func (s *Server) peek(c echo.Context) (*engine.Decision, access, error) {
	var body struct {
		Context  json.RawMessage `json:"context"`
		WriteKey string          `json:"writeKey"`
	}
	if err := decode(c, &body); err != nil {
		return nil, 0, err
	}
	may, err := s.admit(c, body.WriteKey)
	if err != nil {
		return nil, 0, err
	}
	asked, err := s.readContext(body.Context)
	if err != nil {
		return nil, 0, err
	}
	id, err := s.identify(c, &ingest.Who{ID: asked.TargetingKey, UserID: asked.UserID, Traits: asked.Traits}, asked.Identify, may)
	if err != nil {
		return nil, 0, err
	}
	now := s.now()
	around := s.surroundings(c, &ingest.Client{UserAgent: asked.UserAgent, IP: asked.IP, Language: asked.Language}, asked.Consent, may)
	if asked.UserAgent != "" { // the header may be an SDK's
		around.UserAgent = asked.UserAgent
	}
	page := ingest.Event{Name: ingest.PageView, Visitor: id.visitor, Page: asked.Page, Time: now.UnixMilli(), Received: now.UnixMilli()}
	s.enricher.Enrich(&page, around)
	d, err := s.engine.Peek(engine.Visit{
		Visitor: id.visitor, User: id.user, Traits: id.traits, Signed: id.signed,
		Decide: &engine.Request{
			Context: &page, Trigger: asked.Trigger, Slots: asked.Slots, Facts: s.facts(s.engine.Live().Set, now),
			Consent: s.consents(asked.Consent) || may == secret && asked.Consent != "denied", Proven: id.proven(),
		},
	}, now)
	return &d, may, err
}

// readContext checks an evaluation context and finds the traits in it.
func (s *Server) readContext(text json.RawMessage) (*ofrepContext, error) {
	asked := &ofrepContext{}
	var fields map[string]any
	if len(text) > 0 {
		if err := ingest.Decode(text, asked); err != nil {
			return nil, &evaluationFailure{Code: "INVALID_CONTEXT", Details: "context: " + err.Error()}
		}
		if err := ingest.Decode(text, &fields); err != nil {
			return nil, &evaluationFailure{Code: "INVALID_CONTEXT", Details: "context: " + err.Error()}
		}
	}
	if asked.TargetingKey == "" {
		return nil, &evaluationFailure{Code: "TARGETING_KEY_MISSING", Details: "context.targetingKey is missing: it is the visitor's id"}
	}
	if asked.Page == nil && asked.URL != "" {
		asked.Page = &ingest.Page{URL: asked.URL}
	}
	if err := checkID("context.targetingKey", asked.TargetingKey); err != nil {
		return nil, err
	}
	switch err := checkConsent(asked.Consent); {
	case err != nil:
		return nil, err
	case pageBytes(asked.Page) > ingest.MaxEventBytes:
		return nil, problem("bad_request", fmt.Sprintf("page has %d bytes, at most %d are taken", pageBytes(asked.Page), ingest.MaxEventBytes))
	case len(asked.Trigger) > maxTrigger:
		return nil, problem("bad_request", fmt.Sprintf("trigger is longer than %d bytes", maxTrigger))
	}
	told := map[string]any{}
	for name := range s.engine.Live().Set.Site.Traits {
		if value, there := asked.Traits[name]; there {
			told[name] = value
		} else if value, there := fields[name]; there {
			told[name] = value
		}
	}
	asked.Traits = told
	return asked, nil
}

// answerFailure says in OFREP's words what is wrong with a request, and all
// else as everywhere.
func (s *Server) answerFailure(c echo.Context, key string, err error) error {
	var failure *evaluationFailure
	var p *Problem
	if errors.As(err, &p) && p.Code == "bad_json" {
		failure = &evaluationFailure{Code: "PARSE_ERROR", Details: p.Message}
	} else if errors.As(err, &p) && p.Code == "bad_request" {
		failure = &evaluationFailure{Code: "INVALID_CONTEXT", Details: p.Message}
	} else if !errors.As(err, &failure) {
		return err
	}
	return encode(c, http.StatusBadRequest, &evaluationFailure{key, failure.Code, failure.Details})
}

// matches says whether an If-None-Match header has the tag.
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}
