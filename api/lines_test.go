package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
)

// As many connections as may be are open; one more waits until another closes.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := open(t, options(func(o *api.Options) { o.Connections = 3 }))
	server := s.Config.Handler.(*api.Server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(server.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	dial := func() (net.Conn, chan bool) {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		answered := make(chan bool, 1)
		go func() {
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			answered <- err == nil && res.StatusCode == http.StatusOK
		}()
		return c, answered
	}
	var first net.Conn
	var others []net.Conn
	for n := range 3 {
		c, answered := dial()
		if !<-answered {
			t.Fatalf("connection %d of 3 gets no answer", n+1)
		}
		if first == nil {
			first = c
		} else {
			others = append(others, c)
		}
	}
	fourth, answered := dial()
	select {
	case <-answered:
		t.Error("a fourth of three connections is answered")
	case <-time.After(100 * time.Millisecond):
	}
	if text := string(s.trusted().get("/metrics").body); !strings.Contains(text, "omo_connections 3\n") || !strings.Contains(text, "omo_connections_max 3\n") {
		t.Error("the metrics do not tell of three connections of three")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case ok := <-answered:
		if !ok {
			t.Error("the fourth is not answered well")
		}
	case <-time.After(time.Minute):
		t.Error("the fourth is not answered after another closed")
	}
	for _, c := range append(others, fourth) {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for limit := time.Now().Add(time.Minute); !strings.Contains(string(s.trusted().get("/metrics").body), "omo_connections 0\n"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the metrics tell of connections after all were closed")
		}
	}
}

// late is a listener whose Accept learns late that it was closed: only when it is
// closed again.
type late struct {
	net.Listener
	closings atomic.Int32
	waits    chan struct{}
	told     chan struct{}
}

func (l *late) Accept() (net.Conn, error) {
	close(l.waits)
	<-l.told
	return nil, net.ErrClosed
}

func (l *late) Close() error {
	if l.closings.Add(1) == 2 {
		close(l.told)
	}
	return l.Listener.Close()
}

// A server that still waits for a connection when its door has closed stops in
// order all the same.
func TestStopWhileWaitingForAConnection(t *testing.T) {
	t.Parallel()
	server := open(t).Config.Handler.(*api.Server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := &late{Listener: l, waits: make(chan struct{}), told: make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(door) }()
	<-door.waits
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := errors.Join(server.Shutdown(ctx), <-served); err != nil {
		t.Error(err)
	}
}

// Who was connected when the door closed may still ask, also a little later.
func TestStopHearsWhoWasConnected(t *testing.T) {
	t.Parallel()
	server := open(t).Config.Handler.(*api.Server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, stopped := make(chan error, 1), make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	ask := func(c net.Conn) error {
		_, err := c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"))
		return err
	}
	// Connections are taken in their order: the first is, once the second was answered.
	first, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := ask(second); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(second); err != nil {
		t.Fatal(err)
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	}()
	time.Sleep(time.Second) // a slow client's
	if err := ask(first); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(first); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
		t.Errorf("the first is answered %q, %v", answer, err)
	}
	if err := errors.Join(<-stopped, <-served); err != nil {
		t.Error(err)
	}
}

// A server that is told to stop before it has a door takes nobody in by one that opens
// later, while somebody is still heard: who waits there is the next server's.
func TestStopBeforeTheDoorOpens(t *testing.T) {
	t.Parallel()
	server := open(t).Config.Handler.(*api.Server)
	served, stopped := make(chan error, 2), make(chan error, 1)
	doors := make([]net.Listener, 2)
	for i := range doors {
		var err error
		if doors[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	go func() { served <- server.Serve(doors[0]) }()
	silent, err := net.Dial("tcp", doors[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() { stopped <- server.Shutdown(context.Background()) }() // waits for the silent one
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	go func() { served <- server.Serve(doors[1]) }()
	if res, err := http.Get("http://" + doors[1].Addr().String() + "/healthz"); err == nil {
		res.Body.Close()
		t.Errorf("the second door is answered at: %s", res.Status)
	}
	if err := errors.Join(<-served, <-stopped); err != nil {
		t.Error(err)
	}
}
