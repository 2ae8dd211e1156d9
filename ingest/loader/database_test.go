package loader_test

import (
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse/clickhousetest"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// database is the address of an empty database of this test's own.
func database(t testing.TB) string { return clickhousetest.DSN(t) }
