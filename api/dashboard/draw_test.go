package dashboard

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/engine/stats"
)

var coordinate = regexp.MustCompile(`(?:x|y|x1|x2|y1|y2|cx|cy|width|height)="(-?[0-9.]+|[^"]*)"`)

// sound checks that a drawing is well-formed, without a style, and within its frame.
func sound(t interface{ Errorf(string, ...any) }, what string, drawing template.HTML) {
	text := string(drawing)
	if text == "" {
		return
	}
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Errorf("%s is not well-formed: %v: %s", what, err, text)
			return
		}
	}
	for _, bad := range []string{"NaN", "Inf", "%!", "e+", "style=", "<script"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s has %s: %s", what, bad, text)
		}
	}
	var width, height float64
	if _, err := fmt.Sscanf(text[strings.Index(text, `viewBox="0 0 `):], `viewBox="0 0 %g %g"`, &width, &height); err != nil {
		t.Errorf("%s has no frame: %v", what, err)
	}
	for _, found := range coordinate.FindAllStringSubmatch(text, -1) {
		var at float64
		if _, err := fmt.Sscanf(found[1], "%g", &at); err != nil || at < 0 || at > max(width, height) {
			t.Errorf("%s draws at %s of %g×%g", what, found[0], width, height)
		}
	}
}

// Whatever the numbers, every drawing is sound.
func TestDrawingsStayInTheirFrames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64Range(-3, 3), rapid.Float64(), rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), math.Inf(-1)}))
		moment := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), 0).UTC() })
		sound(t, "sparkline", sparkline(rapid.SliceOfN(number, 0, 30).Draw(t, "values")))
		sound(t, "measure", measure(number.Draw(t, "part"), number.Draw(t, "most")))
		var curves []Curve
		for range rapid.IntRange(0, 4).Draw(t, "curves") {
			curves = append(curves, Curve{Mean: number.Draw(t, "mean"), Deviation: number.Draw(t, "deviation"), Colour: rapid.IntRange(0, 3).Draw(t, "colour")})
		}
		sound(t, "density", density(curves, rapid.SampledFrom([]float64{0.1, 0.25, 0.5, 1}).Draw(t, "half")))
		var days []Day
		for range rapid.IntRange(0, 40).Draw(t, "days") {
			days = append(days, Day{"12/01", rapid.Bool().Draw(t, "known"), number.Draw(t, "lift"), number.Draw(t, "low"), number.Draw(t, "high")})
		}
		sound(t, "narrowing", narrowing(days))
		var marks []Mark
		for range rapid.IntRange(0, 9).Draw(t, "marks") {
			marks = append(marks, Mark{moment.Draw(t, "at"), rapid.IntRange(0, 3).Draw(t, "row"), rapid.SampledFrom([]string{"", "click", `"><script>`}).Draw(t, "kind")})
		}
		sound(t, "timeline", timeline(marks, moment.Draw(t, "from"), moment.Draw(t, "to"), 4))
		sound(t, "plan", planned(Plan{From: moment.Draw(t, "begin"), Until: moment.Draw(t, "end"), Now: moment.Draw(t, "now")}))
	})
}

func known(v float64) stats.Number { return stats.Number{Value: v, Known: true} }

