package faulttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	head  = "POST /v1/events HTTP/1.1\r\nHost: omo.example\r\nAuthorization: Bearer " + publicKey + "\r\n"
	login = `{"consent":"granted","visitor":{"id":"m"},"events":[{"name":"login"}]}`
)

// What is wrong with the connection rather than with the body. Some of these are
// answered by Go's own HTTP server, in plain text: 501 and 505 are its words for
// what the client did.
func TestFault9OddRequests(t *testing.T) {
	t.Parallel()
	s := serve(t)
	length := "Content-Length: " + strconv.Itoa(len(login)) + "\r\n"
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(login), login)
	for _, c := range []struct {
		name, request string
		want          string // statuses, in order; "" closed without a word
	}{
		{"as it should be", head + length + "\r\n" + login, "200"},
		{"chunked", head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n", "200"},
		{"fifty in one piece", strings.Repeat(head+length+"\r\n"+login, 50), strings.TrimSpace(strings.Repeat("200 ", 50))},
		{"an encoding that is not", head + "Content-Encoding: br\r\nContent-Type: image/png\r\n" + length + "\r\n" + login, "200"},
		{"length and chunks, which is smuggling", head + length + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n", "200"},
		{"two lengths", head + length + "Content-Length: 1\r\n\r\n" + login, "400"},
		{"a longer length", head + "Content-Length: 1000\r\n\r\n" + login, "400"},
		{"a shorter length", head + "Content-Length: 10\r\n\r\n" + login, "400 400"},
		{"no length", head + "\r\n" + login, "400 400"},
		{"a length below nothing", head + "Content-Length: -1\r\n\r\n" + login, "400"},
		{"a length that is no number", head + "Content-Length: 0x10\r\n\r\n" + login, "400"},
		{"a length of ten gigabytes", head + "Content-Length: 10000000000\r\n\r\n", "413"},
		{"a length beyond all numbers", head + "Content-Length: 99999999999999999999999\r\n\r\n", "400"},
		{"a chunk that is no number", head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + login, "400"},
		{"a chunk larger than all numbers", head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + login, "400"},
		{"chunks that do not end", head + "Transfer-Encoding: chunked\r\n\r\n" + chunk, "400"},
		{"a megabyte in chunks of one byte", head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\n \r\n", 1<<20) + "0\r\n\r\n", "413"},
		{"an extension of a chunk", head + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("a", 20_000) + "\r\n{\r\n0\r\n\r\n", "400"},
		{"another transfer encoding", head + "Transfer-Encoding: gzip\r\n\r\n" + login, "501"},
		{"a huge header", head + "X-A: " + strings.Repeat("a", 40_000) + "\r\n\r\n", "431"},
		{"many headers", head + strings.Repeat("X-A: a\r\n", 10_000) + "\r\n", "431"},
		{"a header of bytes", head + "X-A: \x00\r\n\r\n", "400"},
		{"a header without a name", head + ": a\r\n\r\n", "400"},
		{"a folded header", head + "X-A: a\r\n b\r\n" + length + "\r\n" + login, "200"},
		{"no host", "POST /v1/events HTTP/1.1\r\n\r\n", "400"},
		{"two hosts", head + "Host: other.example\r\n\r\n", "400"},
		{"a target with a zero byte", "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a target that goes up", "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "404"},
		{"a target with half an escape", "GET /%f HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a target of 64 KB", "GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", "431"},
		{"a method nobody has", "BREW /v1/events HTTP/1.1\r\nHost: a\r\n\r\n", "405"},
		{"an expectation", head + "Expect: 200-ok\r\n" + length + "\r\n" + login, "417"},
		{"a version to come", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"},
		{"HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "404"},
		{"no version", "GET /\r\n\r\n", "400"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		{"bytes", strings.Repeat("\xff", 100_000), "431"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := s.say(t, c.request); got != c.want {
				t.Errorf("answered %q, want %q", got, c.want)
			}
		})
	}
	t.Cleanup(s.sound)
}

var statusLine = regexp.MustCompile(`HTTP/1\.[01] (\d{3}) `)

// say writes raw bytes on a connection of their own, closes its side, and gives
// the statuses that came back.
func (s *server) say(t *testing.T, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go func() { // the server need not read it all before it answers
		_, _ = io.WriteString(conn, request)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	answer, err := io.ReadAll(conn)
	if err != nil && len(answer) == 0 {
		t.Fatal(err)
	}
	var statuses []string
	for _, found := range statusLine.FindAllSubmatch(answer, -1) {
		statuses = append(statuses, string(found[1]))
	}
	return strings.Join(statuses, " ")
}

// Hundreds of clients that send a byte now and then are shown the door, and
// nobody else notices.
func TestFault9Slowloris(t *testing.T) {
	t.Parallel()
	s := serve(t)
	before := s.goroutines()
	slow := rounds(300, 2000)
	var group sync.WaitGroup
	var mu sync.Mutex
	longest := time.Duration(0)
	began := time.Now()
	for n := range slow {
		group.Go(func() {
			opening := head + "X-A: "
			if n%2 == 0 {
				opening = head + "Content-Length: 1000\r\n\r\n{"
			}
			took := s.trickle(opening)
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, took)
		})
	}
	var took []time.Duration
	c := newClient(1)
	for len(took) == 0 || time.Since(began) < 4*time.Second {
		asked := time.Now()
		status, _, answer, err := c.post(t.Context(), s.url(), "/v1/decide", fmt.Appendf(nil, `{"consent":"granted","visitor":{"id":"v%d"},"page":{"url":"https://shop.example/"}}`, len(took)))
		if err != nil || status != http.StatusOK || strings.Contains(string(answer), `"ledger"`) {
			t.Fatalf("a decide beside them: %d %s, %v", status, answer, err)
		}
		took = append(took, time.Since(asked))
	}
	group.Wait()
	if long() && longest > 15*time.Second {
		t.Errorf("a slow client was heard for %s", longest)
	}
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	if long() && p99 > 250*time.Millisecond {
		t.Errorf("one in a hundred decides took %s or more beside slow clients", p99)
	}
	eventually(t, patience, "their goroutines are gone", func() bool { return s.goroutines() <= before+20 })
	s.sound()
	t.Logf("fault 9 slowloris: %d clients, each gone after at most %s; %d decides beside them, p99 %s", slow, longest.Round(time.Millisecond), len(took), p99.Round(100*time.Microsecond))
}

// trickle sends a byte now and then until the server hangs up, and gives how long that took.
func (s *server) trickle(opening string) time.Duration {
	began := time.Now()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url(), "http://"))
	if err != nil {
		s.t.Error(err)
		return 0
	}
	defer conn.Close()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	_, _ = io.WriteString(conn, opening)
	for time.Since(began) < 2*time.Minute {
		select {
		case <-gone:
			return time.Since(began)
		case <-time.After(200 * time.Millisecond):
			_, _ = io.WriteString(conn, "a") // it may be gone
		}
	}
	return time.Since(began)
}

// goroutines is how many the server has, by its own word.
func (s *server) goroutines() int {
	s.t.Helper()
	_, text := s.ask("/metrics")
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "go_goroutines "); found {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return int(n)
		}
	}
	s.t.Fatal("no go_goroutines in /metrics")
	return 0
}
