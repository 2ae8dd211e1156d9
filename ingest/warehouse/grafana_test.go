package warehouse_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// A dashboard is what Grafana reads of it, as far as it concerns us.
type dashboard struct {
	UID, Title string
	Templating struct {
		List []struct{ Name, Type, Query string }
	}
	Panels []struct {
		ID      int
		Title   string
		Type    string
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Datasource struct{ Type, UID string }
			EditorType string
			QueryType  string
			Format     int
			RawSQL     string
		}
	}
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob("../../examples/grafana/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v: %v", files, err)
	}
	all := map[string]dashboard{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = d
	}
	return all
}

var (
	macro  = regexp.MustCompile(`\$__(\w+)(?:\(([^()]*)\))?`)
	inSQL  = regexp.MustCompile(`\$\{(\w+):singlequote\}`)
	chosen = map[string]string{"campaign": "c", "phase": "p1"}
	shown  = struct{ from, to time.Time }{start.Add(-24 * time.Hour), start.Add(72 * time.Hour)}
)

// sent is a panel's query as the data source sends it: the macros as its
// documentation says what they stand for, the variables as chosen.
func sent(t *testing.T, query string) string {
	t.Helper()
	seconds := func(at time.Time) string { return fmt.Sprintf("toDateTime(%d)", at.Unix()) }
	date := func(at time.Time) string { return "toDate('" + at.Format(time.DateOnly) + "')" }
	query = macro.ReplaceAllStringFunc(query, func(found string) string {
		parts := macro.FindStringSubmatch(found)
		switch name, column := parts[1], parts[2]; name {
		case "fromTime":
			return seconds(shown.from)
		case "toTime":
			return seconds(shown.to)
		case "timeFilter":
			return column + " >= " + seconds(shown.from) + " AND " + column + " <= " + seconds(shown.to)
		case "dateFilter":
			return column + " >= " + date(shown.from) + " AND " + column + " <= " + date(shown.to)
		case "timeInterval":
			return "toStartOfInterval(toDateTime(" + column + "), INTERVAL 3600 second)"
		default:
			t.Errorf("no macro $__%s is documented that this test knows", name)
			return found
		}
	})
	query = inSQL.ReplaceAllStringFunc(query, func(found string) string {
		value, known := chosen[inSQL.FindStringSubmatch(found)[1]]
		if !known {
			t.Errorf("no variable %s", found)
		}
		return "'" + value + "'"
	})
	if strings.Contains(query, "$") {
		t.Errorf("something is left to replace in:\n%s", query)
	}
	return query
}

// Every query of every dashboard runs and finds something, in the form that its
// panel draws.
func TestEveryQueryOfTheDashboardsRuns(t *testing.T) {
	t.Parallel()
	_, _, dsn := loaded(t, "testdata/funnel.txtar")
	conn := connect(t, dsn)
	for file, d := range dashboards(t) {
		t.Run(file, func(t *testing.T) {
			if d.UID == "" || d.Title == "" {
				t.Error("no uid or title")
			}
			for _, v := range d.Templating.List {
				if v.Type == "query" && ask(t, conn, sent(t, v.Query)) == "" {
					t.Errorf("variable %s has nothing to choose", v.Name)
				}
			}
			ids, cells := map[int]bool{}, map[[2]int]string{}
			for _, p := range d.Panels {
				if ids[p.ID] || len(p.Targets) != 1 {
					t.Errorf("panel %q: id %d, %d targets", p.Title, p.ID, len(p.Targets))
				}
				ids[p.ID] = true
				for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
					for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
						if other := cells[[2]int{x, y}]; other != "" || x >= 24 {
							t.Fatalf("panel %q lies over %q or beside the page", p.Title, other)
						}
						cells[[2]int{x, y}] = p.Title
					}
				}
				q := p.Targets[0]
				if q.Datasource.Type != "grafana-clickhouse-datasource" || q.Datasource.UID != "${datasource}" || q.EditorType != "sql" {
					t.Errorf("panel %q asks %+v", p.Title, q.Datasource)
				}
				columns, rows := drawn(t, conn, sent(t, q.RawSQL))
				if rows == 0 {
					t.Errorf("panel %q is empty", p.Title)
				}
				series := p.Type == "timeseries"
				if series != (q.Format == 0 && q.QueryType == "timeseries") || series && columns[0] != "time DateTime" && columns[0] != "time DateTime('UTC')" {
					t.Errorf("panel %q, %s, has columns %v in format %d", p.Title, p.Type, columns, q.Format)
				}
			}
		})
	}
}

func drawn(t *testing.T, conn driver.Conn, query string) (columns []string, n int) {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	for _, c := range rows.ColumnTypes() {
		columns = append(columns, c.Name()+" "+c.DatabaseTypeName())
	}
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns, n
}

// What a dashboard shows is what our own reports say.
func TestDashboardsAgreeWithReports(t *testing.T) {
	t.Parallel()
	w, _, dsn := loaded(t, "testdata/funnel.txtar")
	conn := connect(t, dsn)
	all := dashboards(t)
	panel := func(file, title string) string {
		for _, p := range all[file].Panels {
			if p.Title == title {
				return sent(t, p.Targets[0].RawSQL)
			}
		}
		t.Fatalf("no panel %q", title)
		return ""
	}
	asOf := start.Add(100 * time.Hour)

	sums, err := w.Results(t.Context(), warehouse.Query{Campaign: "c", Phase: "p1", Window: time.Second, AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, a := range sums.Arms {
		want = append(want, fmt.Sprint(a.Variant, " ", a.Control, " ", a.Weight, " ", a.Exposed, " ", a.Converted, " ", a.Sum))
	}
	got := ask(t, conn, "SELECT variant, control, weight, exposed, converted, value_sum FROM ("+panel("campaign", "Results by variant")+")")
	if got != strings.Join(want, "\n") || len(want) != 2 {
		t.Errorf("results:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}

	days, err := w.Funnel(t.Context(), warehouse.FunnelQuery{Campaign: "c", AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := 0
	for _, s := range days[0].Steps {
		reason := s.Reason
		switch s.Name {
		case warehouse.StepArmed, warehouse.StepOffered, warehouse.StepControl, warehouse.StepShadow, warehouse.StepForced:
			reason = s.Name
		case warehouse.StepLost:
		default:
			continue
		}
		outcomes++
		got := ask(t, conn, "SELECT decisions, visitors FROM ("+panel("campaign", "Outcomes")+") WHERE reason = '"+reason+"'")
		if want := fmt.Sprint(s.Decisions, " ", s.Visitors); got != want {
			t.Errorf("%s: %s, want %s", reason, got, want)
		}
	}
	if outcomes < 8 {
		t.Errorf("%d outcomes", outcomes)
	}

	used, err := w.Usage(t.Context(), 2, asOf, "")
	if err != nil {
		t.Fatal(err)
	}
	want = nil
	for _, m := range used {
		want = append(want, fmt.Sprint(m.Month, " ", m.Visitors))
	}
	if got := ask(t, conn, panel("site", "Monthly unique visitors")); got != strings.Join(want, "\n") {
		t.Errorf("usage:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}
