package replay

import (
	"context"
	"fmt"

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
type Past struct {
	Ledger, Visitor string
	Sets            *Sets

	visits [][]ingest.Record // in the order of folding
}

// Bounds of what is read for one visitor.
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
	n := 0
	add := func(_ string, r *ingest.Record) error {
		if n++; n > mostRecords {
			return fmt.Errorf("visitor %s has more than %d events: too many to be replayed for one answer", visitor, mostRecords)
		}
		p.add(r)
		return nil
	}
	if err := h.Warehouse.Past(ctx, p.Ledger, visitor, loaded, add); err != nil {
		return nil, err
	}
	last := h.Ledger.Last()
	for after := loaded; after < last; {
		tail, err := h.Ledger.Read(ctx, after, last, readAtOnce)
		if err != nil {
			return nil, err
		}
		if len(tail) == 0 {
			break // visits without events are left
		}
		for i := range tail {
			r := &tail[i]
			if err := p.Sets.Add(p.Ledger, r); err != nil {
				return nil, err
			}
			if r.Event.Visitor == visitor {
				if err := add(p.Ledger, r); err != nil {
					return nil, err
				}
			}
		}
		after = tail[len(tail)-1].Event.Seq
	}
	return p, nil
}

func (p *Past) add(r *ingest.Record) {
	if n := len(p.visits); n > 0 && p.visits[n-1][0].Event.Seq == r.Event.Seq {
		p.visits[n-1] = append(p.visits[n-1], *r)
		return
	}
	p.visits = append(p.visits, []ingest.Record{*r})
}
