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
			in.Canonical()
			goodOrRefused(t, enricher, in, b.Visitor, string(body))
		}
	})
}

// goodOrRefused takes one event in and looks at what becomes of it.
func goodOrRefused(t *testing.T, enricher *Enricher, in Incoming, who *Who, around string) {
	t.Helper()
	e, refused := Accept(in, who, terms())
	if refused != nil {
		if refused.Code == "" || refused.Message == "" {
			t.Fatalf("refused without a reason: %+v", refused)
		}
		return
	}
	enricher.Enrich(&e, Surroundings{UserAgent: around, Language: around, IP: around})
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

// The same of Segment's messages, and of every event in the words of KARTE.
func FuzzSegment(f *testing.F) {
	for _, body := range []string{
		`{"batch":[{"type":"track","messageId":7,"anonymousId":"a","event":"Order Completed","properties":{"orderId":1,"revenue":"1e400","products":[{"price":"NaN","id":[]},null]},"context":{"page":{"url":"%zz"},"campaign":{"name":"\ud800"},"consent":{"categoryPreferences":{"a":true}}}}]}`,
		`{"batch":[{"type":"page","userId":"u","name":"\u0000","properties":{"url":"/a","title":7}},{"type":"identify","traits":null,"context":null},{"type":"group","groupId":-1,"traits":{"value":"x"}},{"type":"alias","previousId":"a"}],"context":[]}`,
		`{"type":"track","event":"buy","properties":{"items":[1],"item_ids":["a"],"price":"-0","quantity":0}}`,
	} {
		f.Add([]byte(body), "batch", "cart")
		f.Add([]byte(body), "track", "buy")
	}
	enricher := NewEnricher()
	f.Fuzz(func(t *testing.T, body []byte, call, name string) {
		batch, err := DecodeSegment(body, call)
		if err != nil {
			return
		}
		for _, in := range batch.Events {
			goodOrRefused(t, enricher, in, in.Visitor, string(body))
			in.Beside, in.Name = nil, name
			in.Canonical()
			goodOrRefused(t, enricher, in, in.Visitor, string(body))
		}
	})
}
