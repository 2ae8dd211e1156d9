package shop

import (
	"slices"
	"strings"
	"testing"
)

func TestFromTheShelfToThePurchase(t *testing.T) {
	b := newBrowser(t, open(t))
	s := b.post("/cart/add", "item", "linen-blouse", "size", "M", "quantity", "2")
	if got := names(s.events(t)); s.path != "/cart" || !slices.Equal(got, []string{"add_to_cart", "view_cart"}) {
		t.Fatalf("after adding: %s, %v", s.path, got)
	}
	added := s.events(t)[0].Properties
	if added.Currency != "JPY" || added.Value != 11880 || added.Items[0].Quantity != 2 || added.Items[0].Price != 5940 || added.Items[0].Variant != "M" {
		t.Errorf("add_to_cart: %+v", added)
	}
	if got := names(b.get("/cart").events(t)); !slices.Equal(got, []string{"view_cart"}) {
		t.Errorf("opening the cart again tells %v", got)
	}
	b.post("/cart/add", "item", "gift-handkerchief", "quantity", "1")
	s = b.post("/cart/remove", "item", "gift-handkerchief", "size", "")
	if e := s.events(t); e[0].Name != "remove_from_cart" || e[0].Properties.Value != 2200 || e[1].Properties.Value != 11880 {
		t.Errorf("after removing: %+v", e)
	}
	b.post("/cart/add", "item", "gift-handkerchief")
	s = b.post("/cart/coupon", "coupon", " itsumo1000 ")
	if !strings.Contains(s.text, "1,000円OFF」を適用しました") || s.events(t)[0].Properties.Value != 13080 {
		t.Errorf("after the coupon: %+v", s.events(t))
	}
	s = b.get("/checkout")
	if e := s.events(t); len(e) != 1 || e[0].Name != "begin_checkout" || e[0].Properties.Value != 13080 || len(e[0].Properties.Items) != 2 {
		t.Errorf("checkout: %+v", e)
	}

	s = b.post("/checkout", "payment", "card")
	e := s.events(t)
	if s.path != "/thanks" || len(e) != 1 || e[0].Name != "purchase" {
		t.Fatalf("after the order: %s, %v", s.path, names(e))
	}
	p := e[0].Properties
	if p.Value != 13080 || p.Currency != "JPY" || p.Coupon != "ITSUMO1000" || p.Shipping != 0 || len(p.Items) != 2 {
		t.Errorf("purchase: %+v", p)
	}
	sum := -1000.0
	for _, i := range p.Items {
		sum += i.Price * i.Quantity
	}
	if sum != p.Value {
		t.Errorf("the items less the coupon are %v, the value is %v", sum, p.Value)
	}
	if !strings.HasPrefix(p.TransactionID, "OM261121-") || !strings.Contains(s.text, p.TransactionID) {
		t.Errorf("transaction id %q", p.TransactionID)
	}

	if s = b.get("/thanks"); len(s.events(t)) != 0 || !strings.Contains(s.text, p.TransactionID) {
		t.Errorf("opening the thanks page again tells %v", names(s.events(t)))
	}
	if s = b.get("/checkout"); s.path != "/cart" || !strings.Contains(s.text, "カートは空です") {
		t.Errorf("the cart is not empty after the order: %s", s.path)
	}
	b.post("/cart/add", "item", "gift-handkerchief")
	again := b.post("/checkout").events(t)[0].Properties
	if again.TransactionID == p.TransactionID || again.Value != 2200 || again.Coupon != "" || again.Shipping != 660 {
		t.Errorf("the second purchase: %+v", again)
	}
}

func TestWhatOneCannotBuyLeavesTheCartAsItWas(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields []string
		pieces int
	}{
		{"an unknown item", []string{"item", "moon"}, 0},
		{"a size that is not made", []string{"item", "linen-blouse", "size", "XXL"}, 0},
		{"no size where one is needed", []string{"item", "linen-blouse"}, 0},
		{"less than one", []string{"item", "gift-towel", "quantity", "-3"}, 0},
		{"no number", []string{"item", "gift-towel", "quantity", "many"}, 1},
		{"more than a household needs", []string{"item", "gift-towel", "quantity", "5000"}, maxQuantity},
	} {
		s := newBrowser(t, open(t)).post("/cart/add", c.fields...)
		events := s.events(t)
		view := events[len(events)-1].Properties
		pieces := 0
		for _, i := range view.Items {
			pieces += int(i.Quantity)
		}
		if pieces != c.pieces || (len(events) == 2) != (c.pieces > 0) {
			t.Errorf("%s: %d pieces in the cart, want %d; events %v", c.name, pieces, c.pieces, names(events))
		}
	}
	b := newBrowser(t, open(t))
	b.jar[cartCookie] = "moon:-:1~gift-towel:-:2~~:::~linen-blouse:M:x~linen-blouse:S:99999999999999999999"
	if v := b.get("/cart").events(t)[0].Properties; v.Value != 11000 || len(v.Items) != 1 {
		t.Errorf("a broken cookie gives %+v", v)
	}
}

