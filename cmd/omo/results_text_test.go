package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// told holds what is printed to a file of testdata/reports; -update rewrites it.
func told(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "reports", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// A sale of a goal: each conversion brings 5,000, the arms' coupons cost a share.
func sold(variant string, weight int, exposed, converted uint64, cost float64) stats.Arm {
	n := float64(converted)
	return stats.Arm{Variant: variant, Control: variant == "control", Weight: weight, N: exposed, Converted: converted,
		Sum: 5000 * n, SumSquares: 25e6 * n, Cost: stats.FixedCost(converted, cost, 5000*n),
		Past: stats.Moments{Sum: 1000 * n, SumSquares: 4e6 * n}, PastCross: 1e6 * n}
}

func campaignOf(id, name string, crossovers uint64, arms ...stats.Arm) resultAnswer {
	about := stats.Subject{
		Campaign: id, Phase: "8f14e45f-12", Goal: "purchase", Window: "72h", Status: "live", Currency: "JPY", PerDay: 640,
		AsOf: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	}
	return resultAnswer{Name: name, Results: api.CampaignResults{Results: stats.Judge(about, arms, crossovers), Past: "72h"}}
}

// reported are campaigns of every kind there is.
func reported() []resultAnswer {
	won := campaignOf("exit-coupon", "お帰り間際の方へ300円クーポン", 3, sold("control", 20, 9000, 279, 0), sold("coupon10", 80, 36_000, 1400, 500))
	won.Results.CarriedOver = 1204
	stopped := campaignOf("bar", "お知らせ", 0, sold("control", 50, 9000, 400, 0), sold("bar", 50, 9100, 300, 0))
	stopped.Results.Status = "stopped"
	stopped.Results.Override = &engine.Override{By: engine.ByHarm, At: 1796083200000, Harm: &engine.HarmStop{
		Variant: "bar", Guardrail: "conversion", At: 1796083200000, Ja: "「bar」は害があります。配信を止め、内容を見直してください。", En: "bar does harm. Stop it and revise it.",
	}}
	return []resultAnswer{
		won,
		campaignOf("three-ways", "三つの案", 0, sold("control", 1, 3000, 300, 0), sold("案一", 1, 3010, 310, 0), sold("案二の長い名前", 1, 2990, 240, 0)),
		stopped,
		campaignOf("broken", "broken", 600, sold("control", 50, 900, 30, 0), sold("a", 50, 1900, 60, 0)),
		campaignOf("young", "young", 0, sold("nothing", 50, 1, 0, 0), sold("a", 50, 1, 1, 0)),
		campaignOf("nobody", "nobody", 0),
	}
}

// TestResultsText: what a marketer reads, in both languages, to the letter.
func TestResultsText(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "ja"} {
		var out bytes.Buffer
		r := reader{ja: lang == "ja", zone: time.UTC}
		writeResults(&out, r, reported())
		out.WriteString("\n")
		for _, x := range reported() {
			writeCampaign(&out, r, x)
		}
		told(t, "results."+lang+".txt", out.Bytes())
	}
}

// Of a bandit all who came are counted, as the screen and the files count them, and
// the tables say who of them is not compared.
func TestResultsTextOfABandit(t *testing.T) {
	t.Parallel()
	x := campaignOf("learner", "learner", 0)
	period := func(n, converted uint64) stats.Period {
		return stats.Period{Arms: []stats.Arm{sold("control", 1, n, converted, 0), sold("a", 9, 9*n, 12*converted, 0)}}
	}
	x.Results.Results = stats.JudgePeriods(x.Results.Subject, []stats.Period{period(900, 30), period(1100, 40), period(1, 1)}, 0)
	for _, one := range []struct {
		r           reader
		want, total string
	}{
		{reader{zone: time.UTC}, "* the weights had 3 periods: arms are compared within each (10 visitors are in none that can be compared: they are among visitors and converted, not in the rates and what follows)\n",
			"* learner: 10 visitors of periods too small to compare are among visitors and converted alone.\n"},
		{reader{ja: true, zone: time.UTC}, "※ 配分の異なる期間が3個あるため、同じ配分の期間の中で比べています（比べていない人 10人。表示人数と成果人数には含み、成果率から先には含みません）\n",
			"※ learner：配分の異なる期間のうち、人数が少なく比べていない 10人は、表示人数と成果人数にだけ含みます。\n"},
	} {
		var alone, many bytes.Buffer
		writeCampaign(&alone, one.r, x)
		writeResults(&many, one.r, []resultAnswer{x})
		if !strings.Contains(alone.String(), one.want) || !strings.Contains(many.String(), one.total) {
			t.Errorf("%s\n%s", alone.String(), many.String())
		}
		for _, table := range []string{alone.String(), many.String()} {
			if !strings.Contains(table, " 2,001 ") || !strings.Contains(table, " 18,009 ") || !strings.Contains(table, " 852 ") {
				t.Errorf("not all are counted:\n%s", table)
			}
		}
	}
}

