package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"
)

// openPprof serves Go's profiles on an address of this machine only: they tell
// what the process has in memory.
func (a *app) openPprof(ctx context.Context, addr string) error {
	if addr == "" {
		return nil
	}
	if !onLoopback(addr) {
		return exit{misuse, fmt.Errorf("--pprof %s is not an address of this machine alone: write 127.0.0.1:6060, and reach it through ssh", addr)}
	}
	l, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("profiles are no longer served", "error", err)
		}
	}()
	a.later("pprof", func(context.Context) error { return server.Close() })
	a.pprof = l.Addr().String()
	return nil
}
