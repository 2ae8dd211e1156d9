package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// Problem is an error as clients see it.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []any  `json:"details,omitempty"`
	Ja      string `json:"-"` // for the screens: Message in Japanese; "" says no more than the code
	Cited   string `json:"-"` // behind Ja: what there are no Japanese words for, in English

	after time.Duration // to wait before the same is sent again
}

func (p *Problem) Error() string { return p.Code + ": " + p.Message }

// problem makes one; its code must stand in the table below.
func problem(code, message string, details ...any) *Problem {
	return &Problem{Code: code, Message: message, Details: details}
}

// in gives it words in Japanese, where people see it on a screen.
func (p *Problem) in(ja string) *Problem {
	p.Ja = ja
	return p
}

// citing puts English behind the Japanese words.
func (p *Problem) citing(en string) *Problem {
	p.Cited = en
	return p
}

// retryLater is the one way to say "not now" (429, 503): the answer carries
// Retry-After, in whole seconds, rounded up, at least one.
func retryLater(code, message string, after time.Duration) *Problem {
	return &Problem{Code: code, Message: message, after: after}
}

// statuses is the one table from an error's code to its HTTP status.
var statuses = map[string]int{
	"bad_json":         http.StatusBadRequest,
	"bad_request":      http.StatusBadRequest,
	"no_valid_event":   http.StatusBadRequest,
	"no_key":           http.StatusUnauthorized,
	"wrong_key":        http.StatusUnauthorized,
	"bad_token":        http.StatusUnauthorized,
	"needs_secret":     http.StatusForbidden,
	"scope":            http.StatusForbidden,
	"role":             http.StatusForbidden,
	"origin":           http.StatusForbidden,
	"not_found":        http.StatusNotFound,
	"bad_method":       http.StatusMethodNotAllowed,
	"already_redeemed": http.StatusConflict,
	"conflict":         http.StatusConflict,
	"already_invited":  http.StatusConflict,
	"in_control":       http.StatusConflict,
	"in_holdout":       http.StatusConflict,
	"in_layer":         http.StatusConflict,
	"too_large":        http.StatusRequestEntityTooLarge,
	"rate_limited":     http.StatusTooManyRequests,
	"internal":         http.StatusInternalServerError,
	"unavailable":      http.StatusServiceUnavailable,
	"full":             http.StatusServiceUnavailable,
}

// soon is what clients are told to wait when nothing says how long it will take.
const soon = 2 * time.Second

// answerError is echo's error handler: every error leaves through here.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	var p *Problem
	var h *echo.HTTPError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &h) && h.Code == http.StatusNotFound:
		p = problem("not_found", "nothing is at "+c.Request().URL.Path+"; GET /openapi.yaml lists what there is").in("アドレスを確かめてください。")
	case errors.As(err, &h) && h.Code == http.StatusMethodNotAllowed:
		p = problem("bad_method", c.Request().Method+" is not taken at "+c.Request().URL.Path+": use one of "+c.Response().Header().Get(echo.HeaderAllow)).in("画面のボタンから操作してください。")
	default:
		s.log.Error("request failed", "method", c.Request().Method, "path", c.Request().URL.Path, "error", err)
		p = problem("internal", "something went wrong on the server; its log says what").in("サーバーのログに理由があります。")
	}
	status := statuses[p.Code]
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", seconds(max(p.after, time.Second)))
	}
	if s.problemPage(c, status, p) {
		return
	}
	if err := encode(c, status, map[string]*Problem{"error": p}); err != nil {
		s.log.Debug("error could not be sent", "error", err)
	}
}

// seconds writes a wait as Retry-After has it.
func seconds(wait time.Duration) string {
	return strconv.Itoa(int((wait + time.Second - 1) / time.Second))
}
