package engine_test

import (
	"context"
	"testing"
	"time"
)

// aging stands where the warehouse is.
type aging struct {
	aged    []string
	before  time.Time
	dropped chan struct{}
}

func (a *aging) Aged(_ context.Context, before time.Time, each func(string) error) error {
	a.before = before
	for _, v := range a.aged {
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

func (a *aging) Drop(context.Context, time.Time) (uint64, error) {
	close(a.dropped)
	return 1, nil
}

// Who has not been back is forgotten; whose events are only on their way to the
// warehouse is not.
func TestProfilesOfOldAreForgotten(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l, waiting)
	for who, at := range map[string]time.Time{"old": dawn.AddDate(-3, 0, 0), "back": dawn.AddDate(-3, 0, 0), "new": dawn} {
		if err := put(e, who, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(e, "back", dawn); err != nil {
		t.Fatal(err)
	}
	a := &aging{aged: []string{"old", "back", "nobody"}, dropped: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Retain(ctx, 760*24*time.Hour, a, func() time.Time { return dawn }) }()
	select {
	case <-a.dropped:
	case <-time.After(time.Minute):
		t.Error("nothing was dropped")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for who, kept := range map[string]bool{"old": false, "back": true, "new": true} {
		if p, err := e.Profile(who); (p != nil) != kept || err != nil {
			t.Errorf("profile of %s: %v, %v", who, p, err)
		}
	}
	if want := time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC); !a.before.Equal(want) {
		t.Errorf("before %s, want %s", a.before, want)
	}
	if erased, err := e.Erased("old"); erased || err != nil {
		t.Error("who is forgotten for being away may come back", err)
	}
	if err := put(e, "old", dawn); err != nil {
		t.Error(err)
	}
}
