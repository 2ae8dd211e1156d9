package clickhouse

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"github.com/gofrs/flock"
)

// Database is the database that [Server.DSN] names. The engine's own "default" is
// none to keep tables in: it also shows the files of the working folder.
const Database = "omotenashi"

const account = "omo"

//go:embed conf/config.xml
var configXML string

//go:embed conf/users.xml
var usersXML string

// folder is what a server keeps on disk:
//
//	data/  ClickHouse's tables          log/  what it says, rotated
//	conf/  written anew at each start   run/  its working folder, empty
//	lock   held while a server runs     dsn   while a server runs
//	backups/  where BACKUP … TO File may write, and RESTORE read
type folder struct {
	dir  string
	lock *flock.Flock
}

// openFolder makes the folder where needed and locks it.
func openFolder(dir string) (*folder, error) {
	if dir == "" {
		return nil, errors.New("start ClickHouse: no data folder is named")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start ClickHouse: %w", err)
	}
	for _, sub := range []string{"data", "conf", "log", "run", "backups"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("start ClickHouse: the data folder cannot be used: %w", err)
		}
	}
	f := &folder{dir: dir, lock: flock.New(filepath.Join(dir, "lock"))}
	got, err := f.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("start ClickHouse: lock the data folder: %w", err)
	}
	if !got {
		holder, _ := os.ReadFile(f.path("lock"))
		return nil, fmt.Errorf("the ClickHouse folder %s is in use by another process (%s): stop that one, or name another data folder",
			dir, strings.TrimSpace("pid "+string(holder)))
	}
	if err := os.WriteFile(f.path("lock"), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		_ = f.lock.Unlock()
		return nil, fmt.Errorf("start ClickHouse: %w", err)
	}
	return f, nil
}

func (f *folder) path(parts ...string) string {
	return filepath.Join(append([]string{f.dir}, parts...)...)
}

func (f *folder) close() error {
	return errors.Join(os.RemoveAll(f.path("dsn")), f.lock.Unlock())
}

// writeConfig writes ClickHouse's configuration and the DSN file, with a new
// password, and returns the DSN.
func (f *folder) writeConfig(port int) (dsn string, err error) {
	password := rand.Text()
	sum := sha256.Sum256([]byte(password))
	values := map[string]string{"Users": html.EscapeString(f.path("conf", "users.xml")), "Backups": html.EscapeString(f.path("backups")), "PasswordSHA256": hex.EncodeToString(sum[:])}
	dsn = fmt.Sprintf("clickhouse://%s:%s@127.0.0.1:%d/%s", account, password, port, Database)
	for name, text := range map[string]string{"config.xml": configXML, "users.xml": usersXML} {
		var out strings.Builder
		t, err := template.New(name).Parse(text)
		if err == nil {
			err = t.Execute(&out, values)
		}
		if err == nil {
			err = os.WriteFile(f.path("conf", name), []byte(out.String()), 0o600)
		}
		if err != nil {
			return "", fmt.Errorf("start ClickHouse: write its configuration: %w", err)
		}
	}
	if err := os.WriteFile(f.path("dsn"), []byte(dsn+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("start ClickHouse: %w", err)
	}
	return dsn, nil
}

// arguments are those of "clickhouse local" that make it a server. Its last query
// blocks on standard input, so that it lives as long as the parent holds the pipe.
// (It is an insert, because reading file('/dev/stdin') takes a grant on all files.)
func (f *folder) arguments(port int) []string {
	return []string{
		"--config-file=" + f.path("conf", "config.xml"),
		"--log-level=warning",
		"--listen_host=127.0.0.1",
		"--tcp_port=" + strconv.Itoa(port),
		"--path=" + f.path("data"),
		"--query=SYSTEM START LISTEN TCP; INSERT INTO FUNCTION null('l String') FROM INFILE '/dev/stdin' FORMAT LineAsString",
	}
}

// Find returns the DSN of the server that runs on a data folder.
func Find(dir string) (dsn string, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "dsn"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no ClickHouse is running on %s: start one there, or use --clickhouse DSN", dir)
	}
	if err != nil {
		return "", fmt.Errorf("find the running ClickHouse: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Backups is where a server on the data folder dir writes its backups and reads
// them: the only place it may.
func Backups(dir string) string { return filepath.Join(dir, "backups") }
