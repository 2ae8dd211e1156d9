package warehouse_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

func TestTheCodesThatGiveARowUpAreClickHouses(t *testing.T) {
	t.Parallel()
	_, conn := open(t)
	for code, name := range warehouse.OfData() {
		if got := ask(t, conn, fmt.Sprintf("SELECT errorCodeToName(%d)", code)); got != name {
			t.Errorf("code %d is %s, and here %s", code, got, name)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	w, _ := open(t)
	if err := w.Insert(t.Context(), "a", visits(t, 10, 12_000, time.Now())); err != nil {
		t.Fatal(err)
	}
	var asked []ingest.Place
	for seq := uint64(5); seq <= 12_005; seq++ { // more than one question to the server
		asked = append(asked, ingest.Place{Seq: seq}, ingest.Place{Seq: seq, Idx: 1})
	}
	found, err := w.Places(t.Context(), "ledger", asked)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range asked {
		if want := p.Idx == 0 && p.Seq >= 10 && p.Seq <= 12_000; found[p] != want {
			t.Fatalf("place %s: %v", p, found[p])
		}
	}
	if found, err := w.Places(t.Context(), "another", asked); len(found) != 0 || err != nil {
		t.Errorf("of another ledger: %d, %v", len(found), err)
	}
	if found, err := w.Places(t.Context(), "ledger", nil); len(found) != 0 || err != nil {
		t.Errorf("none asked: %d, %v", len(found), err)
	}
}

// What a shop may add to our table, and what is there once the server has
// refused a row for it. ClickHouse writes the table before it feeds a view: an
// insert that a view refused is there nevertheless, whole, and stays so however
// often it is sent.
func TestWhatIsThereAfterARefusalForData(t *testing.T) {
	t.Parallel()
	const own = "CREATE MATERIALIZED VIEW own ENGINE = MergeTree ORDER BY id AS SELECT event_id AS id, "
	for _, c := range []struct {
		what, sql string
		there     string
	}{
		{"a constraint", "ALTER TABLE event_log ADD CONSTRAINT few CHECK value IS NULL OR value < 1000", "0"},
		{"a view that throws", own + "throwIf(value >= 1000, 'too much') AS t FROM event_log", "4"},
		{"a view that cannot convert", own + "toDate(transaction_id) AS t FROM event_log WHERE name = 'purchase'", "4"},
		{"a view that divides", own + "intDiv(1, toInt64(value) - 1000) AS t FROM event_log WHERE name = 'purchase'", "4"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w, conn := open(t)
			if err := conn.Exec(t.Context(), c.sql); err != nil {
				t.Fatal(err)
			}
			now := time.Now().UnixMilli()
			rows := append(visits(t, 1, 3, time.Now()), row(t, ingest.Event{ID: id(9), Visitor: "v", Name: "purchase",
				Time: now, Received: now, Seq: 9, Properties: []byte(`{"value":1000,"transaction_id":"no date"}`)}))
			for range 2 {
				if err := w.Insert(t.Context(), "a", rows); !errors.Is(err, warehouse.ErrData) {
					t.Errorf("with the poison: %v", err)
				}
				if got := ask(t, conn, "SELECT count() FROM event_log"); got != c.there {
					t.Errorf("%s rows are there after the refusal, want %s", got, c.there)
				}
			}
		})
	}
}
