package faulttest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	yaml "github.com/goccy/go-yaml"
	"github.com/google/uuid"
)

// Ten thousand bodies that are wrong in every way, at every route that takes one,
// while good visitors come: each is answered with a reason, nothing of ours
// fails, no good event suffers, and the memory is what it was.
func TestFault9MalformedBodies(t *testing.T) {
	t.Parallel()
	s := serve(t)
	l := newLoad(t, s)
	l.others = true
	l.pause = 20 * time.Millisecond
	eventually(t, patience, "ClickHouse is up", func() bool { return s.warehouse().OK })
	routes := s.routes()
	const workers = 8
	times := int64(rounds(10_000, 200_000))
	var next, refused, taken atomic.Int64
	codes := sync.Map{}
	storm := func(upTo int64) {
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				c := newClient(uint64(w))
				for n := next.Add(1); n <= upTo; n = next.Add(1) {
					code := l.strange(c, routes, uint64(n))
					count, _ := codes.LoadOrStore(code, new(atomic.Int64))
					count.(*atomic.Int64).Add(1)
					if code == "ok" {
						taken.Add(1)
					} else {
						refused.Add(1)
					}
				}
			})
		}
		group.Wait()
		next.Store(upTo)
	}
	storm(times / 5) // until every pool and cache is warm
	before := s.resident()
	storm(times)
	peak := s.resident()
	bombs := s.bombs(rounds(100, 1000))
	l.flow(200)
	after := peak
	for end := time.Now().Add(patience); after > before+normal && time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		after = s.resident()
	}
	if after > before+normal {
		t.Errorf("the server has %d MB, and had %d", after>>20, before>>20)
	}
	var told []string
	codes.Range(func(code, count any) bool {
		told = append(told, fmt.Sprintf("%s %d", code, count.(*atomic.Int64).Load()))
		return true
	})
	slices.Sort(told)
	audit(t, l, 9, fmt.Sprintf("%d malformed bodies at %d routes and %d gzip bombs", times, len(routes), bombs),
		fmt.Sprintf("refused %d, taken %d (%s)", refused.Load(), taken.Load(), strings.Join(told, " ")),
		fmt.Sprintf("memory %d MB, after the storm %d MB, at the end %d MB", before>>20, peak>>20, after>>20))
	s.stop()
	s.sound()
}

// normal is how much the memory may differ and still be what it was: half of it
// is the store's, which fills its caches with the good events.
const normal = 96 << 20

// route takes a body.
type route struct{ method, path, body string }

