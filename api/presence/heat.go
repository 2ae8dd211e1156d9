package presence

import "math"

// Heat says how much a visitor is worth somebody's attention now, from 0 to 100.
// It is the sum of four things that can be seen in the row:
//
//	cart       0-40   40 · value / (value + Half): half of it at Half, say ¥10,000
//	intention  0-30   the furthest step since the last purchase: looking at items 8,
//	                  cart 16, checkout 24, payment 30
//	recency    0-20   20 at the latest event, half of that after each minute of silence
//	hesitation   10   something in the cart or in checkout, the page still open, and
//	                  silent for one minute to three
//
// so that a full cart that has just become silent is above everything, and who left
// cools down within minutes. The page being left takes half of all of it.
func (v *Visitor) Heat(now int64, half float64) float64 {
	idle := max(0, float64(now-v.Seen)/1000)
	heat := intention[v.Step] + 20*math.Exp2(-idle/60)
	if v.Cart > 0 {
		heat += 40 * v.Cart / (v.Cart + half)
	}
	switch wants := v.Cart > 0 || v.Step >= Checkout; {
	case v.Away:
		heat /= 2
	case wants && idle >= 60 && idle < 180:
		heat += 10
	}
	return heat
}

var intention = [...]float64{Looking: 0, Choosing: 8, Carting: 16, Checkout: 24, Paying: 30}

// Half is the cart's value that Heat gives half of its points, by the currency.
func Half(currency string) float64 {
	if currency == "JPY" {
		return 10_000
	}
	return 100
}
