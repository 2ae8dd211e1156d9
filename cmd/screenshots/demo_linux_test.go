package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// This program plays the parts of a test as well: the command that takes pictures,
// and the demo that it runs.
const part = "OMO_TEST_PART"

func TestMain(m *testing.M) {
	switch os.Getenv(part) {
	case "demo":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "Ctrl-C ends the demo")
		<-asked
	case "a demo that fails":
		fmt.Fprintln(os.Stderr, "Ctrl-C ends the demo\nomo: no room")
	case "a demo that cannot start":
		fmt.Fprintln(os.Stderr, "omo: no folder")
	case "pictures":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), part+"=demo")
		cmd.ExtraFiles = []*os.File{os.NewFile(3, "alive")}
		_, end, err := run(ctx, cmd, "Ctrl-C ends the demo")
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("taking pictures")
		<-ctx.Done()
		end()
	default:
		os.Exit(m.Run())
	}
}

// However the pictures end, the demo ends as well: both hold a pipe open, which is
// at its end when neither lives.
func TestTheDemoEndsWithItsParent(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]syscall.Signal{"interrupted": syscall.SIGINT, "stopped": syscall.SIGTERM, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alive, held, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer alive.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), part+"=pictures")
			cmd.ExtraFiles = []*os.File{held}
			said, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := held.Close(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(said).ReadString('\n'); strings.TrimSpace(line) != "taking pictures" {
				t.Fatalf("it says %q, %v", line, err)
			}
			if err := alive.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if n, err := alive.Read(make([]byte, 1)); n > 0 || err == io.EOF {
				t.Fatal("nobody lives before the end: this test proves nothing")
			}
			if err := cmd.Process.Signal(how); err != nil {
				t.Fatal(err)
			}
			if err := alive.SetReadDeadline(time.Now().Add(3 * time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := alive.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("the demo lives on: %v", err)
			}
			_ = cmd.Wait() // it was told to end: however it says so
		})
	}
}

// A demo that ends by itself says why, before the pictures and among them.
func TestTheEndOfTheDemoIsTold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"a demo that fails": "it ended: omo: no room", "a demo that cannot start": "it ended: omo: no folder"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), part+"="+name)
			lasts, end, err := run(t.Context(), cmd, "Ctrl-C ends the demo")
			if err == nil {
				defer end()
				select {
				case <-lasts.Done():
					err = context.Cause(lasts)
				case <-time.After(time.Minute):
				}
			}
			if err == nil || err.Error() != want {
				t.Errorf("it says %v, want %s", err, want)
			}
		})
	}
}
