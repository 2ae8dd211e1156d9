package faulttest

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// oracle remembers outside the server what was sent and what was acknowledged,
// in a file with one word a line: "S id" before an event is sent, "A id" after a
// 200 for it, "I visitor user" after a 200 for an identify, "D" before a decide.
type oracle struct {
	t  *testing.T
	mu sync.Mutex
	f  *os.File
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "oracle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &oracle{t: t, f: f}
}

func (o *oracle) sending(ids ...string) { o.write("S ", ids) }
func (o *oracle) acked(ids ...string)   { o.write("A ", ids) }
func (o *oracle) deciding()             { o.write("D", []string{""}) }
func (o *oracle) identified(visitor, user string) {
	o.write("I ", []string{visitor + " " + user})
}

// write adds lines in one piece; they are in the file when it returns.
func (o *oracle) write(what string, words []string) {
	var text strings.Builder
	for _, word := range words {
		text.WriteString(what + word + "\n")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := o.f.WriteString(text.String()); err != nil {
		o.t.Error(err)
	}
}

// memory is the oracle's file, read again.
type memory struct {
	sent, acked map[string]bool
	users       map[string]string // visitor → user_id
	decides     int
}

func (o *oracle) recall() memory {
	o.t.Helper()
	f, err := os.Open(o.f.Name())
	if err != nil {
		o.t.Fatal(err)
	}
	defer f.Close()
	m := memory{sent: map[string]bool{}, acked: map[string]bool{}, users: map[string]string{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		what, rest, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "S":
			m.sent[rest] = true
		case "A":
			m.acked[rest] = true
		case "D":
			m.decides++
		case "I":
			visitor, user, _ := strings.Cut(rest, " ")
			m.users[visitor] = user
		}
	}
	if err := lines.Err(); err != nil {
		o.t.Fatal(err)
	}
	return m
}
