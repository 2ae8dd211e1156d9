package clickhouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"

	"github.com/omotenashi-web/omotenashi/ingest/crash"
)

// Options of a server. The zero value of all but Dir will do.
type Options struct {
	Dir      string       // its data folder, made if missing
	Log      *slog.Logger // starts, exits and their reasons; default: none
	Progress Progress     // of the installation of the library; default: none

	engine     *engine // instead of the one that is found, in tests
	breaker    *breaker
	probeEvery time.Duration
	stuckAfter time.Duration
	leaveGrace time.Duration
	dial       func(ctx context.Context, addr string) (net.Conn, error) // of its own questions; the driver's unless told
}

// Bounds of a server's life.
const (
	startTimeout = 2 * time.Minute  // from start to the first answer; many tables take a while
	leaveGrace   = 2 * time.Second  // to leave after its standard input has closed; with clients connected it takes 5
	probeEvery   = 5 * time.Second  // is it still there? And the time it has to say so
	stuckAfter   = 60 * time.Second // without an answer it is killed
)

// Phase says what a server is doing.
type Phase string

// The phases of a server.
const (
	Installing Phase = "installing" // the library is being fetched
	Starting   Phase = "starting"   // not answering yet
	Ready      Phase = "ready"
	Stuck      Phase = "stuck"  // running, but not answering
	Down       Phase = "down"   // it ended, and is started again in a moment
	Broken     Phase = "broken" // it ended too often, or cannot be installed; tried again in a minute
	Closed     Phase = "closed"
)

// State is what a server is doing at one moment.
type State struct {
	Phase  Phase
	Since  time.Time // of the phase
	PID    int       // of the child, 0 if there is none
	Starts int       // of the child, up to now
	Err    error     // why it is not ready, if that is known
}

// Server is a ClickHouse in a child process, kept running until Close.
type Server struct {
	opts   Options
	folder *folder
	port   port
	dsn    string
	log    *slog.Logger
	output io.WriteCloser // the rotating file

	stop context.CancelFunc
	done chan struct{} // closed when the supervisor has ended

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed at the next change of state
}

// Start starts ClickHouse and waits until it answers. With the library in the
// cache that takes well below a second; otherwise the library is fetched first.
// The context bounds only the wait: the server runs until Close.
func Start(ctx context.Context, opts Options) (*Server, error) {
	s, err := Open(opts)
	if err != nil {
		return nil, err
	}
	if err := s.Wait(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Open starts ClickHouse and returns at once; its DSN will answer later. It fails
// if the data folder is in use or cannot be written.
func Open(opts Options) (*Server, error) {
	f, err := openFolder(opts.Dir)
	if err != nil {
		return nil, err
	}
	port, err := takePort()
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	dsn, err := f.writeConfig(port.number)
	if err != nil {
		return nil, errors.Join(err, port.close(), f.close())
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.breaker == nil {
		opts.breaker = &breaker{limit: 5, window: 2 * time.Minute, rest: crash.Span("clickhouse.rest", time.Minute)}
	}
	opts.probeEvery = cmp.Or(opts.probeEvery, probeEvery)
	opts.stuckAfter = cmp.Or(opts.stuckAfter, stuckAfter)
	opts.leaveGrace = cmp.Or(opts.leaveGrace, leaveGrace)
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{
		opts: opts, folder: f, port: port, dsn: dsn, log: opts.Log,
		output:  &lumberjack.Logger{Filename: f.path("log", "clickhouse.log"), MaxSize: 20, MaxBackups: 3},
		stop:    stop,
		done:    make(chan struct{}),
		state:   State{Phase: Starting, Since: time.Now()},
		changed: make(chan struct{}),
	}
	go s.supervise(ctx)
	return s, nil
}

// Run runs ClickHouse until the context ends; ready is called once, when it
// answers. An error is one of starting or of closing.
func Run(ctx context.Context, opts Options, ready func(*Server)) error {
	s, err := Start(ctx, opts)
	if err != nil {
		return err
	}
	ready(s)
	<-ctx.Done()
	return s.Close()
}

// DSN is the address for clickhouse-go, the same for the server's whole life. Do
// not connect with another user or to a database that does not exist: this engine
// ends when a handshake fails, and is then started again.
func (s *Server) DSN() string { return s.dsn }

// State returns what the server is doing now.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Ready returns nil if ClickHouse answers, and otherwise an error with the phase
// and the reason. It does not wait and asks nobody.
func (s *Server) Ready() error {
	return s.State().unready()
}

func (st State) unready() error {
	switch {
	case st.Phase == Ready:
		return nil
	case st.Err != nil:
		return fmt.Errorf("the embedded ClickHouse is %s: %w", st.Phase, st.Err)
	}
	return fmt.Errorf("the embedded ClickHouse is %s", st.Phase)
}

// Wait returns nil as soon as ClickHouse answers. It returns an error when the
// context ends, when the child ended too often or cannot be had, and after Close.
func (s *Server) Wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		st, changed := s.state, s.changed
		s.mu.Unlock()
		switch st.Phase {
		case Ready:
			return nil
		case Broken, Closed:
			return st.unready()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", st.unready(), ctx.Err())
		}
	}
}

// Close asks ClickHouse to leave and waits for it; after two seconds it is
// killed, so close its clients first. Nothing acknowledged is lost either way.
func (s *Server) Close() error {
	s.stop()
	<-s.done
	return s.closeErr()
}

func (s *Server) closeErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Phase == Closed {
		return nil
	}
	s.setLocked(State{Phase: Closed})
	return errors.Join(s.output.Close(), s.port.close(), s.folder.close())
}

func (s *Server) set(st State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setLocked(st)
}

func (s *Server) setLocked(st State) {
	st.Since = time.Now()
	if st.Starts == 0 {
		st.Starts = s.state.Starts
	}
	s.state = st
	close(s.changed)
	s.changed = make(chan struct{})
}
