package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// received is when the tests' events come in.
var received = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

const minted = "0191e8a0-0000-7000-8000-000000000001"

func terms() Terms {
	return Terms{Received: received, NewID: func() string { return minted }}
}

func at(t time.Time) Stamp { return Stamp(t.UnixMilli()) }

// Each refusal says what is wrong and what would be right.
func TestAcceptRefuses(t *testing.T) {
	t.Parallel()
	v := &Who{ID: "v1"}
	purchase := func(properties string) Incoming {
		return Incoming{Name: "purchase", Properties: json.RawMessage(properties)}
	}
	for _, c := range []struct {
		in    Incoming
		batch *Who
		want  string
	}{
		{Incoming{Name: "login"}, nil, "no_visitor: the event names no visitor: give visitor.id in the event or the batch"},
		{Incoming{Name: "login", Visitor: &Who{UserID: "u1"}}, &Who{}, "no_visitor: the event names no visitor: give visitor.id in the event or the batch"},
		{Incoming{Name: "login"}, &Who{ID: "a\x00b"}, "bad_visitor: visitor.id is longer than 128 bytes or has control characters"},
		{Incoming{Name: "login"}, &Who{ID: strings.Repeat("v", 129)}, "bad_visitor: visitor.id is longer than 128 bytes or has control characters"},
		{Incoming{Name: "login", Visitor: &Who{ID: "a\xffb"}}, v, "bad_visitor: visitor.id is longer than 128 bytes or has control characters"},
		{Incoming{}, v, `bad_name: name "" does not match [a-z][a-z0-9_]{0,63}`},
		{Incoming{Name: "Order Completed"}, v, `bad_name: name "Order Completed" does not match [a-z][a-z0-9_]{0,63}`},
		{Incoming{Name: "購入"}, v, `bad_name: name "購入" does not match [a-z][a-z0-9_]{0,63}`},
		{Incoming{Name: strings.Repeat("a", 65)}, v, `bad_name: name "` + strings.Repeat("a", 65) + `" does not match [a-z][a-z0-9_]{0,63}`},
		{Incoming{Name: "A" + strings.Repeat("a", 1000)}, v, `bad_name: name "A` + strings.Repeat("a", 79) + `…" does not match [a-z][a-z0-9_]{0,63}`},
		{Incoming{Name: "omo_decision"}, v, "reserved_name: names that begin with omo_ are the product's, and omo_decision is written by the server only: use another name"},
		{Incoming{Name: "omo_rules"}, v, "reserved_name: names that begin with omo_ are the product's, and omo_rules is written by the server only: use another name"},
		{Incoming{Name: "omo_merge"}, v, "reserved_name: names that begin with omo_ are the product's, and omo_merge is written by the server only: use another name"},
		{Incoming{Name: "omo_mine"}, v, "reserved_name: names that begin with omo_ are the product's, and omo_mine is written by the server only: use another name"},
		{Incoming{Name: "page_view", Page: &Page{URL: strings.Repeat("u", MaxEventBytes)}}, v, "too_large: the event has 32777 bytes, at most 32768 are taken: send less with it"},
		{purchase(`{"note":"` + strings.Repeat("x", MaxEventBytes) + `"}`), v, "too_large: the event has 32787 bytes, at most 32768 are taken: send less with it"},
		{purchase(manyFields(MaxProperties + 1)), v, "bad_properties: properties has 257 fields, at most 256 are taken: send those that somebody asks for"},
		{purchase(`[1]`), v, "bad_properties: properties is not an object"},
		{purchase(`"five"`), v, "bad_properties: properties is not an object"},
		{purchase(`{"value":"6800"}`), v, "bad_properties: properties.value is a text, expected a number of ordinary size"},
		{purchase(`{"value":1e400}`), v, "bad_properties: properties.value is the number 1e400, expected a number of ordinary size"},
		{purchase(`{"value":-1e308}`), v, "bad_properties: properties.value is -1e+308, no amount that a shop would count"},
		{purchase(`{"transaction_id":true}`), v, "bad_properties: properties.transaction_id is true or false, expected a text"},
		{purchase(`{"items":{"item_id":"a"}}`), v, "bad_properties: properties.items is an object, expected a list"},
		{purchase(`{"items":[{"price":"980"}]}`), v, "bad_properties: properties.items.price is a text, expected a number of ordinary size"},
		{purchase(`{"items":[{},{"price":1e13}]}`), v, "bad_properties: properties.items[1].price is 1e+13, no amount that a shop would count"},
		{purchase(`{"items":[{"quantity":1e13}]}`), v, "bad_properties: properties.items[0].quantity is 1e+13, no amount that a shop would count"},
		{Incoming{Name: "omo_exposure", Properties: json.RawMessage(`{"campaign":7}`)}, v, "bad_properties: properties.campaign is a number, expected a text"},
	} {
		_, refused := Accept(c.in, c.batch, terms())
		if refused == nil {
			t.Errorf("accepted, want %s", c.want)
		} else if got := refused.Code + ": " + refused.Message; got != c.want {
			t.Errorf("refused with\n%s\nwant\n%s", got, c.want)
		}
	}
}

