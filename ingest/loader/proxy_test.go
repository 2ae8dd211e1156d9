package loader_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between the loader and ClickHouse. Told to swallow, it goes on
// carrying rows there, and none of the answers that come after them back.
type proxy struct {
	listener net.Listener
	to       string

	mu        sync.Mutex
	conns     []*carried
	swallow   bool
	away      bool          // nobody is there
	delay     time.Duration // of each piece that is carried, either way
	swallowed chan struct{} // has a value when an answer was withheld
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, to: to, swallowed: make(chan struct{}, 1)}
	t.Cleanup(func() { listener.Close(); p.cut() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			if p.away {
				client.Close()
				server.Close()
				p.mu.Unlock()
				continue
			}
			c := &carried{proxy: p, client: client, server: server}
			p.conns = append(p.conns, c)
			p.mu.Unlock()
			go c.there()
			go c.back()
		}
	}()
	return p
}

// swallowing begins or ends that answers are withheld. What swallowed says from then
// on is of an answer that was withheld since.
func (p *proxy) swallowing(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = on
	select {
	case <-p.swallowed:
	default:
	}
}

// goAway breaks every connection and takes no other until it is back.
func (p *proxy) goAway(away bool) {
	p.mu.Lock()
	p.away = away
	p.mu.Unlock()
	if away {
		p.cut()
	}
}

// slowly delays each piece that is carried, at most 64 KiB.
func (p *proxy) slowly(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

func (p *proxy) wait() {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	time.Sleep(delay)
}

// cut breaks every connection; see carried.end.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.end()
	}
	p.conns = nil
}

// carried is one connection. A query is small; more than that are rows.
type carried struct {
	proxy          *proxy
	client, server net.Conn
	sent           int  // bytes since the last answer
	greeted        bool // the handshake is answered
	ended          bool // or to end as soon as it is
}

const moreThanAQuery = 16 << 10

// end breaks the connection, as soon as its handshake is answered: over one that
// breaks before, the embedded ClickHouse ends itself, and all tests share it. The
// proxy is locked.
func (c *carried) end() {
	c.ended = true
	if c.greeted {
		c.client.Close()
		c.server.Close()
	}
}

// gone is the end that one side made.
func (c *carried) gone(atServer bool) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.greeted = c.greeted || atServer
	c.end()
}

func (c *carried) there() {
	defer c.gone(false)
	buffer := make([]byte, 64<<10)
	for {
		n, err := c.client.Read(buffer)
		if n > 0 {
			c.proxy.mu.Lock()
			c.sent += n
			c.proxy.mu.Unlock()
			c.proxy.wait()
			if _, err := c.server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *carried) back() {
	defer c.gone(true)
	buffer := make([]byte, 64<<10)
	for {
		n, err := c.server.Read(buffer)
		c.proxy.mu.Lock()
		c.greeted = true
		ended := c.ended
		withhold := c.proxy.swallow && c.sent > moreThanAQuery
		if !withhold {
			c.sent = 0
		} else if n > 0 && !ended {
			select {
			case c.proxy.swallowed <- struct{}{}:
			default:
			}
		}
		c.proxy.mu.Unlock()
		switch {
		case ended:
			return
		case n > 0 && !withhold:
			c.proxy.wait()
			if _, err := c.client.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// A connection that is cut before ClickHouse has answered its handshake stays
// whole at ClickHouse's side until then, and breaks at both sides.
func TestTheProxyCutsNoHandshake(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p := startProxy(t, listener.Addr().String())
	client, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	say := func(from, to net.Conn, text string) error {
		if _, err := io.WriteString(from, text); err != nil {
			return err
		}
		if err := to.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		_, err := io.ReadFull(to, make([]byte, len(text)))
		return err
	}
	if err := say(client, server, "hello"); err != nil {
		t.Fatal(err)
	}
	p.goAway(true)
	if err := say(client, server, "more of it"); err != nil {
		t.Errorf("after the cut, with the handshake unanswered: %v", err)
	}
	if err := say(server, client, "hello"); !errors.Is(err, io.EOF) {
		t.Errorf("the answer, after the cut: %v, want the end", err)
	}
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("at ClickHouse's side: %v, want the end", err)
	}
}
