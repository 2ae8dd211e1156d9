package replay

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// person gathers what all browsers of one person did. Which they are, the
// merges in their histories say.
type person struct {
	browsers map[string]bool // those that are or will be read
	next     []string        // those that are not read yet
	records  []ingest.Record
}

// turn gives the browsers to be read now.
func (p *person) turn() map[string]bool {
	now := map[string]bool{}
	for _, visitor := range p.next {
		now[visitor], p.browsers[visitor] = true, true
	}
	p.next = nil
	return now
}

func (p *person) add(_ string, r *ingest.Record) error {
	if len(p.records) == mostRecords {
		return fmt.Errorf("visitor %s has more than %d events: too many to be replayed for one answer", r.Event.Visitor, mostRecords)
	}
	p.records = append(p.records, *r)
	if r.Event.Name != ingest.Merge {
		return nil
	}
	m, err := ingest.ReadMerge(&r.Event)
	if err != nil {
		return err
	}
	for _, visitor := range []string{m.Home, m.Visitor} {
		if !p.browsers[visitor] {
			p.browsers[visitor] = true
			p.next = append(p.next, visitor)
		}
	}
	return nil
}

// visits are the records in the order of folding.
func (p *person) visits() (out [][]ingest.Record) {
	slices.SortStableFunc(p.records, func(a, b ingest.Record) int {
		return cmp.Or(cmp.Compare(a.Event.Seq, b.Event.Seq), cmp.Compare(a.Event.Idx, b.Event.Idx))
	})
	for from, i := 0, 1; i <= len(p.records); i++ {
		if i == len(p.records) || p.records[i].Event.Seq != p.records[from].Event.Seq {
			out = append(out, p.records[from:i:i])
			from = i
		}
	}
	return out
}
