package warehouse_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

const settledPast = `
0    omo_exposure one campaign=c variant=a phase=p
10   omo_exposure two campaign=c variant=control phase=p
20   purchase     one transaction_id=T1 value=100
30   purchase     two transaction_id=T2 value=70
40   purchase     other user=u transaction_id=T3 value=5
50   omo_exposure three campaign=c variant=a phase=p user=u3
`

// Of a campaign to which nothing happens any more the sums are counted once, and
// again as soon as anything is told, or taken away, that they hang on.
func TestSettled(t *testing.T) {
	t.Parallel()
	q := warehouse.Query{Campaign: "c", Window: time.Second, AsOf: start.Add(8 * 24 * time.Hour)}
	begin := func(t *testing.T) (w *warehouse.Warehouse, dsn string, tell func(string)) {
		dsn = database(t)
		w = openAt(t, dsn)
		told := 0
		tell = func(lines string) {
			t.Helper()
			rows := fixture(t, &txtar.Archive{Files: []txtar.File{{Name: "events", Data: []byte(lines)},
				{Name: "rules of-two", Data: []byte(`{"campaigns":[{"id":"c","phase":"p","status":"live","arms":[{"variant":"control","weight":50,"control":true},{"variant":"a","weight":50}],"goals":[{"event":"purchase","window_ms":1000,"value":"value"}]}]}`)}}})
			told++
			if err := w.Insert(t.Context(), fmt.Sprint("told", told), rows); err != nil {
				t.Fatal(err)
			}
		}
		tell(settledPast)
		return w, dsn, tell
	}
	count := func(t *testing.T, w *warehouse.Warehouse, later time.Duration) string {
		t.Helper()
		q := q
		q.AsOf = q.AsOf.Add(later)
		sums, err := w.Results(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if !sums.AsOf.Equal(q.AsOf) {
			t.Errorf("counted as of %s, want %s", sums.AsOf, q.AsOf)
		}
		return render(sums, true)
	}
	t.Run("counted once", func(t *testing.T) {
		t.Parallel()
		w, dsn, tell := begin(t)
		first := count(t, w, 0)
		tell("700000000 page_view one id=9008\n700000010 omo_exposure one campaign=d variant=a phase=p id=9009\n700000020 purchase one transaction_id=T9 value=1 id=9010\n700000030 omo_merge stranger user=us id=9011")
		// Rows are never changed but here, to see whether they are read again.
		if err := connect(t, dsn).Exec(t.Context(), "ALTER TABLE event_log UPDATE value = 1000 WHERE name = 'purchase' SETTINGS mutations_sync = 1"); err != nil {
			t.Fatal(err)
		}
		if got := count(t, w, time.Hour); got != first {
			t.Errorf("got:\n%s\nbefore:\n%s", got, first)
		}
		if got := count(t, openAt(t, dsn), time.Hour); got == first {
			t.Error("the rows were not changed")
		}
	})
	for _, c := range []struct{ what, told string }{
		{"a late order", "900 purchase one transaction_id=T4 value=3 received=700000000 id=9001"},
		{"a refund", "900 refund one transaction_id=T1 value=10 received=700000000 id=9002"},
		{"another variant seen", "700000000 omo_exposure one campaign=c variant=control phase=p id=9003"},
		{"a click", "500 omo_click one campaign=c variant=a phase=p received=700000000 id=9004"},
		{"a person made known", "700000000 omo_merge one user=u id=9005"},
		{"a person of whom an order is known", "700000000 omo_exposure one campaign=c variant=a phase=p user=u id=9006"},
		{"an order told earlier than it was thought", "5 purchase late transaction_id=T1 value=100 received=6 id=9007"},
		{"an order told before the campaign, loaded late", "-100000 purchase late transaction_id=T1 value=100 received=-99000 id=9020"},
		{"a person made known before, loaded late", "600 omo_merge one user=u received=700 id=9021"},
		{"rules with another arm", "0 omo_rules - of-two"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w, dsn, tell := begin(t)
			first := count(t, w, 0)
			tell(c.told)
			got, want := count(t, w, 24*time.Hour), count(t, openAt(t, dsn), 24*time.Hour)
			if got != want || got == first {
				t.Errorf("got:\n%s\nwant:\n%s\nbefore:\n%s", got, want, first)
			}
		})
	}
	t.Run("a visitor erased", func(t *testing.T) {
		t.Parallel()
		w, dsn, _ := begin(t)
		first := count(t, w, 0)
		if err := w.Erase(t.Context(), []string{"two"}, func(warehouse.Rows) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if got, want := count(t, w, time.Hour), count(t, openAt(t, dsn), time.Hour); got != want || got == first {
			t.Errorf("got:\n%s\nwant:\n%s\nbefore:\n%s", got, want, first)
		}
	})
	t.Run("as of a moment before", func(t *testing.T) {
		t.Parallel()
		w, dsn, tell := begin(t)
		tell("900 purchase three transaction_id=T4 value=3 received=1000000")
		count(t, w, 24*time.Hour)
		before := -8*24*time.Hour + 10*time.Second
		if got, want := count(t, w, before), count(t, openAt(t, dsn), before); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}
