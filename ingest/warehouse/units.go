package warehouse

import (
	"context"
	_ "embed"
	"strings"
)

var (
	//go:embed queries/plan.sql
	planSQL string
	//go:embed queries/units.sql
	unitsSQL string
)

// planParts are the names in plan's tuple, and what else is made of them.
var planParts = [][2]string{
	{"phase", "plan.phase"}, {"stretches", "plan.stretches"}, {"earlier", "plan.earlier"}, {"some_of", "plan.some_of"}, {"named", "plan.named"},
	{"opens", "plan.opens"}, {"closes", "plan.closes"}, {"arms", "plan.arms"}, {"variants", "plan.arms.variant"},
	{"costs", "plan.named = 'purchase' AND arrayExists(a -> a.cost_share > 0 OR a.cost_amount > 0, plan.arms)"},
}

// unitsStatement counts one campaign's units in one statement, as it is printed.
func unitsStatement(counting string) string {
	text := "WITH (\n" + planSQL + ") AS plan,\n"
	for _, part := range planParts {
		text += "    " + part[1] + " AS plan_" + part[0] + ",\n"
	}
	return text + unitsSQL + counting
}

// eachOfUnits runs unitsStatement in two steps, the plan first and then the counting
// with the plan filled in: ClickHouse would analyse the query for the plan again at
// each place that uses it, which takes longer than finding the plan.
func (w *Warehouse) eachOfUnits(ctx context.Context, counting string, values map[string]string, row func(scan func(...any) error) error) error {
	var asked []string
	for _, part := range planParts {
		asked = append(asked, "toString("+part[1]+")", "toTypeName("+part[1]+")")
	}
	var told []string
	err := w.each(ctx, "SELECT ["+strings.Join(asked, ", ")+"] FROM (SELECT told AS plan FROM (\n"+planSQL+"))", values, func(scan func(...any) error) error { return scan(&told) })
	if err != nil {
		return err
	}
	text := "WITH "
	for i, part := range planParts {
		text += "CAST('" + quoted.Replace(told[2*i]) + "', '" + quoted.Replace(told[2*i+1]) + "') AS plan_" + part[0] + ",\n"
	}
	return w.each(ctx, text+unitsSQL+counting, values, row)
}
