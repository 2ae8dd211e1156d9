package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// demo runs one until the simulated visitors have come. The context ends with it,
// and says why in its cause; the func ends it.
func demo(ctx context.Context) (context.Context, place, func(), error) {
	folder, err := os.MkdirTemp("", "omo-screenshots-")
	if err != nil {
		return nil, place{}, nil, fmt.Errorf("the demo: %w", err)
	}
	lasts, p, end, err := demoIn(ctx, folder)
	if err != nil {
		return nil, place{}, nil, errors.Join(fmt.Errorf("the demo: %w", err), os.RemoveAll(folder))
	}
	return lasts, p, func() {
		end()
		_ = os.RemoveAll(folder) // it is in a folder that the system empties
	}, nil
}

// demoIn builds the demo's program into a folder and runs that: go run would stand
// between, and does not tell its child to stop.
func demoIn(ctx context.Context, folder string) (context.Context, place, func(), error) {
	ui, err := free()
	if err != nil {
		return nil, place{}, nil, err
	}
	shop, err := free()
	if err != nil {
		return nil, place{}, nil, err
	}
	fmt.Fprintln(os.Stderr, "building the demo")
	omo := filepath.Join(folder, "omo")
	if said, err := exec.CommandContext(ctx, "go", "build", "-o", omo, "./cmd/omo").CombinedOutput(); err != nil {
		return nil, place{}, nil, fmt.Errorf("%w: %s", err, said)
	}
	data := filepath.Join(folder, "data")
	p := place{ui: "http://" + ui, shop: "http://" + shop, key: "sk_" + rand.Text(), rules: filepath.Join(data, "rules")}
	cmd := exec.Command(omo, "demo", "--data", data, "--addr", ui, "--shop-addr", shop)
	cmd.Env = append(os.Environ(), "OMO_SECRET_KEY="+p.key)
	fmt.Fprintln(os.Stderr, "waiting for the demo's simulated visitors, a minute or more")
	lasts, end, err := run(ctx, cmd, "Ctrl-C ends the demo")
	if err != nil {
		return nil, place{}, nil, err
	}
	bare, leave, err := p.serve(lasts, omo, filepath.Join(folder, "bare"))
	if err != nil {
		end()
		return nil, place{}, nil, fmt.Errorf("the server that nobody has visited: %w", err)
	}
	p.bare = bare
	return lasts, p, func() { leave(); end() }, nil
}

// hello is a shop's first campaign, not yet live.
const hello = `id: hello
name: はじめての方へ、送料無料のご案内
when: visitor.new
variants:
  - {id: control, weight: 50}
  - {id: free, weight: 50, action: {type: banner, title: はじめてのご注文は送料無料です}}
`

// serve runs a server as it is first set up: without visitors, and asking for a password.
func (p place) serve(ctx context.Context, omo, folder string) (string, func(), error) {
	address, err := free()
	if err != nil {
		return "", nil, err
	}
	rules := filepath.Join(folder, "rules")
	if err := os.MkdirAll(filepath.Join(rules, "campaigns"), 0o700); err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(rules, "campaigns", "hello.yaml"), []byte(hello), 0o600); err != nil {
		return "", nil, err
	}
	cmd := exec.Command(omo, "serve", "--rules", rules, "--data", filepath.Join(folder, "data"), "--addr", address)
	cmd.Env = append(os.Environ(), "OMO_SECRET_KEY="+p.key)
	_, end, err := run(ctx, cmd, "omotenashi listens on")
	return "http://" + address, end, err
}

// run starts a program and waits until it says the words that mean that all is there. It ends with the
// func and with this process, however that comes to its end: by Ctrl-C, which does
// not reach it by itself, by another signal, or killed. The context ends with it.
func run(ctx context.Context, cmd *exec.Cmd, ready string) (context.Context, func(), error) {
	told, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.SysProcAttr = childAttributes()
	started, ask, gone := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		// The signal that a parent is gone comes when the thread that started the
		// child ends, so this one stays for as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(gone)
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		go func() {
			select {
			case <-gone:
				return
			case <-ctx.Done():
			case <-ask:
			}
			_ = cmd.Process.Signal(os.Interrupt) // it may be gone already
			select {
			case <-gone:
			case <-time.After(time.Minute):
				_ = cmd.Process.Kill()
			}
		}()
		_, _ = cmd.Process.Wait() // it was stopped: however it says so
	}()
	if err := <-started; err != nil {
		return nil, nil, err
	}
	end := func() { close(ask); <-gone }
	lasts, ends := context.WithCancelCause(ctx)
	there := make(chan struct{})
	go func() {
		var last string
		for lines := bufio.NewScanner(told); lines.Scan(); {
			if last = lines.Text(); strings.Contains(last, ready) {
				close(there)
			}
		}
		ends(fmt.Errorf("it ended: %s", last))
	}()
	select {
	case <-there:
		return lasts, end, nil
	case <-lasts.Done():
		end()
		return nil, nil, context.Cause(lasts)
	}
}

// free is an address of this machine that nobody listens on.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("no free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
