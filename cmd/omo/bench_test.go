package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// BenchmarkEventsToClickHouse: batches of 50 events of ten visitors, out of
// 100,000, over 32 connections, each answered after its fsync, with ClickHouse
// and the load generator on the same machine. An iteration is one batch; the
// loader keeps up if what is left to load at the end is seconds, not minutes.
func BenchmarkEventsToClickHouse(b *testing.B) {
	debug.SetGCPercent(api.GCPercent)
	a, c := product(b, config{Rules: rulesFolder(b, "campaigns/hello.yaml", hello)})
	const connections, perBatch, visitors = 32, 50, 10
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	client := &http.Client{Transport: transport}
	var next, acknowledged atomic.Int64
	var slowest atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	b.ResetTimer()
	for range connections {
		group.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				body := batchOf(int(n), perBatch, visitors)
				sent := time.Now()
				req, err := http.NewRequest(http.MethodPost, c.server+"/v1/events", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+a.keys.Public)
				req.Header.Set("User-Agent", browsertest.UserAgent)
				res, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				text, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if want := fmt.Sprintf(`"accepted":%d`, perBatch); res.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
					b.Errorf("batch %d: %s %s", n, res.Status, text)
					return
				}
				acknowledged.Add(perBatch)
				for took := int64(time.Since(sent)); ; {
					was := slowest.Load()
					if took <= was || slowest.CompareAndSwap(was, took) {
						break
					}
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	took := time.Since(start)
	if err := a.settle(context.Background()); err != nil {
		b.Fatal(err)
	}
	caughtUp := time.Since(start) - took
	var out bytes.Buffer
	if err := clickhouse.Query(b.Context(), a.child.DSN(), "SELECT count(), uniqExact(event_id) FROM events WHERE name = 'view_item'", &out, "tsv"); err != nil {
		b.Fatal(err)
	}
	_, counted, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
	if want := fmt.Sprintf("%d\t%d", acknowledged.Load(), acknowledged.Load()); counted != want {
		b.Fatalf("ClickHouse has %q events, acknowledged were %q", counted, want)
	}
	b.ReportMetric(float64(acknowledged.Load())/took.Seconds(), "events/s")
	b.ReportMetric(float64(slowest.Load())/1e6, "slowest-ms")
	b.ReportMetric(caughtUp.Seconds(), "loader-behind-s")
	b.ReportMetric(0, "ns/op")
}

func batchOf(n, events, visitors int) []byte {
	var body bytes.Buffer
	body.WriteString(`{"consent":"granted","events":[`)
	for i := range events {
		if i > 0 {
			body.WriteByte(',')
		}
		visitor := (n*visitors + i%visitors) * 7919 % 100_000
		fmt.Fprintf(&body, `{"id":%q,"name":"view_item","visitor":{"id":"visitor-%05d"},"page":{"url":"https://shop.example/items/%d"},`+
			`"properties":{"currency":"JPY","value":5940,"items":[{"item_id":"linen-blouse","item_name":"リネンのギャザーブラウス","price":5940,"quantity":1}]}}`,
			uuid.Must(uuid.NewV7()).String(), visitor, i)
	}
	body.WriteString("]}")
	return body.Bytes()
}

// BenchmarkFirstDecision: from starting the program on an empty data folder,
// the ClickHouse library being in the cache, to its first answer to decide.
func BenchmarkFirstDecision(b *testing.B) {
	omo := filepath.Join(b.TempDir(), "omo")
	if out, err := exec.Command("go", "build", "-o", omo, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	rules := rulesFolder(b, "campaigns/hello.yaml", hello)
	for b.Loop() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		cmd := exec.Command(omo, "serve", "--rules", rules, "--data", b.TempDir(), "--addr", addr)
		cmd.Env = append(os.Environ(), "OMO_PUBLIC_KEY=pk_bench")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		stop := func() {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				b.Error(err)
			}
			if err := cmd.Wait(); err != nil {
				b.Error(err)
			}
		}
		for {
			req, err := http.NewRequest(http.MethodPost, "http://"+addr+"/v1/decide?k=pk_bench", strings.NewReader(`{"consent":"granted","page":{"url":"https://shop.example/"}}`))
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("User-Agent", browsertest.UserAgent)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				time.Sleep(2 * time.Millisecond)
				continue
			}
			text, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if !strings.Contains(string(text), `"campaign":"hello"`) {
				stop()
				b.Fatalf("first decision: %s %s", res.Status, text)
			}
			break
		}
		b.StopTimer()
		stop()
		b.StartTimer()
	}
}
