package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/omotenashi-web/omotenashi/rules"
)

// coupons runs omo coupons and gives what it says.
func coupons(args ...string) (out string, err error) {
	root, said := newRoot(), &bytes.Buffer{}
	root.SetOut(said)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{"coupons"}, args...))
	err = root.Execute()
	return said.String(), err
}

// What is generated is a pool: as many codes as were asked for, each once, of
// letters that nobody takes for another.
func TestGeneratedCodesAreAPool(t *testing.T) {
	out, err := coupons("generate", "--count", "5000", "--prefix", "WEL-", "--length", "8")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^WEL-[2-9B-DF-HJKMNP-TV-Z]{8}$`)
	used := map[rune]int{}
	for line := range strings.Lines(out) {
		if code := strings.TrimSuffix(line, "\n"); !form.MatchString(code) {
			t.Fatalf("%q is not of the form", code)
		}
		for _, letter := range line[4:12] {
			used[letter]++
		}
	}
	if len(used) != len(letters) {
		t.Errorf("%d of %d letters are used", len(used), len(letters))
	}
	for letter, n := range used {
		if mean := 5000 * 8 / len(letters); n < mean*8/10 || n > mean*12/10 {
			t.Errorf("%c is used %d times, and the mean is %d", letter, n, mean)
		}
	}
	set, found := rules.Load(fstest.MapFS{
		"coupons/wel.csv":  {Data: []byte("code\n" + out)},
		"campaigns/x.yaml": {Data: []byte("id: x\nstatus: live\nvariants: [{id: a, weight: 1, action: {type: coupon, title: t, pool: wel}}]\n")},
	})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if n := set.Pools["wel"].Len(); n != 5000 {
		t.Errorf("%d codes are in the pool", n)
	}
	for want, args := range map[string][]string{
		"--count 0 is not between 1 and 1000000":                         {"--count", "0"},
		"--length 7 is not between 8 and 32: shorter codes can be guess": {"--count", "1", "--length", "7"},
		"--prefix a b is not up to 24 letters, digits, _ and -":          {"--count", "1", "--prefix", "a b"},
	} {
		if _, err := coupons(append([]string{"generate"}, args...)...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
}

func TestCouponsTable(t *testing.T) {
	t.Setenv("OMO_SECRET_KEY", "sk_x")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/coupons" || r.Header.Get("Authorization") != "Bearer sk_x" {
			t.Errorf("asked for %s with %s", r.URL, r.Header)
		}
		fmt.Fprint(w, `{"pools":[{"pool":"spring","campaigns":[],"total":5,"claimed":0,"redeemed":0,"left":5,"withdrawn":0,"claimed_7d":0,"days_left":null},
			{"pool":"welcome10","campaigns":["gift","rescue"],"total":1000,"claimed":700,"redeemed":120,"left":300,"withdrawn":2,"claimed_7d":350,"days_left":6}]}`)
	}))
	t.Cleanup(server.Close)
	out, err := coupons("--server", server.URL, "--json=false")
	const want = ` pool       total  claimed  redeemed  left  last 7 days  days left  campaigns    
─────────────────────────────────────────────────────────────────────────────────
 spring         5        0         0     5            0          –               
 welcome10   1000      700       120   300          350        6.0  gift, rescue 
`
	if err != nil || out != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
	if out, err = coupons("welcome10", "--server", server.URL); err != nil || strings.Contains(out, "spring") || !strings.Contains(out, `"days_left": 6`) {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err = coupons("welcome", "--server", server.URL); err == nil || err.Error() != "the server's rules have no coupon pool welcome: put its codes into coupons/welcome.csv, one a line" {
		t.Errorf("%v", err)
	}
}
