package warehouse

import (
	"context"
	_ "embed"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

var (
	//go:embed queries/plan.sql
	planSQL string
	//go:embed queries/retold.sql
	retoldSQL string
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
	return text + "    retold AS (\n" + retoldSQL + "),\n" + unitsSQL + counting
}

// prepared is what a count of units is told: found first, and filled in. ClickHouse
// would analyse the query for the plan again at each place that uses it, which takes
// longer than finding the plan.
type prepared struct {
	plan   string // its parts, as constants
	closes time.Time
	someOf string // the event that the goal is derived from, if it is
	retold string // the query for orders told again
}

// eachOfUnits hands over what is counted of one campaign's units.
func (w *Warehouse) eachOfUnits(ctx context.Context, counting string, values map[string]string, row func(scan func(...any) error) error) error {
	p, err := w.prepare(ctx, values)
	if err != nil {
		return err
	}
	return w.count(ctx, p, counting, values, row)
}

// count runs unitsStatement with the first steps filled in.
func (w *Warehouse) count(ctx context.Context, p prepared, counting string, values map[string]string, row func(scan func(...any) error) error) error {
	return w.each(ctx, "WITH "+p.plan+"retold AS (\n"+p.retold+"),\n"+unitsSQL+counting, values, row)
}

func (w *Warehouse) prepare(ctx context.Context, values map[string]string) (p prepared, err error) {
	first, within := errgroup.WithContext(ctx)
	first.Go(func() error { return w.planned(within, &p, values) })
	first.Go(func() (err error) { p.retold, err = w.retold(within, values["as_of"]); return err })
	err = first.Wait()
	return p, err
}

func (w *Warehouse) planned(ctx context.Context, p *prepared, values map[string]string) error {
	var asked, told []string
	for _, part := range planParts {
		asked = append(asked, "toString("+part[1]+")", "toTypeName("+part[1]+")")
	}
	text := "SELECT plan.closes, plan.some_of, [" + strings.Join(asked, ", ") + "] FROM (SELECT told AS plan FROM (\n" + planSQL + "))"
	err := w.each(ctx, text, values, func(scan func(...any) error) error { return scan(&p.closes, &p.someOf, &told) })
	for i := 0; i < len(told); i += 2 {
		p.plan += constant(told[i], told[i+1]) + " AS plan_" + planParts[i/2][0] + ",\n"
	}
	return err
}

// mostRetold is how many tellings again are written into a statement.
const mostRetold = 1000

// retold gives the query for the orders told again, with its answer filled in if that
// is short.
func (w *Warehouse) retold(ctx context.Context, asOf string) (string, error) {
	var tellings uint64
	var told, kind string
	err := w.each(ctx, "SELECT length(all), toString(if(length(all) > "+strconv.Itoa(mostRetold)+", [], all)), toTypeName(all) FROM (SELECT groupArray((transaction_id, place)) AS all FROM (\n"+retoldSQL+"))",
		map[string]string{"as_of": asOf}, func(scan func(...any) error) error { return scan(&tellings, &told, &kind) })
	if err != nil || tellings > mostRetold {
		return retoldSQL, err
	}
	return "SELECT told.1 AS transaction_id, told.2 AS place FROM (SELECT arrayJoin(" + constant(told, kind) + ") AS told)", nil
}

func constant(text, kind string) string {
	return "CAST('" + quoted.Replace(text) + "', '" + quoted.Replace(kind) + "')"
}
