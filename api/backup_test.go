package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
)

func TestBackupIsStreamedAndOneAtATime(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	s := open(t, options(func(o *api.Options) {
		o.Backup = func(_ context.Context, w io.Writer) error {
			close(begun)
			<-goOn
			_, err := io.WriteString(w, "all of it")
			return err
		}
	}))
	done := make(chan answer)
	go func() { done <- s.trusted().post("/v1/backup", nil) }()
	<-begun
	s.trusted().post("/v1/backup", nil).says(http.StatusServiceUnavailable, "unavailable", "another backup is being made; wait for its end")
	close(goOn)
	if got := (<-done).is(http.StatusOK); string(got.body) != "all of it" {
		t.Errorf("the backup is %q", got.body)
	}
}

// A backup that cannot begin is answered with the reason; one that fails half
// way breaks off, and cannot be taken for whole.
func TestABackupThatFails(t *testing.T) {
	t.Parallel()
	written := ""
	s := open(t, options(func(o *api.Options) {
		o.Backup = func(_ context.Context, w io.Writer) error {
			var err error
			if written != "" {
				_, err = io.WriteString(w, written)
			}
			return errors.Join(err, errors.New("the disk is full"))
		}
	}))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secretKey)
	for _, written = range []string{"", strings.Repeat("half of it", 10_000)} {
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if written == "" && (res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(text), "the disk is full")) {
			t.Errorf("before the first byte: %s %s", res.Status, text)
		}
		if written != "" && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("half way: %d bytes and %v, want the answer to break off", len(text), err)
		}
	}
}