// Zero stands under zero in every line of a table, however wide the names are.
func TestZeroIsOneColumn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	writeResults(&out, reader{ja: true, zone: time.UTC}, reported())
	column := -1
	for line := range strings.Lines(out.String()) {
		at := strings.IndexAny(line, "│┼●")
		if i := strings.Index(line, "│"); i >= 0 {
			at = i
		}
		if at < 0 || !strings.Contains(line, "│") {
			continue // an interval over zero has another mark there
		}
		if w := text.StringWidthWithoutEscSequences(line[:at]); column < 0 {
			column = w
		} else if w != column {
			t.Errorf("zero stands in column %d, not %d: %s", w, column, line)
		}
	}
	if column < 0 {
		t.Error("there is no zero")
	}
}

func judgedArms(arms ...stats.Arm) []stats.ArmResult {
	return stats.Judge(stats.Subject{}, arms, 0).Arms
}

func TestSeriesText(t *testing.T) {
	t.Parallel()
	about := reported()[0].Results.Subject
	series := api.Series{Subject: about, Zone: "Asia/Tokyo", Days: []api.Day{
		{Day: "2026-11-29", Arms: judgedArms(sold("control", 1, 400, 40, 0), sold("a", 1, 410, 60, 0), sold("b", 1, 390, 30, 0)), Cumulative: judgedArms(sold("control", 1, 400, 40, 0), sold("a", 1, 410, 60, 0), sold("b", 1, 390, 30, 0))},
		{Day: "2026-11-30", Arms: judgedArms(sold("control", 1, 0, 0, 0), sold("a", 1, 0, 0, 0), sold("b", 1, 1, 0, 0)), Cumulative: judgedArms(sold("control", 1, 400, 40, 0), sold("a", 1, 410, 60, 0), sold("b", 1, 391, 30, 0))},
	}}
	breakdown := api.Breakdown{Subject: about, By: "device", Slices: []api.Slice{
		{Key: "", Arms: judgedArms(sold("control", 1, 9, 1, 0), sold("a", 1, 11, 3, 0)), Small: true},
		{Key: "desktop", Arms: judgedArms(sold("control", 1, 1900, 210, 0), sold("a", 1, 2011, 290, 0))},
		{Key: "mobile", Arms: judgedArms(sold("control", 1, 5900, 410, 0), sold("a", 1, 6011, 400, 0))},
	}}
	var out bytes.Buffer
	for _, r := range []reader{{zone: time.UTC}, {ja: true, zone: time.UTC}} {
		resultsOptions{}.writeSeries(&out, r, series)
		resultsOptions{cumulative: true}.writeSeries(&out, r, series)
		resultsOptions{cumulative: true}.writeSeries(&out, r, api.Series{Subject: about})
		writeBreakdown(&out, r, breakdown)
		writeBreakdown(&out, r, api.Breakdown{Subject: about, By: "rank"})
	}
	told(t, "series.txt", out.Bytes())
	out.Reset()
	writeBreakdown(&out, reader{terminal: true, zone: time.UTC}, breakdown)
	if n := strings.Count(out.String(), text.Faint.EscapeSeq()); n != 18 {
		t.Errorf("%d cells are grey on a terminal; the 18 of the small slice should be:\n%s", n, out.String())
	}
}

