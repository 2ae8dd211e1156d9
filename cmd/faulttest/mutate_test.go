package faulttest

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// good are bodies that are taken as they are, by the route that takes them; a
// route that openapi.yaml has and this has not is sent those of the others.
var good = map[string]string{
	"/v1/events": `{"sent_at":"2026-11-22T03:00:00Z","consent":"granted","visitor":{"id":"m1","traits":{"rank":"gold"}},"events":[
		{"id":"018f3b1e-7a00-7d10-9b1a-0123456789ab","name":"purchase","time":1796083200000,"properties":{"value":6800,"currency":"JPY","transaction_id":"T1","items":[{"item_id":"a","price":3400,"quantity":2}]}},
		{"name":"page_view","visitor":{"id":"m2","user_id":"u2"},"page":{"url":"https://shop.example/items/1?utm_source=line","title":"春","referrer":"https://t.co/","item":{"id":"1","price":3400}}},
		{"name":"omo_engagement","properties":{"scroll":50,"dwell":12.5,"campaign":"hello"}}]}`,
	"/v1/decide": `{"visitor":{"id":"m3","user_id":"u1","traits":{"rank":"gold","age":30}},"page":{"url":"https://shop.example/cart","title":"カート","type":"cart","item":{"id":"1","name":"n","price":1.5}},
		"events":[{"name":"add_to_cart","properties":{"value":6800,"items":[{"item_id":"a","quantity":1}]}}],"slots":["bar"],"consent":"granted","explain":true,
		"context":{"user_agent":"Mozilla/5.0","ip":"203.0.113.9","language":"ja"},"page_view_id":"018f3b1e-7a00-7d10-9b1a-0123456789ac"}`,
	"/v1/explain":               `{"visitor":"m1","page":{"url":"https://shop.example/"},"at":"2026-11-22T03:00:00Z","campaign":"hello"}`,
	"/v1/coupons/{pool}/redeem": `{"code":"WEL-1","visitor":{"id":"m1"},"order":"o-1"}`,
	"/v1/operators/{id}":        `{"online":true,"channels":["chat","phone"]}`,
	"/v1/batch":                 `{"batch":[{"type":"track","event":"Order Completed","anonymousId":"m4","userId":"u4","messageId":"x-1","timestamp":"2026-11-22T03:00:00Z","properties":{"total":10,"products":[{"product_id":"a","price":5,"quantity":2}]}},{"type":"identify","userId":"u4","traits":{"email":"a@example.com"}}],"sentAt":"2026-11-22T03:00:00Z"}`,
	"/v1/track":                 `{"event":"Product Added","anonymousId":"m5","messageId":"x-2","properties":{"product_id":"a","price":5},"context":{"page":{"url":"https://shop.example/"},"ip":"203.0.113.9"}}`,
	"/ofrep/v1/evaluate/flags":  `{"context":{"targetingKey":"m6","page":{"url":"https://shop.example/"}}}`,
}

// odd are values that stand where they should not.
var odd = []string{
	`null`, `true`, `false`, `""`, `"x"`, `0`, `-1`, `1e400`, `-1e400`, `1e308`, `1e-400`, `-0`, `9007199254740993`, `18446744073709551616`,
	`[]`, `{}`, `[null]`, `[[]]`, `{"":null}`, `"\u0000"`, `"\ud800"`, `"\udc00\ud800"`, `"\u202e"`, `"\ufeff"`, `"'; DROP TABLE events; --"`,
	`"0000-00-00T00:00:00Z"`, `"9999-12-31T23:59:60Z"`, `"2026-11-22T03:00:00+99:99"`, `"292277026596-12-04T15:30:08Z"`, `"1970-01-01"`, `253402300800000`, `-62135596800000`,
	`"018f3b1e-7a00-7d10-9b1a-0123456789ag"`, `"ffffffff-ffff-ffff-ffff-ffffffffffff"`, `"javascript:alert(1)"`, `"http://[::1"`, `"//"`, `"%zz"`, `"../../etc/passwd"`,
	`"` + strings.Repeat("長", 300) + `"`, `"` + strings.Repeat("a", 40_000) + `"`, strings.Repeat("9", 10_000), `0.` + strings.Repeat("3", 10_000),
	strings.Repeat("[", 40) + strings.Repeat("]", 40), strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat("}", 40), strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
	`[` + strings.Repeat(`{},`, 600) + `{}]`, `{"a":1,"a":2,"a":{"a":3}}`,
}

// scraps are bytes that break what stands around them.
var scraps = []string{
	"\x00", "\xff", "\xed\xa0\x80", "\xc0\xaf", "\xef\xbb\xbf", "\x1f\x8b\x08", "\u2028", "{", "}", "[", "]", `"`, `\`, `\u`, `\ud83d`, ",", ":", "//", "/**/", "NaN", "Infinity", "-", "+1", "01", "1e", "0x10",
	`"id":`, `"events":[`, `"visitor":{"id":""},`, "'", "\r\n\r\n", "\t",
}

// tear changes the bytes of a body at a few places, whatever stands there.
func tear(r *rand.Rand, body []byte) []byte {
	body = slices.Clone(body)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(body) + 1)
		end := min(len(body), at+r.IntN(1+r.IntN(64)))
		switch r.IntN(6) {
		case 0:
			body = slices.Concat(body[:at], body[end:])
		case 1:
			body = slices.Concat(body[:at], body[at:end], body[at:])
		case 2:
			body = body[:at]
		case 3:
			if at < len(body) {
				body[at] ^= byte(1 << r.IntN(8))
			}
		default:
			body = slices.Concat(body[:at], []byte(scraps[r.IntN(len(scraps))]), body[at:])
		}
	}
	return body
}

// misplace puts odd values at a few places of a JSON text; what comes out is
// JSON still, but for numbers nobody can hold.
func misplace(r *rand.Rand, body []byte) []byte {
	var tree any
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber()
	if err := numbers.Decode(&tree); err != nil {
		panic(err) // a good body of ours
	}
	for range 1 + r.IntN(3) {
		tree = replaceOne(r, tree)
	}
	out, err := json.Marshal(tree)
	if err != nil {
		panic(err)
	}
	return out
}

// replaceOne walks down to a random depth and puts an odd value there.
func replaceOne(r *rand.Rand, node any) any {
	value := json.RawMessage(odd[r.IntN(len(odd))])
	switch n := node.(type) {
	case map[string]any:
		if len(n) == 0 || r.IntN(12) == 0 {
			return value
		}
		keys := slices.Sorted(maps.Keys(n))
		key := keys[r.IntN(len(keys))]
		switch r.IntN(10) {
		case 0:
			delete(n, key)
		case 1:
			n[string(value[:min(len(value), 200)])] = n[key]
		default:
			n[key] = replaceOne(r, n[key])
		}
		return n
	case []any:
		if len(n) == 0 || r.IntN(12) == 0 {
			return value
		}
		at := r.IntN(len(n))
		n[at] = replaceOne(r, n[at])
		return n
	default:
		return value
	}
}
