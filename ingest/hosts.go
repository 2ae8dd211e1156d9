package ingest

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Hosts that make a channel.
var (
	// Search engines with a domain in every country, by its first label.
	searchNames   = map[string]bool{"google": true, "yahoo": true, "yandex": true}
	searchDomains = map[string]bool{"bing.com": true, "duckduckgo.com": true, "baidu.com": true, "naver.com": true,
		"ecosia.org": true, "startpage.com": true, "brave.com": true, "ya.ru": true, "goo.ne.jp": true}
	// Portals whose front page is not for searching: search.biglobe.ne.jp is.
	searchPortals = map[string]bool{"docomo.ne.jp": true, "auone.jp": true, "biglobe.ne.jp": true, "nifty.com": true,
		"rakuten.co.jp": true, "excite.co.jp": true}
	// What an engine calls its search: its other hosts (news, shopping) refer like anybody's.
	searchLabels = []string{"www", "m", "search", "websearch", "cn", "image", "images"}

	socialDomains = map[string]bool{"t.co": true, "x.com": true, "twitter.com": true, "facebook.com": true,
		"instagram.com": true, "line.me": true, "lin.ee": true, "youtube.com": true, "youtu.be": true, "tiktok.com": true,
		"pinterest.com": true, "pinterest.jp": true, "threads.net": true, "threads.com": true, "linkedin.com": true,
		"note.com": true, "hatena.ne.jp": true, "reddit.com": true}
	socialNames = map[string]bool{"line": true, "x": true, "twitter": true, "facebook": true, "instagram": true,
		"youtube": true, "tiktok": true, "pinterest": true, "threads": true, "linkedin": true, "note": true}

	aiHosts = map[string]bool{"chatgpt.com": true, "chat.openai.com": true, "perplexity.ai": true,
		"www.perplexity.ai": true, "claude.ai": true, "gemini.google.com": true, "copilot.microsoft.com": true,
		"felo.ai": true, "genspark.ai": true, "www.genspark.ai": true}
	// Apps refer as android-app://their.name.
	appHosts = map[string]string{"com.google.android.googlequicksearchbox": "search", "com.google.android.gm": "email",
		"jp.naver.line.android": "social", "com.twitter.android": "social", "com.instagram.android": "social"}
)

func channelOfHost(host string) string {
	if channel := appHosts[host]; channel != "" {
		return channel
	}
	d := domain(host)
	switch {
	case aiHosts[host]:
		return "ai"
	case socialDomains[d]:
		return "social"
	case strings.HasPrefix(host, "mail.") || strings.Contains(host, ".mail."):
		return "email"
	case isSearch(host, d):
		return "search"
	default:
		return "referral"
	}
}

// isSearch says whether host, of that domain, is where people search:
// search.yahoo.co.jp, and not shopping.yahoo.co.jp.
func isSearch(host, domain string) bool {
	within := strings.TrimSuffix(strings.TrimSuffix(host, domain), ".")
	if searchPortals[domain] {
		return strings.Contains(within, "search")
	}
	name, _, _ := strings.Cut(domain, ".")
	if !searchNames[name] && !searchDomains[domain] {
		return false
	}
	for label := range strings.SplitSeq(within, ".") {
		if slices.Contains(searchLabels, label) {
			return true
		}
	}
	return within == ""
}

// sameOwner says whether two hosts belong to one registered domain.
func sameOwner(a, b string) bool { return a == b || domain(a) == domain(b) }

// domain is the part of a host that one owner registered: shop.co.jp of
// www.shop.co.jp; an address or a bare name is itself.
func domain(host string) string {
	if last := host[max(0, len(host)-1):]; last >= "0" && last <= "9" || strings.Contains(host, ":") {
		if _, err := netip.ParseAddr(host); err == nil {
			return host
		}
	}
	if d, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return d
	}
	return host
}
