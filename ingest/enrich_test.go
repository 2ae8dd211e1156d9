package ingest

import (
	"fmt"
	"strings"
	"testing"
)

const (
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
	pixel   = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
	ipad    = "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1"
	windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	mac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
	edge    = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
	line    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/14.19.0"
)

// The device, from the user agent and, where they say more, the client hints.
func TestEnrichDevice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		s    Surroundings
		want string
	}{
		{"iPhone", Surroundings{UserAgent: iphone, Language: "ja-JP,ja;q=0.9,en;q=0.8"}, "mobile iOS Safari ja"},
		{"Android", Surroundings{UserAgent: pixel, Language: "en"}, "mobile Android Chrome en"},
		{"iPad", Surroundings{UserAgent: ipad}, "tablet iOS Safari -"},
		{"Windows", Surroundings{UserAgent: windows}, "desktop Windows Chrome -"},
		{"Mac", Surroundings{UserAgent: mac}, "desktop macOS Safari -"},
		{"Edge", Surroundings{UserAgent: edge}, "desktop Windows Edge -"},
		{"a reduced agent on a phone", Surroundings{UserAgent: windows, Mobile: "?1", Platform: `"Android"`}, "mobile Android Chrome -"},
		{"hints that agree", Surroundings{UserAgent: windows, Mobile: "?0", Platform: `"Windows"`}, "desktop Windows Chrome -"},
		{"hints that know nothing", Surroundings{UserAgent: windows, Platform: `"Unknown"`}, "desktop Windows Chrome -"},
		{"hints that are absurd", Surroundings{UserAgent: windows, Platform: strings.Repeat("x", 99)}, "desktop Windows Chrome -"},
		{"no agent", Surroundings{Language: "JA"}, "- - - ja"},
		{"any language", Surroundings{UserAgent: windows, Language: "*"}, "desktop Windows Chrome -"},
		{"an absurd language", Surroundings{UserAgent: windows, Language: strings.Repeat("j", 99)}, "desktop Windows Chrome -"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := NewEnricher()
			for range 2 { // the second time from memory
				var e Event
				n.Enrich(&e, c.s)
				d := Device{}
				if e.Device != nil {
					d = *e.Device
				}
				if got := words(d.Type, d.OS, d.Browser, d.Language); got != c.want || e.Bot {
					t.Errorf("%s, bot %t, want %s", got, e.Bot, c.want)
				}
			}
		})
	}
	var e Event
	NewEnricher().Enrich(&e, Surroundings{})
	if e.Device != nil || e.Geo != nil || e.Source != nil || e.Page != nil {
		t.Errorf("of nothing: %+v", e)
	}
}

func words(list ...string) string {
	for i, w := range list {
		if w == "" {
			list[i] = "-"
		}
	}
	return strings.Join(list, " ")
}

// Bots are known by name or by what they say of themselves; people in an app's
// own browser are no bots.
func TestEnrichBots(t *testing.T) {
	t.Parallel()
	n := NewEnricher()
	for agent, want := range map[string]bool{
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                               true,
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)":                                true,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": true,
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)":                                     true,
		"curl/8.9.1":             true,
		"python-requests/2.32.3": true,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36": true,
		iphone: false, pixel: false, ipad: false, windows: false, mac: false, edge: false, line: false,
		"": false,
	} {
		var e Event
		n.Enrich(&e, Surroundings{UserAgent: agent})
		if e.Bot != want {
			t.Errorf("%q: bot is %t", agent, e.Bot)
		}
	}
}

// Addresses lose what tells one household from another before they are kept.
func TestEnrichPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ip, country, want string }{
		{"203.0.113.77", "jp", "JP 203.0.113.0"},
		{"2001:db8:1234:5678:9abc:def0:1234:5678", "", "- 2001:db8:1234::"},
		{"::ffff:203.0.113.77", "", "- 203.0.113.0"},
		{"fe80::1%eth0", "", "- fe80::"},
		{"127.0.0.1", "", "- 127.0.0.0"},
		{"203.0.113.77:443", "JP", "JP -"},
		{"unknown", "", "none"},
		{"", "a whole country", "none"},
	} {
		var e Event
		NewEnricher().Enrich(&e, Surroundings{IP: c.ip, Country: c.country})
		got := "none"
		if e.Geo != nil {
			got = words(e.Geo.Country, e.Geo.IP)
		}
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.ip, c.country, got, c.want)
		}
	}
}

// The path is the page's own, decoded and without the query; what a client
// says the path is does not count.
func TestEnrichPage(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://shop.example/items/7?utm_source=a#top":     "/items/7",
		"https://shop.example":                              "/",
		"https://shop.example?q=1":                          "/",
		"https://shop.example/%E5%95%86%E5%93%81/%E9%9D%B4": "/商品/靴",
		"/cart?x=1": "/cart",
		"":          "/",
	} {
		e := Event{Page: &Page{URL: url, Path: "/checkout"}}
		NewEnricher().Enrich(&e, Surroundings{})
		if e.Page.Path != want {
			t.Errorf("%s: %s, want %s", url, e.Page.Path, want)
		}
	}
	long := Page{URL: "https://shop.example/" + strings.Repeat("a", 10_000), Title: strings.Repeat("靴", 1000), Item: &Item{Name: strings.Repeat("n", 1000)}}
	e := Event{Page: &long}
	NewEnricher().Enrich(&e, Surroundings{})
	got := fmt.Sprint(len(e.Page.URL), len(e.Page.Path), len(e.Page.Title), len(e.Page.Item.Name))
	if want := "4099 4099 513 515"; got != want {
		t.Errorf("a page of long texts is cut to %s, want %s", got, want)
	}
}

// What is remembered of user agents is bounded, however many come.
func TestEnrichForgets(t *testing.T) {
	t.Parallel()
	n := NewEnricher()
	for i := range maxAgents + 10 {
		var e Event
		n.Enrich(&e, Surroundings{UserAgent: fmt.Sprint("curl/8.", i)})
	}
	if len(n.known) > maxAgents {
		t.Errorf("%d agents are remembered, at most %d should be", len(n.known), maxAgents)
	}
}
