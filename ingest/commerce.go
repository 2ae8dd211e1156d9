package ingest

import (
	"strings"
	"unicode"
)

// segmentNames are the events of Segment's e-commerce specification, in
// snake_case and in the words of both its versions, and what GA4 calls them.
var segmentNames = map[string]string{
	"products_searched":         "search",
	"product_list_viewed":       "view_item_list",
	"product_list_filtered":     "view_item_list",
	"product_clicked":           "select_item",
	"product_viewed":            "view_item",
	"product_added":             "add_to_cart",
	"product_removed":           "remove_from_cart",
	"cart_viewed":               "view_cart",
	"checkout_started":          "begin_checkout",
	"payment_info_entered":      "add_payment_info",
	"order_completed":           Purchase,
	"order_refunded":            "refund",
	"promotion_viewed":          "view_promotion",
	"promotion_clicked":         "select_promotion",
	"product_added_to_wishlist": "add_to_wishlist",
	"product_shared":            "share",
	"signed_up":                 "sign_up",
	"signed_in":                 "login",
	"logged_in":                 "login",

	"viewed_product_category": "view_item_list",
	"viewed_product":          "view_item",
	"added_product":           "add_to_cart",
	"removed_product":         "remove_from_cart",
	"completed_order":         Purchase,
}

// commerce are GA4's names of what happens in a shop.
var commerce = map[string]bool{
	"search": true, "view_item_list": true, "select_item": true, "view_item": true, "add_to_cart": true, "remove_from_cart": true,
	"view_cart": true, "begin_checkout": true, "add_payment_info": true, Purchase: true, "refund": true,
	"view_promotion": true, "select_promotion": true, "add_to_wishlist": true, "share": true,
}

// single are those whose one product Segment writes into the event itself.
var single = map[string]bool{
	"view_item": true, "select_item": true, "add_to_cart": true, "remove_from_cart": true, "add_to_wishlist": true, "share": true,
}

// segmentName gives the canonical name of a Segment event: GA4's where
// Segment's specification has one, else the name in snake_case. A name that is
// not of ASCII has no such form and stays as it is, to be refused.
func segmentName(name string) string {
	snake := snakeCase(name)
	if ga4, known := segmentNames[snake]; known {
		return ga4
	}
	return snake
}

// segmentFields makes GA4's fields of Segment's, in an event of that canonical name.
func segmentFields(name string, f fields) {
	f.numbers("value")
	if !commerce[name] {
		return
	}
	f.snakeCase() // orderId is order_id
	f.rename("order_id", "transaction_id")
	f.texts("transaction_id")
	f.numbers("value", "revenue", "total", "tax", "shipping", "discount")
	f.first("value", "revenue", "total")
	f.rename("list_id", "item_list_id")
	switch name {
	case "search":
		f.rename("query", "search_term")
	case "view_item_list":
		f.rename("category", "item_list_name")
	case "add_payment_info":
		f.rename("payment_method", "payment_type")
	case "view_promotion", "select_promotion":
		f.rename("name", "promotion_name")
		f.rename("creative", "creative_name")
		f.rename("position", "creative_slot")
	case "share":
		f.rename("share_via", "method")
	}
	f.rename("products", "items")
	if _, listed := f["items"]; !listed && single[name] {
		if one := f.take("product_id", "sku", "name", "category", "brand", "variant", "price", "quantity", "position"); len(one) > 0 {
			f.set("items", []fields{one})
		}
	}
	f.items(segmentItem)
	f.priceAsValue(name)
}

func segmentItem(item fields) {
	item.snakeCase()
	for _, pair := range [...][2]string{
		{"product_id", "item_id"}, {"id", "item_id"}, {"sku", "item_id"}, {"name", "item_name"},
		{"category", "item_category"}, {"brand", "item_brand"}, {"variant", "item_variant"}, {"position", "index"},
	} {
		item.rename(pair[0], pair[1])
	}
}

// items lets change edit each of the event's products.
func (f fields) items(change func(fields)) {
	all := f.list("items")
	if all == nil {
		return
	}
	for _, item := range all {
		change(item)
		item.texts("item_id")
		item.numbers("price", "quantity")
	}
	f.set("items", all)
}

// commerceTexts makes texts of GA4's ids and names that are numbers: shops have such,
// and GA4 takes them.
func (f fields) commerceTexts() {
	f.texts("transaction_id", "coupon")
	all := f.list("items")
	if all == nil {
		return
	}
	for _, item := range all {
		item.texts("item_id", "item_name", "item_category", "item_brand")
	}
	f.set("items", all)
}

// priceAsValue gives an event about one product the value that GA4's has.
func (f fields) priceAsValue(name string) {
	all := f.list("items")
	if _, told := f["value"]; told || len(all) != 1 || !single[name] {
		return
	}
	price, priced := all[0].number("price")
	if !priced {
		return
	}
	if quantity, told := all[0].number("quantity"); told && quantity > 0 {
		price *= quantity
	}
	f.set("value", price)
}

// snakeCase writes "Video Played", "video-played" and "videoPlayed" as
// video_played. What is not of ASCII stays as it is.
func snakeCase(name string) string {
	var out strings.Builder
	apart := false // something stood between this letter and the one before
	lower := false // the one before was a small letter
	for _, r := range name {
		switch {
		case r > unicode.MaxASCII:
			return name
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if out.Len() > 0 && (apart || lower && unicode.IsUpper(r)) {
				out.WriteByte('_')
			}
			out.WriteRune(unicode.ToLower(r))
			apart, lower = false, unicode.IsLower(r)
		default:
			apart = true
		}
	}
	return out.String()
}
