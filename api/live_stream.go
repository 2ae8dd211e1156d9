package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/api/presence"
)

// How a stream of the live screen goes.
const (
	pushEvery  = 500 * time.Millisecond
	lookEvery  = 2 * time.Second       // where nothing happens: time passes all the same
	streamFor  = 2 * time.Minute       // the browser comes again, and is looked at again: who it is, and what it may
	renewEvery = 30 * time.Second      // of an operator whose screen is open
	pushWithin = 5 * time.Second       // or the browser is gone
	retryAfter = "retry: 1000\n\n"     // ms, until it comes again
	eventHead  = "event: live\ndata: " // of each push
)

// push is what has changed since the last one: HTML for the page to put in.
type push struct {
	Now   int64    `json:"now"`             // by the server's clock
	Order []uint64 `json:"order,omitempty"` // the rows that are shown, from the top; none: as they are
	None  bool     `json:"none,omitempty"`  // no row is shown
	Rows  []string `json:"rows,omitempty"`  // those that are new or have changed
	Tiles string   `json:"tiles,omitempty"`
	Then  *then    `json:"then,omitempty"` // with the first push, and when a slot of time has passed
	Sum   string   `json:"sum,omitempty"`
	Staff string   `json:"staff,omitempty"` // who is on duty
}

// then is what the tiles' figures were in the slots of time that are over, for the
// page to draw.
type then struct {
	Until int64                `json:"until"` // when the last of them ended, in ms since 1970
	Each  int64                `json:"each"`  // ms of a slot
	Was   map[string][]float64 `json:"was"`   // by the tile's name, the oldest first
}

// liveEvents sends what changes on the live screen, as it changes; to who asks for
// no stream, what there is now.
func (s *Server) liveEvents(c echo.Context) error {
	f, err := presence.ReadFilter(c.QueryParams())
	if err != nil {
		return problem("bad_request", err.Error()).in("絞り込みの条件が読めません。条件を入れ直してください。")
	}
	select {
	case s.lively.screens <- struct{}{}:
		defer func() { <-s.lively.screens }()
	default:
		return retryLater("unavailable", "100 live screens are open: close one that nobody looks at", soon).in("ライブの画面が 100 枚開かれています。見ていないものを閉じてください。")
	}
	response := c.Response()
	connection := http.NewResponseController(response)
	if err := connection.SetReadDeadline(time.Time{}); err != nil { // the browser has said all it will
		return err
	}
	response.Header().Set("Content-Type", "text/event-stream")
	response.Header().Set("Cache-Control", "no-store")
	response.Header().Set("X-Accel-Buffering", "no")
	send := func(text []byte) error {
		if err := connection.SetWriteDeadline(time.Now().Add(pushWithin)); err != nil {
			return err
		}
		if _, err := response.Write(text); err != nil {
			return err
		}
		return connection.Flush()
	}
	if err := send([]byte(retryAfter)); err != nil {
		return nil // gone already
	}
	w := watcher{s: s, f: f, frame: s.frame(c, "live")}
	tick, end := time.NewTicker(pushEvery), time.NewTimer(streamFor)
	defer tick.Stop()
	defer end.Stop()
	for {
		text, err := w.next(s.here())
		if err != nil {
			s.log.Error("the live screen cannot be drawn", "error", err)
			return nil
		}
		if text != nil {
			if err := send(text); err != nil {
				return nil
			}
		}
		if r := c.Request(); r.Method == http.MethodHead || !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			return nil
		}
		select {
		case <-tick.C:
		case <-end.C:
			return nil
		case <-s.lively.over:
			return nil
		case <-c.Request().Context().Done():
			return nil
		}
	}
}

// watcher is one open screen: what it looks at, and what it has been sent.
type watcher struct {
	s       *Server
	f       presence.Filter
	frame   dashboard.Frame
	changes uint64
	looked  time.Time
	renewed time.Time
	begun   bool
	order   []uint64
	rows    map[uint64]dashboard.LiveRow
	sent    push
	until   int64 // of what was sent of then
}

// next gives what is to be sent now, nil for nothing.
func (w *watcher) next(now time.Time) ([]byte, error) {
	s := w.s
	if now.Sub(w.renewed) >= renewEvery {
		s.operators.renew(w.frame.Who, now)
		w.renewed = now
	}
	changes := s.lively.table.Changes()
	if w.begun && changes == w.changes && now.Sub(w.looked) < lookEvery {
		return nil, nil
	}
	w.changes, w.looked = changes, now
	p := push{Now: now.UnixMilli()}
	seen := s.seen(w.f, now)
	if err := w.list(&p, s.liveRowsOf(seen, s.invitable(w.frame.Role >= dashboard.Edit), now)); err != nil {
		return nil, err
	}
	beat := s.lively.table.Beat(now)
	figures := tiles(seen, beat)
	if beat.Until != w.until {
		p.Then, w.until = &then{Until: beat.Until, Each: beat.Each, Was: map[string][]float64{}}, beat.Until
		for _, tile := range figures {
			p.Then.Was[tile.Name] = tile.Then
		}
	}
	for _, one := range []struct {
		part string
		data any
		last *string
		at   *string
	}{
		{"live-tiles", figures, &w.sent.Tiles, &p.Tiles},
		{"live-sum", sumOf(seen), &w.sent.Sum, &p.Sum},
		{"live-staff", s.deskOf(w.frame.Who, now), &w.sent.Staff, &p.Staff},
	} {
		text, err := w.part(one.part, one.data)
		if err != nil {
			return nil, err
		}
		if text != *one.last {
			*one.at, *one.last = text, text
		}
	}
	if w.begun && p.Order == nil && !p.None && p.Rows == nil && p.Then == nil && p.Tiles == "" && p.Sum == "" && p.Staff == "" {
		return nil, nil
	}
	w.begun = true
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(eventHead), text, []byte("\n\n")), nil
}

// list adds the rows that changed, and their order if that did.
func (w *watcher) list(p *push, rows []dashboard.LiveRow) error {
	order, kept := make([]uint64, len(rows)), make(map[uint64]dashboard.LiveRow, len(rows))
	for i, row := range rows {
		order[i] = row.Row
		bare := row
		bare.Now = 0 // time passes in the browser by itself
		kept[row.Row] = bare
		if last, ok := w.rows[row.Row]; ok && last == bare {
			continue
		}
		text, err := w.part("live-row-part", row)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, text)
	}
	if !w.begun || !slices.Equal(order, w.order) {
		p.Order, p.None = order, len(order) == 0
	}
	w.order, w.rows = order, kept
	return nil
}

func (w *watcher) part(name string, data any) (string, error) {
	var out bytes.Buffer
	err := w.s.desk.screens.Part(&out, w.frame, "live", name, data)
	return out.String(), err
}
