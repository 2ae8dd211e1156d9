package stats

import (
	"fmt"
	"math"
	"strconv"
)

// Missing stands where there is no number; the number's Why says why.
const Missing = "–"

// Percent writes a share: "12.34%".
func (n Number) Percent() string {
	if !n.Known {
		return Missing
	}
	return strconv.FormatFloat(n.Value*100, 'f', 2, 64) + "%"
}

// Change writes a relative difference: "+12.3%", with a real minus sign.
func (n Number) Change() string {
	if !n.Known {
		return Missing
	}
	return change(n.Value)
}

// Change writes an interval of relative differences, between between its ends.
func (i Interval) Change(between string) string {
	if !i.Known {
		return Missing
	}
	return change(i.Low) + between + change(i.High)
}

// PText writes a p-value to four decimals, as far as that says something.
func (n Number) PText() string {
	switch {
	case !n.Known:
		return Missing
	case n.Value < 0.0001:
		return "< 0.0001"
	default:
		return strconv.FormatFloat(n.Value, 'f', 4, 64)
	}
}

// Money writes an amount with its sign: "+1,234円" and "+¥1,234", other currencies
// with their code.
func (n Number) Money(currency string) Sentence {
	if !n.Known {
		return Sentence{Missing, Missing}
	}
	return signed(n.Value, currency)
}

// Amount is Money without the sign of what is not below zero.
func (n Number) Amount(currency string) Sentence {
	if !n.Known {
		return Sentence{Missing, Missing}
	}
	return amount(n.Value, currency)
}

// Lasting writes seconds as a length of time, in its two largest units.
func (n Number) Lasting() Sentence {
	if !n.Known {
		return Sentence{Missing, Missing}
	}
	s := int64(math.Round(max(0, n.Value)))
	switch minutes, hours := s/60, s/3600; {
	case s < 60:
		return Sentence{fmt.Sprintf("%d秒", s), fmt.Sprintf("%d s", s)}
	case minutes < 60:
		return Sentence{fmt.Sprintf("%d分%02d秒", minutes, s%60), fmt.Sprintf("%d min %02d s", minutes, s%60)}
	default:
		return Sentence{fmt.Sprintf("%d時間%02d分", hours, minutes%60), fmt.Sprintf("%d h %02d min", hours, minutes%60)}
	}
}

// Money writes an interval of amounts, between between its ends.
func (i Interval) Money(currency, between string) Sentence {
	if !i.Known {
		return Sentence{Missing, Missing}
	}
	low, high := signed(i.Low, currency), signed(i.High, currency)
	return Sentence{low.Ja + between + high.Ja, low.En + between + high.En}
}

func change(v float64) string {
	percents := math.Abs(v) * 100
	text := strconv.FormatFloat(percents, 'f', 1, 64)
	switch {
	case text == "0.0":
		return "±0.0%"
	case percents >= 1000:
		text = thousands(percents) // decimals would say nothing
	}
	if v < 0 {
		return "−" + text + "%"
	}
	return "+" + text + "%"
}