func TestBills(t *testing.T) {
	diamond := Member{ID: "x", Rank: "diamond"}
	for _, c := range []struct {
		name, cart, code                            string
		member                                      Member
		goods, discount, shipping, total, remaining int
		note                                        string
	}{
		{name: "an empty cart"},
		{name: "a small order pays shipping", cart: "gift-handkerchief:-:1", goods: 2200, shipping: 660, total: 2860, remaining: 3300},
		{name: "free from 5,500 on", cart: "gift-handkerchief:-:1~pair-border-tee:M:1", goods: 6160, total: 6160},
		{name: "free at exactly 5,500", cart: "pair-border-tee-kids:90:2", goods: 5500, total: 5500},
		{name: "a free-shipping item frees all", cart: "trial-set:-:1~gift-handkerchief:-:1", goods: 4180, total: 4180},
		{name: "a coupon counts before shipping", cart: "linen-blouse:M:1", code: "ITSUMO500", goods: 5940, discount: 500, shipping: 660, total: 6100, remaining: 60, note: "「いつものお客さまへ 500円OFF」を適用しました。"},
		{name: "not enough for the coupon", cart: "gift-handkerchief:-:1", code: "HAJIME300", goods: 2200, shipping: 660, total: 2860, remaining: 3300, note: "「はじめての方へ 300円OFF」は、あと800円のお買い物でお使いいただけます。"},
		{name: "a share is rounded down", cart: "pair-border-tee-kids:90:1~gift-handkerchief:-:1", code: "YORU10", goods: 4950, discount: 495, shipping: 660, total: 5115, remaining: 1045, note: "「店長から、夜の10％OFF」を適用しました。"},
		{name: "of one item only", cart: "walking-sneakers:24.0:1~gift-handkerchief:-:1", code: "ARUKU10", goods: 10120, discount: 792, total: 9328, note: "「ウォーキングスニーカー 10％OFF」を適用しました。"},
		{name: "without that item", cart: "gift-towel:-:1", code: "ARUKU10", goods: 5500, total: 5500, note: "「ウォーキングスニーカー 10％OFF」の対象商品が、まだカートにありません。"},
		{name: "a guest with a diamond's coupon", cart: "leather-loafers:25.0:1", code: "DIA-78P4PBF7", goods: 13200, total: 13200, note: "「ダイヤモンド会員さま限定 1,500円OFF」は、ログインしたダイヤモンド会員さまにお使いいただけます。"},
		{name: "a diamond's coupon", cart: "leather-loafers:25.0:1", code: "DIA-78P4PBF7", member: diamond, goods: 13200, discount: 1500, total: 11700, note: "「ダイヤモンド会員さま限定 1,500円OFF」を適用しました。"},
		{name: "kept for later", code: "YORU10", note: "「店長から、夜の10％OFF」をお預かりしました。商品をお選びください。"},
		{name: "no such code", cart: "gift-towel:-:1", code: "NONE", goods: 5500, total: 5500},
	} {
		shop := open(t)
		got := shop.bill(parseCart(c.cart, shop.catalog), c.code, c.member)
		want := Bill{Goods: c.goods, Discount: c.discount, Shipping: c.shipping, Total: c.total, MissingForFree: c.remaining, CouponNote: c.note, Points: (c.goods - c.discount) / 100}
		if c.note != "" {
			want.Code = c.code
		}
		if got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, want)
		}
	}
}

func TestACampaignsLinkBringsItsCoupon(t *testing.T) {
	b := newBrowser(t, open(t))
	if s := b.get("/cart?coupon=YORU10"); !strings.Contains(s.text, "をお預かりしました") {
		t.Error("the empty cart does not keep the coupon")
	}
	s := b.post("/cart/add", "item", "gift-towel")
	if e := s.events(t)[1].Properties; e.Coupon != "YORU10" || e.Value != 4950 {
		t.Errorf("view_cart: %+v", e)
	}
	if s := b.post("/cart/coupon", "coupon", "NONE"); !strings.Contains(s.text, "見つかりませんでした") {
		t.Error("a wrong code is not told")
	}
	if s := b.post("/cart/coupon", "coupon", ""); s.events(t)[0].Properties.Coupon != "" {
		t.Error("the coupon cannot be taken back")
	}
}

func TestYenIsWrittenAsInAShop(t *testing.T) {
	for n, want := range map[int]string{0: "0円", 60: "60円", 660: "660円", 5940: "5,940円", 13200: "13,200円", 1234567: "1,234,567円", -500: "-500円"} {
		if got := yen(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
}
