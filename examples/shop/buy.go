package shop

import (
	"crypto/rand"
	"net/http"
	"strings"
)

func (s *Shop) showCart(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	// A campaign's link brings its code along; asking twice changes nothing, so a GET may.
	if code := r.URL.Query().Get("coupon"); s.knows(code) {
		code = normal(code)
		remember(w, couponCookie, code)
		p.Bill = s.bill(p.Cart, code, p.Member)
	}
	p.Type, p.Title, p.Unknown = "cart", "カート", r.URL.Query().Has("unknown")
	p.Ranking = s.catalog.Ranking()[:3]
	p.Events = append(p.Events, s.cartEvent("view_cart", p))
	s.render(w, http.StatusOK, "cart", p)
}

// cartEvent is an event about the whole cart; its value counts the coupon.
func (s *Shop) cartEvent(name string, p page) event {
	e := newEvent(name, p.Cart...)
	e.Properties.Value = p.Bill.Goods - p.Bill.Discount
	if p.Bill.Discount > 0 {
		e.Properties.Coupon = p.Bill.Code
	}
	return e
}

func (s *Shop) addToCart(w http.ResponseWriter, r *http.Request) {
	cart := parseCart(cookie(r, cartCookie), s.catalog)
	if item, ok := s.catalog.Item(r.PostFormValue("item")); ok {
		next, added := cart.Add(item, r.PostFormValue("size"), count(r.PostFormValue("quantity")))
		if added.Quantity > 0 {
			remember(w, cartCookie, next.String())
			remember(w, flashCookie, flash{"add_to_cart", added}.String())
		}
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func (s *Shop) removeFromCart(w http.ResponseWriter, r *http.Request) {
	cart := parseCart(cookie(r, cartCookie), s.catalog)
	next, removed := cart.Remove(r.PostFormValue("item"), r.PostFormValue("size"))
	if removed.Quantity > 0 {
		remember(w, cartCookie, next.String())
		remember(w, flashCookie, flash{"remove_from_cart", removed}.String())
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func (s *Shop) enterCoupon(w http.ResponseWriter, r *http.Request) {
	switch code := normal(r.PostFormValue("coupon")); {
	case code == "":
		forget(w, couponCookie)
	case s.knows(code):
		remember(w, couponCookie, code)
	default:
		http.Redirect(w, r, "/cart?unknown=1", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func (s *Shop) knows(code string) bool {
	_, ok := s.coupons[normal(code)]
	return ok
}

// normal forgives spaces and small letters, as people type codes from a screen.
func normal(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

func (s *Shop) checkout(w http.ResponseWriter, r *http.Request) {
	p := s.begin(w, r)
	if len(p.Cart) == 0 {
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	p.Type, p.Title = "checkout", "ご注文手続き"
	p.Events = append(p.Events, s.cartEvent("begin_checkout", p))
	s.render(w, http.StatusOK, "checkout", p)
}

// placeOrder turns the cart into an order. Nothing is charged and nobody is asked for an address.
func (s *Shop) placeOrder(w http.ResponseWriter, r *http.Request) {
	cart := parseCart(cookie(r, cartCookie), s.catalog)
	if len(cart) == 0 {
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	o := order{
		id:   "OM" + s.now().Format("060102") + "-" + rand.Text()[:10],
		code: cookie(r, couponCookie), member: cookie(r, memberCookie), cart: cart,
	}
	remember(w, orderCookie, o.String())
	remember(w, flashCookie, flash{name: "purchase"}.String())
	forget(w, cartCookie)
	forget(w, couponCookie)
	http.Redirect(w, r, "/thanks", http.StatusSeeOther)
}

// thanks shows the last order. Its purchase is told once: only right after the order,
// not when the page is opened again.
func (s *Shop) thanks(w http.ResponseWriter, r *http.Request) {
	o, ok := parseOrder(cookie(r, orderCookie), s.catalog)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	just := parseFlash(cookie(r, flashCookie), s.catalog).name == "purchase"
	p := s.begin(w, r)
	buyer, _ := s.member(o.member)
	bill := s.bill(o.cart, o.code, buyer)
	if just {
		p.Events = append(p.Events, o.purchase(bill))
	}
	p.Type, p.Title = "thanks", "ご注文ありがとうございました"
	p.Order, p.Bought, p.Bill = o.id, o.cart, bill
	s.render(w, http.StatusOK, "thanks", p)
}
