package shop

import (
	"strconv"
	"strings"
)

// event is one call of omo('track', name, properties) that a page makes once it is open.
type event struct {
	Name       string     `json:"name"`
	Properties properties `json:"properties"`
}

// properties are GA4's commerce fields.
type properties struct {
	TransactionID string      `json:"transaction_id,omitempty"`
	Currency      string      `json:"currency"`
	Value         int         `json:"value"`
	Shipping      *int        `json:"shipping,omitempty"`
	Coupon        string      `json:"coupon,omitempty"`
	Items         []eventItem `json:"items"`
}

type eventItem struct {
	ID       string `json:"item_id"`
	Name     string `json:"item_name"`
	Category string `json:"item_category"`
	Brand    string `json:"item_brand"`
	Variant  string `json:"item_variant,omitempty"`
	Price    int    `json:"price"`
	Quantity int    `json:"quantity"`
}

// newEvent makes an event over some lines; its value is their price.
func newEvent(name string, lines ...Line) event {
	e := event{Name: name, Properties: properties{Currency: "JPY", Items: []eventItem{}}}
	for _, l := range lines {
		e.Properties.Value += l.Sum()
		e.Properties.Items = append(e.Properties.Items, eventItem{
			ID: l.Item.ID, Name: l.Item.Name, Category: l.Item.Category, Brand: l.Item.Brand,
			Variant: l.Size, Price: l.Item.Price, Quantity: l.Quantity,
		})
	}
	return e
}

// purchase makes the event of an order. As in GA4 its value is what the goods brought,
// after the coupon and without shipping.
func (o order) purchase(b Bill) event {
	e := newEvent("purchase", o.cart...)
	e.Properties.TransactionID = o.id
	e.Properties.Value = b.Goods - b.Discount
	e.Properties.Shipping = &b.Shipping
	if b.Discount > 0 {
		e.Properties.Coupon = b.Code
	}
	return e
}

// order is a finished checkout, as the browser's cookie keeps it for the thanks page.
type order struct {
	id, code string
	member   string // the member's id, "" without a login
	cart     Cart
}

const orderSep = "|"

func (o order) String() string {
	return strings.Join([]string{o.id, o.code, o.member, o.cart.String()}, orderSep)
}

func parseOrder(value string, catalog Catalog) (order, bool) {
	fields := strings.Split(value, orderSep)
	if len(fields) != 4 {
		return order{}, false
	}
	o := order{id: fields[0], code: fields[1], member: fields[2], cart: parseCart(fields[3], catalog)}
	return o, o.id != "" && len(o.cart) > 0
}

// A flash is what happened in a form's post and is told by the next page: a browser may
// leave a page before a script of it could send anything, the page after has the time.
type flash struct {
	name string // add_to_cart | remove_from_cart | purchase
	line Line   // of the first two
}

func (f flash) String() string {
	if f.line.Quantity == 0 {
		return f.name
	}
	return f.name + lineSep + Cart{f.line}.String()
}

func parseFlash(value string, catalog Catalog) flash {
	name, line, _ := strings.Cut(value, lineSep)
	f := flash{name: name}
	if cart := parseCart(line, catalog); len(cart) == 1 {
		f.line = cart[0]
	}
	return f
}

// count reads a quantity from a form: 1 where it is not a number.
func count(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 1
	}
	return n
}
