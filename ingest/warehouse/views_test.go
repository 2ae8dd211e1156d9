package warehouse_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

var update = flag.Bool("update", false, "rewrite the document of the views")

const viewsDocument = "../../examples/analysts/views.md"

// promised are the views that the product's contract names.
var promised = []string{
	"events", "sessions", "exposures", "decisions", "conversions", "results_by_variant", "results_daily", "visitors", "rule_sets",
	"assignments", "bucketing",
}

func TestViewsAnswerAndSayWhatTheirColumnsAre(t *testing.T) {
	t.Parallel()
	_, conn := open(t)
	views := strings.Fields(ask(t, conn, "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name"))
	for _, view := range promised {
		if !strings.Contains(" "+strings.Join(views, " ")+" ", " "+view+" ") {
			t.Errorf("no view %s", view)
		}
	}
	for _, view := range views {
		if got := ask(t, conn, "SELECT * FROM "+view); got != "" {
			t.Errorf("%s of an empty warehouse has rows:\n%s", view, got)
		}
	}
	if got := ask(t, conn, "SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = ''"); got != "" {
		t.Errorf("tables and views without a comment:\n%s", got)
	}
	if got := ask(t, conn, "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = ''"); got != "" {
		t.Errorf("columns without a comment:\n%s", got)
	}

	text, err := os.ReadFile(viewsDocument)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := document(t, conn, views)
	switch {
	case string(text) == want:
	case *update:
		if err := os.WriteFile(viewsDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what the views are: go test ./ingest/warehouse -run ViewsAnswer -update writes it anew", viewsDocument)
	}
	for _, query := range queries(want) {
		ask(t, conn, query)
	}
}

// document is the views in words: what a database says of itself.
func document(t *testing.T, conn driver.Conn, views []string) string {
	t.Helper()
	head, err := os.ReadFile("testdata/views.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.Write(head)
	b.WriteString("## The views\n")
	for _, view := range views {
		fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n| column | type | |\n|---|---|---|\n", view,
			ask(t, conn, "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = '"+view+"'"))
		fmt.Fprintln(&b, ask(t, conn, `SELECT format('| {} | {} | {} |', concat('`+"`', name, '`'), concat('`', replaceAll(type, '|', '\\\\|'), '`"+`'), replaceAll(comment, '|', '\\|'))
			FROM system.columns WHERE database = currentDatabase() AND table = '`+view+`' ORDER BY position`))
	}
	return b.String()
}

// queries are the document's, as GrowthBook would send them.
func queries(document string) []string {
	filled := strings.NewReplacer("{{ startDate }}", "2026-12-01 00:00:00", "{{ endDate }}", "2027-01-01 00:00:00", "{{ experimentId }}", "%")
	var all []string
	for _, part := range strings.Split(document, "```sql\n")[1:] {
		query, _, _ := strings.Cut(part, "```")
		all = append(all, filled.Replace(query))
	}
	return all
}

// The views for tools count what results_by_variant counts.
func TestViewsForToolsAgreeWithResults(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"attribution", "funnel"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			_, _, dsn := loaded(t, "testdata/"+file+".txtar")
			conn := connect(t, dsn)
			all := ask(t, conn, `SELECT campaign, phase, variant, goal, exposed, converted, value_sum, value_sum_squares
				FROM results_by_variant WHERE exposed > 0 ORDER BY ALL`)
			if n := strings.Count(all, "\n"); n < 2 {
				t.Fatalf("few results:\n%s", all)
			}
			if got := ask(t, conn, `SELECT campaign, phase, variant, goal, sum(exposed), sum(converted), sum(value_sum), sum(value_sum_squares)
				FROM results_daily GROUP BY campaign, phase, variant, goal ORDER BY ALL`); got != all {
				t.Errorf("by day:\n%s\nwant:\n%s", got, all)
			}
			// As GrowthBook and Eppo do it: the first of the exposures counts, and
			// whoever saw two variations is out.
			const theirs = `SELECT experiment_id, seen, count() FROM (
					SELECT experiment_id, anonymous_id, any(variation_id) AS seen
					FROM assignments GROUP BY experiment_id, anonymous_id HAVING uniqExact(variation_id) = 1)
				GROUP BY experiment_id, seen ORDER BY ALL`
			if got, want := ask(t, conn, theirs), ask(t, conn, `SELECT concat(campaign, ':', splitByChar('/', phase)[1]) AS e, variant, sum(exposed)
				FROM results_by_variant WHERE exposed > 0 GROUP BY e, variant ORDER BY ALL`); got != want {
				t.Errorf("by assignments:\n%s\nwant:\n%s", got, want)
			}
			if got := ask(t, conn, "SELECT DISTINCT experiment_name FROM assignments WHERE campaign IN ('c', 'd') ORDER BY ALL"); !strings.HasPrefix(got, "Campaign") {
				t.Errorf("names: %s", got)
			}
			if file == "funnel" {
				if got := ask(t, conn, "SELECT day, exposed FROM results_daily WHERE phase = 'p1' AND variant = 'a' ORDER BY day"); got != "2026-11-30T00:00:00.000 1\n2026-12-01T00:00:00.000 1" {
					t.Errorf("days: %s", got)
				}
			}
		})
	}
}

func TestVisitorsView(t *testing.T) {
	t.Parallel()
	_, _, dsn := loaded(t, "testdata/sitewide.txtar")
	conn := connect(t, dsn)
	const want = `h15 h15  2026-12-01T00:03:10.000 2027-01-01T00:00:20.000 3 2 1020 false
h43 h43  2026-12-01T00:03:40.000 2026-12-01T00:03:40.100 1 1 1000 true
m5 m5  2026-12-01T00:03:30.000 2027-01-01T00:00:20.000 2 0 -4 false
t11 t11  2026-12-01T00:00:30.000 2026-12-01T00:03:00.100 2 2 1007 false
t3 h7 p1 2026-12-01T00:03:50.000 2027-01-01T00:00:20.000 2 1 5 false`
	if got := ask(t, conn, `SELECT visitor_id, unit, user_id, first_seen, last_seen, pageviews, purchases, revenue, bot
		FROM visitors WHERE visitor_id IN ('h15', 'h43', 'm5', 't3', 't11') ORDER BY visitor_id`); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
