package profile

import (
	"fmt"
	"strings"
	"testing"
)

// What was bought, and what lies in the cart, as stories tell it.
func TestCommerce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, story, want string }{
		{"a purchase", `0m purchase {"value":6800,"transaction_id":"T1"}`, "1 bought for 6800 at 0s; cart: nothing"},
		{"told twice", "0m purchase {\"value\":6800,\"transaction_id\":\"T1\"}\n5m purchase {\"value\":6800,\"transaction_id\":\"T1\"}", "1 bought for 6800 at 0s; cart: nothing"},
		{"two orders", "0m purchase {\"value\":1000,\"transaction_id\":\"T1\"}\n5m purchase {\"value\":500,\"transaction_id\":\"T2\"}", "2 bought for 1500 at 5m0s; cart: nothing"},
		{"without a transaction each counts", "0m purchase {\"value\":1000}\n0m purchase {\"value\":1000}", "2 bought for 2000 at 0s; cart: nothing"},
		{"without a value its items count", `0m purchase {"items":[{"item_id":"a","price":300,"quantity":2},{"item_id":"b","price":100}]}`, "1 bought for 700 at 0s; cart: nothing"},
		{"a refund", "0m purchase {\"value\":1000}\n5m refund {\"value\":400}", "1 bought for 600 at 0s; cart: nothing"},
		{"a refund written below zero", "0m purchase {\"value\":1000}\n5m refund {\"value\":-400}", "1 bought for 600 at 0s; cart: nothing"},
		{"an old order, told late", "2h add_to_cart {\"items\":[{\"item_id\":\"a\",\"price\":300}]}\n0m purchase {\"value\":1000}", "1 bought for 1000 at 0s; cart: a 300×1 = 300 (1) since 2h0m0s"},
		{"an old refund, told late", "2h purchase {\"value\":1000}\n0m refund {\"value\":100}", "1 bought for 900 at 2h0m0s; cart: nothing since 2h0m0s"},
		{"items", `0m add_to_cart {"items":[{"item_id":"a","price":300,"quantity":2},{"item_id":"b","price":100}]}`, "0 bought for 0; cart: a 300×2 b 100×1 = 700 (3) since 0s"},
		{"the same item again", "0m add_to_cart {\"items\":[{\"item_id\":\"a\",\"price\":300}]}\n1m add_to_cart {\"items\":[{\"item_id\":\"a\",\"price\":300,\"quantity\":2}]}", "0 bought for 0; cart: a 300×3 = 900 (3) since 1m0s"},
		{"at another price", "0m add_to_cart {\"items\":[{\"item_id\":\"a\",\"price\":300}]}\n1m add_to_cart {\"items\":[{\"item_id\":\"a\",\"price\":200}]}", "0 bought for 0; cart: a 300×1 a 200×1 = 500 (2) since 1m0s"},
		{"a value and no items", "0m add_to_cart {\"value\":6800}\n1m add_to_cart {\"value\":500}", "0 bought for 0; cart: ? 6800×1 ? 500×1 = 7300 (2) since 1m0s"},
		{"that value taken out", "0m add_to_cart {\"value\":6800}\n1m add_to_cart {\"value\":500}\n2m remove_from_cart {\"value\":500}", "0 bought for 0; cart: ? 6800×1 = 6800 (1) since 2m0s"},
		{"taken out in part", "0m add_to_cart {\"items\":[{\"item_id\":\"a\",\"price\":300,\"quantity\":3}]}\n1m remove_from_cart {\"items\":[{\"item_id\":\"a\",\"price\":300,\"quantity\":2}]}", "0 bought for 0; cart: a 300×1 = 300 (1) since 1m0s"},
		{"taken out at another price", "0m add_to_cart {\"items\":[{\"item_id\":\"a\",\"price\":300}]}\n1m remove_from_cart {\"items\":[{\"item_id\":\"a\"}]}", "0 bought for 0; cart: nothing since 1m0s"},
		{"more taken out than was in", "0m remove_from_cart {\"items\":[{\"item_id\":\"a\",\"quantity\":9}]}", "0 bought for 0; cart: nothing since 0s"},
		{"a quantity below zero is one", `0m add_to_cart {"items":[{"item_id":"a","price":300,"quantity":-5}]}`, "0 bought for 0; cart: a 300×1 = 300 (1) since 0s"},
		{"bought by weight", `0m add_to_cart {"items":[{"item_id":"a","price":100,"quantity":0.5},{"item_id":"b","price":100,"quantity":0.5}]}`, "0 bought for 0; cart: a 100×0.5 b 100×0.5 = 100 (1) since 0s"},
		{"the whole cart seen", "0m add_to_cart {\"value\":6800}\n1m view_cart {\"items\":[{\"item_id\":\"b\",\"price\":100}]}", "0 bought for 0; cart: b 100×1 = 100 (1) since 0s"},
		{"an empty cart seen", "0m add_to_cart {\"value\":6800}\n1m view_cart {\"value\":0,\"items\":[]}", "0 bought for 0; cart: nothing since 0s"},
		{"a cart seen without its items", "0m add_to_cart {\"value\":6800}\n1m view_cart {\"value\":6800}", "0 bought for 0; cart: ? 6800×1 = 6800 (1) since 0s"},
		{"bought, it is empty", "0m add_to_cart {\"value\":6800}\n1m purchase {\"value\":6800}", "1 bought for 6800 at 1m0s; cart: nothing since 1m0s"},
		{"what lay in an old session's cart", "2h page_view\n0m add_to_cart {\"value\":6800}", "0 bought for 0; cart: nothing"},
		{"other events leave it alone", "0m add_to_cart {\"value\":6800}\n1m add_to_wishlist {\"value\":5}", "0 bought for 0; cart: ? 6800×1 = 6800 (1) since 0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := after(t, c.story)
			got := fmt.Sprintf("%d bought for %g", p.Purchases, p.Revenue)
			if p.LastPurchase != 0 {
				got += " at " + minutes(p.LastPurchase)
			}
			got += "; cart: " + cartOf(p)
			if strings.HasSuffix(c.want, "nothing") {
				got, _, _ = strings.Cut(got, " since ")
			}
			equal(t, got, c.want)
		})
	}
}

