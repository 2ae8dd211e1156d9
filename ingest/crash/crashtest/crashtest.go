// Package crashtest runs a test's own program once more, as a child that is
// killed with kill -9 in the middle of its work:
//
//	func TestMain(m *testing.M) {
//		crashtest.Main(m, crashtest.Parts{"write": writeForever})
//	}
//
//	func TestKill(t *testing.T) {
//		dir := t.TempDir()
//		child := crashtest.Start(t, "write", dir)
//		for line, more := child.Line(); more; line, more = child.Line() {
//			… child.Kill() …
//		}
//		killed := child.Wait()
//
// The child works in dir and says on its standard output, a line each, what it
// has done; a line that its death cuts short was not said. A child that is still
// there after two minutes is killed, and fails the test.
package crashtest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"
)

// What a child is told by the environment.
const (
	partEnv = "OMO_TEST_CHILD"
	dirEnv  = "OMO_TEST_CHILD_DIR"
)

const longest = 2 * time.Minute

// Parts are what children do, by name.
type Parts map[string]func(dir string) error

// Main plays a part, if this process is a child, and otherwise runs the package's
// tests. It ends the process. Call it from TestMain.
func Main(m *testing.M, parts Parts) {
	name := os.Getenv(partEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	play, known := parts[name]
	if !known {
		fmt.Fprintf(os.Stderr, "crashtest: TestMain knows no part %q\n", name)
		os.Exit(1)
	}
	if err := play(os.Getenv(dirEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Child is a process of its own. Only Kill may be called beside other methods.
type Child struct {
	t       *testing.T
	cmd     *exec.Cmd
	says    *bufio.Reader
	guard   *time.Timer
	overdue atomic.Bool
}

// Start starts a child that plays a part in dir. It is gone when the test ends.
func Start(t *testing.T, part, dir string) *Child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &Child{t: t, cmd: exec.Command(self)}
	c.cmd.Env = append(os.Environ(), partEnv+"="+part, dirEnv+"="+dir)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.says = bufio.NewReader(out)
	c.guard = time.AfterFunc(longest, func() { c.overdue.Store(true); c.Kill() })
	t.Cleanup(func() {
		c.guard.Stop()
		c.Kill()
		_ = c.cmd.Wait() // it may have been waited for
	})
	return c
}

// Line waits for what the child says next, without the end of the line; false
// when it says no more.
func (c *Child) Line() (string, bool) {
	line, err := c.says.ReadString('\n')
	if err != nil {
		return "", false
	}
	return line[:len(line)-1], true
}

// Kill is kill -9, and does not wait.
func (c *Child) Kill() {
	_ = c.cmd.Process.Kill() // it may have ended
}

// Wait waits for the child's end and says whether it was killed before it came
// there by itself. A child that fails, or takes too long, fails the test.
func (c *Child) Wait() (killed bool) {
	c.t.Helper()
	err := c.cmd.Wait()
	c.guard.Stop()
	killed = c.cmd.ProcessState.ExitCode() < 0 // by a signal
	switch {
	case c.overdue.Load():
		c.t.Fatalf("the child was still there after %s", longest)
	case err != nil && !killed:
		c.t.Fatalf("the child failed: %v", err)
	}
	return killed
}
