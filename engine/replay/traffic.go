package replay

import (
	"context"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Traffic is what the visitors of a time did, as it is recorded.
type Traffic struct {
	Visitors, Rows uint64
	Sample         int // of 10,000 persons: those whose records it has
	// Read hands over every record, person by person, of each in the order of
	// folding. The record is each's to keep.
	Read func(ctx context.Context, each func(ledger, person string, r *ingest.Record) error) error
}

// saidEvery is after how many records Through says how far it is.
const saidEvery = 64

// Through replays all of it. Now and then it says how many records are done; what
// it is answered ends it. It is not whole when ctx ended it: then the report is of
// what was replayed until then.
func (t *Traffic) Through(ctx context.Context, b *Backtest, say func(done uint64) error) (report *Report, whole bool, err error) {
	done := uint64(0)
	err = t.Read(ctx, func(ledger, person string, r *ingest.Record) error {
		if done++; done%saidEvery == 0 {
			if err := say(done); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return b.Record(ledger, person, r)
	})
	if err != nil && ctx.Err() == nil {
		return nil, false, err
	}
	whole = err == nil
	report, err = b.Report()
	return report, whole, err
}
