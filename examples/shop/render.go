package shop

import (
	"bytes"
	"html/template"
	"net/http"
)

// page is what the layout needs, and a page's own content.
type page struct {
	Title, Type string // Type is the page's omo:type
	Path        string

	BeaconURL, PublicKey, IdentifyToken string

	Categories []Category
	Member     Member // zero without a login
	Cart       Cart
	Bill       Bill
	Item       *Item // of a product page
	Events     []event

	Heading, Lead string
	Items         []Item
	Ranking       []Item
	Members       []Member // to choose from
	Order         string   // the order's number on the thanks page
	Bought        Cart     // what it holds
	Unknown       bool     // the coupon code just entered is none of the shop's
}

// itemData is the data block that tells the beacon which item a page is about.
type itemData struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category string `json:"category"`
	Brand    string `json:"brand"`
	Price    int    `json:"price"`
}

// ItemData is the page's item as its data block holds it.
func (p page) ItemData() itemData {
	return itemData{p.Item.ID, p.Item.Name, p.Item.Category, p.Item.Brand, p.Item.Price}
}

// parsePages parses each page's template together with the layout. The templates are
// part of the binary, so a broken one is a broken build: Must.
func parsePages() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"yen":     yen,
		"grouped": grouped,
		"next":    func(i int) int { return i + 1 },
		"shelf": func(c []Category, id string) string {
			for _, category := range c {
				if category.ID == id {
					return category.Name
				}
			}
			return ""
		},
		"fee":      func() int { return shippingFee },
		"freeFrom": func() int { return freeShippingFrom },
		"most":     func() []int { return []int{1, 2, 3, 4, 5} },
	}).ParseFS(assets, "templates/layout.html", "templates/parts.html"))
	pages := map[string]*template.Template{}
	for _, name := range []string{"top", "item", "list", "ranking", "shipping", "contact", "trial", "cart", "checkout", "thanks", "account", "missing"} {
		pages[name] = template.Must(template.Must(layout.Clone()).ParseFS(assets, "templates/"+name+".html"))
	}
	pages["closed"] = template.Must(template.ParseFS(assets, "templates/closed.html")) // without the layout's beacon: nobody has come yet
	return pages
}

// begin fills what every page shows from the request's cookies, and takes the flash.
func (s *Shop) begin(w http.ResponseWriter, r *http.Request) page {
	p := page{Path: r.URL.Path, BeaconURL: s.beaconURL, PublicKey: s.publicKey, Categories: s.catalog.Categories}
	p.Cart = parseCart(cookie(r, cartCookie), s.catalog)
	if m, ok := s.member(cookie(r, memberCookie)); ok {
		p.Member = m
		token, err := s.identify(m)
		if err != nil {
			s.log.Warn("the page goes out unidentified", "err", err)
		}
		p.IdentifyToken = token
	}
	p.Bill = s.bill(p.Cart, cookie(r, couponCookie), p.Member)
	if value := cookie(r, flashCookie); value != "" {
		forget(w, flashCookie)
		if f := parseFlash(value, s.catalog); f.line.Quantity > 0 && (f.name == "add_to_cart" || f.name == "remove_from_cart") {
			p.Events = append(p.Events, newEvent(f.name, f.line))
		}
	}
	return p
}

// render writes a page whole or not at all.
func (s *Shop) render(w http.ResponseWriter, status int, name string, p page) {
	var body bytes.Buffer
	if err := s.pages[name].Execute(&body, p); err != nil {
		s.log.Error("rendering a page", "page", name, "err", err)
		http.Error(w, "申し訳ございません。ページを表示できませんでした。", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A page holds the events of this very visit to it: a copy must not send them again.
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := body.WriteTo(w); err != nil {
		s.log.Debug("the browser left", "page", name, "err", err)
	}
}

// The shop's cookies.
const (
	cartCookie   = "shop_cart"
	couponCookie = "shop_coupon"
	memberCookie = "shop_member"
	orderCookie  = "shop_order"
	flashCookie  = "shop_flash"
)

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func remember(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 60 * 60 * 24 * 30, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func forget(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
