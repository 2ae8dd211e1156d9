package loader

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// markName is the loader's own record in the ledger.
const markName = "loader"

// state is that record: kept whole, so that it cannot disagree with itself.
type state struct {
	Position uint64   `json:"position"`
	Pending  *pending `json:"pending,omitempty"`
	Passed   passed   `json:"passed,omitzero"` // of all events up to Position
	Loads    []load   `json:"loads,omitempty"` // where Position was when, oldest first
}

// pending is a range of visits, both ends included, that may be in the warehouse or not.
type pending struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Token string `json:"token"`
	Split bool   `json:"split,omitempty"` // refused whole for its data: parts of it were sent under tokens of their own
}

// passed is what became of the events up to the position when it passed them.
type passed struct {
	Loaded uint64 `json:"loaded,omitempty"`
	Dead   uint64 `json:"dead,omitempty"`
	Erased uint64 `json:"erased,omitempty"`
}

// load says that at a moment, ms, everything up to a visit was in the warehouse.
type load struct {
	At int64  `json:"at"`
	To uint64 `json:"to"`
}

// Of the loads about one a minute is kept for as long as an audit looks back, and
// about one an hour for as long as the ledger is kept.
const (
	lately  = 30 * time.Minute
	lastDay = 24 * time.Hour
)

// noted is loads with now behind them, thinned out.
func noted(loads []load, now load) []load {
	all := append(loads[:len(loads):len(loads)], now)
	kept := all[:1:1]
	for i := 1; i < len(all)-1; i++ {
		step := time.Minute
		if now.At-all[i].At > (lately + 5*time.Minute).Milliseconds() {
			step = time.Hour
		}
		if all[i+1].At-kept[len(kept)-1].At >= step.Milliseconds() {
			kept = append(kept, all[i])
		}
	}
	if len(all) > 1 {
		kept = append(kept, now)
	}
	for len(kept) > 1 && kept[1].At <= now.At-lastDay.Milliseconds() {
		kept = kept[1:]
	}
	return kept
}

// loadedBy is the visit up to which all was in the warehouse at a moment; 0 if
// that is not known.
func (s *state) loadedBy(at int64) uint64 {
	to := uint64(0)
	for _, l := range s.Loads {
		if l.At <= at {
			to = l.To
		}
	}
	return to
}

// begin reads the record, once.
func (l *Loader) begin() error {
	l.settling.Lock()
	defer l.settling.Unlock()
	if l.begun {
		return nil
	}
	value, err := l.source.Marked(markName)
	if err != nil {
		return fmt.Errorf("read the loader's record in the ledger: %w", err)
	}
	var s state
	if value != nil {
		if err := json.Unmarshal(value, &s); err != nil {
			return fmt.Errorf("the loader's record in the ledger is damaged: %w; restore the data folder from a backup", err)
		}
	}
	l.begun = true
	l.become(s)
	return nil
}

// kept is the record as it is in the ledger.
func (l *Loader) kept() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *Loader) become(s state) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
	close(l.moved)
	l.moved = make(chan struct{})
}

// keep writes the loader's record and whoever died on the way to it, as long as
// it takes: without it nothing may be sent. It tries once even after a stop, and
// is false if that did not do.
func (l *Loader) keep(ctx context.Context, s state, dead ...ingest.Dead) bool {
	value, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers and texts
	}
	wait := newWait(l.config)
	for {
		if err = l.settleOnce(s, value, dead); err == nil {
			return true
		}
		l.metrics.markErrors.Inc()
		if wait.loud() {
			l.config.Log.Error("keep the loader's record in the ledger: loading waits", "error", err)
		}
		if !wait.pause(ctx) {
			return false
		}
	}
}

func (l *Loader) settleOnce(s state, value []byte, dead []ingest.Dead) error {
	l.settling.Lock() // the balance sees the record and the dead letter change as one
	defer l.settling.Unlock()
	if err := l.source.Settle(markName, value, dead); err != nil {
		return err
	}
	l.become(s)
	return nil
}
