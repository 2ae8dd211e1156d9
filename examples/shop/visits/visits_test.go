package visits

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// source holds the figures that the data set's authors publish.
var source = map[Kind]struct{ sessions, purchases int }{
	New:       {1694, 422},
	Returning: {10551, 1470},
	Other:     {85, 16},
}

const (
	allSessions  = 12330
	allPurchases = 1908
)

func TestTheTableAddsUpToTheSource(t *testing.T) {
	table, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	sessions, purchases := 0, 0
	for kind, want := range source {
		kindSessions, kindPurchases := 0, 0
		for _, cell := range table.Cells {
			if cell.Kind == kind {
				kindSessions += cell.Sessions
				kindPurchases += cell.Purchases
			}
		}
		if kindSessions != want.sessions || kindPurchases != want.purchases {
			t.Errorf("%s: %d purchases of %d sessions, want %d of %d", kind, kindPurchases, kindSessions, want.purchases, want.sessions)
		}
		sessions += kindSessions
		purchases += kindPurchases
	}
	if sessions != allSessions || purchases != allPurchases {
		t.Errorf("%d purchases of %d sessions, want %d of %d", purchases, sessions, allPurchases, allSessions)
	}
}

// Every drawn share must lie within four standard errors of the source's own share.
func TestDrawnSessionsHaveTheSharesOfTheSource(t *testing.T) {
	table, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	const n = 300_000
	r := rand.New(rand.NewPCG(12330, 1908))
	count, bought := map[Kind]int{}, map[Kind]int{}
	for range n {
		s := table.Draw(r)
		count[s.Kind]++
		if s.Purchase {
			bought[s.Kind]++
		}
		if s.Returning != (s.Kind == Returning) || s.Pages() < 1 || s.Seconds < 0 || s.ProductPages > 705 {
			t.Fatalf("impossible session: %+v", s)
		}
	}
	near := func(what string, got, of int, want float64) {
		t.Helper()
		share, tolerance := float64(got)/float64(of), 4*math.Sqrt(want*(1-want)/float64(of))
		if math.Abs(share-want) > tolerance {
			t.Errorf("%s: drew %.4f, the source has %.4f (tolerance %.4f)", what, share, want, tolerance)
		}
	}
	for kind, want := range source {
		near(string(kind)+" visitors", count[kind], n, float64(want.sessions)/allSessions)
		near("purchases of "+string(kind)+" visitors", bought[kind], count[kind], float64(want.purchases)/float64(want.sessions))
	}
	near("purchases", bought[New]+bought[Returning]+bought[Other], n, float64(allPurchases)/allSessions)
}

func TestWhoLooksAtMoreProductsStaysLongerAndBuysMore(t *testing.T) {
	table, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var few, many struct{ n, purchases, seconds float64 }
	for range 50_000 {
		s := table.Draw(r)
		group := &few
		if s.ProductPages > 20 {
			group = &many
		}
		group.n++
		group.seconds += s.Seconds
		if s.Purchase {
			group.purchases++
		}
	}
	if many.purchases/many.n < 1.5*few.purchases/few.n {
		t.Errorf("purchase rate above 20 product pages %.3f, below %.3f", many.purchases/many.n, few.purchases/few.n)
	}
	if many.seconds/many.n < 3*few.seconds/few.n {
		t.Errorf("mean seconds above 20 product pages %.0f, below %.0f", many.seconds/many.n, few.seconds/few.n)
	}
}

func TestTheSameSeedGivesTheSameSessions(t *testing.T) {
	table, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	a, b := rand.New(rand.NewPCG(7, 7)), rand.New(rand.NewPCG(7, 7))
	for i := range 100 {
		if x, y := table.Draw(a), table.Draw(b); x != y {
			t.Fatalf("session %d: %+v and %+v", i, x, y)
		}
	}
}

func TestABrokenTableSaysWhere(t *testing.T) {
	header := strings.Join(Columns(), ",") + "\n"
	quantiles := strings.Repeat(",0", 24) + "\n"
	for _, c := range []struct{ name, table, want string }{
		{"no header", "kind,from\nnew,0\n", `session table: the first line must be "` + strings.Join(Columns(), ",") + `"; derive the table again`},
		{"no rows", header, "session table: it holds no session; derive the table again"},
		{"not a number", header + "new,0,many,0,0" + quantiles, `session table: row 1: sessions is "many"; want a whole number`},
		{"more bought than came", header + "new,0,3,1,4" + quantiles, "session table: row 1: more weekend sessions or purchases than the 3 sessions"},
		{"quantiles fall", header + "new,0,3,1,1" + ",5,4" + strings.Repeat(",0", 22) + "\n", "session table: row 1: product_pages_p10 is smaller than the quantile before it"},
	} {
		if _, err := Parse(strings.NewReader(c.table)); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}
