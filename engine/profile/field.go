package profile

import (
	"math"
	"strconv"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// A field of an event is its property of that name or, where there is none and
// it is a field that items have, that of its items; of a page_view or a
// view_item without items, of the item that its page shows. path is the page's.

// amountOf adds up a field: false where the event has no number there. A
// number beyond what a shop would count is none.
func amountOf(e *ingest.Event, field string) (float64, bool) {
	if field == "value" {
		if e.Props.Value == nil {
			return 0, false
		}
		return *e.Props.Value, true
	}
	if v := e.Property(field); v != nil {
		n, isNumber := v.(float64)
		return n, isNumber && math.Abs(n) <= ingest.MaxNumber
	}
	if field != "price" && field != "quantity" {
		return 0, false
	}
	items, sum := itemsOf(e, field), 0.0
	for _, item := range items {
		if field == "price" {
			sum += item.Price
		} else {
			sum += quantity(item)
		}
	}
	return sum, len(items) > 0
}

// eachOf calls f for every text that a field has: of items each one's.
func eachOf(e *ingest.Event, field string, f func(string)) {
	if text, own := textOf(e, field); own {
		if text != "" {
			f(text)
		}
		return
	}
	for _, item := range itemsOf(e, field) {
		if text := itemText(item, field); text != "" {
			f(text)
		}
	}
}

// lastOf is a field's text, of items the last one's; "" if there is none.
func lastOf(e *ingest.Event, field string) string {
	if text, own := textOf(e, field); own {
		return text
	}
	items := itemsOf(e, field)
	if len(items) == 0 {
		return ""
	}
	return itemText(items[len(items)-1], field)
}

// textOf is the field of the event itself; own is false where it has none, and
// its items are to be asked.
func textOf(e *ingest.Event, field string) (text string, own bool) {
	if field == "path" {
		if e.Page == nil {
			return "", true
		}
		return e.Page.Path, true
	}
	switch v := e.Property(field).(type) {
	case string:
		return v, true
	case float64:
		return number(v), true
	case bool:
		return strconv.FormatBool(v), true
	default:
		return "", false
	}
}

// itemsOf are the items to ask for a field; none where items have no such field.
func itemsOf(e *ingest.Event, field string) []ingest.OrderItem {
	switch field {
	case "item_id", "item_name", "item_category", "item_brand", "price", "quantity":
	default:
		return nil
	}
	if len(e.Props.Items) > 0 {
		return e.Props.Items
	}
	if (e.Name == ingest.PageView || e.Name == "view_item") && e.Page != nil && e.Page.Item != nil {
		on := e.Page.Item
		return []ingest.OrderItem{{ID: on.ID, Name: on.Name, Category: on.Category, Brand: on.Brand, Price: on.Price}}
	}
	return nil
}

func itemText(item ingest.OrderItem, field string) string {
	switch field {
	case "item_id":
		return item.ID
	case "item_name":
		return item.Name
	case "item_category":
		return item.Category
	case "item_brand":
		return item.Brand
	case "price":
		if item.Price == 0 {
			return ""
		}
		return number(item.Price)
	default:
		return number(quantity(item))
	}
}

// quantity is 1 where it is missing.
func quantity(item ingest.OrderItem) float64 {
	if item.Quantity <= 0 {
		return 1
	}
	return item.Quantity
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
