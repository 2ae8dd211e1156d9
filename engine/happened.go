package engine

import (
	"encoding/json"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// happened is the event that rules see: the one that triggered, its name alone
// where it did not come with the call, or the page view.
func happened(r Request) rules.Event {
	switch {
	case r.Event != nil:
		return event(r.Event)
	case r.Trigger != "":
		return nameless(r.Trigger)
	default:
		return event(r.Context)
	}
}

func nameless(name string) rules.Event {
	return rules.Event{Name: name, Value: rules.Unknown, Price: rules.Unknown, Quantity: rules.Unknown}
}

// event is what rules see of e: its properties, those of its first item, and
// of a view of a page or product without items what the page shows.
func event(e *ingest.Event) rules.Event {
	out := nameless(e.Name)
	out.Currency, out.TransactionID, out.Coupon = e.Props.Currency, e.Props.TransactionID, e.Props.Coupon
	if e.Props.Value != nil {
		out.Value = *e.Props.Value
	}
	if e.Page != nil {
		out.Path = e.Page.Path
	}
	switch {
	case len(e.Props.Items) > 0:
		item := &e.Props.Items[0]
		out.ItemID, out.ItemName, out.ItemCategory, out.ItemBrand = item.ID, item.Name, item.Category, item.Brand
		out.Price, out.Quantity = item.Price, item.Quantity
	case e.Page != nil && e.Page.Item != nil:
		item := e.Page.Item
		out.ItemID, out.ItemName, out.ItemCategory, out.ItemBrand = item.ID, item.Name, item.Category, item.Brand
		out.Price, out.Quantity = item.Price, 1
	}
	if len(e.Properties) > 0 {
		// They were read when the event was accepted; what cannot be a map has none.
		var all map[string]any
		_ = json.Unmarshal(e.Properties, &all)
		out.Props = all
	}
	return out
}
