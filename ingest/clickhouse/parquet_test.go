package clickhouse

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is written is read again by ClickHouse itself, nulls and Japanese included.
func TestParquet(t *testing.T) {
	t.Parallel()
	const rows = `{"day":"2026-12-01","variant":"クーポン","exposed":18446744073709551615,"rate":0.031,"control":false}
{"day":"2026-12-02","variant":"it's","exposed":0,"rate":null,"control":true}
`
	file := filepath.Join(t.TempDir(), "out.parquet")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	const structure = "day Date, variant String, exposed UInt64, rate Nullable(Float64), control Bool"
	if err := Parquet(t.Context(), out, structure, strings.NewReader(rows), nil); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	s := startTest(t, Options{Dir: t.TempDir()})
	var back strings.Builder
	if err := Query(context.Background(), s.DSN(), "SELECT day::Date AS day, variant, exposed, rate, control FROM file('"+file+"', Parquet) ORDER BY day", &back, "json"); err != nil {
		t.Fatal(err)
	}
	if back.String() != rows {
		t.Errorf("read again\n%swant\n%s", back.String(), rows)
	}
	for structure, rows := range map[string]string{"day Nonsense": rows, structure: "no JSON"} {
		var nothing strings.Builder
		if err := Parquet(t.Context(), &nothing, structure, strings.NewReader(rows), nil); err == nil || !strings.Contains(err.Error(), "ClickHouse could not write Parquet") || nothing.Len() > 0 {
			t.Errorf("%s: %v, and %d bytes", structure, err, nothing.Len())
		}
	}
}
