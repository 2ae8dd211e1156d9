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
	event, err := e.change(c)
	if err != nil {
		return err
	}
	if _, err := e.store.Commit(ledger.Visit{Events: [][]byte{event}}); err != nil {
		return fmt.Errorf("who changed what could not be recorded: %w", err)
	}
	if err := e.store.Sync(); err != nil {
		return fmt.Errorf("who changed what is not durable: %w", err)
	}
	return nil
}

// change is a change as an event.
func (e *Engine) change(c Change) ([]byte, error) {
	props, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return ingest.Encode(&ingest.Event{
		ID: e.newID(), Name: ingest.Audit, Time: clock(c.At), Received: clock(c.At), Properties: props,
	})
}

// ReadChange reads an omo_audit event.
func ReadChange(e *ingest.Event) (Change, error) {
	c := Change{At: time.UnixMilli(e.Time).UTC()}
	if err := json.Unmarshal(e.Properties, &c); err != nil {
		return c, fmt.Errorf("an omo_audit event cannot be read: %w", err)
	}
	return c, nil
}
