package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse"
)

func TestMain(m *testing.M) {
	clickhouse.RunChildIfAsked()
	testscript.Main(m, map[string]func(){"omo": main})
}

// The command line's specification is testdata/script/*.txtar: commands as a
// user types them, and what is printed.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			cache, err := os.UserCacheDir()
			if err != nil {
				return err
			}
			// The ClickHouse library is fetched once for the user, not once a script.
			e.Setenv("OMO_CACHE", cacheOr(cache+"/omotenashi"))
			e.Setenv("HOME", e.WorkDir)
			bin, _, _ := strings.Cut(e.Getenv("PATH"), string(os.PathListSeparator))
			e.Setenv("BIN", bin) // where omo is, and nothing else
			busy, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			e.Defer(func() { busy.Close() })
			e.Setenv("BUSY", busy.Addr().String())
			shop, err := filepath.Abs("../../examples/shop/rules")
			e.Setenv("SHOP_RULES", shop)
			return err
		},
	})
}

func cacheOr(usual string) string {
	if set := os.Getenv("OMO_CACHE"); set != "" {
		return set
	}
	return usual
}
