package warehouse_test

import (
	"cmp"
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
	for i, part := range [][]warehouse.Row{rows[:40], rows[15:]} {
		if err := w.Insert(t.Context(), fmt.Sprint("part", i), part); err != nil {
			t.Fatal(err)
		}
	}
	printed := 0
	for _, file := range archive.Files {
		kind, title, ok := strings.Cut(file.Name, ": ")
		if kind == "daily" || kind == "by" {
			t.Run(file.Name, func(t *testing.T) {
				if got, want := sliced(t, w, kind, title), string(file.Data); got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
			})
		}
		if kind != "want" || !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			q := query(t, title)
			sums, err := w.Results(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := render(sums, strings.Contains(title, "full=true")), string(file.Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if printed++; printed%6 != 1 && sums.Periods == nil {
				return // the texts differ in their parameters only
			}
			got := ask(t, conn, "SELECT * EXCEPT (recent, since) FROM ("+warehouse.SQL(q)+")")
			if want := pasted(sums); got != want {
				t.Errorf("the printed query gives:\n%s\nwant:\n%s", got, want)
			}
		})
	}
	t.Run("the view for all campaigns gives the same", func(t *testing.T) {
		seen := map[string]string{}
		for line := range strings.SplitSeq(ask(t, conn, `SELECT campaign, phase, variant, control, weight, exposed, converted, value_sum, value_sum_squares FROM results_by_variant`), "\n") {
			words := strings.SplitN(line, " ", 4)
			seen[strings.Join(words[:3], " ")] = words[3]
		}
		for _, q := range []warehouse.Query{{Campaign: "c", Phase: "p1"}, {Campaign: "c", Phase: "p2"}, {Campaign: "silent"},
			{Campaign: "i"}, {Campaign: "m"}, {Campaign: "b"}, {Campaign: "r", Goal: "refund"},
			{Campaign: "k", Phase: "k1", Goal: "big_purchase"}, {Campaign: "k", Phase: "k2", Goal: "big_purchase"}} {
			q.Window, q.AsOf = time.Second, start.Add(100*time.Hour)
			sums, err := w.Results(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range sums.Arms {
				want := fmt.Sprint(a.Control, " ", a.Weight, " ", a.Exposed, " ", a.Converted, " ", a.Sum, " ", a.SumSquares)
				if got := seen[q.Campaign+" "+sums.Phase+" "+a.Variant]; got != want {
					t.Errorf("%s %s %s: %s, want %s", q.Campaign, sums.Phase, a.Variant, got, want)
				}
			}
		}
	})
	t.Run("the view of conversions gives the same for every goal", func(t *testing.T) {
		seen := map[string]string{}
		for line := range strings.SplitSeq(ask(t, conn, `SELECT campaign, phase, goal, variant, count(), countIf(converted), sum(value), sum(value * value)
			FROM conversions WHERE NOT crossover AND NOT carried_over GROUP BY campaign, phase, goal, variant`), "\n") {
			words := strings.SplitN(line, " ", 5)
			seen[strings.Join(words[:4], " ")] = words[4]
		}
		for _, q := range []warehouse.Query{
			{Campaign: "c", Phase: "p2", Goal: "purchase"}, {Campaign: "k", Phase: "k1", Goal: "big_purchase"},
			{Campaign: "k", Phase: "k2", Goal: "big_purchase"}, {Campaign: "k", Phase: "k2", Goal: "hat_view"},
			{Campaign: "m", Goal: "purchase"}, {Campaign: "r", Goal: "refund"}, {Campaign: "r", Goal: "purchase"},
		} {
			q.Window, q.AsOf = time.Second, start.Add(100*time.Hour)
			sums, err := w.Results(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range sums.Arms {
				want := fmt.Sprint(a.Exposed, " ", a.Converted, " ", a.Sum, " ", a.SumSquares)
				if a.Exposed == 0 {
					want = ""
				}
				if got := seen[strings.Join([]string{q.Campaign, sums.Phase, q.Goal, a.Variant}, " ")]; got != want {
					t.Errorf("%s %s %s %s: %s, want %s", q.Campaign, sums.Phase, q.Goal, a.Variant, got, want)
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
		case "full": // of render
		case "past":
			q.Past = time.Duration(ms) * time.Millisecond
		case "matured":
			q.Matured = value == "true"
		default:
			t.Fatalf("unknown option %q", word)
		}
	}
	return q
}

func render(s warehouse.Sums, full bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "phase %s, crossovers %d, carried over %d\n", s.Phase, s.Crossovers, s.CarriedOver)
	fmt.Fprintf(&b, "%-8s %s %s %s %s %s %4s %7s\n", "variant", "control", "weight", "exposed", "matured", "converted", "sum", "squares")
	for _, a := range s.Arms {
		fmt.Fprintf(&b, "%-8s %-7v %6d %7d %7d %9d %4.0f %7.0f\n", a.Variant, a.Control, a.Weight, a.Exposed, a.Matured, a.Converted, a.Sum, a.SumSquares)
	}
	for _, p := range s.Periods {
		words := make([]string, len(p.Arms))
		for i, a := range p.Arms {
			words[i] = fmt.Sprintf("%s %d of %d", a.Variant, a.Exposed, a.Weight)
		}
		fmt.Fprintf(&b, "period %d: %s\n", p.Period, strings.Join(words, ", "))
	}
	if full {
		for _, a := range s.Arms {
			fmt.Fprintf(&b, "%s: cost %v, squares %v, by value %v, by past %v; past %v, squares %v, by value %v; clicked %d, closed %d, failed %d\n", a.Variant,
				a.Cost.Sum, a.Cost.SumSquares, a.Cost.WithValue, a.Cost.WithPast, a.Past.Sum, a.Past.SumSquares, a.Past.Cross, a.Clicked, a.Closed, a.Failed)
		}
		fmt.Fprintf(&b, "%.2f a day\n", s.PerDay)
	}
	return b.String()
}

// sliced is "zone, …" by day, or "attribute, …" broken down: of each arm who was
// exposed, who converted, and the value.
func sliced(t *testing.T, w *warehouse.Warehouse, kind, title string) string {
	t.Helper()
	by, _, _ := strings.Cut(title, ",")
	ask := w.Breakdown
	if kind == "daily" {
		ask = w.Daily
	}
	all, err := ask(t.Context(), query(t, title), by)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range all {
		words := make([]string, len(s.Arms))
		for i, a := range s.Arms {
			words[i] = fmt.Sprintf("%s %d/%d/%v", a.Variant, a.Exposed, a.Converted, a.Sum)
		}
		fmt.Fprintf(&b, "%s: %s\n", s.Key, strings.Join(words, ", "))
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
			case e.Name == ingest.Rules || e.Name == "omo_override":
				e.Properties = json.RawMessage(files["rules "+word])
			case key == "bot":
				e.Bot = true
			case key == "session":
				e.Session = value
			case key == "unit":
				e.Unit = value
			case key == "user":
				e.User = value
			case key == "path":
				e.Page = &ingest.Page{Path: value}
			case key == "device":
				e.Device = &ingest.Device{Type: value}
			case key == "newcomer":
				e.New = true
			case key == "staff", key == "rank", key == "channel" && e.Name == ingest.Exposure:
				met := cmp.Or(e.Met, &ingest.Met{})
				met.Staff = met.Staff || key == "staff"
				met.Rank, met.Channel = cmp.Or(met.Rank, map[string]string{"rank": value}[key]), cmp.Or(met.Channel, map[string]string{"channel": value}[key])
				e.Met = met
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
