package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// handover is how long a server that was given its socket waits for the one
// before it to leave the data folder; connections queue in the socket meanwhile.
const handover = 90 * time.Second

// door opens the server's own socket: the one that systemd hands over, if it
// does (LISTEN_FDS), and else addr.
func door(ctx context.Context, addr string) (l net.Listener, given bool, err error) {
	handed, err := activation.Listeners()
	switch {
	case err != nil:
		return nil, false, exit{misuse, fmt.Errorf("the socket that was handed over cannot be used: %w", err)}
	case len(handed) > 1:
		return nil, false, exit{misuse, fmt.Errorf("%d sockets were handed over, and one is served: name one ListenStream= in the socket unit", len(handed))}
	case len(handed) == 1 && handed[0] == nil:
		return nil, false, exit{misuse, errors.New("the socket that was handed over takes no connections: use ListenStream= in the socket unit")}
	case len(handed) == 1:
		return handed[0], true, nil
	}
	l, err = listen(ctx, addr)
	return l, false, err
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, exit{misuse, fmt.Errorf("cannot listen on %s: %w; stop what uses it, or name another address with --addr (port 0 takes a free one)", addr, err)}
	}
	return l, nil
}

// openLedger opens the ledger; one that another process still has is waited for
// as long as patience lasts.
func openLedger(ctx context.Context, dir string, o ledger.Options, patience time.Duration) (*ledger.Ledger, error) {
	until := time.Now().Add(patience)
	for told := false; ; told = true {
		l, err := ledger.Open(dir, o)
		if !errors.Is(err, ledger.ErrInUse) || time.Now().After(until) {
			return l, err
		}
		if !told {
			o.Log.Info("waiting for the server before this one to leave the data folder", "for", patience, slog.String("folder", dir))
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
