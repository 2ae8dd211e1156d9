package replay

import (
	"slices"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Difference is one campaign that came out otherwise when a decision was made
// again. A nil side means that its rule did not match there.
type Difference struct {
	Campaign string          `json:"campaign"`
	Logged   *ingest.Outcome `json:"logged"`
	Made     *ingest.Outcome `json:"made"`
}

// Compare lists the campaigns whose outcomes differ: in reason, variant, phase
// or slot. It is nil when all are equal.
func Compare(logged, made []ingest.Outcome) []Difference {
	if slices.Equal(logged, made) {
		return nil
	}
	var out []Difference
	for i := range logged {
		was := &logged[i]
		is := outcome(made, was.Campaign)
		if is == nil || *is != *was {
			out = append(out, Difference{was.Campaign, was, is})
		}
	}
	for i := range made {
		if is := &made[i]; outcome(logged, is.Campaign) == nil {
			out = append(out, Difference{is.Campaign, nil, is})
		}
	}
	return out
}

func outcome(list []ingest.Outcome, campaign string) *ingest.Outcome {
	for i := range list {
		if list[i].Campaign == campaign {
			return &list[i]
		}
	}
	return nil
}

// Causes of a decision that does not come out as it was logged.
const (
	RulesGone   = "rules"   // the set that decided is not recorded, or this version refuses it
	HistoryGone = "history" // records before it are missing: other sessions are stamped than replay comes to
	PageGone    = "page"    // its page view, or the event that triggered, is not recorded beside it: it was sent again
	Reload      = "reload"  // decided while another rule set went live: which one folded is not recorded
	Engine      = "engine"  // everything is there: this version of the engine decides otherwise
)

// Cause says why m did not come out as it was logged.
func (m *Moment) Cause() string {
	switch {
	case m.Err != nil:
		return RulesGone
	case m.missing:
		return HistoryGone
	case m.guessed:
		return PageGone
	case m.reload:
		return Reload
	default:
		return Engine
	}
}
