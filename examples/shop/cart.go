package shop

import (
	"slices"
	"strconv"
	"strings"
)

// Shipping of one order, in yen, and the value of goods from which it is free.
const (
	shippingFee       = 660
	freeShippingFrom  = 5500
	maxQuantity       = 9  // of one line
	maxLines          = 20 // of one cart: it must fit a cookie
	sizeless          = "-"
	lineSep, fieldSep = "~", ":"
)

// Line is one article in a cart.
type Line struct {
	Item     Item
	Size     string // "" for an article of one size
	Quantity int
}

// Sum is the line's price in yen.
func (l Line) Sum() int { return l.Item.Price * l.Quantity }

// Cart is what a browser carries in its cookie.
type Cart []Line

// parseCart reads a cart from a cookie's value. The value comes from the browser, so
// whatever the catalog does not know is dropped.
func parseCart(value string, catalog Catalog) Cart {
	var cart Cart
	for _, text := range strings.Split(value, lineSep) {
		fields := strings.Split(text, fieldSep)
		if len(fields) != 3 {
			continue
		}
		item, ok := catalog.Item(fields[0])
		quantity, err := strconv.Atoi(fields[2])
		if size := strings.TrimPrefix(fields[1], sizeless); ok && err == nil {
			cart, _ = cart.Add(item, size, quantity)
		}
	}
	return cart
}

// String is the cookie's value: id:size:quantity, joined by ~.
func (c Cart) String() string {
	lines := make([]string, len(c))
	for i, l := range c {
		size := l.Size
		if size == "" {
			size = sizeless
		}
		lines[i] = strings.Join([]string{l.Item.ID, size, strconv.Itoa(l.Quantity)}, fieldSep)
	}
	return strings.Join(lines, lineSep)
}

// Add returns the cart with more of an article, and the line that was really added:
// quantity 0 where the size is not sold or the cart is full.
func (c Cart) Add(item Item, size string, quantity int) (Cart, Line) {
	nothing := Line{Item: item, Size: size}
	sold := size == "" && len(item.Sizes) == 0 || slices.Contains(item.Sizes, size)
	if !sold || quantity < 1 {
		return c, nothing
	}
	next := slices.Clone(c)
	i := c.find(item.ID, size)
	if i < 0 {
		if len(c) == maxLines {
			return c, nothing
		}
		next = append(next, nothing)
		i = len(next) - 1
	}
	added := Line{Item: item, Size: size, Quantity: min(quantity, maxQuantity-next[i].Quantity)}
	next[i].Quantity += added.Quantity
	return next, added
}

// Remove returns the cart without a line, and that line: quantity 0 where there was none.
func (c Cart) Remove(id, size string) (Cart, Line) {
	i := c.find(id, size)
	if i < 0 {
		return c, Line{}
	}
	return slices.Delete(slices.Clone(c), i, i+1), c[i]
}

func (c Cart) find(id, size string) int {
	return slices.IndexFunc(c, func(l Line) bool { return l.Item.ID == id && l.Size == size })
}

// Quantity is the number of pieces.
func (c Cart) Quantity() int {
	n := 0
	for _, l := range c {
		n += l.Quantity
	}
	return n
}

// Goods is the price of all lines in yen, before coupon and shipping.
func (c Cart) Goods() int {
	n := 0
	for _, l := range c {
		n += l.Sum()
	}
	return n
}

// Bill is what a cart costs, in yen.
type Bill struct {
	Goods, Discount, Shipping, Total int
	Points                           int    // loyalty points the order brings
	MissingForFree                   int    // goods still missing for free shipping; 0 when it is free
	Code, CouponNote                 string // the coupon, and what became of it
}

// bill adds up a cart with a coupon code, which may be "".
func (s *Shop) bill(cart Cart, code string, member Member) Bill {
	b := Bill{Goods: cart.Goods()}
	if coupon, ok := s.coupons[code]; ok {
		b.Code = code
		b.Discount, b.CouponNote = coupon.apply(cart, member)
	}
	paid := b.Goods - b.Discount
	ships := func(l Line) bool { return l.Item.FreeShipping }
	if len(cart) > 0 && paid < freeShippingFrom && !slices.ContainsFunc(cart, ships) {
		b.Shipping, b.MissingForFree = shippingFee, freeShippingFrom-paid
	}
	b.Total = paid + b.Shipping
	b.Points = paid / 100
	return b
}
