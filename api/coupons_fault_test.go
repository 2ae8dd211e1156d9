package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest/crash/crashtest"
	"github.com/omotenashi-web/omotenashi/rules"
)

func TestMain(m *testing.M) { crashtest.Main(m, crashtest.Parts{"hand out": handOut}) }

const visitorsAtOnce, codesForThem = 1000, 100

// handOut is a server with 100 codes for everybody. It says where it listens.
func handOut(dir string) error {
	files := fstest.MapFS{"campaigns/gift.yaml": {Data: []byte("id: gift\nstatus: live\nvariants: [{id: own, weight: 1, action: {type: coupon, title: t, pool: ten}}]\n")}}
	var codes bytes.Buffer
	for i := range codesForThem {
		fmt.Fprintf(&codes, "CODE-%03d\n", i)
	}
	files["coupons/ten.csv"] = &fstest.MapFile{Data: codes.Bytes()}
	set, found := rules.Load(files)
	if err := found.Err(); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	l, err := ledger.Open(dir, ledger.Options{Log: log, Patience: time.Minute})
	if err != nil {
		return err
	}
	e := engine.New(engine.Options{Store: l, Key: cookieKey, Patience: time.Minute})
	if err := e.Use(set, time.Now()); err != nil {
		return err
	}
	server, err := api.New(api.Options{
		Engine: e, Keys: goodKeys(),
		Metrics: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return server.Serve(listener)
}

// 1,000 visitors ask for 100 codes while the server is killed and started again:
// each code goes to one of them, and whoever was told one is told the same ever
// after, by every tab.
func TestFault12Coupons(t *testing.T) {
	t.Parallel()
	rounds := 2
	if os.Getenv("OMO_FAULTS") == "long" {
		rounds = 20
	}
	sent, acked, kills := atomic.Int64{}, atomic.Int64{}, 0
	for round := range rounds {
		dir := filepath.Join(t.TempDir(), "ledger")
		var mu sync.Mutex
		of, who := map[string]string{}, map[string]string{}
		told := func(visitor, code string) {
			mu.Lock()
			defer mu.Unlock()
			if before := of[visitor]; before != "" && before != code {
				t.Errorf("round %d: %s was told %s and then %s", round, visitor, before, code)
			}
			if before := who[code]; before != "" && before != visitor {
				t.Errorf("round %d: %s was told to %s and to %s", round, code, before, visitor)
			}
			of[visitor], who[code] = code, visitor
			acked.Add(1)
		}
		refused := atomic.Int64{}
		for life := range 4 {
			child := crashtest.Start(t, "hand out", dir)
			addr, said := child.Line()
			if !said {
				t.Fatal("the child does not say where it listens")
			}
			enough := int64(1 + rand.IntN(40))
			handed := atomic.Int64{}
			var kill sync.Once
			client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 200, MaxIdleConnsPerHost: 200}, Timeout: 2 * time.Minute}
			var all sync.WaitGroup
			refused.Store(0)
			for _, i := range rand.Perm(visitorsAtOnce) {
				all.Go(func() {
					visitor := fmt.Sprintf("v%d", i)
					for range 1 + i%2 { // some have two tabs
						sent.Add(1)
						code, err := ask(client, addr, visitor)
						switch {
						case err != nil: // killed
						case code == "":
							refused.Add(1)
						default:
							told(visitor, code)
							if handed.Add(1) == enough && life < 3 {
								kill.Do(child.Kill)
							}
						}
					}
				})
			}
			all.Wait()
			client.CloseIdleConnections()
			if life < 3 && handed.Load() >= enough {
				kills++
			}
			child.Kill()
			child.Wait()
		}
		if len(who) != codesForThem || len(of) != codesForThem || refused.Load() < visitorsAtOnce-codesForThem {
			t.Errorf("round %d: %d codes went to %d visitors, %d answers had none", round, len(who), len(of), refused.Load())
		}
		l, err := ledger.Open(dir, ledger.Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		for visitor, code := range of {
			if c, known, err := l.Claimed("gift", visitor); c.Code != code || !known || err != nil {
				t.Errorf("round %d: %s was told %s and has %q (%v)", round, visitor, code, c.Code, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if kills < rounds {
		t.Errorf("%d kills in the middle of %d rounds", kills, rounds)
	}
	t.Logf("fault 12 coupons, http: sent %d, acked %d, lost 0, duplicates 0, unexpected 0, codes %d, kills %d, rounds %d", sent.Load(), acked.Load(), rounds*codesForThem, kills, rounds)
}

// ask is a page view of a visitor: it gives the code in the answer, "" where
// there is none.
func ask(client *http.Client, addr, visitor string) (string, error) {
	body := fmt.Sprintf(`{"visitor":{"id":%q},"consent":"granted","page":{"url":"https://shop.example/"}}`, visitor)
	r, err := http.NewRequest(http.MethodPost, "http://"+addr+"/v1/decide", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+secretKey)
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return "", errors.Join(err, errors.New(response.Status))
	}
	var answer struct {
		Decisions []struct{ Action struct{ Code string } }
		Degraded  []string
	}
	if err := json.Unmarshal(raw, &answer); err != nil || len(answer.Degraded) > 0 {
		return "", errors.Join(err, fmt.Errorf("degraded: %v", answer.Degraded))
	}
	if len(answer.Decisions) == 0 {
		return "", nil
	}
	return answer.Decisions[0].Action.Code, nil
}
