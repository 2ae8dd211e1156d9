package warehouse_test

import (
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/spaolacci/murmur3"
)

// Every assignment can be computed again in SQL from one text.
func TestBucketsInSQLAreTheEngines(t *testing.T) {
	t.Parallel()
	_, conn := open(t)
	const at, step = 10_000, 1_000 // in steps: a query's text has a limit
	for from := 0; from < at; from += step {
		var texts, wants []string
		for i := from; i < from+step; i++ {
			unit := []string{fmt.Sprint(i), id(uint64(i)), fmt.Sprintf("user%d@shop.example", i), fmt.Sprint("来訪者", i)}[i%4]
			text := "om1|variant|cart-rescue|" + unit
			high, _ := bits.Mul64(murmur3.Sum64([]byte(text)), 10_000)
			texts = append(texts, "'"+text+"'")
			wants = append(wants, fmt.Sprint(high))
		}
		got := strings.Split(ask(t, conn, `SELECT toString(bitShiftRight(toUInt128(reinterpretAsUInt64(substring(murmurHash3_128(s), 1, 8))) * 10000, 64))
			FROM (SELECT arrayJoin(arrayZip([`+strings.Join(texts, ",")+`], range(1000))) AS pair, pair.1 AS s) ORDER BY pair.2`), "\n")
		for i, want := range wants {
			if len(got) != step || got[i] != want {
				t.Fatalf("%s: %s in SQL, %s in Go, %d buckets", texts[i], got[i], want, len(got))
			}
		}
	}
}
