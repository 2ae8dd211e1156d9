package warehouse_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// Results over a shop's half year, made in ClickHouse by testdata/hundredmillion.sql:
//
//	OMO_EVENTS=100000000 go test ./ingest/warehouse -run HundredMillion -v -timeout 4h
//
// makes a hundred million events (30 GB of room is plenty), checks every answer by
// what the generator is known to have made, and prints times, rows read and
// memory. Without the variable it is the same with fifty thousand.
func TestHundredMillion(t *testing.T) {
	events := 50_000
	if told, err := strconv.Atoi(os.Getenv("OMO_EVENTS")); err == nil {
		events = told
	}
	dsn := database(t)
	w, conn := openAt(t, dsn), connect(t, dsn)
	make100(t, conn, events)
	if warm := os.Getenv("OMO_EVENTS") != ""; warm { // merges done, caches full
		for ask(t, conn, "SELECT count() FROM system.merges WHERE database = currentDatabase()") != "0" {
			time.Sleep(time.Second)
		}
		for c := range 10 {
			measure(t, dsn, warehouse.Query{Campaign: fmt.Sprint("c", c), AsOf: madeUntil})
		}
	}
	t.Logf("%s events, %s", ask(t, conn, "SELECT count() FROM event_log"),
		ask(t, conn, "SELECT formatReadableSize(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = currentDatabase()"))
	day := func(n int) time.Time { return madeFrom.AddDate(0, 0, n) }
	for _, c := range []struct {
		what string
		q    warehouse.Query
	}{
		{"one campaign of 14 days", warehouse.Query{Campaign: "c2"}},
		{"one campaign of 28 days", warehouse.Query{Campaign: "c6"}},
		{"14 days of a campaign of half a year", warehouse.Query{Campaign: "c0", From: day(100), To: day(114)}},
		{"28 days of a campaign of half a year", warehouse.Query{Campaign: "c0", From: day(100), To: day(128)}},
	} {
		c.q.AsOf = madeUntil
		answer(t, w, c.q, events)
		took, rows, memory := measure(t, dsn, c.q)
		begun := time.Now()
		c.q.AsOf = madeUntil.Add(time.Hour)
		answer(t, w, c.q, events)
		t.Logf("%s: counted in %v, %d rows read, %d MB; an hour later known again in %v", c.what, took, rows, memory>>20, time.Since(begun))
	}
	if os.Getenv("OMO_EVENTS") == "" {
		return
	}
	w = openAt(t, dsn)
	for i, when := range []string{"counted", "again, an hour later"} {
		begun := time.Now()
		for c := range 10 {
			answer(t, w, warehouse.Query{Campaign: fmt.Sprint("c", c), AsOf: madeUntil.Add(time.Duration(i) * time.Hour)}, events)
		}
		t.Logf("all ten campaigns, %s: %v", when, time.Since(begun))
	}
}

var (
	madeFrom  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	madeUntil = time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC)
)

func make100(t *testing.T, conn driver.Conn, events int) {
	t.Helper()
	text, err := os.ReadFile("testdata/hundredmillion.sql")
	if err != nil {
		t.Fatal(err)
	}
	// Of a statement that runs for an hour the server reports progress all along.
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 0}))
	for statement := range strings.SplitSeq(strings.ReplaceAll(string(text), "{events:UInt64}", strconv.Itoa(events)), ";\n") {
		if statement = strings.TrimSpace(statement); statement == "" {
			continue
		}
		if err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
}

// measure counts with a warehouse that has counted nothing yet: how long, how many
// rows it read, and how much memory a query held.
func measure(t *testing.T, dsn string, q warehouse.Query) (took time.Duration, rows uint64, memory int64) {
	t.Helper()
	w := openAt(t, dsn)
	var mu sync.Mutex // two queries are asked at once
	ctx := clickhouse.Context(context.Background(),
		clickhouse.WithProgress(func(p *clickhouse.Progress) { mu.Lock(); rows += p.Rows; mu.Unlock() }),
		clickhouse.WithProfileEvents(func(all []clickhouse.ProfileEvent) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range all {
				if e.Name == "MemoryTrackerPeakUsage" {
					memory = max(memory, e.Value)
				}
			}
		}))
	begun := time.Now()
	if _, err := w.Results(ctx, q); err != nil {
		t.Fatal(err)
	}
	return time.Since(begun), rows, memory
}

// answer holds what the warehouse counts to what was made.
func answer(t *testing.T, w *warehouse.Warehouse, q warehouse.Query, events int) {
	t.Helper()
	sums, err := w.Results(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	want := made(q, events)
	got := []warehouse.Arm{{}, {}}
	for i := range min(2, len(sums.Arms)) {
		a := sums.Arms[i]
		got[i] = warehouse.Arm{Variant: a.Variant, Exposed: a.Exposed, Converted: a.Converted, Sum: a.Sum, SumSquares: a.SumSquares, Clicked: a.Clicked, Closed: a.Closed}
	}
	if got[0] != want.Arms[0] || got[1] != want.Arms[1] || len(sums.Arms) != 2 || sums.Crossovers != want.Crossovers || sums.CarriedOver != 0 {
		t.Errorf("%s: %+v, crossovers %d, carried over %d\nmade: %+v, crossovers %d", q.Campaign, got, sums.Crossovers, sums.CarriedOver, want.Arms, want.Crossovers)
	}
}

// made is what the generator makes of a campaign, by its own words.
func made(q warehouse.Query, events int) warehouse.Sums {
	campaigns := []struct{ first, days, daily int }{
		{0, 182, 4000}, {0, 182, 4000}, {20, 14, 9000}, {60, 14, 9000}, {100, 14, 9000}, {150, 14, 9000},
		{10, 28, 9000}, {50, 28, 9000}, {90, 28, 9000}, {130, 28, 9000},
	}
	c := campaigns[q.Campaign[1]-'0']
	daily := c.daily * events / 100_000_000
	out := warehouse.Sums{Arms: []warehouse.Arm{{Variant: "control"}, {Variant: "a"}}}
	for k := range daily * c.days {
		entered := madeFrom.AddDate(0, 0, c.first).Add(time.Duration(k*86_400_000/daily) * time.Millisecond)
		if !q.From.IsZero() && (entered.Before(q.From) || !entered.Before(q.To)) {
			continue
		}
		if k%1000 == 999 {
			out.Crossovers++
			continue
		}
		arm, of100 := &out.Arms[1], 4
		if k%5 == 0 {
			arm, of100 = &out.Arms[0], 3
		}
		value, order, j := 0., float64(1000+k%50*100), k/5
		inside, elsewhere := j%100 < of100, k%400 == 7
		if inside {
			value += order
		}
		if elsewhere {
			value += order
		}
		if j%1000 == 2 {
			value -= 500
		}
		arm.Exposed++
		if inside || elsewhere {
			arm.Converted++
		}
		arm.Sum, arm.SumSquares = arm.Sum+value, arm.SumSquares+value*value
		switch {
		case k%20 == 3:
			arm.Clicked++
		case k%10 == 7:
			arm.Closed++
		}
	}
	return out
}
