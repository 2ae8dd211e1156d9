package clickhouse

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strconv"
)

// port is a loopback port for a child to listen on. It is this server's until it is
// closed, also while the child has not begun to listen, or is down: two servers that
// drew the same one would end each other's engine by their passwords. What says so is
// the port after it, where this process listens and never answers.
type port struct {
	number int
	held   net.Listener
}

// The ports lie below the range that systems take outgoing ports from: a dial to a
// free port of that range can connect to itself.
const lowPort, highPort = 20_000, 30_000

// takePort draws a port of which neither it nor the one after it is in use.
func takePort() (port, error) {
	var last error
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt((highPort-lowPort)/2))
		if err != nil {
			return port{}, fmt.Errorf("draw a port: %w", err)
		}
		p := port{number: lowPort + 2*int(n.Int64())}
		if p.held, last = loopback(p.number + 1); last != nil {
			continue
		}
		free, err := loopback(p.number)
		if err == nil {
			return p, free.Close()
		}
		last = errors.Join(err, p.close())
	}
	return port{}, fmt.Errorf("no free port on 127.0.0.1: %w", last)
}

func loopback(number int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
}

func (p port) close() error { return p.held.Close() }
