package clickhouse

import (
	"context"
	"strconv"
	"strings"
	"testing"
)

const everyKind = `SELECT 'タブ	と\n改行 <b>' AS s, toUInt64(18446744073709551615) AS u, toInt8(-1) AS i, 0.1 AS f, nan AS n,
	true AS b, NULL AS nothing, toNullable(7) AS maybe, toDate('2026-12-01') AS d,
	toDateTime('2026-12-01 09:00:00', 'Asia/Tokyo') AS dt, toDateTime64('2026-12-01 00:00:00.5', 3, 'UTC') AS dt64,
	toUUID('018f0000-0000-7000-8000-000000000001') AS id, [1, 2]::Array(UInt8) AS a, ['x', 'y'] AS texts,
	map('k', 1) AS m, toDecimal64(12.5, 2) AS dec, toLowCardinality('low') AS lc, toFixedString('abc', 3) AS fs,
	toUInt128('340282366920938463463374607431768211455') AS big, toIPv4('192.0.2.1') AS ip, (1, 'x') AS tuple`

func TestQueryFormats(t *testing.T) {
	t.Parallel()
	s := startTest(t, Options{Dir: t.TempDir()})
	for _, c := range []struct{ name, sql, format, want string }{
		{"every kind as JSON", everyKind, "json",
			`{"s":"タブ\tと\n改行 <b>","u":18446744073709551615,"i":-1,"f":0.1,"n":"nan","b":true,"nothing":null,"maybe":7,` +
				`"d":"2026-12-01","dt":"2026-12-01 09:00:00","dt64":"2026-12-01 00:00:00.500","id":"018f0000-0000-7000-8000-000000000001",` +
				`"a":[1,2],"texts":["x","y"],"m":{"k":1},"dec":12.5,"lc":"low","fs":"abc",` +
				`"big":340282366920938463463374607431768211455,"ip":"192.0.2.1","tuple":[1,"x"]}` + "\n"},
		{"every kind as TSV", everyKind, "tsv",
			strings.ReplaceAll("s u i f n b nothing maybe d dt dt64 id a texts m dec lc fs big ip tuple", " ", "\t") + "\n" +
				`タブ\tと\n改行 <b>` + "\t18446744073709551615\t-1\t0.1\tnan\ttrue\t\\N\t7\t2026-12-01\t2026-12-01 09:00:00\t2026-12-01 00:00:00.500\t" +
				"018f0000-0000-7000-8000-000000000001\t[1,2]\t[\"x\",\"y\"]\t{\"k\":1}\t12.5\tlow\tabc\t" +
				"340282366920938463463374607431768211455\t192.0.2.1\t[1,\"x\"]\n"},
		{"Japanese is aligned", "SELECT * FROM (SELECT '接客' AS `施策`, 12 AS n UNION ALL SELECT 'abcdefg', 3) ORDER BY n;\n", "table",
			"┌─────────┬────┐\n" +
				"│ 施策    │  n │\n" +
				"├─────────┼────┤\n" +
				"│ abcdefg │  3 │\n" +
				"│ 接客    │ 12 │\n" +
				"└─────────┴────┘\n"},
		{"no row has a header", "SELECT 1 AS one WHERE false", "tsv", "one\n"},
		{"no row is no object", "SELECT 1 AS one WHERE false", "json", ""},
		{"a statement without result", "CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n", "table", ""},
		{"an insert", "INSERT INTO t SELECT 3", "table", ""},
		{"what was inserted", "SELECT n FROM t", "tsv", "n\n3\n"},
	} {
		var out strings.Builder
		if err := Query(context.Background(), s.DSN(), c.sql, &out, c.format); err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if out.String() != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, &out, c.want)
		}
	}
	for _, c := range []struct{ sql, format, want string }{
		{"SELECT nonsense", "tsv", "Unknown expression identifier `nonsense`"},
		{"SELECT throwIf(number = 3) FROM numbers(10)", "json", "Value passed to 'throwIf' function is non-zero"},
		{" ;\n", "tsv", "there is no SQL to run: give it as an argument or on standard input"},
		{"SELECT 1", "xml", `unknown format "xml": take table, tsv or json`},
	} {
		var out strings.Builder
		if err := Query(context.Background(), s.DSN(), c.sql, &out, c.format); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.sql, err, c.want)
		}
	}
}

func TestQueryWithoutServer(t *testing.T) {
	t.Parallel()
	port, err := takePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { port.close() })
	addr := "127.0.0.1:" + strconv.Itoa(port.number)
	for dsn, want := range map[string]string{
		"clickhouse://" + addr + "/default": "query ClickHouse at " + addr + ": dial tcp " + addr + ": connect: connection refused",
		"not a dsn":                         "the ClickHouse DSN is not understood",
	} {
		if err := Query(context.Background(), dsn, "SELECT 1", &strings.Builder{}, "tsv"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dsn, err, want)
		}
	}
	dir := t.TempDir()
	if _, err := Find(dir); err == nil || err.Error() != "no ClickHouse is running on "+dir+": start one there, or use --clickhouse DSN" {
		t.Errorf("Find: %v", err)
	}
}
