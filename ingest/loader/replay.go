package loader

import (
	"context"
	"fmt"
	"slices"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// replayAtOnce is how many dead events are read and sent together.
const replayAtOnce = 1000

// Replay sends the dead events at the places named again. Those that are then in
// the warehouse leave the dead letter; the others stay there, and come back with
// the reason. An event that is there already, from a replay that broke off, is
// not sent a second time. Of an error nothing is known but that nothing is lost:
// ask again.
func (l *Loader) Replay(ctx context.Context, places []ingest.Place) (ingest.Replayed, error) {
	var out ingest.Replayed
	select {
	case l.replaying <- struct{}{}:
		defer func() { <-l.replaying }()
	case <-ctx.Done():
		return out, fmt.Errorf("another replay goes on: %w", ctx.Err())
	}
	for some := range slices.Chunk(places, replayAtOnce) {
		dead, err := l.source.DeadAt(some)
		if err != nil {
			return out, err
		}
		there := map[ingest.Place]bool{}
		for _, d := range dead {
			there[d.Place] = true
		}
		for _, p := range some {
			if !there[p] {
				out.Unknown = append(out.Unknown, p)
			}
		}
		if err := l.replay(ctx, dead, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (l *Loader) replay(ctx context.Context, dead []ingest.Dead, out *ingest.Replayed) error {
	reasons := map[ingest.Place]string{}
	b := &batch{split: true}
	records := make([]ingest.Record, 0, len(dead))
	for _, d := range dead {
		event, err := ingest.Parse(d.Raw)
		if err != nil {
			reasons[d.Place] = err.Error()
			continue
		}
		event.Seq, event.Idx = d.Seq, d.Idx
		records = append(records, ingest.Record{Event: event, Raw: d.Raw})
	}
	if len(records) > 0 {
		l.add(b, records)
	}
	found, err := l.sink.Places(ctx, l.source.ID(), places(b.rows))
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(b.rows), func(r warehouse.Row) bool { return found[r.Place()] })
	if len(left) > 0 {
		b.token = fmt.Sprintf("%s-dead-%s", l.source.ID(), digest(left))
		if !l.bring(ctx, b, left, b.token) {
			return fmt.Errorf("the warehouse did not take %d dead events in time: they stay where they are; try again", len(left))
		}
		if found, err = l.sink.Places(ctx, l.source.ID(), places(b.rows)); err != nil {
			return err
		}
	}
	for _, d := range b.dead {
		reasons[d.Place] = d.Reason
	}
	var raised []ingest.Place
	for _, d := range dead {
		if found[d.Place] {
			raised = append(raised, d.Place)
			continue
		}
		d.Reason = reasons[d.Place]
		if d.Reason == "" {
			d.Reason = "it was sent, and is not in the warehouse"
		}
		out.Still = append(out.Still, d)
	}
	if err := l.source.Raise(raised); err != nil {
		return err
	}
	out.Loaded += len(raised)
	l.metrics.replayed.Add(float64(len(raised)))
	return nil
}

// Dead gives the dead letter in the ledger's order, after a place, at most max.
func (l *Loader) Dead(after ingest.Place, max int) ([]ingest.Dead, error) {
	return l.source.Dead(after, max)
}

// DeadSize is how many events the dead letter holds, how many bytes they take,
// and how many they may.
func (l *Loader) DeadSize() (events, bytes, bound uint64) {
	t := l.source.Tally()
	return t.Dead, t.DeadBytes, uint64(l.config.DeadBytes)
}
