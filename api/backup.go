package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Backup writes all that the server keeps.
type Backup func(context.Context, io.Writer) error

// backup streams a backup. One that fails half way breaks the connection off:
// what came until then must not pass for whole.
func (s *Server) backup(c echo.Context) error {
	if !s.backingUp.TryLock() {
		return retryLater("unavailable", "another backup is being made; wait for its end", time.Minute)
	}
	defer s.backingUp.Unlock()
	if err := s.byKey(c, "backup", ""); err != nil {
		return err
	}
	w := &lateHeader{response: c.Response()}
	if err := http.NewResponseController(c.Response()).SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	err := s.writeBackup(c.Request().Context(), w)
	if err == nil || c.Request().Context().Err() != nil {
		return nil
	}
	s.log.Error("backup failed", "error", err)
	if !w.begun {
		return problem("unavailable", "the backup could not be made: "+err.Error())
	}
	panic(http.ErrAbortHandler)
}

// lateHeader sends the header with the first bytes: until then an error can
// still be answered as one.
type lateHeader struct {
	response *echo.Response
	begun    bool
}

func (w *lateHeader) Write(p []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.response.Header().Set(echo.HeaderContentType, echo.MIMEOctetStream)
		w.response.WriteHeader(http.StatusOK)
	}
	return w.response.Write(p)
}
