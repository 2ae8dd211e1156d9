package replay

import (
	"context"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Warehouse is where the past is read from: each record once, a ledger's in
// the order of folding.
type Warehouse interface {
	RuleSets(ctx context.Context, each func(ledger string, r *ingest.Record) error) error
	Past(ctx context.Context, ledger, visitor string, upTo uint64, each func(ledger string, r *ingest.Record) error) error
}

// Ledger is where the last moments are: what the warehouse does not have yet.
type Ledger interface {
	ID() string
	Last() uint64
	Read(ctx context.Context, after, upTo uint64, max int) ([]ingest.Record, error)
}

// History is a running server's own: its ledger, and the warehouse behind it.
type History struct {
	Warehouse Warehouse
	Ledger    Ledger
	Loaded    func() uint64 // up to which seq the warehouse has the ledger's events
}

// Past is what one visitor did in one ledger, and the rule sets of that time.
// Where it is one of a person's browsers, it is what all of them did.
type Past struct {
	Ledger, Visitor string
	Sets            *Sets

	visits [][]ingest.Record // in the order of folding
}

// Bounds of what is read for one person.
const (
	mostRecords = 200_000
	readAtOnce  = 2_000
)

// Of reads all that a visitor did up to this moment.
func (h *History) Of(ctx context.Context, visitor string) (*Past, error) {
	p := &Past{Ledger: h.Ledger.ID(), Visitor: visitor, Sets: NewSets()}
	loaded := h.Loaded() // first: what is loaded after this is read from the ledger
	if err := h.Warehouse.RuleSets(ctx, p.Sets.Add); err != nil {
		return nil, err
	}
	who := &person{browsers: map[string]bool{}, next: []string{visitor}}
	last := h.Ledger.Last()
	for len(who.next) > 0 { // once for most; merges name others, whose past is read too
		now := who.turn()
		for of := range now {
			if err := h.Warehouse.Past(ctx, p.Ledger, of, loaded, who.add); err != nil {
				return nil, err
			}
		}
		if err := h.tail(ctx, p, loaded, last, now, who); err != nil {
			return nil, err
		}
	}
	p.visits = who.visits()
	return p, nil
}

// tail reads what some visitors did of late, and the rule sets of that time.
func (h *History) tail(ctx context.Context, p *Past, after, last uint64, of map[string]bool, who *person) error {
	for after < last {
		tail, err := h.Ledger.Read(ctx, after, last, readAtOnce)
		if err != nil {
			return err
		}
		if len(tail) == 0 {
			break // visits without events are left
		}
		for i := range tail {
			r := &tail[i]
			if err := p.Sets.Add(p.Ledger, r); err != nil {
				return err
			}
			if of[r.Event.Visitor] {
				if err := who.add(p.Ledger, r); err != nil {
					return err
				}
			}
		}
		after = tail[len(tail)-1].Event.Seq
	}
	return nil
}
