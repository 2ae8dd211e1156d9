package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// operatorFor is how long somebody counts as online after saying so: a desk
// that is left open must not promise an answer for ever.
const operatorFor = 5 * time.Minute

// Bounds of who can be on duty at a time.
const (
	maxOperators = 1000
	maxChannels  = 20
)

// operators are the people who can take a chat or a call now. They are not
// kept over a restart: whoever is there says so again within minutes.
type operators struct {
	mu     sync.Mutex
	online map[string]operator
}

type operator struct {
	Channels []string
	Until    time.Time
}

type operatorBody struct {
	Online   bool     `json:"online"`
	Channels []string `json:"channels"` // chat, phone, …; none: all
}

type operatorAnswer struct {
	ID       string     `json:"id"`
	Online   bool       `json:"online"`
	Channels []string   `json:"channels,omitempty"`
	Until    *time.Time `json:"until,omitempty"` // say it again before then
}

// putOperator answers PUT /v1/operators/{id}.
func (s *Server) putOperator(c echo.Context) error {
	var body operatorBody
	if err := decode(c, &body); err != nil {
		return err
	}
	id := c.Param("id")
	if !ingest.GoodID(id) || id == "" {
		return problem("bad_request", fmt.Sprintf("the operator's id is empty, longer than %d bytes or has control characters", ingest.MaxID))
	}
	if len(body.Channels) > maxChannels || slices.ContainsFunc(body.Channels, func(ch string) bool { return !ingest.GoodID(ch) || ch == "" }) {
		return problem("bad_request", fmt.Sprintf("channels are at most %d short words, such as chat or phone", maxChannels))
	}
	answer := operatorAnswer{ID: id, Online: body.Online}
	if body.Online {
		until := s.now().Add(operatorFor).UTC()
		answer.Channels, answer.Until = body.Channels, &until
	}
	changes, room := s.operators.would(id, body, s.now())
	if room && changes { // and not each time that it is said again
		what := "operator_off"
		if body.Online {
			what = "operator_on"
		}
		if err := s.byKey(c, what, strings.Join(append([]string{id}, answer.Channels...), " ")); err != nil {
			return err
		}
	}
	if !room || !s.operators.say(id, body, s.now()) {
		return problem("too_large", fmt.Sprintf("%d operators are online, and no more are kept", maxOperators))
	}
	return encode(c, http.StatusOK, answer)
}

// would says whether what somebody says changes anything, and whether there is room
// for it.
func (o *operators) would(id string, body operatorBody, now time.Time) (changes, room bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	is, on := o.online[id]
	return on != body.Online || on && !slices.Equal(is.Channels, body.Channels), on || !body.Online || len(o.online) < maxOperators
}

func (o *operators) say(id string, body operatorBody, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.online == nil {
		o.online = map[string]operator{}
	}
	o.forget(now)
	if !body.Online {
		delete(o.online, id)
		return true
	}
	if _, known := o.online[id]; !known && len(o.online) >= maxOperators {
		return false
	}
	o.online[id] = operator{Channels: body.Channels, Until: now.Add(operatorFor)}
	return true
}

// count is how many are online.
func (o *operators) count(now time.Time) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	return len(o.online)
}

// staffed are the kinds of channels that somebody is online for.
func (o *operators) staffed(now time.Time) (kinds []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	for _, kind := range rules.ChatTypes() {
		for _, operator := range o.online {
			if len(operator.Channels) == 0 || slices.Contains(operator.Channels, kind) {
				kinds = append(kinds, kind)
				break
			}
		}
	}
	return kinds
}

func (o *operators) forget(now time.Time) {
	for id, operator := range o.online {
		if !operator.Until.After(now) {
			delete(o.online, id)
		}
	}
}

// facts are what rules of the set ask of the world outside, nil when they ask
// nothing. They are read once, and kept with the decision.
func (s *Server) facts(set *rules.Set, now time.Time) *ingest.Facts {
	if !set.ReadsOperators && !set.Staffed && len(set.FactPools) == 0 && len(set.Rankings) == 0 {
		return nil
	}
	facts := &ingest.Facts{Unranked: s.engine.Unranked(set)}
	if set.Staffed {
		facts.Staffed = s.operators.staffed(now)
	}
	if set.ReadsOperators {
		facts.OperatorsOnline = s.operators.count(now)
	}
	for _, pool := range set.FactPools {
		if facts.CouponsLeft == nil {
			facts.CouponsLeft = map[string]int{}
		}
		facts.CouponsLeft[pool] = s.engine.CouponsLeft(pool)
	}
	return facts
}
