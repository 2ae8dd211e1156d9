package ingest

import (
	"bytes"
	"encoding/json"
)

// Canonical gives an event in the words of KARTE, of GA4's Measurement Protocol
// or of Segment's specification its canonical name, fields, page and visitor.
// An event that has them keeps them.
func (in *Incoming) Canonical() {
	if in.Beside != nil { // DecodeSegment has done it
		return
	}
	if len(in.Properties) == 0 {
		in.Properties = in.Params
	}
	if in.Time == 0 {
		in.Time = in.Micros / 1000
	}
	switch {
	case in.Name == "view":
		in.karteView()
	case in.Name == "buy":
		in.Name = Purchase
		in.Properties = translate(in.Properties, karteBuy)
	case in.Name == "cart":
		in.Name = "view_cart"
		in.Properties = translate(in.Properties, karteCart)
	case in.Name == Identify && len(in.Properties) > 0:
		in.karteIdentify()
	case in.Name == PageView:
		in.pageLocation()
	case commerce[in.Name]:
		in.flat()
	case in.Name != "" && in.Name[0] >= 'A' && in.Name[0] <= 'Z':
		if name, known := segmentNames[snakeCase(in.Name)]; known {
			in.Name = name
			in.Properties = translate(in.Properties, func(f fields) { segmentFields(name, f) })
		}
	}
}

// karteView is KARTE's view of a page: its name is the page's type.
func (in *Incoming) karteView() {
	in.Name = PageView
	page := Page{}
	if in.Page != nil {
		page = *in.Page
	}
	in.Properties = translate(in.Properties, func(f fields) {
		page.Type, page.Title = or(page.Type, f.text("view_name")), or(page.Title, f.text("title"))
	})
	if page.URL != "" {
		in.Page = &page
	}
}

// karteBuy is KARTE's purchase; one product may stand in the event itself.
func karteBuy(f fields) {
	f.numbers("revenue")
	f.rename("revenue", "value")
	f.numbers("value")
	f.texts("transaction_id")
	f.karteItems()
}

// karteCart is KARTE's cart: all that is in it. An empty one says so in status.
func karteCart(f fields) {
	f.numbers("price", "quantity")
	f.numbers("price", "quantity")
	price, priced := f.number("price")
	switch {
	case string(f["status"]) == "false":
		f.set("items", []fields{})
		f.set("value", 0)
		f.take("price")
		return
	case f.list("items") != nil:
	case f["item_ids"] != nil:
		f.parallel()
	case priced: // the products are not told
		one := fields{}
		quantity, counted := f.number("quantity")
		if !counted || quantity < 1 {
			quantity = 1
		}
		one.set("price", price/quantity)
		one.set("quantity", quantity)
		f.set("items", []fields{one})
	}
	f.rename("price", "value")
	f.karteItems()
}

// parallel makes products of KARTE's lists of ids, names, prices and quantities.
func (f fields) parallel() {
	columns := f.take("item_ids", "item_names", "item_prices", "item_quantities")
	var rows []fields
	for from, to := range map[string]string{"item_ids": "item_id", "item_names": "name", "item_prices": "price", "item_quantities": "quantity"} {
		var values []json.RawMessage
		if json.Unmarshal(columns[from], &values) != nil {
			continue
		}
		for i, value := range values {
			if i == len(rows) {
				rows = append(rows, fields{})
			}
			rows[i][to] = value
		}
	}
	f.set("items", rows)
}

func (f fields) karteItems() {
	if _, listed := f["items"]; !listed && f["item_id"] != nil {
		f.set("items", []fields{f.take("item_id", "name", "price", "quantity", "l_category_name", "m_category_name", "s_category_name", "brand_name", "item_url", "item_image_url")})
	}
	f.items(func(item fields) {
		for _, pair := range [...][2]string{
			{"name", "item_name"}, {"brand_name", "item_brand"},
			{"l_category_name", "item_category"}, {"m_category_name", "item_category2"}, {"s_category_name", "item_category3"},
		} {
			item.rename(pair[0], pair[1])
		}
	})
}

// karteIdentify reads who it is out of the event's fields. They are not kept
// there: what site.yaml declares becomes a trait, and the rest is nobody's business.
func (in *Incoming) karteIdentify() {
	var told map[string]any
	if json.Unmarshal(in.Properties, &told) != nil {
		return // Accept says what it is
	}
	who := Who{}
	if in.Visitor != nil {
		who = *in.Visitor
	}
	if user, is := told["user_id"].(string); is {
		who.UserID = or(who.UserID, user)
	}
	delete(told, "user_id")
	who.Traits = both(told, who.Traits)
	in.Visitor, in.Properties = &who, nil
}

// pageLocation is how GA4 writes the page of a page view.
func (in *Incoming) pageLocation() {
	if in.Page != nil || !bytes.Contains(in.Properties, []byte(`"page_location"`)) {
		return
	}
	in.Properties = translate(in.Properties, func(f fields) {
		in.Page = &Page{URL: f.text("page_location"), Title: f.text("page_title"), Referrer: f.text("page_referrer"), Lang: f.text("language")}
		f.take("page_location", "page_title", "page_referrer", "language")
	})
}

// flat mends two ways of writing GA4's events: a data layer's, with all of it
// in ecommerce, and KARTE's, with one product's fields in the event itself.
func (in *Incoming) flat() {
	if bytes.Contains(in.Properties, []byte(`"ecommerce"`)) {
		in.Properties = translate(in.Properties, func(f fields) {
			inner := fields{}
			if json.Unmarshal(f["ecommerce"], &inner) != nil {
				return
			}
			delete(f, "ecommerce")
			for name, value := range inner {
				if _, there := f[name]; !there {
					f[name] = value
				}
			}
		})
	}
	if single[in.Name] && bytes.Contains(in.Properties, []byte(`"item_id"`)) && !bytes.Contains(in.Properties, []byte(`"items"`)) {
		in.Properties = translate(in.Properties, func(f fields) {
			f.karteItems()
			f.priceAsValue(in.Name)
		})
	}
}