// What is drawn is what the numbers say.
func TestDrawingsTell(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what    string
		drawing template.HTML
		want    string
	}{
		{"a line from the foot to the top", sparkline([]float64{0, 5, 10}), `<path class="over" d="M3.0 25.0L60.0 14.0L117.0 3.0"/>`},
		{"nothing of one value", sparkline([]float64{1}), ""},
		{"a quarter", measure(uint64(1), 4), `<rect class="part" width="25.00" height="8"/>`},
		{"a part of nothing", measure(1, 0), `<rect class="part" width="0.00" height="8"/>`},
		{"the middle of an axis", density(nil, 0.5), `<line class="zero" x1="320.0" y1="4.0" x2="320.0" y2="146.0"/>`},
		{"an interval of its own colour", density([]Curve{{Mean: math.Log(1.1), Deviation: 0.05, Colour: 2}}, 0.25), `<circle class="middle c2" cx="448.0" cy="149.8" r="4"/>`},
		{"a ratio's curve is highest where its logarithm's is not", density([]Curve{{Mean: 0, Deviation: 0.5}}, 1), "L250.0 8.0L"}, // exp(−0.25) − 1
		{"a curve from foot to foot", density([]Curve{{Mean: 0, Deviation: 0.01, Colour: 1}}, 0.25), `<path class="curve c1" d="M0.0 140.0L0.0 140.0`},
		{"an axis in percent", density(nil, 0.25), `>−12.5%</text>`},
		{"an interval that goes on beyond the axis", density([]Curve{{Mean: 0, Deviation: 0.5, Colour: 1}}, 0.25), `<line class="interval c1" x1="0.0" y1="149.8" x2="640.0" y2="149.8"/><line class="interval c1" x1="5.0" y1="145.8" x2="0.0" y2="149.8"/><line class="interval c1" x1="5.0" y1="153.8" x2="0.0" y2="149.8"/><line class="interval c1" x1="635.0" y1="145.8" x2="640.0" y2="149.8"/>`},
		{"an interval in its frame", bar(known(0.1), stats.Interval{Low: -0.5, High: 0.5, Known: true}, 1), `x1="32.0" y1="8.0" x2="88.0" y2="8.0"/><circle class="middle" cx="65.6" cy="8.0" r="3.5"/>`},
		{"a small one that goes on", bar(known(2), stats.Interval{Low: 0.5, High: 3, Known: true}, 1), `x1="88.0" y1="8.0" x2="116.0" y2="8.0"/><line class="interval" x1="111.0" y1="4.0" x2="116.0" y2="8.0"/><line class="interval" x1="111.0" y1="12.0" x2="116.0" y2="8.0"/><circle class="middle" cx="116.0"`},
		{"an interval that narrows", narrowing([]Day{{"1", true, 0, -0.5, 0.5}, {"2", true, 0, -0.25, 0.25}}), `<path class="band" d="M44.0 4.0L632.0 41.0L632.0 115.0L44.0 152.0Z"/>`},
		{"first days that are cut off", narrowing([]Day{{"1", true, 0, -5, 5}, {"2", true, 0, -0.2, 0.2}, {"3", true, 0, -0.2, 0.2}, {"4", true, 0, -0.1, 0.1}}), `>+25%</text>`},
		{"an interval of one day", narrowing([]Day{{"1", true, 0.1, -0.25, 0.5}}), `<line class="over" x1="342.0" y1="4.0" x2="342.0" y2="115.0"/><circle class="last" cx="342.0" cy="63.2" r="4"/><text x="342.0"`},
		{"a campaign of the coming fortnight", planned(Plan{From: now, Until: now.AddDate(0, 0, 15), Now: now}), `<rect class="open" x="60.0" y="4" width="30.0" height="6" rx="3"/>`},
		{"one that is over", planned(Plan{Until: now.AddDate(0, 0, -31), Now: now}), `rx="3"/><line class="now"`},
		{"a mark in the middle", timeline([]Mark{{At: now, Row: 1, Kind: "click"}}, now.Add(-time.Hour), now.Add(time.Hour), 2), `<circle class="mark click" cx="320.0" cy="33.0" r="4.5"/>`},
	} {
		if !strings.Contains(string(c.drawing), c.want) || c.want == "" && c.drawing != "" {
			t.Errorf("%s: %s\nlacks %s", c.what, c.drawing, c.want)
		}
	}
}

func TestNumbersAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		whole(1234567): "1,234,567", whole(-1234): "−1,234", whole(uint64(7)): "7", whole(int64(1000)): "1,000",
		bytes(999): "999 B", bytes(1_234_567): "1.2 MB", bytes(268435456): "268.4 MB", share(0.1234): "12.3%", share(math.NaN()): "–",
		when(time.Date(2026, 11, 22, 18, 5, 0, 0, time.UTC), "ja"): "11月22日 18:05", when(time.Date(2026, 11, 22, 18, 5, 0, 0, time.UTC), "en"): "22 Nov 18:05", when(time.Time{}, "ja") + " ": "– ",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Of a long name both ends stand: ids differ at their end, and say at their
// beginning what they are.
func TestBrief(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ann": "ann", "123456789012345678": "123456789012345678", "sim-member-6b0314fe-3182": "sim-me…314fe-3182", "茶の湯の会の会員の山田花子さまの端末その一": "茶の湯の会の…花子さまの端末その一",
	} {
		if got := brief(name); got != want {
			t.Errorf("%s is shown as %s, want %s", name, got, want)
		}
	}
}
