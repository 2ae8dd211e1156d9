package stats

import (
	"math"
	"strconv"
	"strings"
)

// sayMoney is what the arm's visitors bring more or less than control's, a visitor
// and in all, with what that means where it is not what the rate says.
func sayMoney(currency string, rate Verdict, v *ArmValue) Sentence {
	if v == nil || !v.IncrementalPerVisitorCI.Known || !v.IncrementalCI.Known {
		return Sentence{}
	}
	each, ci := v.IncrementalPerVisitor.Value, v.IncrementalPerVisitorCI
	sum, sumCI := v.Incremental.Value, v.IncrementalCI
	off := Sentence{}
	if v.Cost.Value != 0 {
		off = Sentence{"（クーポン費用を差し引いた額）", ", coupon costs taken off"}
	}
	money := func(v float64) Sentence { return signed(v, currency) }
	s := Sentence{
		"売上への影響は1人あたり" + money(each).Ja + "（95%区間 " + money(ci.Low).Ja + "〜" + money(ci.High).Ja + "）、これまでの合計で" +
			money(sum).Ja + "（" + money(sumCI.Low).Ja + "〜" + money(sumCI.High).Ja + "）です" + off.Ja + "。",
		"In money that is " + money(each).En + " a visitor (95% interval " + money(ci.Low).En + " to " + money(ci.High).En + "), " +
			money(sum).En + " so far (" + money(sumCI.Low).En + " to " + money(sumCI.High).En + ")" + off.En + ".",
	}
	good, bad := rate == Win || rate == LikelyWin, rate == Loss || rate == LikelyLoss
	switch {
	case good && v.Verdict == Loss:
		return s.and(Sentence{"ただし金額では負けています。全員に配信する前に、特典の内容を見直してください。", "In money it loses, though: revise the reward before you show it to everyone."})
	case good && v.Verdict == LikelyLoss:
		return s.and(Sentence{"ただし金額では負けそうです。全員に配信する前に、もう少し続けてください。", "In money it is likely to lose, though: keep it running before you show it to everyone."})
	case bad && v.Verdict == Win:
		return s.and(Sentence{"ただし金額では勝っています。停止する前に、どちらを目標とするかを決めてください。", "In money it wins, though: decide which of the two you are after before you stop it."})
	default:
		return s
	}
}

// amount is signed without the sign of what is not below zero.
func amount(v float64, currency string) Sentence {
	s := signed(v, currency)
	return Sentence{strings.TrimLeft(s.Ja, "+±"), strings.TrimLeft(s.En, "+±")}
}

// signed writes an amount with its sign in both languages: yen, which have no
// fraction, and other currencies with two decimals and their code.
func signed(v float64, currency string) Sentence {
	decimals, yen := 2, currency == "" || currency == "JPY"
	if yen {
		decimals = 0
	}
	text := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	sign := "+"
	switch zero, _ := strconv.ParseFloat(text, 64); {
	case zero == 0:
		sign = "±"
	case v < 0:
		sign = "−"
	}
	text = grouped(text)
	if yen {
		return Sentence{sign + text + "円", sign + "¥" + text}
	}
	return Sentence{sign + text + " " + currency, sign + text + " " + currency}
}
