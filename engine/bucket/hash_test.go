package bucket

import (
	"encoding/binary"
	"math/big"
	"strings"
	"testing"

	"github.com/spaolacci/murmur3"
)

// TestHashIsMurmur3 pins the algorithm below Point by the published 64-bit
// vectors of spaolacci/murmur3 (BSD-3): a library swap must keep everyone where
// they are. The 32-bit vectors are left out: Sum32 aborts under the race detector.
func TestHashIsMurmur3(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		seed         uint32
		first, other uint64
		text         string
	}{
		{0x00, 0x0000000000000000, 0x0000000000000000, ""},
		{0x00, 0xcbd8a7b341bd9b02, 0x5b1e906a48ae1d19, "hello"},
		{0x00, 0x342fac623a5ebc8e, 0x4cdcbc079642414d, "hello, world"},
		{0x00, 0xb89e5988b737affc, 0x664fc2950231b2cb, "19 Jan 2038 at 3:14:07 AM"},
		{0x00, 0xcd99481f9ee902c9, 0x695da1a38987b6e7, "The quick brown fox jumps over the lazy dog."},
		{0x01, 0x4610abe56eff5cb5, 0x51622daa78f83583, ""},
		{0x01, 0xa78ddff5adae8d10, 0x128900ef20900135, "hello"},
		{0x2a, 0xf02aa77dfa1b8523, 0xd1016610da11cbb9, ""},
		{0x2a, 0x74f33c659cda5af7, 0x4ec7a891caf316f0, "The quick brown fox jumps over the lazy dog."},
	} {
		first, other := murmur3.Sum128WithSeed([]byte(v.text), v.seed)
		if first != v.first || other != v.other {
			t.Errorf("murmur3 x64_128(%q, seed %d) = %016x %016x, published %016x %016x", v.text, v.seed, first, other, v.first, v.other)
		}
		if v.seed == 0 && murmur3.Sum64([]byte(v.text)) != v.first {
			t.Errorf("Sum64(%q) is not the first half of the 128-bit hash", v.text)
		}
	}
}

// TestHashPassesSMHasher runs SMHasher's own verification of murmur3 x64_128
// (its published value is 0x6384BA69), which covers every tail length and 256 seeds.
func TestHashPassesSMHasher(t *testing.T) {
	t.Parallel()
	var key [256]byte
	var all []byte
	for i := range key {
		key[i] = byte(i)
		first, other := murmur3.Sum128WithSeed(key[:i], uint32(256-i))
		all = binary.LittleEndian.AppendUint64(all, first)
		all = binary.LittleEndian.AppendUint64(all, other)
	}
	first, _ := murmur3.Sum128WithSeed(all, 0)
	if got := uint32(first); got != 0x6384BA69 {
		t.Errorf("SMHasher verification = %#x, published 0x6384ba69", got)
	}
}

// TestPointHashesTheDocumentedText is the promise made to SQL: one concatenated
// text, also where it outgrows the usual room.
func TestPointHashesTheDocumentedText(t *testing.T) {
	t.Parallel()
	long, giant := strings.Repeat("長", usualText), strings.Repeat("x", 3*mostKept)
	for _, c := range []struct{ purpose, salt, unit, text string }{
		{Holdout, "", "v1", "om1|holdout||v1"},
		{Layer, "price-tests", "v1", "om1|layer|price-tests|v1"},
		{Traffic, "cart-rescue", "山田 花子", "om1|traffic|cart-rescue|山田 花子"},
		{Variant, "cart-rescue", "a|b", "om1|variant|cart-rescue|a|b"},
		{Variant, "s", long, "om1|variant|s|" + long},
		{Variant, "s", giant, "om1|variant|s|" + giant},
		{Variant, "s", "v1", "om1|variant|s|v1"},
	} {
		if got, want := Point(c.purpose, c.salt, c.unit), murmur3.Sum64([]byte(c.text)); got != want {
			t.Errorf("Point(%q, %q, %.20q) = %x, hash of %.40q = %x", c.purpose, c.salt, c.unit, got, c.text, want)
		}
	}
}

// TestScaleAtEveryEdge checks all 10,000 edges against exact integers: a bucket
// begins at ceil(k·2⁶⁴/10000), and the point before it belongs to the one before.
func TestScaleAtEveryEdge(t *testing.T) {
	t.Parallel()
	circle := new(big.Int).Lsh(big.NewInt(1), 64)
	for k := range int64(Buckets) {
		edge := new(big.Int).Mul(big.NewInt(k), circle)
		edge.Add(edge, big.NewInt(Buckets-1)).Div(edge, big.NewInt(Buckets))
		point := edge.Uint64()
		if got := scale(point); got != int(k) {
			t.Fatalf("scale(%d) = %d, want %d: the first point of its bucket", point, got, k)
		}
		if k > 0 && scale(point-1) != int(k-1) {
			t.Fatalf("scale(%d) = %d, want %d: the last point of its bucket", point-1, scale(point-1), k-1)
		}
	}
	if got := scale(1<<64 - 1); got != Buckets-1 {
		t.Errorf("scale of the last point = %d, want %d", got, Buckets-1)
	}
}

// TestBucketsNeverMove holds assignments that are out in the world: a change
// here would move visitors of running campaigns. The values were worked out with
// a second implementation, written from the description of the algorithm.
func TestBucketsNeverMove(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		purpose, salt, unit string
		point               uint64
		bucket              int
	}{
		{Holdout, "", "018f3b1e-7c2a-7d10-9b1a-0242ac120002", 0x991e9ce9fa1a8958, 5981},
		{Layer, "price-tests", "018f3b1e-7c2a-7d10-9b1a-0242ac120002", 0x4149870cf4859eef, 2550},
		{Traffic, "cart-rescue", "018f3b1e-7c2a-7d10-9b1a-0242ac120002", 0x37bb1e22c2af9e0f, 2176},
		{Variant, "cart-rescue", "018f3b1e-7c2a-7d10-9b1a-0242ac120002", 0xce4eddf1da08dc39, 8058},
		{Variant, "cart-rescue", "hanako@example.jp", 0xafaf23065911c017, 6862},
		{Variant, "cart-rescue", "山田花子", 0x042fbc153f67a949, 163},
		{Variant, "cart-rescue", "1", 0x5c6befe860a1c43e, 3610},
	} {
		point, bucket := Point(c.purpose, c.salt, c.unit), Bucket(c.purpose, c.salt, c.unit)
		if point != c.point || bucket != c.bucket {
			t.Errorf("%s|%s|%s moved to %#016x, %d; it was at %#016x, %d", c.purpose, c.salt, c.unit, point, bucket, c.point, c.bucket)
		}
	}
}
