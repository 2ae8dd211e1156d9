package warehouse

import (
	"context"
	_ "embed"
	"strings"
	"time"
)

var (
	//go:embed queries/plan.sql
	planSQL string
	//go:embed queries/units.sql
	unitsSQL string
)

// planParts are what the counting knows of the plan, each with its name and how it
// follows from the plan.
var planParts = [][2]string{
	{"phase", "plan.phase"}, {"stretches", "plan.stretches"}, {"earlier", "plan.earlier"}, {"some_of", "plan.some_of"}, {"named", "plan.named"},
	{"opens", "plan.opens"}, {"closes", "plan.closes"}, {"whole", "plan.whole"}, {"arms", "plan.arms"}, {"variants", "plan.arms.variant"},
	{"costs", "plan.named = 'purchase' AND arrayExists(a -> a.cost_share > 0 OR a.cost_amount > 0, plan.arms)"},
	// What a bandit's weights were in its periods.
	{"periods", "(SELECT groupArray((period, weights)) FROM overrides WHERE campaign = {campaign:String} AND phase = plan.phase AND period > 0 AND began <= {as_of:DateTime64(3, 'UTC')})"},
}

// unitsStatement counts one campaign's units in one statement, as it is printed.
func unitsStatement(counting string) string {
	text := "WITH (\n" + planSQL + ") AS plan,\n"
	for _, part := range planParts {
		text += "    " + part[1] + " AS plan_" + part[0] + ",\n"
	}
	return text + unitsSQL + counting
}

// plan is what is counted of one campaign.
type plan struct {
	text   string // its parts, as constants
	closes time.Time
	someOf string // the event that the goal is derived from, if it is
}

// eachOfUnits hands over what is counted of one campaign's units: unitsStatement in
// two steps, the plan first and then the counting with the plan filled in. ClickHouse
// would analyse the query for the plan again at each place that uses it, which takes
// longer than finding the plan.
func (w *Warehouse) eachOfUnits(ctx context.Context, counting string, values map[string]string, row func(scan func(...any) error) error) error {
	p, err := w.plan(ctx, values)
	if err != nil {
		return err
	}
	return w.count(ctx, p, counting, values, row)
}

// count is the second step.
func (w *Warehouse) count(ctx context.Context, p plan, counting string, values map[string]string, row func(scan func(...any) error) error) error {
	return w.each(ctx, "WITH "+p.text+unitsSQL+counting, values, row)
}

func (w *Warehouse) plan(ctx context.Context, values map[string]string) (p plan, err error) {
	var asked, told []string
	for _, part := range planParts {
		asked = append(asked, "toString("+part[1]+")", "toTypeName("+part[1]+")")
	}
	text := "SELECT plan.closes, plan.some_of, [" + strings.Join(asked, ", ") + "] FROM (SELECT told AS plan FROM (\n" + planSQL + "))"
	err = w.each(ctx, text, values, func(scan func(...any) error) error { return scan(&p.closes, &p.someOf, &told) })
	for i := 0; i < len(told); i += 2 {
		p.text += "CAST('" + quoted.Replace(told[i]) + "', '" + quoted.Replace(told[i+1]) + "') AS plan_" + planParts[i/2][0] + ",\n"
	}
	return p, err
}
