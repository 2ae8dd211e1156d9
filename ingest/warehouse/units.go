package warehouse

import (
	"context"
	_ "embed"
)

var (
	//go:embed queries/plan.sql
	planSQL string
	//go:embed queries/units.sql
	unitsSQL string
)

// unitsStatement counts one campaign's units in one statement, as it is printed.
func unitsStatement(counting string) string {
	return "WITH (\n" + planSQL + ") AS plan,\n" + unitsSQL + counting
}

// eachOfUnits runs unitsStatement in two steps, the plan first and then the counting
// with the plan filled in: ClickHouse would analyse the query for the plan again at
// each place that uses it, which takes longer than finding the plan.
func (w *Warehouse) eachOfUnits(ctx context.Context, counting string, values map[string]string, row func(scan func(...any) error) error) error {
	var plan, kind string
	err := w.each(ctx, "SELECT toString(told), toTypeName(told) FROM (\n"+planSQL+")", values, func(scan func(...any) error) error { return scan(&plan, &kind) })
	if err != nil {
		return err
	}
	text := "WITH CAST('" + quoted.Replace(plan) + "', '" + quoted.Replace(kind) + "') AS plan,\n" + unitsSQL + counting
	return w.each(ctx, text, values, row)
}