// manyFields is an object with n fields, the last of which has more in it.
func manyFields(n int) string {
	var text strings.Builder
	for i := range n - 1 {
		fmt.Fprintf(&text, `"f%d":":{\"",`, i)
	}
	return "{" + text.String() + `"last":{"a":1,"b":[{"c":2}]}}`
}

// As many properties as may be are taken, whatever is in them.
func TestAcceptManyProperties(t *testing.T) {
	t.Parallel()
	if _, refused := Accept(Incoming{Name: "login", Properties: json.RawMessage(manyFields(MaxProperties))}, &Who{ID: "v1"}, terms()); refused != nil {
		t.Errorf("refused: %+v", refused)
	}
}

// Ids and names that a shop writes as numbers are the texts that they look like, in
// what is kept as in what is read of it; other numbers stay numbers.
func TestAcceptNumbersAsNames(t *testing.T) {
	t.Parallel()
	in := Incoming{Name: Purchase, Properties: json.RawMessage(`{"transaction_id": 12345678901234567890, "coupon": -33, "value": 980, "items": [{"item_id": 1001, "item_name": 5, "item_category": 7, "item_brand": 8, "price": 490, "size": 26}, null]}`)}
	e, refused := Accept(in, &Who{ID: "v1"}, terms())
	if refused != nil {
		t.Fatal(refused)
	}
	const kept = `{"coupon":"-33","items":[{"item_brand":"8","item_category":"7","item_id":"1001","item_name":"5","price":490,"size":26},null],"transaction_id":"12345678901234567890","value":980}`
	if string(e.Properties) != kept {
		t.Errorf("kept is %s", e.Properties)
	}
	want := []OrderItem{{ID: "1001", Name: "5", Category: "7", Brand: "8", Price: 490}, {}}
	if p := e.Props; p.TransactionID != "12345678901234567890" || p.Coupon != "-33" || *p.Value != 980 || !slices.Equal(p.Items, want) {
		t.Errorf("read is %+v", p)
	}
}

// The event's own visitor wins over the batch's, where it names one.
func TestAcceptVisitor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		own  *Who
		want string
	}{{nil, "batch"}, {&Who{ID: "own"}, "own"}, {&Who{Traits: map[string]any{"rank": "gold"}}, "batch"}} {
		e, refused := Accept(Incoming{Name: "login", Visitor: c.own}, &Who{ID: "batch"}, terms())
		if refused != nil || e.Visitor != c.want {
			t.Errorf("visitor %q, %v, want %q", e.Visitor, refused, c.want)
		}
	}
}

// The product's own events that browsers send, and any name a shop makes up.
func TestAcceptNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"page_view", "purchase", "a", "booking_2", strings.Repeat("a", 64), "omo_exposure", "omo_click",
		"omo_close", "omo_answer", "omo_chat", "omo_engagement", "omo_error", "omotenashi"} {
		if _, refused := Accept(Incoming{Name: name}, &Who{ID: "v"}, terms()); refused != nil {
			t.Errorf("%s: %+v", name, refused)
		}
	}
}

// A UUID stays; a foreign id becomes a UUID, the same one every time.
func TestAcceptIDs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, want string }{
		{"018f3b1e-7a00-7d10-9b1a-0123456789ab", "018f3b1e-7a00-7d10-9b1a-0123456789ab"},
		{"018F3B1E-7A00-7D10-9B1A-0123456789AB", "018f3b1e-7a00-7d10-9b1a-0123456789ab"},
		{"", minted},
		{"ajs-next-1764547200000-abc", "ba4777b1-c2c1-5630-96be-979a1fba91ab"},
		{"注文-1", "cf1ec858-fcef-51e6-89ff-2e29dda72e8b"},
	} {
		for range 2 {
			e, refused := Accept(Incoming{ID: c.id, Name: "login"}, &Who{ID: "v"}, terms())
			if refused != nil || e.ID != c.want {
				t.Errorf("%q: %s, %v, want %s", c.id, e.ID, refused, c.want)
			}
		}
	}
}