// routes are what /openapi.yaml says takes a body.
func (s *server) routes() []route {
	s.t.Helper()
	_, text := s.ask("/openapi.yaml")
	var spec struct {
		Paths map[string]map[string]struct {
			Body any `yaml:"requestBody"`
		}
	}
	if err := yaml.Unmarshal([]byte(text), &spec); err != nil {
		s.t.Fatal(err)
	}
	var found []route
	for path, methods := range spec.Paths {
		for _, method := range []string{"post", "put", "delete"} {
			if methods[method].Body != nil {
				found = append(found, route{strings.ToUpper(method), path, good[path]})
			}
		}
	}
	if len(found) < 4 {
		s.t.Fatalf("openapi.yaml has only %d routes that take a body", len(found))
	}
	slices.SortFunc(found, func(a, b route) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return found
}

// strange sends the n-th malformed request, which is always the same one, and
// gives the code of its answer.
func (l *load) strange(c *client, routes []route, n uint64) string {
	r := rand.New(rand.NewPCG(9, n))
	if r.IntN(10) == 0 {
		return l.among(c, r)
	}
	to := routes[r.IntN(len(routes))]
	if r.IntN(2) == 0 { // most of what comes, comes there
		to = route{http.MethodPost, "/v1/events", good["/v1/events"]}
	}
	if to.body == "" || r.IntN(20) == 0 {
		to.body = good[[]string{"/v1/events", "/v1/decide", "/v1/explain", "/v1/batch"}[r.IntN(4)]]
	}
	// Each is of another visitor, who does not come too often.
	body := someVisitor.ReplaceAll([]byte(to.body), fmt.Appendf(nil, `"m$1-%d"`, n))
	if r.IntN(4) > 0 {
		body = misplace(r, body)
	}
	if r.IntN(4) == 0 {
		body = tear(r, body)
	}
	if r.IntN(20) == 0 {
		body = tear(r, zipped(l.t, body))
	}
	path := strings.NewReplacer("{id}", pathID(r), "{key}", pathID(r), "{pool}", pathID(r)).Replace(to.path)
	key := []string{publicKey, secretKey}[r.IntN(2)]
	status, header, answer, err := c.do(l.t.Context(), to.method, l.server.url(), path, body, key)
	if err != nil {
		l.t.Errorf("malformed %d: %s %s %.300q: %v", n, to.method, path, body, err)
		return "none"
	}
	code, complaint := reasons(to.path, status, answer)
	if status == http.StatusTooManyRequests && header.Get("Retry-After") == "" {
		complaint = "429 without Retry-After"
	}
	if complaint != "" {
		l.t.Errorf("malformed %d: %s: %s %s %.300q: %d %.300q", n, complaint, to.method, path, body, status, answer)
	}
	return code
}

var someVisitor = regexp.MustCompile(`"m(\d)"`)

func pathID(r *rand.Rand) string {
	return []string{"m1", "%00", "%F0%9F%98%80", "..%2f..", "%ff", strings.Repeat("a", 300), "hello", "%20"}[r.IntN(8)]
}

// among puts one malformed event between two good ones, which must be taken.
func (l *load) among(c *client, r *rand.Rand) string {
	visitor := l.visitors[r.IntN(len(l.visitors))]
	first, last := uuid.NewString(), uuid.NewString()
	bad := misplace(r, []byte(`{"name":"purchase","time":"2026-11-22T03:00:00Z","page":{"url":"https://shop.example/","item":{"id":"1"}},"properties":{"value":6800,"items":[{"item_id":"a","price":1}]}}`))
	if deep := bytes.Count(bad, []byte("[")) + bytes.Count(bad, []byte("{")); deep > 20 || len(bad) > 30_000 {
		bad = []byte(`[]`) // what no batch may hold is refused whole
	}
	body := fmt.Appendf(nil, `{"consent":"granted","visitor":{"id":"among"},"events":[{"id":%q,"name":"login","visitor":{"id":%q}},%s,{"id":%q,"name":"login","visitor":{"id":%q}}]}`,
		first, visitor, bad, last, visitor)
	l.oracle.sending(first, last)
	status, _, answer, err := c.post(l.t.Context(), l.server.url(), "/v1/events", body)
	if err == nil && status == http.StatusTooManyRequests {
		return "rate_limited" // of this visitor
	}
	var got struct {
		Accepted int
		Rejected []struct {
			Index         int
			Code, Message string
		}
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(answer, &got) != nil {
		l.t.Errorf("a malformed event among good ones: %d, %v: %.300s: %.300q", status, err, answer, body)
		return "none"
	}
	l.oracle.acked(first, last)
	if len(got.Rejected) == 0 && got.Accepted == 3 {
		return "ok"
	}
	if len(got.Rejected) != 1 || got.Rejected[0].Index != 1 || got.Accepted != 2 || got.Rejected[0].Code == "" || got.Rejected[0].Message == "" {
		l.t.Errorf("a malformed event among good ones: %s: %.300q", answer, body)
		return "none"
	}
	return got.Rejected[0].Code
}

// bombs are small bodies that inflate to a gigabyte, many at once.
func (s *server) bombs(n int) int {
	s.t.Helper()
	var one bytes.Buffer
	z := gzip.NewWriter(&one)
	zeros := make([]byte, 1<<20)
	for one.Len() < 500<<10 {
		if _, err := z.Write(zeros); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		s.t.Fatal(err)
	}
	twice := zipped(s.t, one.Bytes())
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			c := newClient(uint64(w))
			for i := w; i < n; i += 8 {
				body, want := one.Bytes(), http.StatusRequestEntityTooLarge
				if i%4 == 0 {
					body, want = twice, http.StatusBadRequest
				}
				status, _, answer, err := c.post(s.t.Context(), s.url(), "/v1/events", body)
				if _, complaint := reasons("/v1/events", status, answer); err != nil || status != want || complaint != "" {
					s.t.Errorf("a gzip bomb: %d %.300s, %v", status, answer, err)
				}
			}
		})
	}
	group.Wait()
	return n
}

func zipped(t *testing.T, body []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// resident is the server's memory, in bytes.
func (s *server) resident() int64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		s.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return kb << 10
}
