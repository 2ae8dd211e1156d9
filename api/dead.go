package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// DeadLetter holds the events that the warehouse cannot take.
type DeadLetter interface {
	DeadSize() (events, bytes, bound uint64)
	Dead(after ingest.Place, max int) ([]ingest.Dead, error)
	Replay(ctx context.Context, places []ingest.Place) (ingest.Replayed, error)
}

// Bounds of one call.
const (
	mostDead     = 1000
	usualDead    = 100
	replayWithin = 40 * time.Second
)

type deadAnswer struct {
	Events   uint64      `json:"events"` // in the dead letter, all of them
	Bytes    uint64      `json:"bytes"`
	MaxBytes uint64      `json:"max_bytes"` // at which loading stops
	Dead     []deadEvent `json:"dead"`
	Next     string      `json:"next,omitempty"` // ask for more after this place
}

type deadEvent struct {
	Place   string          `json:"place"` // seq/idx
	At      time.Time       `json:"at"`
	ID      string          `json:"id"`
	Visitor string          `json:"visitor"`
	Name    string          `json:"name"`
	Reason  string          `json:"reason"`
	Raw     json.RawMessage `json:"raw"`
}

// dead answers GET /v1/dead?after=&limit=.
func (s *Server) dead(c echo.Context) error {
	limit := usualDead
	if text := c.QueryParam("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostDead {
			return problem("bad_request", fmt.Sprintf("limit %.20q is no number from 1 to %d", text, mostDead))
		}
		limit = n
	}
	after, err := afterOf(c.QueryParam("after"))
	if err != nil {
		return err
	}
	dead, err := s.letter.Dead(after, limit+1)
	if err != nil {
		return err
	}
	out := deadAnswer{Dead: []deadEvent{}}
	out.Events, out.Bytes, out.MaxBytes = s.letter.DeadSize()
	if len(dead) > limit {
		dead = dead[:limit]
		out.Next = dead[limit-1].String()
	}
	for _, d := range dead {
		e := deadEvent{Place: d.String(), At: time.UnixMilli(d.At).UTC(), Reason: d.Reason, Raw: d.Raw}
		if event, err := ingest.Parse(d.Raw); err == nil {
			e.ID, e.Visitor, e.Name = event.ID, event.Visitor, event.Name
		} else if e.Raw, err = json.Marshal(string(d.Raw)); err != nil { // shown as a text
			return err
		}
		out.Dead = append(out.Dead, e)
	}
	return encode(c, http.StatusOK, out)
}

func afterOf(text string) (ingest.Place, error) {
	if text == "" {
		return ingest.Place{}, nil
	}
	after, err := ingest.ParsePlace(text)
	if err != nil {
		return after, problem("bad_request", "after: "+err.Error())
	}
	return after, nil
}

type replayBody struct {
	Places []string `json:"places"`
	All    bool     `json:"all"`
	After  string   `json:"after"` // of all: only those after this place
}

type replayAnswer struct {
	Loaded  int         `json:"loaded"`
	Still   []stillDead `json:"still"`
	Unknown []string    `json:"unknown"`
	Next    string      `json:"next,omitempty"` // of all: there are more; ask again after this place
}

type stillDead struct {
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

// replay answers POST /v1/dead/replay.
func (s *Server) replay(c echo.Context) error {
	var body replayBody
	if err := decode(c, &body); err != nil {
		return err
	}
	places, next, err := s.toReplay(body)
	if err != nil {
		return err
	}
	if err := s.byKey(c, "dead_replay", auditedPlaces(places)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), replayWithin)
	defer cancel()
	done, err := s.letter.Replay(ctx, places)
	if err != nil {
		return retryLater("unavailable", "dead events could not be replayed: "+err.Error()+"; none is lost, replay again", soon)
	}
	out := replayAnswer{Loaded: done.Loaded, Still: []stillDead{}, Unknown: []string{}, Next: next}
	for _, d := range done.Still {
		out.Still = append(out.Still, stillDead{d.String(), d.Reason})
	}
	for _, p := range done.Unknown {
		out.Unknown = append(out.Unknown, p.String())
	}
	return encode(c, http.StatusOK, out)
}

// toReplay is what is asked for, and where the next call of all goes on.
func (s *Server) toReplay(body replayBody) (places []ingest.Place, next string, err error) {
	if body.All == (len(body.Places) > 0) {
		return nil, "", problem("bad_request", `name places, {"places": ["1842/0"]}, or all of them, {"all": true}`)
	}
	if len(body.Places) > mostDead {
		return nil, "", problem("bad_request", fmt.Sprintf("%d places are more than the %d of one call", len(body.Places), mostDead))
	}
	for _, text := range body.Places {
		p, err := ingest.ParsePlace(text)
		if err != nil {
			return nil, "", problem("bad_request", err.Error())
		}
		places = append(places, p)
	}
	if !body.All {
		return places, "", nil
	}
	after, err := afterOf(body.After)
	if err != nil {
		return nil, "", err
	}
	dead, err := s.letter.Dead(after, mostDead+1)
	if err != nil {
		return nil, "", err
	}
	if len(dead) > mostDead {
		dead = dead[:mostDead]
		next = dead[mostDead-1].String()
	}
	for _, d := range dead {
		places = append(places, d.Place)
	}
	return places, next, nil
}
