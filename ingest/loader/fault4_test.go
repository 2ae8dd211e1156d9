package loader_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/loader"
)

// long says whether the longer forms of the fault tests are asked for.
func long() bool { return os.Getenv("OMO_FAULTS") == "long" }

func shortOr(short, longer time.Duration) time.Duration {
	if long() {
		return longer
	}
	return short
}

// settled takes the outcome: events 0..sent-1 are in the view once each, but for
// those that should be dead and are. It tells the figures and fails on any loss.
func settled(t *testing.T, what string, conn driver.Conn, source *ledger, l *loader.Loader, sent, poisoned int, more string) {
	t.Helper()
	var count, distinct, expected uint64
	err := conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(), uniqExact(event_id),
		uniqExactIf(event_id, toUInt64(substring(toString(event_id), 25)) < %d AND startsWith(toString(event_id), '018f0000-')) FROM events`, sent)).
		Scan(&count, &distinct, &expected)
	if err != nil {
		t.Fatal(err)
	}
	dead := int(source.Tally().Dead)
	lost, duplicates, unexpected := sent-int(expected)-dead, count-distinct, distinct-expected
	b, err := l.Balance()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("fault %s: sent %d, acked %d, lost %d, duplicates %d, unexpected %d, dead %d, %s; %s", what, sent, sent, lost, duplicates, unexpected, dead, more, b)
	if lost != 0 || duplicates != 0 || unexpected != 0 || dead != poisoned {
		t.Errorf("lost %d, duplicates %d, unexpected %d, dead %d; want 0, 0, 0, %d", lost, duplicates, unexpected, dead, poisoned)
	}
	if err := b.Err(); err != nil || b.InLedger != 0 {
		t.Errorf("balance: %s, %v", b, err)
	}
	if last := source.Tally().Last; last != source.Durable() || source.Tally().Accepted != uint64(sent) {
		t.Errorf("the ledger has %d events in %d visits: something was appended again", source.Tally().Accepted, last)
	}
}

// load commits events of ten a visit at a rate until ctx is done, and says how many.
func load(t *testing.T, ctx context.Context, source *ledger, perSecond int) <-chan int {
	t.Helper()
	done := make(chan int, 1)
	go func() {
		n := 0
		began := time.Now()
		for ctx.Err() == nil {
			for due := int(time.Since(began).Seconds() * float64(perSecond)); n < due; n += 10 {
				visit := make([]ingest.Event, 10)
				for i := range visit {
					visit[i] = pageView(n + i)
				}
				source.commit(t, visit...)
			}
			time.Sleep(5 * time.Millisecond)
		}
		done <- n
	}()
	return done
}

// ClickHouse is away at load. When it is back, the loader has caught up soon.
func TestFault4Unreachable(t *testing.T) {
	away, rate := shortOr(6*time.Second, time.Minute), 5000
	dsn := database(t)
	p, proxied := through(t, dsn)
	conn := connect(t, dsn)
	source := newLedger()
	l := loader.New(source, openWarehouse(t, proxied), loader.Config{})
	run(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	sent := load(t, ctx, source, rate)
	await(t, "the first events", func() bool { return l.Position() > 0 })
	p.goAway(true)
	time.Sleep(away)
	behind := uint64(0)
	await(t, "a backlog, which a busy machine makes later", func() bool {
		behind = source.Durable() - l.Position()
		return behind >= uint64(away.Seconds())*uint64(rate)/10/10
	})
	p.goAway(false)
	back := time.Now()
	target := source.Durable()
	await(t, "what came while it was away", func() bool { return l.Position() >= target })
	backlog := time.Since(back)
	if !long() { // what keeps up depends on the machine
		cancel()
	}
	await(t, "the present", func() bool { return source.Durable()-l.Position() < uint64(2*rate/10) }) // a batch waits for a second
	caught := time.Since(back)
	cancel()
	n := <-sent
	flush(t, l)
	if long() && caught > 12*time.Second { // on two cores with nothing else to do
		t.Errorf("caught up %s after the return, want within 12 s", caught)
	}
	settled(t, "4 unreachable", conn, source, l, n, 0, fmt.Sprintf("%d events a second, %s away, %d visits behind, backlog loaded in %s, caught up in %s", rate, away, behind, backlog.Round(10*time.Millisecond), caught.Round(10*time.Millisecond)))
}

func TestFault4Flapping(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	p, proxied := through(t, dsn)
	conn := connect(t, dsn)
	source := newLedger()
	registry := prometheus.NewRegistry()
	l := loader.New(source, openWarehouse(t, proxied), loader.Config{MaxAge: 100 * time.Millisecond, MaxRows: 2000, Metrics: registry})
	run(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	sent := load(t, ctx, source, 3000)
	cutOff := func() float64 {
		return counter(t, registry, "omo_loader_inserts_total", "unknown") + counter(t, registry, "omo_loader_inserts_total", "refused")
	}
	times := 0
	end := time.Now().Add(shortOr(5*time.Second, time.Minute))
	for hung := end.Add(patience); time.Now().Before(end) || cutOff() == 0 && time.Now().Before(hung); times++ { // on a busy machine nothing may be under way for a while
		p.goAway(times%2 == 0)
		time.Sleep(time.Duration(30+times%7*40) * time.Millisecond)
	}
	p.goAway(false)
	cancel()
	n := <-sent
	flush(t, l)
	failed := cutOff()
	if failed == 0 {
		t.Error("no insert failed: the fault did not happen")
	}
	settled(t, "4 flapping", conn, source, l, n, 0, fmt.Sprintf("%d changes, %.0f failed inserts", times, failed))
}

// Each insert takes about as long as it may: some come to their end, some do not.
func TestFault4Slow(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	p, proxied := through(t, dsn)
	conn := connect(t, dsn)
	source := newLedger()
	registry := prometheus.NewRegistry()
	config := loader.Config{MaxAge: 100 * time.Millisecond, MaxRows: 3000, InsertTimeout: 3 * time.Second, Metrics: registry}
	l := loader.New(source, openWarehouse(t, proxied), config)
	run(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	sent := load(t, ctx, source, 1000)
	cutOff := func() float64 {
		return counter(t, registry, "omo_loader_inserts_total", "unknown") + counter(t, registry, "omo_loader_inserts_total", "refused")
	}
	end := time.Now().Add(shortOr(5*time.Second, time.Minute))
	for hung := end.Add(2 * time.Minute); time.Now().Before(end) || cutOff() == 0 && time.Now().Before(hung); {
		for _, delay := range []time.Duration{225, 1200, 0} {
			p.slowly(delay * time.Millisecond)
			time.Sleep(3500 * time.Millisecond)
		}
	}
	p.slowly(0)
	cancel()
	n := <-sent
	flush(t, l)
	unknown := cutOff()
	if unknown == 0 {
		t.Error("no insert was too slow: the fault did not happen")
	}
	settled(t, "4 slow", conn, source, l, n, 0, fmt.Sprintf("%.0f inserts cut off", unknown))
}

// The insert completes, its answer never comes, the connection breaks.
func TestFault4AnswersLostAfterCompletedInserts(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	p, proxied := through(t, dsn)
	direct := openWarehouse(t, dsn)
	conn := connect(t, dsn)
	do(t, conn, "SYSTEM STOP MERGES event_log")
	source := newLedger()
	config := quick()
	registry := prometheus.NewRegistry()
	config.Metrics = registry
	l := loader.New(source, openWarehouse(t, proxied), config)
	run(t, l)
	const each = 300
	times := 15
	if long() {
		times = 50
	}
	n := 0
	for range times {
		p.swallowing(true)
		var events []ingest.Event
		for range each {
			events = append(events, pageView(n))
			n++
		}
		first, last := source.commitEach(t, events...) // as one batch: of a smaller one the proxy takes the rows for a query
		<-p.swallowed
		await(t, "the rows behind the lost answer", func() bool {
			count, err := direct.Loaded(t.Context(), source.ID(), first, last)
			if err != nil {
				t.Fatal(err)
			}
			return count > 0
		})
		p.swallowing(false)
		p.cut()
		flush(t, l)
	}
	if got := rows(t, conn); got != uint64(n) {
		t.Errorf("%d rows in the table, want %d: the token did not hold", got, n)
	}
	unknown := counter(t, registry, "omo_loader_inserts_total", "unknown")
	if unknown < float64(times) {
		t.Errorf("%v unknown outcomes, want at least %d: the fault did not happen", unknown, times)
	}
	settled(t, "4 answer lost", conn, source, l, n, 0, fmt.Sprintf("%d times, %.0f unknown outcomes, %d rows before any merge", times, unknown, n))
}
