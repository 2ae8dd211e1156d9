package warehouse

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Row is one event as the table event_log takes it. Make it with NewRow.
type Row struct {
	id     uuid.UUID
	ledger string
	event  *ingest.Event // for what the table takes as it is
	raw    []byte
	own    ownFields
	other  scalars
}

// Size is about how many bytes the row takes in memory and on the wire.
func (r *Row) Size() int { return len(r.raw) + 512 }

// Place is where the event stands in its ledger.
func (r *Row) Place() ingest.Place { return ingest.Place{Seq: r.event.Seq, Idx: r.event.Idx} }

// Raw is the event's canonical JSON, as it was committed.
func (r *Row) Raw() []byte { return r.raw }

// Of what a DateTime64(3) column can hold.
const (
	earliest = -2208988800000 // 1900-01-01
	latest   = 10413705600000 // 2299-12-31
)

// NewRow converts a record of the given ledger; the row reads from the record
// and keeps it. An error means that the table can never take this event: its id
// is no UUID, a time is out of range, or its properties are no JSON object. A
// property of an unexpected type is no error: it is kept as text, and raw has it
// as it was.
func NewRow(ledger string, r *ingest.Record) (Row, error) {
	e := &r.Event
	id, err := uuid.Parse(e.ID)
	if err != nil || len(e.ID) != 36 {
		return Row{}, fmt.Errorf("event id %.64q is no UUID", e.ID)
	}
	if min(e.Time, e.Received) < earliest || max(e.Time, e.Received) >= latest {
		return Row{}, fmt.Errorf("event %s is out of range: time %d ms, received %d ms", e.ID, e.Time, e.Received)
	}
	row := Row{id: id, ledger: ledger, event: e, raw: r.Raw}
	if err := readProperties(e.Name, e.Properties, &row.own, &row.other); err != nil {
		return Row{}, fmt.Errorf("properties of event %s: %w", e.ID, err)
	}
	return row, nil
}

func (r *Row) page() ingest.Page {
	if r.event.Page == nil {
		return ingest.Page{}
	}
	return *r.event.Page
}

func (r *Row) source() ingest.Source {
	if r.event.Source == nil {
		return ingest.Source{}
	}
	return *r.event.Source
}

// channel is of an exposure what brought the session, else what the page tells.
func (r *Row) channel() string {
	if met := r.event.Met; met != nil {
		return met.Channel
	}
	return r.source().Channel
}

func (r *Row) rank() string {
	if met := r.event.Met; met != nil {
		return met.Rank
	}
	return ""
}

func (r *Row) device() ingest.Device {
	if r.event.Device == nil {
		return ingest.Device{}
	}
	return *r.event.Device
}

func (r *Row) country() string {
	if r.event.Geo == nil {
		return ""
	}
	return r.event.Geo.Country
}

// canonical is the one form of a UUID that ClickHouse prints.
func canonical(id string) (string, bool) {
	parsed, err := uuid.Parse(id)
	return parsed.String(), err == nil && len(id) == 36
}
