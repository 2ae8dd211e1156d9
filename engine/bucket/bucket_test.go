package bucket

import (
	"fmt"
	"math"
	"testing"
)

// kinds are the ids that shops really have. murmur3 must spread all of them alike.
func kinds() map[string]func(i int) string {
	family := []string{"佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本"}
	return map[string]func(i int) string{
		"sequential": func(i int) string { return fmt.Sprint(i) },
		// A UUIDv7 of one busy minute: a common head, the tail differs.
		"uuid": func(i int) string {
			return fmt.Sprintf("018f3b1e-%04x-7d10-9b1a-%012x", i%0x10000, i*2654435761%(1<<47))
		},
		"e-mail":   func(i int) string { return fmt.Sprintf("hanako.yamada+%d@example.jp", i) },
		"japanese": func(i int) string { return fmt.Sprintf("%s花子%d号", family[i%len(family)], i/len(family)) },
	}
}

// sigmas is how far a χ² value lies from its mean, in standard deviations.
func sigmas(chi2, degrees float64) float64 {
	return (chi2 - degrees) / math.Sqrt(2*degrees)
}

func TestBucketsAreUniformForEveryKindOfUnit(t *testing.T) {
	t.Parallel()
	const units = 100_000
	for name, unit := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counts [Buckets]float64
			for i := range units {
				counts[Bucket(Variant, "cart-rescue", unit(i))]++
			}
			const expected = float64(units) / Buckets
			chi2 := 0.0
			for _, n := range counts {
				chi2 += (n - expected) * (n - expected) / expected
			}
			// Both ways: too even would be a counter and not a hash.
			if z := sigmas(chi2, Buckets-1); math.Abs(z) > 4 {
				t.Errorf("χ²(%d) = %.0f, %.1f standard deviations from uniform", Buckets-1, chi2, z)
			}
		})
	}
}

// independence is the χ²(1) of the 2×2 table of two yes/no draws over units 0..n-1.
func independence(n int, first, second func(unit string) bool) float64 {
	var table [2][2]float64
	for i := range n {
		unit := fmt.Sprintf("visitor-%d", i)
		a, b := 0, 0
		if first(unit) {
			a = 1
		}
		if second(unit) {
			b = 1
		}
		table[a][b]++
	}
	chi2 := 0.0
	for a := range 2 {
		for b := range 2 {
			expected := (table[a][0] + table[a][1]) * (table[0][b] + table[1][b]) / float64(n)
			chi2 += (table[a][b] - expected) * (table[a][b] - expected) / expected
		}
	}
	return chi2
}

func lowerHalf(purpose, salt string) func(string) bool {
	return func(unit string) bool { return Within(Bucket(purpose, salt, unit), 0, Buckets/2) }
}

// TestNeighbouringSaltsAreIndependent: parallel campaigns named test-1, test-2 …
// must not share their halves. A shared or a weak hash shows here at once: one
// known engine's first version reached χ²(1) = 61.6 between neighbours.
func TestNeighbouringSaltsAreIndependent(t *testing.T) {
	t.Parallel()
	const pairs = 100
	sum := 0.0
	for i := range pairs {
		one, next := fmt.Sprintf("test-%d", i), fmt.Sprintf("test-%d", i+1)
		chi2 := independence(10_000, lowerHalf(Variant, one), lowerHalf(Variant, next))
		if chi2 > 19.5 { // p = 0.00001
			t.Errorf("salts %s and %s: χ²(1) = %.1f", one, next, chi2)
		}
		sum += chi2
	}
	if z := sigmas(sum, pairs); math.Abs(z) > 4 {
		t.Errorf("over %d pairs χ² adds up to %.1f, %.1f standard deviations off", pairs, sum, z)
	}
}

func TestPurposesAreIndependentUnderOneSalt(t *testing.T) {
	t.Parallel()
	purposes := []string{Holdout, Layer, Traffic, Variant}
	for i, one := range purposes {
		for _, other := range purposes[i+1:] {
			if chi2 := independence(20_000, lowerHalf(one, "cart-rescue"), lowerHalf(other, "cart-rescue")); chi2 > 15.1 { // p = 0.0001
				t.Errorf("%s and %s: χ²(1) = %.1f", one, other, chi2)
			}
		}
	}
	if chi2 := independence(1_000, lowerHalf(Traffic, "s"), lowerHalf(Traffic, "s")); chi2 < 900 {
		t.Errorf("the test is blind: a draw against itself gives χ² = %.1f", chi2)
	}
}

// TestRaisingTrafficMovesNoOne walks a ramp: at every step those admitted stay
// admitted and keep their variant, and about the right share is in.
func TestRaisingTrafficMovesNoOne(t *testing.T) {
	t.Parallel()
	const units = 20_000
	admitted := map[string]int{}
	for _, share := range []int{0, 1, 100, 1000, 5000, 9999, Buckets} {
		now := map[string]int{}
		for i := range units {
			unit := fmt.Sprintf("visitor-%d", i)
			if Within(Bucket(Traffic, "ramp", unit), 0, share) {
				now[unit] = Bucket(Variant, "ramp", unit)
			}
		}
		for unit, variant := range admitted {
			if got, in := now[unit]; !in || got != variant {
				t.Fatalf("at a share of %d, %s was moved (in: %t, bucket %d, before %d)", share, unit, in, got, variant)
			}
		}
		p := float64(share) / Buckets
		if off, sd := math.Abs(float64(len(now))-units*p), math.Sqrt(units*p*(1-p)); off > 4*sd {
			t.Errorf("a share of %d admits %d of %d", share, len(now), units)
		}
		admitted = now
	}
}

func TestWithinIsHalfOpen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bucket, low, high int
		want              bool
	}{
		{0, 0, 2000, true}, {1999, 0, 2000, true}, {2000, 0, 2000, false},
		{2000, 2000, Buckets, true}, {Buckets - 1, 2000, Buckets, true},
		{5, 5, 5, false}, {5, 6, 5, false}, {0, 0, 0, false},
	} {
		if got := Within(c.bucket, c.low, c.high); got != c.want {
			t.Errorf("Within(%d, %d, %d) = %t", c.bucket, c.low, c.high, got)
		}
	}
	// Three variants of weights 1:1:1 cut at floor(10000·k/3): every bucket has one owner.
	edges := []int{0, 3333, 6666, Buckets}
	for bucket := range Buckets {
		owners := 0
		for i := range 3 {
			if Within(bucket, edges[i], edges[i+1]) {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("bucket %d has %d owners", bucket, owners)
		}
	}
}

func TestBucketDoesNotAllocate(t *testing.T) {
	unit := "018f3b1e-7c2a-7d10-9b1a-0242ac120002"
	if n := testing.AllocsPerRun(1000, func() { Bucket(Variant, "cart-rescue", unit) }); n != 0 {
		t.Errorf("a bucket of a visitor id allocates %.0f times", n)
	}
}

// BenchmarkOneVisitorOneCampaign draws the two buckets a campaign needs, and checks them.
func BenchmarkOneVisitorOneCampaign(b *testing.B) {
	b.ReportAllocs()
	unit := "018f3b1e-7c2a-7d10-9b1a-0242ac120002"
	var traffic, variant int
	for b.Loop() {
		traffic, variant = Bucket(Traffic, "cart-rescue", unit), Bucket(Variant, "cart-rescue", unit)
	}
	if traffic != 2176 || variant != 8058 {
		b.Fatalf("buckets %d and %d, want 2176 and 8058", traffic, variant)
	}
}
