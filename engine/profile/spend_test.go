package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// What attention was spent in a slot: exposures, and offers of the last minute.
func TestSpent(t *testing.T) {
	t.Parallel()
	const now = "now"
	start := "0m page_view /a\n"
	exposed := func(when, campaign, decision string) string { return event(when, "exposure", campaign, decision) }
	for _, c := range []struct{ name, story, at, want string }{
		{"nothing", start, "0m", "modal 0, all 0"},
		{"offers hold", start + offer("0m", "/a", "d1", "rescue:modal other:bar plain"), "59.999s", "modal 1, bar 1, all 3"},
		{"control holds alike", start + offer("0m", "/a", "d1", "control:modal"), "1s", "modal 1, all 1"},
		{"for a minute", start + offer("0m", "/a", "d1", "rescue:modal other:bar"), "60s", "modal 0, bar 0, all 0"},
		{"also when the page is gone", start + offer("0m", "/a", "d1", "rescue:modal") + "5s page_view /a\n", "6s", "modal 1, all 1"},
		{"an exposure is spent once, in its offer's slot", start + offer("0m", "/a", "d1", "rescue:modal") + exposed("1s", "rescue", "d1"), "2s", "modal 1, all 1"},
		{"for good", start + offer("0m", "/a", "d1", "rescue:modal") + exposed("1s", "rescue", "d1") + "5h page_view /a\n", "5h", "modal 1, all 1, session 0, hour 0"},
		{"when its offer's slot was freed before", start + offer("0m", "/a", "d1", "rescue:modal") + "5s page_view /a\n" + exposed("6s", "rescue", "d1"), "7s", "modal 1, all 1"},
		{"of an offer that nobody remembers", start + "1h omo_exposure {\"campaign\":\"rescue\",\"slot\":\"bar\"}\n", "1h", "modal 0, bar 1, all 1, session 1, hour 1"},
		{"without a slot", start + exposed("1s", "rescue", "d1"), "2s", "modal 0, all 1, session 1, hour 1"},
		{"of all campaigns", start + offer("0m", "/a", "d1", "rescue:modal other:modal") + exposed("1s", "rescue", "d1"), "2s", "modal 2, all 2, session 2, hour 2"},
		{"an hour is over", start + offer("0m", "/a", "d1", "rescue:modal") + exposed("1s", "rescue", "d1") + "20m search\n40m search\n60m search\n", "1h1s", "modal 1, session 1, hour 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := after(t, c.story)
			at := told(t, c.at+" "+now).Time
			var got []string
			for want := range strings.SplitSeq(c.want, ", ") {
				what, _, _ := strings.Cut(want, " ")
				n := 0
				switch what {
				case "session":
					n = p.Spent("all", 0, p.Session.N, at)
				case "hour":
					n = p.Spent("all", at-anHour+1, 0, at)
				default:
					n = p.Spent(what, 0, 0, at)
				}
				got = append(got, fmt.Sprint(what, " ", n))
			}
			equal(t, strings.Join(got, ", "), c.want)
		})
	}
}

// Ever is ever, though only the latest exposures are known one by one; of a
// window it is at least 100.
func TestSpentOften(t *testing.T) {
	t.Parallel()
	var story strings.Builder
	for i := range 250 {
		fmt.Fprintf(&story, "%ds omo_exposure {\"campaign\":\"rescue\",\"variant\":\"a\",\"phase\":\"p\",\"slot\":\"modal\"}\n", i)
	}
	p, _ := after(t, story.String())
	equal(t, fmt.Sprint(p.Spent("modal", 0, 0, p.Last), p.Spent("bar", 0, 0, p.Last), p.Spent("all", 0, 0, p.Last),
		p.Spent("all", 0, 1, p.Last), p.Spent("all", p.Last-50_000, 0, p.Last)), "250 0 250 100 51")
}

// An absence makes a campaign due until it is exposed; it is nothing that the
// visitor did.
func TestDue(t *testing.T) {
	t.Parallel()
	absent := func(when, campaign string) string { return event(when, "absent", campaign, "") }
	for _, c := range []struct{ name, story, want string }{
		{"nothing", "0m page_view\n", "[] in v.1 until 0s"},
		{"came due", "0m page_view\n" + absent("1h", "rescue") + absent("2h", "other"), "[other 2h0m0s rescue 1h0m0s] in v.1 until 0s"},
		{"again", "0m page_view\n" + absent("1h", "rescue") + absent("2h", "rescue"), "[rescue 2h0m0s] in v.1 until 0s"},
		{"exposed", "0m page_view\n" + absent("1m", "rescue") + absent("1m", "other") + event("2m", "exposure", "rescue", ""), "[other 1m0s] in v.1 until 2m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, events := after(t, c.story)
			due := []string{}
			for _, campaign := range slices.Sorted(maps.Keys(p.Due)) {
				due = append(due, campaign+" "+minutes(p.Due[campaign]))
			}
			equal(t, fmt.Sprint(due, " in ", events[len(events)-1].Session, " until ", minutes(p.Last)), c.want)
		})
	}
	var story strings.Builder
	for i := range 100 {
		story.WriteString(absent(fmt.Sprint(i/2, "m"), fmt.Sprintf("c%02d", i)))
	}
	p, _ := after(t, story.String())
	equal(t, fmt.Sprint(len(p.Due), " from ", slices.Sorted(maps.Keys(p.Due))[0]), "32 from c68")
}

// Of an offer that nobody remembers the browser tells the slot, and whoever has
// its token may tell it as long as an event may be: not all of that is kept.
func TestToldSlotsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 30_000)
	p, _ := after(t, "0m page_view /a\n1h omo_exposure {\"campaign\":\"rescue\",\"slot\":\""+long+"\"}\n")
	if got := len(p.Campaigns["rescue"].Spends[0].Slot); got > maxText {
		t.Errorf("%d bytes are kept", got)
	}
}
