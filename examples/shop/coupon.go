package shop

import (
	_ "embed"
	"fmt"
	"strings"
)

// coupon is a code that the campaigns hand out. Exactly one of yen and percent is set.
type coupon struct {
	name    string
	yen     int
	percent int
	above   int    // goods in yen from which it holds
	item    string // "" holds for every article
	rank    string // "" holds for everybody
}

// coupons are the codes the shop knows, by code: one for all, and those that
// each diamond member gets one of.
func coupons() map[string]coupon {
	all := map[string]coupon{
		"HAJIME300":  {name: "はじめての方へ 300円OFF", yen: 300, above: 3000},
		"ITSUMO500":  {name: "いつものお客さまへ 500円OFF", yen: 500, above: 5000},
		"ITSUMO1000": {name: "いつものお客さまへ 1,000円OFF", yen: 1000, above: 10000},
		"YORU10":     {name: "店長から、夜の10％OFF", percent: 10},
		"ARUKU10":    {name: "ウォーキングスニーカー 10％OFF", percent: 10, item: "walking-sneakers"},
	}
	for line := range strings.Lines(diamondCodes) {
		if strings.HasPrefix(line, "DIA-") {
			all[strings.TrimSpace(line)] = coupon{name: "ダイヤモンド会員さま限定 1,500円OFF", yen: 1500, above: 8000, rank: "diamond"}
		}
	}
	return all
}

//go:embed rules/coupons/diamond.csv
var diamondCodes string

// apply gives the discount in yen and a sentence for the buyer.
func (c coupon) apply(cart Cart, member Member) (int, string) {
	base := 0
	for _, l := range cart {
		if c.item == "" || l.Item.ID == c.item {
			base += l.Sum()
		}
	}
	switch {
	case len(cart) == 0:
		return 0, "「" + c.name + "」をお預かりしました。商品をお選びください。"
	case c.rank != "" && member.Rank != c.rank:
		return 0, "「" + c.name + "」は、ログインしたダイヤモンド会員さまにお使いいただけます。"
	case base == 0:
		return 0, "「" + c.name + "」の対象商品が、まだカートにありません。"
	case cart.Goods() < c.above:
		return 0, "「" + c.name + "」は、あと" + yen(c.above-cart.Goods()) + "のお買い物でお使いいただけます。"
	case c.percent > 0:
		return base * c.percent / 100, "「" + c.name + "」を適用しました。"
	}
	return min(c.yen, base), "「" + c.name + "」を適用しました。"
}

// yen writes an amount as a Japanese shop does: 5,940円.
func yen(n int) string { return grouped(n) + "円" }

// grouped writes a number with a comma at every thousand.
func grouped(n int) string {
	sign, digits := "", fmt.Sprint(n)
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}
