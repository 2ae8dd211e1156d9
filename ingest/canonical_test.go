package ingest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// anyEvent draws an event with any of its parts missing.
func anyEvent(t *rapid.T) Event {
	text := rapid.String()
	// 0 is added for the negative zero, which JSON has and this form has not.
	number := rapid.Map(rapid.Float64Range(-1e12, 1e12), func(n float64) float64 { return n + 0 })
	stamp := rapid.Int64Range(0, 1<<53)
	e := Event{
		ID: text.Draw(t, "id"), Visitor: text.Draw(t, "visitor"), User: text.Draw(t, "user"), Name: text.Draw(t, "name"),
		Time: stamp.Draw(t, "time"), Stated: stamp.Draw(t, "stated"), Received: stamp.Draw(t, "received"), Session: text.Draw(t, "session"),
		Consent: text.Draw(t, "consent"), Bot: rapid.Bool().Draw(t, "bot"), New: rapid.Bool().Draw(t, "new"),
	}
	if rapid.Bool().Draw(t, "has kinds") {
		e.Kinds = rapid.SliceOfN(text, 1, 3).Draw(t, "kinds")
	}
	if rapid.Bool().Draw(t, "has page") {
		e.Page = &Page{URL: text.Draw(t, "url"), Path: text.Draw(t, "path"), Title: text.Draw(t, "title"), Referrer: text.Draw(t, "referrer")}
		if rapid.Bool().Draw(t, "has item") {
			e.Page.Item = &Item{ID: text.Draw(t, "item"), Price: number.Draw(t, "price")}
		}
	}
	if rapid.Bool().Draw(t, "has device") {
		e.Device = &Device{Type: text.Draw(t, "type"), OS: text.Draw(t, "os"), Browser: text.Draw(t, "browser"), Language: text.Draw(t, "language")}
	}
	if rapid.Bool().Draw(t, "has geo") {
		e.Geo = &Geo{Country: text.Draw(t, "country"), IP: text.Draw(t, "ip")}
	}
	if rapid.Bool().Draw(t, "has source") {
		e.Source = &Source{Channel: text.Draw(t, "channel"), Medium: text.Draw(t, "medium")}
	}
	for _, name := range rapid.SliceOfN(text, 0, 4).Draw(t, "traits") {
		if e.Traits == nil {
			e.Traits = map[string]any{}
		}
		e.Traits[name] = rapid.OneOf(text.AsAny(), number.AsAny(), rapid.Bool().AsAny()).Draw(t, "trait")
	}
	if rapid.Bool().Draw(t, "has properties") {
		raw, err := json.Marshal(map[string]any{text.Draw(t, "key"): text.Draw(t, "value"), "value": number.Draw(t, "amount")})
		if err != nil {
			t.Fatal(err)
		}
		e.Properties = raw
	}
	return e
}

// The canonical form holds everything, and an event has one only.
func TestParseUndoesEncode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		raw, err := Encode(&e)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(raw) {
			t.Fatalf("%s is not JSON", raw)
		}
		back, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Fatalf("came back as\n%+v\nwas\n%+v", back, e)
		}
		again, err := Encode(&back)
		if err != nil || string(again) != string(raw) {
			t.Fatalf("encoded again as\n%s\nwas\n%s (%v)", again, raw, err)
		}
	})
}

// Readers that refuse broken UTF-8 never meet it, and HTML is left alone.
func TestEncodeMendsText(t *testing.T) {
	t.Parallel()
	var b Batch
	body := "{\"visitor\":{\"id\":\"v\"},\"events\":[{\"name\":\"search\",\"page\":{\"title\":\"<b>a\xffb\"},\"properties\":{\"term\":\"\xff\"}}]}"
	if err := Decode([]byte(body), &b); err != nil {
		t.Fatal(err)
	}
	e, refused := Accept(b.Events[0], b.Visitor, terms())
	if refused != nil {
		t.Fatal(refused)
	}
	e.Page.Title += "\xfe"
	raw, err := Encode(&e)
	if err != nil || !utf8.Valid(raw) || !json.Valid(raw) || !strings.Contains(string(raw), `<b>a`) {
		t.Errorf("encoded as %q (%v)", raw, err)
	}
}

// A position in the ledger is not part of an event.
func TestEncodeLeavesThePositionOut(t *testing.T) {
	t.Parallel()
	e := Event{ID: "i", Visitor: "v", Name: "login", Seq: 7, Idx: 3, Props: Properties{Campaign: "c"}}
	raw, err := Encode(&e)
	if want := `{"id":"i","visitor":"v","name":"login","time":0,"received":0}`; err != nil || string(raw) != want {
		t.Errorf("%s, %v, want %s", raw, err, want)
	}
}

func TestParseRefusesWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `{`, `[]`, `{"time":"x"}`} {
		if _, err := Parse([]byte(raw)); err == nil || !strings.HasPrefix(err.Error(), "event cannot be read: ") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// usual is a purchase as shops send it.
func usual(t testing.TB) Event {
	in := Incoming{
		ID: "018f3b1e-7a00-7d10-9b1a-0123456789ab", Name: "purchase", Time: at(received),
		Page:       &Page{URL: "https://shop.example/thanks?utm_source=line&utm_medium=message", Title: "ご注文ありがとうございます", Referrer: "https://shop.example/checkout"},
		Properties: json.RawMessage(`{"value":12800,"currency":"JPY","transaction_id":"T-100","items":[{"item_id":"sku-1","item_name":"コットンニット","price":6400,"quantity":2}]}`),
	}
	e, refused := Accept(in, &Who{ID: "018f3b1e-7a00-7d10-9b1a-0123456789ac"}, terms())
	if refused != nil {
		t.Fatal(refused)
	}
	NewEnricher().Enrich(&e, Surroundings{UserAgent: iphone, Language: "ja", IP: "203.0.113.7", Consent: "granted"})
	return e
}

func BenchmarkEncodeAPurchase(b *testing.B) {
	e := usual(b)
	b.ReportAllocs()
	for b.Loop() {
		raw, err := Encode(&e)
		if err != nil || len(raw) < 400 {
			b.Fatal(len(raw), err)
		}
	}
}

func BenchmarkParseAPurchase(b *testing.B) {
	e := usual(b)
	raw, err := Encode(&e)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if back, err := Parse(raw); err != nil || back.ID != e.ID {
			b.Fatal(back, err)
		}
	}
}
