package rules

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// More codes make no other rule set; another pool does. Codes leave the folder
// neither in the source nor in an action, and what stands for them there loads.
func TestPoolIsNoPartOfTheSource(t *testing.T) {
	t.Parallel()
	campaign := "id: x\nstatus: live\nvariants: [{id: a, weight: 1, action: {type: coupon, title: t, pool: ten}}]\n"
	with := func(name, codes string) *Set {
		return folder(t, map[string]string{"campaigns/x.yaml": campaign, "coupons/ten.csv": "T-1\n", name: codes})
	}
	one, more := with("coupons/ten.csv", "SECRET-1\n"), with("coupons/ten.csv", "SECRET-1\nSECRET-2\n")
	if one.Hash != more.Hash || one.Campaigns[0].Content != more.Campaigns[0].Content {
		t.Error("another code makes another rule set")
	}
	if one.Source["coupons/ten.csv"] == more.Source["coupons/ten.csv"] {
		t.Error("another code does not show in the source: a reload would miss it")
	}
	if other := with("coupons/other.csv", "SECRET-3\n"); other.Hash == one.Hash {
		t.Error("another pool makes no other rule set")
	}
	again := fstest.MapFS{}
	for name, text := range more.Source {
		if strings.Contains(text, "SECRET") {
			t.Errorf("%s tells codes:\n%s", name, text)
		}
		again[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if got := more.Source["coupons/ten.csv"]; got != "# 2 codes, SHA-256 "+more.Pools["ten"].Digest()+"\n" {
		t.Errorf("the source says %q", got)
	}
	set, found := Load(again)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	for code := range set.Pools["ten"].Codes() {
		t.Errorf("what is recorded has the code %s", code)
	}
	if set.Hash != more.Hash || set.Campaigns[0].Content != more.Campaigns[0].Content || set.Pools["ten"].Len() != 2 || !set.Pools["ten"].Recorded() || more.Pools["ten"].Recorded() || set.Source["coupons/ten.csv"] != more.Source["coupons/ten.csv"] || len(found) > 0 {
		t.Errorf("what is recorded loads as %s with %d codes, it was %s", set.Hash, set.Pools["ten"].Len(), more.Hash)
	}
}

// gave is a shop whose warehouse knows what was offered, by campaign and variant.
type gave struct {
	shop
	offered map[string][2]int
	err     error
}

func (g gave) Offered(campaign, variant string) (ever, week int, err error) {
	n := g.offered[campaign+" "+variant]
	return n[0], n[1], g.err
}

// With a warehouse a pool is short when a week like the last one empties it,
// whoever of its campaigns gives the codes; without traffic nothing is said.
func TestPoolLasts(t *testing.T) {
	t.Parallel()
	campaign := func(id string) string {
		return "id: " + id + "\nstatus: live\nfrequency: {max: 1}\nvariants:\n  - {id: control, weight: 50}\n" +
			"  - {id: own, weight: 50, action: {type: coupon, title: ようこそ, pool: ten}}\n"
	}
	files := fstest.MapFS{
		"campaigns/x.yaml": {Data: []byte(campaign("a") + "---\n" + campaign("b"))},
		"coupons/ten.csv":  {Data: []byte("A1\nA2\nA3\nA4\nA5\nA6\nA7\nA8\nA9\nA10\n")},
	}
	const short = `campaigns/x.yaml:6:69: warning: variants[1].action.pool: the pool "ten" has about %s codes left, and %s visitors were given one in the last 7 days  [OMO129]
      - {id: own, weight: 50, action: {type: coupon, title: ようこそ, pool: ten}}
                                                                            ^
    hint: add codes to coupons/ten.csv; those already given stay given
`
	for name, c := range map[string]struct {
		offered map[string][2]int
		want    string
	}{
		"nobody was given one":          {nil, ""},
		"long ago":                      {map[string][2]int{"a own": {9, 0}}, ""},
		"enough for another week":       {map[string][2]int{"a own": {5, 5}}, ""},
		"not enough":                    {map[string][2]int{"a own": {4, 2}, "b own": {2, 3}}, strings.NewReplacer("%s codes", "4 codes", "%s visitors", "5 visitors").Replace(short)},
		"given ones are no longer here": {map[string][2]int{"a own": {900, 11}}, strings.NewReplacer("%s codes", "10 codes", "%s visitors", "11 visitors").Replace(short)},
		"and there are enough":          {map[string][2]int{"a own": {900, 10}}, ""},
		"of control nobody asks":        {map[string][2]int{"a control": {9, 9}}, ""},
	} {
		sees := gave{shop: shop{events: map[string][]string{"purchase": nil}, asked: new([]string)}, offered: c.offered}
		if _, found, err := Lint(files, LintOptions{Seen: sees}); numbered(found) != c.want || err != nil {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, numbered(found), c.want)
		}
	}
	away := gave{shop: shop{events: map[string][]string{"purchase": nil}, asked: new([]string)}, err: errors.New("the warehouse is away")}
	if _, found, err := Lint(files, LintOptions{Seen: away}); err == nil || err.Error() != "what was seen of campaign a: the warehouse is away" || len(found) > 0 {
		t.Errorf("a warehouse that fails: %v\n%s", err, numbered(found))
	}
}
