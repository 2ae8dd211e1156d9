package crashtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest/crash/crashtest"
)

func TestMain(m *testing.M) {
	crashtest.Main(m, crashtest.Parts{"end": say, "hang": func(dir string) error {
		err := say(dir)
		time.Sleep(time.Hour)
		return err
	}})
}

func say(dir string) error {
	fmt.Print("one\ntwo\nthr")
	return os.WriteFile(filepath.Join(dir, "was here"), nil, 0o600)
}

// A child is heard to its end, whichever that is, and half a line is none.
func TestChild(t *testing.T) {
	t.Parallel()
	for part, killed := range map[string]bool{"end": false, "hang": true} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			child := crashtest.Start(t, part, dir)
			for _, want := range []string{"one", "two"} {
				if line, more := child.Line(); line != want || !more {
					t.Errorf("it says %q, %v; want %q", line, more, want)
				}
			}
			if killed {
				child.Kill()
			}
			if line, more := child.Line(); more {
				t.Errorf("half a line is %q", line)
			}
			if got := child.Wait(); got != killed {
				t.Errorf("killed: %v, want %v", got, killed)
			}
			if _, err := os.Stat(filepath.Join(dir, "was here")); err != nil && !killed {
				t.Error(err)
			}
		})
	}
}
