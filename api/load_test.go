package api_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A load is what many clients sent over keep-alive connections, each waiting
// for its answer before it asks again, and how long they waited.
type load struct {
	took  time.Duration
	cpu   time.Duration // of this process, clients and what runs behind included
	waits []time.Duration
}

func (l *load) add(more load) {
	l.took += more.took
	l.cpu += more.cpu
	l.waits = append(l.waits, more.waits...)
}

func (l *load) perSecond() float64 { return float64(len(l.waits)) / l.took.Seconds() }

// quantile is the wait that a share of the requests did not pass.
func (l *load) quantile(share float64) time.Duration {
	slices.Sort(l.waits)
	return l.waits[min(len(l.waits)-1, int(share*float64(len(l.waits))))]
}

// A line is one client's connection. It writes requests that are ready as
// bytes and reads no more of an answer than it must: what is measured is the server.
type line struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(t testing.TB, url string) *line {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &line{conn: conn, in: bufio.NewReader(conn)}
}

// request is a POST as it goes over the wire.
func request(path string, header http.Header, body []byte) []byte {
	var out bytes.Buffer
	writeRequest(&out, path, header, body)
	return out.Bytes()
}

// writeRequest puts request in out's place.
func writeRequest(out *bytes.Buffer, path string, header http.Header, body []byte) {
	out.Reset()
	fmt.Fprintf(out, "POST %s HTTP/1.1\r\nHost: shop.example\r\nContent-Length: %d\r\n", path, len(body))
	if err := header.Write(out); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	out.WriteString("\r\n")
	out.Write(body)
}

// ask sends a request and gives the body of a 200, valid until the next.
func (l *line) ask(request []byte) ([]byte, error) {
	if _, err := l.conn.Write(request); err != nil {
		return nil, err
	}
	status, err := l.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	length := -1
	for {
		head, err := l.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(head) <= 2 {
			break
		}
		if value, is := strings.CutPrefix(string(head), "Content-Length: "); is {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, errors.New("an answer without a length")
	}
	l.body = slices.Grow(l.body[:0], length)[:length]
	if _, err := io.ReadFull(l.in, l.body); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return nil, fmt.Errorf("%s: %s", strings.TrimSpace(status), l.body)
	}
	return l.body, nil
}

// drive keeps every line busy for a while: line i asks what next gives it, and
// check looks at each answer.
func drive(t testing.TB, lines []*line, while time.Duration, next func(i int) []byte, check func(answer []byte) error) load {
	t.Helper()
	return together(t, lines, func(start time.Time, i int, one *load) error {
		for time.Since(start) < while {
			asked := next(i)
			if err := lines[i].timed(time.Now(), asked, check, one); err != nil {
				return err
			}
		}
		return nil
	})
}

// pace lets each line ask once in every period, the lines one after another; a
// wait begins when the request was due, so that a slow answer is not forgiven to
// those behind it.
func pace(t testing.TB, lines []*line, while, period time.Duration, next func(i int) []byte, check func(answer []byte) error) load {
	t.Helper()
	return together(t, lines, func(start time.Time, i int, one *load) error {
		for due := start.Add(period * time.Duration(i) / time.Duration(len(lines))); due.Sub(start) < while; due = due.Add(period) {
			asked := next(i)
			time.Sleep(time.Until(due))
			if err := lines[i].timed(due, asked, check, one); err != nil {
				return err
			}
		}
		return nil
	})
}

// timed asks once and notes the wait since a moment.
func (l *line) timed(since time.Time, asked []byte, check func([]byte) error, to *load) error {
	answer, err := l.ask(asked)
	if err != nil {
		return err
	}
	to.waits = append(to.waits, time.Since(since))
	return check(answer)
}

// together lets every line work at once, each on a load of its own.
func together(t testing.TB, lines []*line, work func(start time.Time, i int, one *load) error) load {
	t.Helper()
	var group sync.WaitGroup
	all := make([]load, len(lines))
	start, cpu := time.Now(), processTime(t)
	for i := range lines {
		group.Go(func() {
			if err := work(start, i, &all[i]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	out := load{took: time.Since(start), cpu: processTime(t) - cpu}
	for _, one := range all {
		out.add(one)
	}
	return out
}

// processTime is what other programs on the machine cannot take away.
func processTime(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
