package api

import (
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// peopled are the kinds of channels that somebody sits at.
var peopled = []string{"chat", "phone", "line", "video"}

// deskOf is who is on duty, as somebody sees it.
func (s *Server) deskOf(me string, now time.Time) dashboard.Desk {
	d := dashboard.Desk{Kinds: peopled, For: int(operatorFor.Minutes())}
	for _, o := range s.operators.all(now) {
		one := dashboard.OnDuty{Name: o.id, Kinds: o.Channels}
		if d.OnDuty = append(d.OnDuty, one); o.id == me {
			d.On, d.Mine = true, o.Channels
		}
	}
	return d
}

// setDuty switches the person of a request on, with the channels that it ticked,
// or off. It stays on while its live screen is open, and five minutes after.
func (s *Server) setDuty(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return unreadForm(err)
	}
	me, body := by(c).Name, operatorBody{Online: form.Get("on") == "yes"}
	what := "operator_off"
	if body.Online {
		what = "operator_on"
		for _, kind := range form["channels"] {
			if !slices.Contains(peopled, kind) {
				return problem("bad_request", "channels are some of "+strings.Join(peopled, ", ")).in("受けるチャネルは画面にあるものから選んでください。")
			}
			body.Channels = append(body.Channels, kind)
		}
		if len(body.Channels) == 0 {
			return problem("bad_request", "no channel is ticked: tick those that you take, or stay off").in("受けるチャネルを一つ以上選んでください。")
		}
	}
	if !s.operators.say(me, body, s.now()) {
		return problem("too_large", "as many operators are online as are kept").in("対応中のスタッフが上限に達しています。")
	}
	if err := s.audit(c, what, strings.Join(body.Channels, " ")); err != nil {
		return err
	}
	to := "/ui/live"
	if query := form.Get("query"); query != "" {
		to += "?" + query
	}
	return back(c, to)
}

// onDuty is an operator with its id.
type onDuty struct {
	id string
	operator
}

// all are those online now, by id.
func (o *operators) all(now time.Time) []onDuty {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	var out []onDuty
	for id, one := range o.online {
		out = append(out, onDuty{id, one})
	}
	slices.SortFunc(out, func(a, b onDuty) int { return strings.Compare(a.id, b.id) })
	return out
}

// renew keeps somebody online who is.
func (o *operators) renew(id string, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	if one, ok := o.online[id]; ok {
		one.Until = now.Add(operatorFor)
		o.online[id] = one
	}
}
