package clickhouse

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is one run of the child.
type process struct {
	pid    int
	stdin  io.Closer     // closing it asks the child to leave
	exited chan struct{} // closed once it is gone
	err    error         // why it is gone; read after exited
	said   *tail
}

// startProcess runs a command in a process group of its own, so that a Ctrl-C in
// the terminal reaches the parent alone, which then stops things in order.
func startProcess(cmd *exec.Cmd, log io.Writer) (*process, error) {
	p := &process{exited: make(chan struct{}), said: &tail{}}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start ClickHouse: %w", err)
	}
	p.stdin = stdin
	out := io.MultiWriter(p.said, log)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 2 * time.Second
	cmd.SysProcAttr = childAttributes()

	started := make(chan error)
	go func() {
		// The parent-death signal comes when the thread that started the child
		// ends, so this one stays for as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start ClickHouse: %w", err)
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// leave asks the process to go and waits for that, at most for the grace time;
// then it is killed.
func (p *process) leave(grace time.Duration) {
	_ = p.stdin.Close() // it may be gone already
	select {
	case <-p.exited:
	case <-time.After(grace):
		p.kill()
	}
}

// kill ends the process and all that it started, and waits for it.
func (p *process) kill() {
	select {
	case <-p.exited: // its number may belong to another by now
	default:
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
		<-p.exited
	}
}

// exitError says how the process ended and what it said last.
func (p *process) exitError() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("ClickHouse (process %d) ended: %s: %s", p.pid, how, p.said)
}
