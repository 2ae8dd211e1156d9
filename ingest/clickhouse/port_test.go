package clickhouse

import (
	"net"
	"testing"
	"time"
)

// Servers that begin at the same time have ports of their own, though nobody listens
// on them yet; one that is over leaves its port to others.
func TestPortsAreNotSharedBeforeAnybodyListens(t *testing.T) {
	t.Parallel()
	const servers = 400 // of 5,000 ports: if each were only looked at, two would have the same one
	taken := map[int]bool{}
	for range servers {
		p, err := takePort()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.close() })
		if taken[p.number] {
			t.Fatalf("port %d is two servers'", p.number)
		}
		taken[p.number] = true
	}
	p, err := takePort()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.DialTimeout("tcp", p.held.Addr().String(), time.Minute); err == nil {
		conn.Close()
		t.Error("a port that was given back is still held")
	}
}
