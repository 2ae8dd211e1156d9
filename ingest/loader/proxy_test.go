package loader_test

import (
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
	conns     []net.Conn
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
			p.conns = append(p.conns, client, server)
			p.mu.Unlock()
			c := &carried{proxy: p}
			go c.there(server, client)
			go c.back(client, server)
		}
	}()
	return p
}

func (p *proxy) swallowing(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = on
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

// cut breaks every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}

// carried is one connection. A query is small; more than that are rows.
type carried struct {
	proxy *proxy
	sent  int // bytes since the last answer
}

const moreThanAQuery = 16 << 10

func (c *carried) there(server, client net.Conn) {
	defer server.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if n > 0 {
			c.proxy.mu.Lock()
			c.sent += n
			c.proxy.mu.Unlock()
			c.proxy.wait()
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *carried) back(client, server net.Conn) {
	defer client.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		c.proxy.mu.Lock()
		withhold := c.proxy.swallow && c.sent > moreThanAQuery
		if !withhold {
			c.sent = 0
		}
		c.proxy.mu.Unlock()
		switch {
		case n > 0 && withhold:
			select {
			case c.proxy.swallowed <- struct{}{}:
			default:
			}
		case n > 0:
			c.proxy.wait()
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
