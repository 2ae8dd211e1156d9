package warehouse_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestSiteWide(t *testing.T) {
	t.Parallel()
	w, archive, dsn := loaded(t, "testdata/sitewide.txtar")
	conn := connect(t, dsn)
	for _, file := range archive.Files {
		title, ok := strings.CutPrefix(file.Name, "want: ")
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			q := query(t, title)
			months, err := w.SiteWide(t.Context(), q.From, q.To, q.AsOf, zone(title))
			if err != nil {
				t.Fatal(err)
			}
			var got, pasted []string
			for _, m := range months {
				a, b := m.Treated, m.HeldOut
				got = append(got, fmt.Sprintf("%s share %d: treated %d %d %v %v, held out %d %d %v %v\n",
					m.Month, m.Share, a.Visitors, a.Buyers, a.Sum, a.SumSquares, b.Visitors, b.Buyers, b.Sum, b.SumSquares))
				pasted = append(pasted, fmt.Sprint(m.Month, " ", m.Share, " ", a.Visitors, " ", a.Buyers, " ", a.Sum, " ", a.SumSquares, " ",
					b.Visitors, " ", b.Buyers, " ", b.Sum, " ", b.SumSquares))
			}
			if got, want := strings.Join(got, ""), string(file.Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if got, want := ask(t, conn, warehouse.SiteWideSQL(q.From, q.To, q.AsOf, zone(title))), strings.Join(pasted, "\n"); got != want {
				t.Errorf("the printed query gives:\n%s\nwant:\n%s", got, want)
			}
		})
	}
	for _, file := range archive.Files {
		title, ok := strings.CutPrefix(file.Name, "usage: ")
		if !ok {
			continue
		}
		t.Run(title, func(t *testing.T) {
			title, n, _ := strings.Cut(title, " months=")
			months, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			asOf := query(t, title).AsOf
			used, err := w.Usage(t.Context(), months, asOf, zone(title))
			if err != nil {
				t.Fatal(err)
			}
			var got, pasted []string
			for _, m := range used {
				line := fmt.Sprint(m.Month, " ", m.Visitors, " ", m.Persons, " ", m.Events, " ", m.Decisions)
				if got = append(got, line); m.Events > 0 {
					pasted = append(pasted, line)
				}
			}
			if got, want := strings.Join(got, "\n")+"\n", string(file.Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			text, err := warehouse.UsageSQL(months, asOf, zone(title))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := ask(t, conn, text), strings.Join(pasted, "\n"); got != want {
				t.Errorf("the printed query gives:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// zone is the one that a title names.
func zone(title string) string {
	if strings.Contains(title, "Tokyo") {
		return "Asia/Tokyo"
	}
	return ""
}
