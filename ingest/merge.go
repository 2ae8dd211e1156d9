package ingest

import (
	"encoding/json"
	"fmt"
)

// Merged is what an omo_merge event tells: from its visit on, two browsers
// share one profile. Both have such an event, in the same visit.
type Merged struct {
	Home    string `json:"home"`    // the visitor whose profile it is: the first browser that named the person
	Visitor string `json:"visitor"` // the one that came to it
}

// ReadMerge reads an omo_merge event.
func ReadMerge(e *Event) (m Merged, err error) {
	if err := json.Unmarshal(e.Properties, &m); err != nil || m.Home == "" || m.Visitor == "" {
		return m, fmt.Errorf("the record of a merge (event %s) cannot be read: it names no two browsers", e.ID)
	}
	return m, nil
}
