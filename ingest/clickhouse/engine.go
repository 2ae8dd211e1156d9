package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// engine is a program that acts as "clickhouse local".
type engine struct {
	program string
	args    []string // before ClickHouse's own
	env     []string
}

// oldestBinary is the first ClickHouse release, by year, whose "local" is known
// to listen as it is asked to here.
const oldestBinary = 25

// findEngine returns what is installed, after installing it if need be.
func findEngine(ctx context.Context, progress Progress) (engine, error) {
	path, library, err := locate(ctx, progress)
	switch {
	case err != nil:
		return engine{}, err
	case library:
		return libraryEngine(path)
	}
	return engine{program: path, args: []string{"local"}}, nil
}

// libraryEngine runs this same program again, with the library.
func libraryEngine(library string) (engine, error) {
	if !hooked.Load() {
		return engine{}, errors.New("clickhouse.RunChildIfAsked must be called first thing in main (in tests: in TestMain)")
	}
	self, err := os.Executable()
	if err != nil {
		return engine{}, fmt.Errorf("find this program to run it again: %w", err)
	}
	return engine{
		program: self,
		env:     []string{libraryEnv + "=" + library, parentEnv + "=" + strconv.Itoa(os.Getpid())},
	}, nil
}

// checkVersion refuses a clickhouse binary that is too old.
func checkVersion(ctx context.Context, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "local", "--query", "SELECT version()").Output()
	version := strings.TrimSpace(string(out))
	if err != nil {
		return fmt.Errorf("%s does not tell its version: %w", binary, err)
	}
	year, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(year); err != nil || n < oldestBinary {
		return fmt.Errorf("%s is version %q, and %d or newer is needed", binary, version, oldestBinary)
	}
	return nil
}

// command builds the child's command line. The child sees only what it needs of
// the environment: no keys, no passwords.
func (e engine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(e.program, append(append([]string{}, e.args...), args...)...)
	cmd.Env = append([]string{}, e.env...)
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return cmd
}
