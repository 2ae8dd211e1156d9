package loader_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
)

// The loader alone, from a ledger that is there already to rows that are
// durable: events of ten per visit, one in twenty a decision with three outcomes.
func BenchmarkLoaderEventsPerSecond(b *testing.B) {
	const events, each = 200_000, 10
	source := newLedger()
	for n := 0; n < events; n += each {
		visit := make([]ingest.Event, each)
		for i := range visit {
			visit[i] = pageView(n + i)
			if (n+i)%20 == 0 {
				visit[i].Name = ingest.Decision
				visit[i].Properties = json.RawMessage(fmt.Sprintf(`{"decision_id":"d%d","rules":"9f2c","outcomes":[
					{"campaign":"first-visit","reason":"offered","variant":"a","phase":"p1","slot":"modal"},
					{"campaign":"cart-rescue","reason":"frequency"},{"campaign":"vip","reason":"control","variant":"control","phase":"p7"}]}`, n+i))
			}
		}
		source.commit(b, visit...)
	}
	for b.Loop() {
		b.StopTimer()
		dsn := database(b)
		conn := connect(b, dsn)
		l := loader.New(source.afterCrash(), openWarehouse(b, dsn), loader.Config{})
		b.StartTimer()
		began := time.Now()
		stop := run(b, l)
		flush(b, l)
		b.ReportMetric(events/time.Since(began).Seconds(), "events/s")
		b.StopTimer()
		stop()
		exact(b, conn, events)
		b.StartTimer()
	}
}
