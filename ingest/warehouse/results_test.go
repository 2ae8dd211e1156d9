package warehouse_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// start is the moment the fixture's clock begins at.
var start = time.Date(2026, 11, 30, 23, 58, 0, 0, time.UTC)

func TestAttribution(t *testing.T) {
	t.Parallel()
	w, conn := open(t)
	archive, err := txtar.ParseFile("testdata/attribution.txtar")
	if err != nil {
		t.Fatal(err)
	}
	rows := fixture(t, archive)
	// Two inserts that overlap, so that the same event comes twice in full too.
	for i, part := range [][]warehouse.Row{rows[:40], rows[30:]} {
		if err := w.Insert(t.Context(), fmt.Sprint("part", i), part); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range archive.Files {
		title, ok := strings.CutPrefix(file.Name, "want: ")
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			q := query(t, title)
			sums, err := w.Results(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := render(sums), string(file.Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			got := ask(t, conn, "SELECT * EXCEPT (recent, since) FROM ("+warehouse.SQL(q)+")")
			if want := pasted(sums); got != want {
				t.Errorf("the printed query gives:\n%s\nwant:\n%s", got, want)
			}
		})
	}
	t.Run("the view for all campaigns gives the same", func(t *testing.T) {
		for _, q := range []warehouse.Query{{Campaign: "c", Phase: "p1"}, {Campaign: "c", Phase: "p2"}, {Campaign: "silent"},
			{Campaign: "k", Phase: "k1", Goal: "big_purchase"}, {Campaign: "k", Phase: "k2", Goal: "big_purchase"}} {
			q.Window, q.AsOf = time.Second, start.Add(time.Hour)
			sums, err := w.Results(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range sums.Arms {
				want := fmt.Sprint(a.Control, " ", a.Weight, " ", a.Exposed, " ", a.Converted, " ", a.Sum, " ", a.SumSquares)
				got := ask(t, conn, fmt.Sprintf(`SELECT control, weight, exposed, converted, value_sum, value_sum_squares
					FROM results_by_variant WHERE campaign = '%s' AND phase = '%s' AND variant = '%s'`, q.Campaign, sums.Phase, a.Variant))
				if got != want {
					t.Errorf("%s %s %s: %s, want %s", q.Campaign, sums.Phase, a.Variant, got, want)
				}
			}
		}
	})
}

// pasted are the sums as the printed query gives them.
func pasted(s warehouse.Sums) string {
	periods := s.Periods
	if periods == nil {
		periods = []warehouse.PeriodSums{{Arms: s.Arms}}
	}
	var lines []string
	for _, p := range periods {
		for _, a := range p.Arms {
			words := []any{s.Phase, p.Period, a.Variant, a.Control, a.Weight, a.Exposed, a.Matured, a.Converted, a.Sum, a.SumSquares,
				a.Cost.Sum, a.Cost.SumSquares, a.Cost.WithValue, a.Cost.WithPast, a.Past.Sum, a.Past.SumSquares, a.Past.Cross,
				a.Clicked, a.Closed, a.Failed, s.Crossovers, s.CarriedOver}
			lines = append(lines, strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
		}
	}
	return strings.Join(lines, "\n")
}

// query reads "title, name=value name=value".
func query(t *testing.T, title string) warehouse.Query {
	t.Helper()
	q := warehouse.Query{Campaign: "c", Window: time.Second, AsOf: start.Add(time.Hour)}
	for _, word := range strings.Fields(title[strings.LastIndex(title, ",")+1:]) {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			continue
		}
		ms, _ := strconv.Atoi(value)
		at := start.Add(time.Duration(ms) * time.Millisecond)
		switch key {
		case "campaign":
			q.Campaign = value
		case "phase":
			q.Phase = value
		case "goal":
			q.Goal = value
		case "value":
			q.Value = value
		case "window":
			q.Window = time.Duration(ms) * time.Millisecond
		case "from":
			q.From = at
		case "to":
			q.To = at
		case "as_of":
			q.AsOf = at
		case "matured":
			q.Matured = value == "true"
		default:
			t.Fatalf("unknown option %q", word)
		}
	}
	return q
}

func render(s warehouse.Sums) string {
	var b strings.Builder
	fmt.Fprintf(&b, "phase %s, crossovers %d, carried over %d\n", s.Phase, s.Crossovers, s.CarriedOver)
	fmt.Fprintf(&b, "%-8s %s %s %s %s %s %4s %7s\n", "variant", "control", "weight", "exposed", "matured", "converted", "sum", "squares")
	for _, a := range s.Arms {
		fmt.Fprintf(&b, "%-8s %-7v %6d %7d %7d %9d %4.0f %7.0f\n", a.Variant, a.Control, a.Weight, a.Exposed, a.Matured, a.Converted, a.Sum, a.SumSquares)
	}
	return b.String()
}

// fixture makes rows of the lines of the archive's events.
func fixture(t *testing.T, archive *txtar.Archive) []warehouse.Row {
	t.Helper()
	files := make(map[string]string)
	for _, file := range archive.Files {
		files[file.Name] = string(file.Data)
	}
	var rows []warehouse.Row
	for line := range strings.Lines(files["events"]) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		ms, err := strconv.Atoi(words[0])
		if err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		seq := uint64(len(rows) + 1)
		e := ingest.Event{
			ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", 1000+seq), Name: words[1], Visitor: strings.Trim(words[2], "-"),
			Time: start.UnixMilli() + int64(ms), Received: start.UnixMilli() + int64(ms) + 1, Seq: seq,
		}
		var properties []string
		for _, word := range words[3:] {
			key, value, _ := strings.Cut(word, "=")
			switch {
			case e.Name == ingest.Rules:
				e.Properties = json.RawMessage(files["rules "+word])
			case key == "bot":
				e.Bot = true
			case key == "session":
				e.Session = value
			case key == "unit":
				e.Unit = value
			case key == "user":
				e.User = value
			case key == "kinds":
				e.Kinds = strings.Split(value, ",")
			case key == "id":
				e.ID = fmt.Sprintf("00000000-0000-7000-8000-%012s", value)
			case key == "received":
				at, _ := strconv.Atoi(value)
				e.Received = start.UnixMilli() + int64(at)
			case json.Valid([]byte(value)):
				properties = append(properties, fmt.Sprintf("%q:%s", key, value))
			default:
				properties = append(properties, fmt.Sprintf("%q:%q", key, value))
			}
		}
		if e.Properties == nil {
			e.Properties = json.RawMessage("{" + strings.Join(properties, ",") + "}")
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		row, err := warehouse.NewRow("test", &ingest.Record{Event: e, Raw: raw})
		if err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		rows = append(rows, row)
	}
	return rows
}
