package ingest

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// Whatever bytes come: no panic, every event is good or refused with a reason,
// and what is accepted can be kept and read back.
func FuzzDecodeAndAccept(f *testing.F) {
	for _, body := range []string{
		`{"visitor":{"id":"v1"},"sent_at":"2026-12-01T09:00:00Z","events":[{"id":"018f3b1e-7a00-7d10-9b1a-0123456789ab","name":"purchase","time":1796083200000,"properties":{"value":6800,"transaction_id":"T1","items":[{"item_id":"a","price":3400,"quantity":2}]}}]}`,
		`{"events":[{"name":"page_view","visitor":{"id":"v","traits":{"rank":"gold"}},"page":{"url":"https://shop.example/%zz?utm_source=line","referrer":"https://t.co/","item":{"price":1e400}}}]}`,
		`{"visitor":{"id":"\u0000"},"events":[null,3,"x",[],{},{"name":3}]}`,
		`{"visitor":{"id":"v"},"events":[{"name":"a","time":-1},{"name":"a","time":1e300},{"name":"a","time":"9999-12-31T23:59:59Z"},{"name":"a","time":[]}]}`,
		"{\"visitor\":{\"id\":\"v\"},\"events\":[{\"name\":\"a\",\"properties\":{\"x\":\"\xff\xed\xa0\x80\"}}]}",
		`{"visitor":{"id":"v"},"events":[{"name":"a","properties":{"\ud800":"\udfff\u0000","value":1e308}}]}`,
		`{"visitor":{"id":"v"},"events":[{"name":"omo_exposure","properties":{"campaign":"c","outcomes":[{"campaign":1}]}}]}`,
		`{"visitor":null,"events":null}`, `{"events":[{"properties":{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[`, `[`, `"`, `\`, ``, "\x1f\x8b",
	} {
		f.Add([]byte(body))
	}
	enricher := NewEnricher()
	f.Fuzz(func(t *testing.T, body []byte) {
		var b Batch
		if err := Decode(body, &b); err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a word")
			}
			return
		}
		for _, in := range b.Events {
			e, refused := Accept(in, b.Visitor, terms())
			if refused != nil {
				if refused.Code == "" || refused.Message == "" {
					t.Fatalf("refused without a reason: %+v", refused)
				}
				continue
			}
			enricher.Enrich(&e, Surroundings{UserAgent: string(body), Language: string(body), IP: string(body)})
			raw, err := Encode(&e)
			if err != nil || !json.Valid(raw) || !utf8.Valid(raw) {
				t.Fatalf("accepted, and encoded as %q (%v)", raw, err)
			}
			back, err := Parse(raw)
			if err != nil || back.ParseProperties() != nil {
				t.Fatalf("accepted, and cannot be read back: %q (%v)", raw, err)
			}
			if e.Time > e.Received || e.Time < e.Received-MaxPast.Milliseconds() {
				t.Fatalf("time %d of an event received at %d", e.Time, e.Received)
			}
		}
	})
}
