package faulttest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// traced are the calls by which bytes come in, go out and become durable.
const traced = "read,readv,recvfrom,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,sync_file_range,io_uring_enter"

// needStrace skips the test where processes cannot be traced, and fails it where
// that is asked for, as .ci/run does.
func needStrace(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err == nil {
		var out []byte
		if out, err = exec.Command(path, "-f", "-o", os.DevNull, "true").CombinedOutput(); err == nil {
			return path
		}
		err = fmt.Errorf("%w: %s", err, out)
	}
	if os.Getenv("OMO_REQUIRE_BROWSER") != "" {
		t.Fatalf("OMO_REQUIRE_BROWSER is set, and processes cannot be traced: %v; install strace, and allow ptrace in the container", err)
	}
	t.Skipf("the order of fsync and answer is not proved here: %v; install strace", err)
	return ""
}

// call is one system call. begun and ended are places in the order of all
// moments that strace saw.
type call struct {
	name, data   string // data: the arguments, with what was written or, once it has ended, read
	fd           string // "7</data/ledger/000002.log>"
	begun, ended int
	at, until    time.Duration // of the clock
	ok           bool
}

var (
	whole     = regexp.MustCompile(`^(\d+) +([\d.]+) (\w+)\((.*)\) += (-?\d+)`)
	beginning = regexp.MustCompile(`^(\d+) +([\d.]+) (\w+)\((.*) <unfinished \.\.\.>$`)
	end       = regexp.MustCompile(`^(\d+) +([\d.]+) <\.\.\. (\w+) resumed>(.*)\) += (-?\d+)`)
)

// calls reads what strace wrote. A call on one line began and ended there, with
// nothing between.
func calls(t *testing.T, file string) []*call {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []*call
	open := map[string]*call{} // by thread
	begin := func(thread, at, name, data string, place int) *call {
		c := &call{name: name, data: data, begun: place, at: clock(t, at)}
		c.fd, _, _ = strings.Cut(data, ", ")
		all, open[thread] = append(all, c), c
		return c
	}
	finish := func(c *call, at, result string, place int) {
		c.ended, c.until, c.ok = place, clock(t, at), !strings.HasPrefix(result, "-")
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for place := 1; lines.Scan(); place++ {
		line := lines.Text()
		if m := whole.FindStringSubmatch(line); m != nil {
			finish(begin(m[1], m[2], m[3], m[4], place), m[2], m[5], place)
		} else if m := beginning.FindStringSubmatch(line); m != nil {
			begin(m[1], m[2], m[3], m[4], place)
		} else if m := end.FindStringSubmatch(line); m != nil && open[m[1]] != nil {
			c := open[m[1]]
			c.data += m[4]
			finish(c, m[2], m[5], place)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func clock(t *testing.T, text string) time.Duration {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// isLog says whether a call is about the ledger's log on disk.
func (c *call) isLog() bool {
	return strings.HasSuffix(c.fd, ".log>") && strings.Contains(c.fd, "/ledger/")
}

func (c *call) isSync() bool { return c.name == "fdatasync" || c.name == "fsync" }

// isWrite says whether a call sends bytes somewhere, rather than taking some.
func (c *call) isWrite() bool {
	return strings.Contains(c.name, "write") || strings.HasPrefix(c.name, "send")
}

// underStrace is a server whose calls are written down. ClickHouse is away, so
// that nothing but the server is traced.
func underStrace(t *testing.T, strace string) (s *server, file string) {
	t.Helper()
	s = newServer(t)
	file = filepath.Join(s.dir, "strace")
	s.under = []string{strace, "-f", "-ttt", "-y", "-s", "65536", "-e", "trace=" + traced, "-e", "signal=none", "-o", file}
	s.flags = []string{"--clickhouse", "clickhouse://127.0.0.1:1/away"}
	return s, file
}
