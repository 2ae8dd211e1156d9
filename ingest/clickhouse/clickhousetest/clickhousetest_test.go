package clickhousetest_test

import (
	"context"
	"strings"
	"testing"

	native "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/omotenashi-web/omotenashi/ingest/clickhouse/clickhousetest"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// Two tests at once write a table of the same name and see only their own row.
func TestDatabaseOfItsOwn(t *testing.T) {
	for _, want := range []string{"一つ目", "二つ目"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			conn := open(t, clickhousetest.DSN(t))
			for _, sql := range []string{
				"CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s",
				"INSERT INTO t VALUES ('" + want + "')",
			} {
				if err := conn.Exec(context.Background(), sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
			var got []string
			if err := conn.QueryRow(context.Background(), "SELECT groupArray(s) FROM t").Scan(&got); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0] != want {
				t.Errorf("the table holds %q, want %q alone", got, want)
			}
		})
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	var dsn string
	t.Run("inner", func(t *testing.T) { dsn = clickhousetest.DSN(t) })
	name := dsn[strings.LastIndex(dsn, "/")+1:]
	var n uint64
	err := open(t, clickhousetest.DSN(t)).QueryRow(context.Background(), "SELECT count() FROM system.databases WHERE name = $1", name).Scan(&n)
	if err != nil || n != 0 {
		t.Errorf("%d databases named %q after its test, %v", n, name, err)
	}
}

func open(t *testing.T, dsn string) native.Conn {
	t.Helper()
	options, err := native.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := native.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
