package stats

import "testing"

func TestFiguresAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	known := func(v float64) Number { return Number{Value: v, Known: true} }
	for want, got := range map[string]string{
		"44.82%": known(0.448187).Percent(), "0.00%": known(0).Percent(),
		"−4.3%": known(-0.0429).Change(), "+16.9%": known(0.169).Change(), "±0.0%": known(0.0004).Change(), "+1,234%": known(12.341).Change(),
		"< 0.0001": known(0.00004).PText(), "0.0016": known(0.00156).PText(),
		"−6.9% … −1.7%": Interval{Low: -0.069, High: -0.017, Known: true}.Change(" … "),
		"0秒":            known(.2).Lasting().Ja, "59 s": known(59.4).Lasting().En, "1 min 00 s": known(59.6).Lasting().En, "3分20秒": known(200).Lasting().Ja,
		"59 min 59 s": known(3599).Lasting().En, "1時間00分": known(3600).Lasting().Ja, "26 h 05 min": known(93_900).Lasting().En,
		"+41円": known(40.6).Money("").Ja, "−¥41": known(-41.2).Money("JPY").En, "±0円": known(-.4).Money("JPY").Ja, "−1,234,567円": known(-1_234_567).Money("JPY").Ja,
		"−41円〜+710円": Interval{Low: -41.04, High: 710.4, Known: true}.Money("JPY", "〜").Ja, "−0.41 USD": known(-.408).Money("USD").En, "±0.00 EUR": known(.004).Money("EUR").Ja,
		"0円": known(0).Amount("JPY").Ja, "¥9": known(9.4).Amount("JPY").En, "−¥30": known(-30).Amount("").En, "1,234.50 USD": known(1234.5).Amount("USD").Ja,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, got := range []string{Number{}.Percent(), Number{}.Change(), Number{}.PText(), Interval{}.Change(" … "), Number{}.Lasting().Ja} {
		if got != Missing {
			t.Errorf("a number that is not known reads %q", got)
		}
	}
}