func cartOf(p *Profile) string {
	out := "nothing"
	if len(p.Cart.Lines) > 0 {
		out = ""
		for _, l := range p.Cart.Lines {
			id := l.ID
			if id == "" {
				id = "?"
			}
			out += fmt.Sprintf("%s %g×%g ", id, l.Price, l.Quantity)
		}
		value, pieces := p.Cart.Sum()
		out += fmt.Sprintf("= %g (%d)", value, pieces)
	}
	if p.Cart.Changed != 0 {
		out += " since " + minutes(p.Cart.Changed)
	}
	return out
}

// Every list has its bound; past it the oldest go, and totals stay right.
func TestBounds(t *testing.T) {
	t.Parallel()
	const many = 500
	var story strings.Builder
	for i := range many {
		fmt.Fprintf(&story, "%dms purchase {\"value\":1,\"transaction_id\":\"T%d\"}\n", i, i)
		fmt.Fprintf(&story, "%dms omo_exposure {\"campaign\":\"rescue\",\"variant\":\"a\",\"phase\":\"p\"}\n", i)
		fmt.Fprintf(&story, "%dms omo_decision {\"decision_id\":\"d%d\",\"outcomes\":[{\"campaign\":\"c%d\",\"reason\":\"offered\",\"slot\":\"s\"}]}\n", i, i, i)
	}
	for i := range many {
		fmt.Fprintf(&story, "%dms add_to_cart {\"items\":[{\"item_id\":\"i%d\",\"price\":1}]}\n", many+i, i)
	}
	p, _ := after(t, story.String())
	equal(t, fmt.Sprint(len(p.Orders), len(p.Cart.Lines), len(p.Campaigns["rescue"].Spends), len(p.Holds)), "64 100 100 32")
	equal(t, fmt.Sprint(p.Purchases, p.Revenue, p.Campaigns["rescue"].Count), "500 500 500")
	equal(t, p.Cart.Lines[99].ID+" "+p.Holds[31].Campaign, "i499 c499")
}
