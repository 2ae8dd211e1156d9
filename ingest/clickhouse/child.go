package clickhouse

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The two variables that make a run of this program the child.
const (
	libraryEnv = "OMO_CLICKHOUSE_LIBRARY" // path of the library to run
	parentEnv  = "OMO_CLICKHOUSE_PARENT"  // process id of the parent
)

// hooked says that RunChildIfAsked was called. Without it a child would be one
// more parent, which starts a child in turn.
var hooked atomic.Bool

func init() {
	// The engine wants the process's main thread, and only init functions are
	// certain to run on it.
	if os.Getenv(libraryEnv) != "" {
		runtime.LockOSThread()
	}
}

// RunChildIfAsked turns this process into the ClickHouse child, and does not
// return, if a [Server] started it for that. Call it first thing in main, and in
// the TestMain of each package whose tests start a server.
func RunChildIfAsked() {
	hooked.Store(true)
	library := os.Getenv(libraryEnv)
	if library == "" {
		return
	}
	go leaveWithParent(os.Getenv(parentEnv))
	if err := runLibrary(library, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// leaveWithParent ends the process when the parent is gone, for systems without a
// parent-death signal. Normally standard input has ended it cleanly by then.
func leaveWithParent(parent string) {
	for parent == strconv.Itoa(os.Getppid()) {
		time.Sleep(250 * time.Millisecond)
	}
	time.Sleep(time.Second)
	os.Exit(1)
}

// runLibrary runs "clickhouse local" with the arguments until it ends.
func runLibrary(path string, args []string) error {
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("the ClickHouse library cannot be loaded: %w", err)
	}
	var (
		setSignalHandlers func(enabled int32)
		queryCmdline      func(argc int32, argv unsafe.Pointer) (result unsafe.Pointer)
		resultError       func(result unsafe.Pointer) string
	)
	for name, f := range map[string]any{
		"chdb_set_signal_handlers_enabled": &setSignalHandlers,
		"chdb_query_cmdline":               &queryCmdline,
		"chdb_result_error":                &resultError,
	} {
		symbol, err := purego.Dlsym(library, name)
		if err != nil {
			return fmt.Errorf("the ClickHouse library %s is of another version: %w", path, err)
		}
		purego.RegisterFunc(f, symbol)
	}

	setSignalHandlers(0) // they are the Go runtime's
	argv := []*byte{cString("clickhouse")}
	for _, arg := range args {
		argv = append(argv, cString(arg))
	}
	argv = append(argv, nil)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&argv[0])
	for _, arg := range argv[:len(argv)-1] {
		pin.Pin(arg)
	}
	result := queryCmdline(int32(len(argv)-1), unsafe.Pointer(&argv[0]))
	if result == nil {
		return fmt.Errorf("ClickHouse gave no result")
	}
	if text := resultError(result); text != "" {
		return fmt.Errorf("ClickHouse: %s", text)
	}
	return nil
}

func cString(s string) *byte {
	b := append([]byte(s), 0)
	return &b[0]
}