func TestFunnelSiteAndReviewText(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	funnel := api.Funnel{Campaign: "exit-coupon", From: at.AddDate(0, 0, -14), To: at, AsOf: at, Zone: "UTC", Days: []api.FunnelDay{{Steps: []api.Step{
		{Name: "matched", Decisions: 12_000, Visitors: 3000}, {Name: "triggered", Decisions: 2000, Visitors: 1500},
		{Name: "lost", Reason: "holdout", Decisions: 600, Visitors: 150}, {Name: "lost", Reason: "frequency", Decisions: 400, Visitors: 300},
		{Name: "armed", Decisions: 9000, Visitors: 2850}, {Name: "offered", Decisions: 1600, Visitors: 1600}, {Name: "control", Decisions: 400, Visitors: 400},
		{Name: "shadow"}, {Name: "forced"}, {Name: "exposed", Decisions: 1900, Visitors: 1900}, {Name: "clicked", Decisions: 90, Visitors: 90}, {Name: "closed"}, {Name: "converted"},
	}}}}
	arm := func(weight int, n, buyers uint64) stats.Arm {
		b := float64(buyers)
		return stats.Arm{Weight: weight, N: n, Converted: buyers, Sum: 8000 * b, SumSquares: 64e6 * b}
	}
	site := api.Site{AsOf: at, Zone: "UTC", Currency: "JPY", Months: []stats.SiteMonth{
		stats.JudgeSite("2026-10", "JPY", arm(0, 0, 0), arm(10_000, 800, 40)),
		stats.JudgeSite("2026-11", "JPY", arm(500, 5000, 150), arm(9500, 95_000, 3600)),
	}, BelowZero: []api.Loser{
		{Campaign: "bar", Name: "お知らせ", Incremental: *reported()[2].Results.Incremental, Sure: true},
		{Campaign: "three-ways", Name: "三つの案", Incremental: *reported()[1].Results.Incremental},
	}}
	var all []stats.Reviewed
	for _, x := range reported() {
		all = append(all, stats.Reviewed{Name: x.Name, Results: x.Results.Results, Span: x.Results.Results})
	}
	review := api.Review{From: at.AddDate(0, 0, -14), To: at, Currency: "JPY", Campaigns: stats.ReviewAll(all), Resting: []string{"autumn", "test"}}
	known := func(v float64) stats.Number { return stats.Number{Value: v, Known: true} }
	after := api.ChatAfter{Visitors: 30, Open: 2, Buyers: 6, Orders: 7, Value: 54_000, ValuePerVisitor: known(1800)}
	chatted := api.Chats{From: at.AddDate(0, 0, -14), To: at, Currency: "JPY", Note: stats.Sentence{Ja: "実験ではありません。", En: "This is no experiment."}, Rows: []api.ChatRow{
		{Campaign: "help", Name: "お困りの方へ", Offered: 400, OfferedTo: 380, Accepted: 50, AcceptedBy: 48, Answered: 30, Ended: 28, Unmatched: 1,
			AnsweredShare: known(.6), Median: known(45), P90: known(200), Window: "72h", After: after, Without: api.ChatAfter{Visitors: 18}},
		{Campaign: "help", By: "channel", Key: "chat", Offered: 400, OfferedTo: 380, Accepted: 40, AcceptedBy: 40, Answered: 30, Ended: 28, AnsweredShare: known(.75), Median: known(45), P90: known(3900), Window: "72h", After: after},
		{Campaign: "help", By: "channel", Key: "form", Offered: 300, OfferedTo: 290, Window: "72h"},
		{Campaign: "", Accepted: 3, AcceptedBy: 2, AnsweredShare: known(0), Window: "72h", Without: api.ChatAfter{Visitors: 2}},
	}}
	for _, lang := range []string{"en", "ja"} {
		r := reader{ja: lang == "ja", zone: time.UTC}
		var out bytes.Buffer
		writeFunnel(&out, r, funnel)
		writeFunnel(&out, r, api.Funnel{Campaign: "nobody", From: at, To: at})
		writeSite(&out, r, site)
		writeSite(&out, r, api.Site{AsOf: at})
		writeReview(&out, r, review)
		writeReview(&out, r, api.Review{From: at.AddDate(0, 0, -14), To: at})
		writeChats(&out, r, chatted)
		writeChats(&out, r, api.Chats{From: at.AddDate(0, 0, -14), To: at})
		told(t, "more."+lang+".txt", out.Bytes())
	}
}

