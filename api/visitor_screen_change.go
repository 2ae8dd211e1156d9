package api

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
)

// exportVisitor hands a visitor's file to a person, who is recorded before.
func (s *Server) exportVisitor(c echo.Context) error {
	id := idOf(c)
	if err := checkID("the visitor's id", id); err != nil {
		return err
	}
	if err := s.audit(c, "visitor_export", s.audited("visitor", id)); err != nil {
		return err
	}
	return s.export(c)
}

// exportByKey hands a visitor's file to the bearer of a key, who is recorded before.
func (s *Server) exportByKey(c echo.Context) error {
	if err := s.byKey(c, "visitor_export", s.audited("visitor", idOf(c))); err != nil {
		return err
	}
	return s.export(c)
}

// audited is how the audit log names a visitor or a person: it outlives an erasure,
// so that it must not have the id, nor what the id can be guessed from.
func (s *Server) audited(kind, id string) string {
	return kind + " " + s.engine.Disguise(kind, id)
}

// eraseVisitor forgets a visitor for good, once its id has been typed as well.
func (s *Server) eraseVisitor(c echo.Context) error {
	id := idOf(c)
	if err := checkID("the visitor's id", id); err != nil {
		return err
	}
	if c.FormValue("confirm") != id {
		return c.Redirect(http.StatusSeeOther, visitorPath(id)+"?wrong=1#erase")
	}
	x, err := s.engine.Erase([]string{id}, s.now())
	if err != nil {
		s.log.Error("erasure could not be begun", "error", err)
		return retryLater("unavailable", "the erasure could not be made durable; ask again", soon).in("消去の指示を保存できませんでした。もう一度操作してください。")
	}
	s.forget(x.Visitors)
	if err := s.audit(c, "visitor_erase", x.ID); err != nil {
		s.log.Error("who erases could not be recorded", "error", err)
		return notRecorded()
	}
	return c.Redirect(http.StatusSeeOther, "/ui/erasures/"+x.ID)
}

// erasureScreen is the receipt of an erasure, which may still be under way.
func (s *Server) erasureScreen(c echo.Context) error {
	x, err := s.engine.Erasure(c.Param("id"))
	for end := time.Now().Add(countWait); err == nil && x != nil && x.Stage() != "done" && time.Now().Before(end); {
		time.Sleep(eraseEvery)
		x, err = s.engine.Erasure(x.ID)
	}
	switch {
	case err != nil:
		return err
	case x == nil:
		return problem("not_found", "no erasure has this id").in("この番号の消去はありません。")
	}
	return s.screen(c, "erasure", erasingOf(x, s.here().Location()))
}

func erasingOf(x *engine.Erasure, zone *time.Location) dashboard.Erasing {
	out := dashboard.Erasing{ID: x.ID, Stage: x.Stage(), Done: x.Stage() == "done", Asked: x.Asked.In(zone), Count: x.Count}
	if out.Done {
		out.Ended = x.Done.In(zone)
	}
	for _, name := range slices.Sorted(maps.Keys(x.Removed)) {
		out.Removed = append(out.Removed, dashboard.Removed{Name: name, N: x.Removed[name]})
	}
	return out
}
