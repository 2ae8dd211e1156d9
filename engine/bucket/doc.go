// Package bucket turns (purpose, salt, unit) into a point and a point into a
// bucket. It is the only source of chance in a decision, and it is no chance at
// all: the same three texts give the same bucket for ever, on every machine,
// and in SQL.
//
//	"om1|" + purpose + "|" + salt + "|" + unit
//	        │ murmur3 x64_128, first half
//	        ▼
//	point   0 ........................ 2⁶⁴−1
//	        │ high 64 bits of point × 10000
//	        ▼
//	bucket  0 ......................... 9999   low ≤ bucket < high: a range's own
//
// Why integers. A float in [0,1) rounds, and a range's edge that is computed as
// a sum of floats (0.1+0.2) can leave a gap or an overlap that a visitor falls
// into. The multiply-high has no modulo bias, and the resolution can grow later
// (× 100000) without moving anyone across an edge that exists today.
//
// Why purposes are apart. The holdout, a layer, the traffic gate and the
// variant each hash their own text. If the traffic gate and the variant shared
// a hash, a campaign at 50 % traffic would admit only units of the lower half
// and show all of them the first variants; and campaigns that share a hash
// correlate with each other. The salt does the same between campaigns.
//
// Why raising the traffic is harmless. A campaign admits bucket < share, so a
// greater share admits all who were in and only adds; and as the variant hashes
// another text, nobody changes variant.
//
// The salt ([a-z0-9_-]+, or empty for the holdout) and the purposes never hold a
// "|", hence no two different triples are one text, whatever the unit holds.
// Bytes are hashed as stored, without folding. A unit that is empty is nobody,
// and callers must not bucket it.
//
// ClickHouse computes the same bucket from the same text s:
//
//	bitShiftRight(toUInt128(reinterpretAsUInt64(substring(murmurHash3_128(s), 1, 8))) * 10000, 64)
package bucket
