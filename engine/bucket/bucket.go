package bucket

import (
	"math/bits"
	"sync"

	"github.com/spaolacci/murmur3"
)

// What a bucket is drawn for. Each purpose is hashed apart: see the package comment.
const (
	// Holdout: who gets no campaign at all. The salt is empty.
	Holdout = "holdout"
	// Layer: which campaign of a layer a unit may meet. The salt is the layer's name.
	Layer = "layer"
	// Traffic: whether a campaign admits a unit. The salt is the campaign's.
	Traffic = "traffic"
	// Variant: which of a campaign's variants a unit gets. The salt is the campaign's.
	Variant = "variant"
)

// Buckets is the number of buckets: one is a hundredth of a percent.
const Buckets = 10000

// version opens every hashed text, so that another scheme could live beside this one.
const version = "om1|"

// usualText is the room first given to a hashed text: a visitor id and a long salt fit.
// A buffer that grew past mostKept bytes is not kept.
const (
	usualText = 160
	mostKept  = 4096
)

// texts holds scratch memory and nothing that outlives a call. The hash keeps its
// input behind a pointer, so that a buffer on the stack would move to the heap at
// every call: one allocation a draw, for each live campaign of each visit.
var texts = sync.Pool{New: func() any {
	text := make([]byte, 0, usualText)
	return &text
}}

// Point is the unit's place on the circle of 2⁶⁴ points for this purpose and
// salt: murmur3.Sum64 of "om1|purpose|salt|unit".
func Point(purpose, salt, unit string) uint64 {
	room := texts.Get().(*[]byte)
	text := append((*room)[:0], version...)
	text = append(text, purpose...)
	text = append(text, '|')
	text = append(text, salt...)
	text = append(text, '|')
	text = append(text, unit...)
	point := murmur3.Sum64(text)
	if cap(text) <= mostKept { // a rare giant unit must not stay in memory
		*room = text
	}
	texts.Put(room)
	return point
}

// Bucket is the unit's bucket in [0, Buckets) for this purpose and salt.
func Bucket(purpose, salt, unit string) int {
	return scale(Point(purpose, salt, unit))
}

// Within tells whether bucket lies in the half-open range [low, high). Ranges
// that share an edge share no bucket; low == high holds none.
func Within(bucket, low, high int) bool {
	return low <= bucket && bucket < high
}

// scale maps a point to its bucket: the high word of the 128-bit product, which
// is floor(point × Buckets / 2⁶⁴) without a division or a float.
func scale(point uint64) int {
	high, _ := bits.Mul64(point, Buckets)
	return int(high)
}
