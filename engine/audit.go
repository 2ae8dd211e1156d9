package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// Change is what a person changed, by hand.
type Change struct {
	Who  string    `json:"who"`
	Role string    `json:"role"`
	What string    `json:"what"`         // pause, resume, user_put, …
	Of   string    `json:"of,omitempty"` // which campaign, person, visitor
	At   time.Time `json:"-"`
}

// Audit records a change as an omo_audit event; it is durable once Audit returns.
func (e *Engine) Audit(c Change) error {
	props, err := json.Marshal(c)
	if err != nil {
		return err
	}
	event, err := ingest.Encode(&ingest.Event{
		ID: e.newID(), Name: ingest.Audit, Time: clock(c.At), Received: clock(c.At), Properties: props,
	})
	if err != nil {
		return err
	}
	if _, err := e.store.Commit(ledger.Visit{Events: [][]byte{event}}); err != nil {
		return fmt.Errorf("who changed what could not be recorded: %w", err)
	}
	return nil
}

// ReadChange reads an omo_audit event.
func ReadChange(e *ingest.Event) (Change, error) {
	c := Change{At: time.UnixMilli(e.Time).UTC()}
	if err := json.Unmarshal(e.Properties, &c); err != nil {
		return c, fmt.Errorf("an omo_audit event cannot be read: %w", err)
	}
	return c, nil
}
