package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	native "github.com/ClickHouse/clickhouse-go/v2"
)

// supervise keeps the child running until the context ends.
func (s *Server) supervise(ctx context.Context) {
	defer close(s.done)
	for {
		err := s.runOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		pause, open := s.opts.breaker.exit(time.Now())
		phase := Down
		var install *installError
		if open || errors.As(err, &install) {
			phase, pause = Broken, s.opts.breaker.rest
		}
		s.log.Error("clickhouse is down", "phase", phase, "again_in", pause, "error", err)
		s.set(State{Phase: phase, Err: err})
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// installError is a failure to get the engine, as against one to run it.
type installError struct{ err error }

func (e *installError) Error() string { return e.err.Error() }
func (e *installError) Unwrap() error { return e.err }

// runOnce runs the child from its start to its end. Its error says why it ended.
func (s *Server) runOnce(ctx context.Context) error {
	e, err := s.engine(ctx)
	if err != nil {
		return &installError{err}
	}
	began := time.Now()
	cmd := e.command(s.folder.arguments(s.port.number)...)
	cmd.Dir = s.folder.path("run")
	p, err := startProcess(cmd, s.output)
	if err != nil {
		return err
	}
	defer p.leave(s.opts.leaveGrace)
	s.set(State{Phase: Starting, PID: p.pid, Starts: s.State().Starts + 1})
	if err := s.awaitAnswer(ctx, p); err != nil {
		return err
	}
	s.log.Info("clickhouse is ready", "pid", p.pid, "port", s.port.number, "after", time.Since(began).Round(time.Millisecond))
	s.set(State{Phase: Ready, PID: p.pid})
	return s.watch(ctx, p)
}

// engine finds the engine, or installs it.
func (s *Server) engine(ctx context.Context) (engine, error) {
	if s.opts.engine != nil {
		return *s.opts.engine, nil
	}
	return findEngine(ctx, func(stage string, done, total int64) {
		if s.State().Phase != Installing {
			s.set(State{Phase: Installing})
		}
		if s.opts.Progress != nil {
			s.opts.Progress(stage, done, total)
		}
	})
}

// awaitAnswer waits until the child answers on its port, with our password, and
// has our database.
func (s *Server) awaitAnswer(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		asked, err := make(chan error, 1), errNoAnswer
		go func() { asked <- s.greet(ctx) }()
		select {
		case err = <-asked:
			if err == nil {
				return nil
			}
		case <-p.exited:
		case <-ctx.Done():
		}
		select {
		case <-p.exited:
			return p.exitError()
		case <-ctx.Done():
			return fmt.Errorf("ClickHouse (process %d) did not answer within %s: %w", p.pid, startTimeout, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// greet makes the native handshake, makes the database and asks one question.
func (s *Server) greet(ctx context.Context) error {
	// Before the port is open a bare dial is the cheaper question.
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port.number)))
	if err != nil {
		return err
	}
	conn.Close()
	c, err := s.connect("default")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+Database+" ENGINE = Atomic"); err != nil {
		return err
	}
	return ask(ctx, c)
}

// neverGivenUp is longer than a child lives that does not answer. This engine ends
// over an answer to a handshake that its client does not take, and on a busy machine
// client and engine may both be slow: whoever asks keeps the time.
const neverGivenUp = time.Hour

func (s *Server) connect(database string) (native.Conn, error) {
	options, err := native.ParseDSN(s.dsn)
	if err != nil {
		return nil, err
	}
	options.Auth.Database, options.DialContext = database, s.opts.dial
	options.DialTimeout, options.ReadTimeout = neverGivenUp, neverGivenUp
	options.MaxOpenConns, options.MaxIdleConns = 1, 1
	return native.Open(options)
}

func ask(ctx context.Context, c native.Conn) error {
	var one uint8
	return c.QueryRow(ctx, "SELECT 1").Scan(&one)
}

// watch returns when the child has ended, when it has not answered for too long
// and was killed, or when the context ends.
func (s *Server) watch(ctx context.Context, p *process) error {
	c, err := s.connect(Database)
	if err != nil {
		return err
	}
	defer c.Close()
	answers := s.probe(ctx, p, c)
	last := time.Now()
	for {
		select {
		case <-p.exited:
			return p.exitError()
		case <-ctx.Done():
			return ctx.Err()
		case err, open := <-answers:
			switch {
			case !open: // one of the two above comes next
				answers = nil
			case err == nil && s.State().Phase == Stuck:
				s.log.Info("clickhouse answers again", "pid", p.pid)
				s.set(State{Phase: Ready, PID: p.pid})
				last = time.Now()
			case err == nil:
				last = time.Now()
			case time.Since(last) > s.opts.stuckAfter:
				p.kill()
				return fmt.Errorf("ClickHouse (process %d) has not answered for %s and was killed: %w", p.pid, s.opts.stuckAfter, err)
			case s.State().Phase == Ready:
				s.log.Warn("clickhouse does not answer", "pid", p.pid, "error", err)
				s.set(State{Phase: Stuck, PID: p.pid, Err: err})
			}
		}
	}
}

// errNoAnswer is what a probe says while it waits longer than it should.
var errNoAnswer = errors.New("no answer to SELECT 1")

// probe asks again and again and sends what comes of it, until the child has ended
// or the context ends; then it closes the channel.
func (s *Server) probe(ctx context.Context, p *process, c native.Conn) <-chan error {
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan error)
	send := func(err error) {
		select {
		case answers <- err:
		case <-ctx.Done():
		}
	}
	go func() {
		<-p.exited
		cancel()
	}()
	go func() {
		defer close(answers)
		for ctx.Err() == nil {
			asked := make(chan error, 1)
			go func() { asked <- ask(ctx, c) }()
			// The driver takes seconds to heed a context that ends, so the time is kept here.
			for waiting := true; waiting; {
				select {
				case err := <-asked:
					send(err)
					waiting = false
				case <-time.After(s.opts.probeEvery):
					send(errNoAnswer)
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-time.After(s.opts.probeEvery):
			case <-ctx.Done():
			}
		}
	}()
	return answers
}
