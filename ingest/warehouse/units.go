package warehouse

import (
	"context"
	_ "embed"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

//go:embed queries/plan.sql
var planSQL string

//go:embed queries/units.sql
var unitsSQL string

// overUnits is the whole statement that counts one campaign's units.
func overUnits(counting string) string { return "WITH (\n" + planSQL + ") AS plan,\n" + unitsSQL + counting }

// countUnits runs overUnits in two steps, the plan first and then the counting with
// the plan filled in: ClickHouse would analyse the query for the plan again at each
// place that uses it, which takes longer than anything else.
func (w *Warehouse) countUnits(ctx context.Context, counting string, values map[string]string) (driver.Rows, error) {
	var plan, kind string
	row := w.conn.QueryRow(ctx, "SELECT toString(told), toTypeName(told) FROM (\n"+planSQL+")", named(values)...)
	if err := row.Scan(&plan, &kind); err != nil {
		return nil, err
	}
	text := "WITH CAST('" + quoted.Replace(plan) + "', '" + quoted.Replace(kind) + "') AS plan,\n" + unitsSQL + counting
	return w.conn.Query(ctx, text, named(values)...)
}
