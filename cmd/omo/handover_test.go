package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

// A server that is given its socket is replaced by the next one while shops go
// on sending: no connection is refused, every request is answered with 200, and
// every event is in ClickHouse once. The socket stays open, as systemd keeps it.
func TestRestartWithoutARefusedRequest(t *testing.T) {
	t.Parallel()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	data, rules := t.TempDir(), rulesFolder(t, "campaigns/hello.yaml", hello)
	file := nonblocking(t, socket.(*net.TCPListener))
	next := func() *exec.Cmd { return handed(t, file, "serve", "--rules", rules, "--data", data, "--log", "warn") }
	server := next()
	url := "http://" + socket.Addr().String() + "/v1/events?k=pk_handover"
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}

	stop, sending := make(chan struct{}), sync.WaitGroup{}
	halt := sync.OnceFunc(func() { close(stop); sending.Wait() })
	defer halt()
	acknowledged, answered := make([][]string, 8), atomic.Int64{}
	for i := range acknowledged {
		sending.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				id := uuid.Must(uuid.NewV7()).String()
				res, err := client.Post(url, "text/plain", strings.NewReader(fmt.Sprintf(`{"consent":"granted","events":[{"id":%q,"name":"view_item","visitor":{"id":"v%d"}}]}`, id, i)))
				if err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
				text, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != http.StatusOK {
					t.Errorf("%s %s, %v", res.Status, text, err)
					return
				}
				acknowledged[i] = append(acknowledged[i], id)
				answered.Add(1)
			}
		})
	}
	answers := func() bool {
		res, err := client.Get("http://" + socket.Addr().String() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	}
	eventually(t, "the first server answers, and would hear a signal", answers)
	longest := time.Duration(0)
	for range 3 {
		enough := answered.Load() + 20
		eventually(t, "there is load on this server", func() bool { return answered.Load() >= enough || t.Failed() })
		began := time.Now()
		after := next() // and waits for the folder
		if err := server.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := server.Wait(); err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
		server = after
		eventually(t, "the next server answers", answers)
		longest = max(longest, time.Since(began))
	}
	halt()
	var all []string
	for _, ids := range acknowledged {
		all = append(all, ids...)
	}
	if len(all) < 30 {
		t.Fatalf("only %d requests were answered", len(all))
	}
	want := fmt.Sprintf("%d\t%d", len(all), len(all))
	eventually(t, "ClickHouse has every event once", func() bool {
		var out strings.Builder
		dsn, err := clickhouse.Find(filepath.Join(data, "clickhouse"))
		if err == nil {
			err = clickhouse.Query(t.Context(), dsn, "SELECT count(), uniqExact(event_id) FROM events WHERE name = 'view_item'", &out, "tsv")
		}
		return err == nil && strings.HasSuffix(strings.TrimSpace(out.String()), want)
	})
	t.Logf("3 restarts: %d requests on connections of their own, none refused; the longest restart took %s", len(all), longest.Round(time.Millisecond))
}

// nonblocking is a listener's socket for processes to come, as systemd keeps it
// with NonBlocking=yes. A file of Go's own would be made blocking each time it is
// handed over, and with it the socket of the server that is still at work.
func nonblocking(t *testing.T, l *net.TCPListener) *os.File {
	t.Helper()
	own, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	fd, err := syscall.Dup(int(own.Fd())) // blocking from here
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	t.Cleanup(func() { file.Close() })
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	return file
}

// handed starts this program as omo with a socket, as systemd hands it over.
func handed(t *testing.T, socket *os.File, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	omo := filepath.Join(t.TempDir(), "omo") // by its name the test binary knows what it is
	if err := os.Symlink(self, omo); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, omo}, args...)...)
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Env = append(os.Environ(), "OMO_PUBLIC_KEY=pk_handover", "OMO_SECRET_KEY=sk_handover")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return cmd
}