// Every sheet has as many cells as columns, nothing but numbers where numbers are
// promised, and is CSV that a reader takes back.
func TestSheets(t *testing.T) {
	t.Parallel()
	var list []api.CampaignResults
	for _, x := range reported() {
		list = append(list, x.Results)
	}
	days := []api.Day{{Day: "2026-12-01", Arms: list[0].Arms, Cumulative: list[1].Arms}}
	review := stats.ReviewAll([]stats.Reviewed{{Name: "=1+1", Results: list[0].Results, Span: list[0].Results}})
	for name, s := range map[string]api.Sheet{
		"results": api.ResultsSheet(list), "daily": resultsOptions{}.seriesSheet(api.Series{Days: days}), "cumulative": resultsOptions{cumulative: true}.seriesSheet(api.Series{Days: days}),
		"breakdown": api.Breakdown{By: "device", Slices: []api.Slice{{Arms: list[0].Arms}}}.Sheet(),
		"funnel":    api.Funnel{Days: []api.FunnelDay{{Steps: []api.Step{{Name: "matched"}}}}}.Sheet(),
		"site":      api.Site{Months: []stats.SiteMonth{{Month: "2026-12", Arms: list[0].Arms}}}.Sheet(),
		"chats":     api.Chats{Rows: []api.ChatRow{{Campaign: "help", By: "channel", Key: "chat", Accepted: 1}}}.Sheet(),
		"review":    api.Review{Campaigns: review}.Sheet(), "usage": api.Usage{Months: []api.Month{{Month: "2026-12", Visitors: 3}}}.Sheet(),
	} {
		if len(s.Rows) == 0 {
			t.Errorf("%s has no row", name)
		}
		for _, row := range s.Rows {
			if len(row) != len(s.Columns) {
				t.Fatalf("%s: %d cells of %d columns", name, len(row), len(s.Columns))
			}
			for i, v := range row {
				ok := false
				switch s.Columns[i].Kind {
				case "String":
					_, ok = v.(string)
				case "UInt64":
					_, ok = v.(uint64)
				case "Bool":
					_, ok = v.(bool)
				case "Nullable(Float64)":
					_, ok = v.(float64)
					ok = ok || v == nil
				}
				if !ok {
					t.Errorf("%s, %s: %T %v", name, s.Columns[i].Name, v, v)
				}
			}
		}
		var out bytes.Buffer
		if err := s.CSV(&out); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
		if err != nil || len(lines) != 1+len(s.Rows) {
			t.Errorf("%s: %d lines, %v", name, len(lines), err)
		}
		if strings.Contains(out.String(), "NaN") {
			t.Errorf("%s has NaN", name)
		}
	}
	var out bytes.Buffer
	if err := (api.Review{Campaigns: review}).Sheet().CSV(&out); err != nil || !strings.Contains(out.String(), ",'=1+1,") {
		t.Errorf("a name that begins like a formula: %v %s", err, out.String())
	}
	out.Reset()
	if err := parquet(t.Context(), &out, api.ResultsSheet(list), func(string, int64, int64) {}); err != nil || !bytes.HasPrefix(out.Bytes(), []byte("PAR1")) {
		t.Errorf("Parquet: %v, %d bytes", err, out.Len())
	}
	out.Reset()
	if err := api.ResultsSheet(list[:1]).CSV(&out); err != nil {
		t.Fatal(err)
	}
	told(t, "results.csv", out.Bytes())
}

// Cookie Cats, 90,189 players: what is published is what is said.
func TestCookieCatsInWords(t *testing.T) {
	t.Parallel()
	gate := func(goal, window string, back30, back40 uint64) resultAnswer {
		about := stats.Subject{Campaign: "gate", Phase: "p1", Goal: goal, Window: window, Status: "live", AsOf: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
		arms := []stats.Arm{{Variant: "gate_30", Control: true, Weight: 1, N: 44_700, Converted: back30}, {Variant: "gate_40", Weight: 1, N: 45_489, Converted: back40}}
		return resultAnswer{Name: "gate", Results: api.CampaignResults{Results: stats.Judge(about, arms, 0), Past: "8d"}}
	}
	var out bytes.Buffer
	for _, r := range []reader{{zone: time.UTC}, {ja: true, zone: time.UTC}} {
		writeCampaign(&out, r, gate("return_day_1", "48h", 20_034, 20_119))
		writeCampaign(&out, r, gate("return_day_7", "8d", 8_502, 8_279))
	}
	told(t, "cookiecats.txt", out.Bytes())
}

// Three periods are two changes: what is told is how many there are.
func TestPeriodsAreCountedAsPeriods(t *testing.T) {
	t.Parallel()
	x := campaignOf("b", "b", 0, sold("control", 50, 9000, 400, 0), sold("a", 50, 9000, 500, 0))
	x.Results.Periods = 3
	for want, ja := range map[string]bool{"期間が3個ある": true, "had 3 periods": false} {
		var out bytes.Buffer
		x.notes(&out, reader{ja: ja, zone: time.UTC})
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not told: %s", want, out.String())
		}
	}
}
