package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

const (
	timersEvery  = 200 * time.Millisecond
	timersAtOnce = 1000
	timersFailed = 5 * time.Second // between two complaints; they are tried again all the while
)

// RunTimers fires what comes due, on the clock that now shows, until ctx is
// done. What came due while the server was down fires at once.
func (e *Engine) RunTimers(ctx context.Context, now func() time.Time) error {
	tick := time.NewTicker(timersEvery)
	defer tick.Stop()
	var said time.Time
	for {
		if err := e.fireDue(ctx, now()); err != nil && time.Since(said) >= timersFailed {
			said = time.Now()
			e.log.Error("timers could not be fired; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// fireDue fires all that is due. One that fails keeps none of the others from
// firing, and stays due; where the outbox has no room, what sends something waits.
func (e *Engine) fireDue(ctx context.Context, now time.Time) (failed error) {
	stay := map[ledger.Timer]bool{} // of those that are due
	sends, full := e.sending(), false
	for more := true; more && ctx.Err() == nil; {
		due, _, err := e.store.Timers(now.UnixMilli(), timersAtOnce+2*len(stay))
		if err != nil {
			return err
		}
		more = false
		for _, t := range due {
			if stay[t] {
				continue
			}
			more = true
			if full && sends(t) {
				stay[t] = true
				continue
			}
			err := e.fire(t, now)
			if err == nil {
				continue
			}
			stay[t] = true
			if failed == nil {
				failed = fmt.Errorf("timer of campaign %s: %w", t.Name, err)
			}
			if errors.Is(err, ledger.ErrFull) {
				if !sends(t) { // nothing at all is taken
					return failed
				}
				full = true
			}
		}
	}
	return failed
}

// sending says of timers whether the server itself sends something when they fire.
func (e *Engine) sending() func(ledger.Timer) bool {
	live, known := e.live.Load(), map[string]bool{}
	return func(t ledger.Timer) bool {
		name, _, _ := strings.Cut(t.Name, "/")
		is, told := known[name]
		if !told && live != nil {
			c := live.campaign(name)
			is = c != nil && c.Sends()
			known[name] = is
		}
		return is
	}
}

// fire records that what was awaited has not come, or that a moment has: the
// campaign may open when the visitor is next there, or is carried out at once.
// A timer that no profile knows any more is dropped.
func (e *Engine) fire(t ledger.Timer, now time.Time) error {
	_, err := e.visit(Visit{Visitor: t.Visitor, timer: &t}, now)
	if errors.Is(err, ErrErased) {
		_, err = e.store.Commit(ledger.Visit{Over: []ledger.Timer{t}})
	}
	return err
}

// fired is what the end of p's wait called name is recorded as.
func (e *Engine) fired(p *profile.Profile, name string, now time.Time) (ingest.Event, error) {
	event := ingest.Event{ID: e.newID(), Time: clock(now), Received: clock(now)}
	event.Name, event.Props = p.Fire(name, clock(now))
	var err error
	event.Properties, err = json.Marshal(event.Props)
	return event, err
}

// timers are what begins and ends when pending changes from before to after.
func timers(visitor string, before, after map[string]int64) (begun, over []ledger.Timer) {
	for campaign, due := range before {
		if after[campaign] != due {
			over = append(over, ledger.Timer{Due: due, Visitor: visitor, Name: campaign})
		}
	}
	for campaign, due := range after {
		if before[campaign] != due {
			begun = append(begun, ledger.Timer{Due: due, Visitor: visitor, Name: campaign})
		}
	}
	return begun, over
}

// pending is a copy of what p waits for; nil where no campaign waits for anything.
func pending(live *Live, p *profile.Profile) map[string]int64 {
	if len(live.terms.Absences) == 0 && len(live.terms.Reminders) == 0 && len(p.Pending) == 0 {
		return nil
	}
	return maps.Clone(p.Pending)
}