// Clocks lie: a time is moved by what the client's clock is off when it sent,
// kept within seven days and never after receipt; what it said is kept.
func TestAcceptTimes(t *testing.T) {
	t.Parallel()
	const minute, hour, day = time.Minute, time.Hour, 24 * time.Hour
	for _, c := range []struct {
		name    string
		stated  time.Duration // from receipt
		sent    time.Duration // the client's clock when it sent, from receipt
		untold  bool          // no sent_at
		trusted bool
		want    time.Duration
	}{
		{name: "a right clock", stated: -minute, want: -minute},
		{name: "no sent_at", stated: -minute, untold: true, want: -minute},
		{name: "an hour fast", stated: hour - minute, sent: hour, want: -minute},
		{name: "an hour slow", stated: -hour - minute, sent: -hour, want: -minute},
		{name: "ten years fast", stated: 3652*day - minute, sent: 3652 * day, want: -minute},
		{name: "ten years slow", stated: -3652*day - minute, sent: -3652 * day, want: -minute},
		{name: "fast, and no sent_at", stated: hour, untold: true, want: 0},
		{name: "after it was sent", stated: 2 * hour, sent: hour, want: 0},
		{name: "seven days old", stated: -7 * day, want: -7 * day},
		{name: "older", stated: -8 * day, want: -7 * day},
		{name: "older, from history", stated: -800 * day, trusted: true, want: -800 * day},
		{name: "history in the future", stated: hour, trusted: true, want: 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			terms := terms()
			terms.Trusted = c.trusted
			if !c.untold {
				terms.SentAt = at(received.Add(c.sent))
			}
			stated := at(received.Add(c.stated))
			e, refused := Accept(Incoming{Name: "login", Time: stated}, &Who{ID: "v"}, terms)
			if refused != nil {
				t.Fatal(refused)
			}
			if got := time.Duration(e.Time-e.Received) * time.Millisecond; got != c.want {
				t.Errorf("time is %s from receipt, want %s", got, c.want)
			}
			said := int64(0)
			if c.want != c.stated {
				said = int64(stated)
			}
			if e.Stated != said || e.Received != received.UnixMilli() {
				t.Errorf("stated %d, received %d, want %d, %d", e.Stated, e.Received, said, received.UnixMilli())
			}
		})
	}
	t.Run("no time", func(t *testing.T) {
		t.Parallel()
		e, _ := Accept(Incoming{Name: "login"}, &Who{ID: "v"}, terms())
		if e.Time != e.Received || e.Stated != 0 {
			t.Errorf("time %d, stated %d, want %d, 0", e.Time, e.Stated, e.Received)
		}
	})
}

// Properties are kept as they came, less the space between; what the product
// reads of them is typed, and a shop's own names are its own.
func TestAcceptProperties(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, kept, read string }{
		{"purchase", ` { "value" : 6800 , "note" : "a  b" } `, `{"value":6800,"note":"a  b"}`, "value 6800"},
		{"purchase", `{"value":6800}`, `{"value":6800}`, "value 6800"},
		{"purchase", `{}`, ``, "nothing"},
		{"purchase", `null`, ``, "nothing"},
		{"purchase", ``, ``, "nothing"},
		{"booking", `{"value":5,"campaign":["spring"],"trigger":7,"outcomes":"none"}`, `{"value":5,"campaign":["spring"],"trigger":7,"outcomes":"none"}`, "value 5"},
		{"search", `{"search_term":"靴","big":123456789012345678901234567890}`, `{"search_term":"靴","big":123456789012345678901234567890}`, "nothing"},
	} {
		e, refused := Accept(Incoming{Name: c.name, Properties: json.RawMessage(c.in)}, &Who{ID: "v"}, terms())
		if refused != nil {
			t.Errorf("%s: %+v", c.in, refused)
			continue
		}
		read := "nothing"
		if e.Props.Value != nil {
			read = fmt.Sprint("value ", *e.Props.Value)
		}
		if string(e.Properties) != c.kept || read != c.read {
			t.Errorf("%s: kept %s, read %s, want %s, %s", c.in, e.Properties, read, c.kept, c.read)
		}
	}
}
