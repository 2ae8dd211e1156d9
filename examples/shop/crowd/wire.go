package crowd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// event is one event as a browser sends it.
type event struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	At         int64          `json:"time"`
	Page       any            `json:"page,omitempty"`
	Properties map[string]any `json:"properties,omitempty"`

	campaign, variant string
}

type page struct {
	URL      string         `json:"url"`
	Title    string         `json:"title,omitempty"`
	Type     string         `json:"type,omitempty"`
	Lang     string         `json:"lang,omitempty"`
	Referrer string         `json:"referrer,omitempty"`
	Item     map[string]any `json:"item,omitempty"`
}

type decideCall struct {
	Visitor    map[string]any `json:"visitor"`
	Page       page           `json:"page"`
	Events     []event        `json:"events,omitempty"`
	Trigger    string         `json:"trigger,omitempty"`
	PageView   bool           `json:"page_view"`
	PageViewID string         `json:"page_view_id,omitempty"` // one over all tries, so that none counts twice
	Consent    string         `json:"consent"`
	Identify   string         `json:"identify,omitempty"`
}

type decideAnswer struct {
	DecisionID string   `json:"decision_id"`
	Degraded   []string `json:"degraded"`
	Rejected   []any    `json:"rejected"`
	Decisions  []struct {
		Campaign string   `json:"campaign"`
		Variant  string   `json:"variant"`
		Control  bool     `json:"control"`
		Slot     string   `json:"slot"`
		On       []string `json:"on"`
		Armed    bool     `json:"armed"`
		Token    string   `json:"token"`
		Action   action   `json:"action"`
	} `json:"decisions"`
}

// action is what visitors need to know of one.
type action struct {
	Type, Title string
	Channels    []struct{ Type string }
	Questions   []question
}

type question struct {
	ID, Type string
	Options  []string
}

// now is the moment that the visitor lives in.
func (p *person) now() time.Time { return p.crowd.o.Clock.Now() }

func (p *person) event(name string, properties map[string]any) event {
	return event{ID: uuid.Must(uuid.NewV7()).String(), Name: name, At: p.now().UnixMilli(), Properties: properties}
}

func (p *person) decide(ctx context.Context, call decideCall) (decideAnswer, error) {
	call.Visitor = map[string]any{"id": p.id}
	call.Consent, call.Identify, call.PageView = "granted", p.token, call.Trigger == ""
	if call.PageView {
		call.PageViewID = uuid.Must(uuid.NewV7()).String()
	}
	var answer decideAnswer
	for again := 0; ; again++ {
		answer = decideAnswer{}
		if err := p.post(ctx, "/v1/decide", p.crowd.o.PublicKey, call, &answer); err != nil {
			return answer, err
		}
		if len(answer.Degraded) == 0 && len(answer.Rejected) == 0 {
			break
		}
		err := fmt.Errorf("decide went wrong: degraded %v, rejected %v", answer.Degraded, answer.Rejected)
		if again == silences {
			return answer, err
		}
		p.asksAgain(err)
		if err := pause(ctx); err != nil {
			return answer, err
		}
	}
	p.note(call.Events)
	p.here = call.Page
	return answer, nil
}

// send is what the beacon sends by itself; tell is what the shop's server tells.
func (p *person) send(ctx context.Context, events []event) error {
	return p.events(ctx, p.crowd.o.PublicKey, events)
}

func (p *person) tell(ctx context.Context, events []event) error {
	return p.events(ctx, p.crowd.o.SecretKey, events)
}

func (p *person) events(ctx context.Context, key string, events []event) error {
	if len(events) == 0 {
		return nil
	}
	body := map[string]any{"visitor": map[string]any{"id": p.id}, "consent": "granted", "events": events}
	var answer struct {
		Accepted int   `json:"accepted"`
		Rejected []any `json:"rejected"`
	}
	if err := p.post(ctx, "/v1/events", key, body, &answer); err != nil {
		return err
	}
	if answer.Accepted != len(events) {
		return fmt.Errorf("of %d events %d were accepted: %v", len(events), answer.Accepted, answer.Rejected)
	}
	p.note(events)
	return nil
}

func (p *person) note(events []event) {
	for _, e := range events {
		p.did = append(p.did, deed{name: e.Name, at: e.At, campaign: e.campaign, variant: e.variant})
	}
}

// post asks until the server can answer: one that is busy for a moment says that
// the same may be sent again, and a call that was not answered at all, as on a
// machine that slept, is made again as well. Events have ids of their own, so that
// none counts twice.
func (p *person) post(ctx context.Context, path, key string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	busy, silent := 0, 0
	for {
		status, text, err := p.once(ctx, path, key, raw)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && silent == silences:
			return err
		case err != nil:
			silent++
			p.asksAgain(err)
		case status == http.StatusOK:
			p.crowd.o.Clock.passes()
			return json.Unmarshal(text, answer)
		case status != http.StatusServiceUnavailable || busy == tries:
			return fmt.Errorf("POST %s: %d: %s", path, status, text)
		default:
			busy++
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func (p *person) asksAgain(err error) {
	p.crowd.tell(fmt.Errorf("simulated visitor %s: %w; it asks again", p.id, err))
}

// pause is a second, unless all is to end.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
		return nil
	}
}

// tries is how often a visitor asks a server that is not there for anybody just now.
const tries = 30

// silences is how often it asks again where no answer came, or not the whole one.
const silences = 3

func (p *person) once(ctx context.Context, path, key string, raw []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.crowd.o.Server+path, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("User-Agent", p.agent)
	req.Header.Set("Accept-Language", "ja,en;q=0.8")
	res, err := p.crowd.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, text, err
}
