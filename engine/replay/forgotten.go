package replay

import (
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Forgotten is the answer about a visitor who was erased, for any moment: what
// was decided then is gone with its events, and nothing is decided any more.
func Forgotten(live *engine.Live, visitor, campaign string, now time.Time) *Answer {
	a := &Answer{Visitor: visitor, At: now.UTC(), Rules: live.Set.Hash, Campaigns: []Verdict{}}
	for _, c := range live.Set.Campaigns {
		if campaign == "" || campaign == c.ID {
			a.Campaigns = append(a.Campaigns, verdict(ingest.Outcome{Campaign: c.ID, Slot: c.Slot, Reason: engine.Erased}, c.Name, ""))
		}
	}
	return a
}
