package ingest

import (
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/mileusna/useragent"
)

// Surroundings are what the request itself tells: its headers and address.
type Surroundings struct {
	UserAgent string
	Mobile    string // Sec-CH-UA-Mobile: ?0 or ?1
	Platform  string // Sec-CH-UA-Platform: "Android"
	Language  string // Accept-Language, or the browser's own word
	IP        string
	Country   string // a CDN's country header; "" unknown
	Consent   string
}

// Enricher turns surroundings into facts. Safe for concurrent use.
type Enricher struct {
	mu    sync.RWMutex
	known map[string]agent // by user agent, at most maxAgents
}

type agent struct {
	device Device
	bot    bool
}

// Bounds of an event's texts, in bytes.
const (
	maxURL  = 4096
	maxText = 512
	maxWord = 32
)

// maxAgents bounds the memory for user agents seen; past it they are
// forgotten all at once and read again.
const maxAgents = 4096

// NewEnricher gives an empty one.
func NewEnricher() *Enricher { return &Enricher{known: map[string]agent{}} }

// Enrich fills in device, geo, source and the bot flag, and the page's path. The
// event's page is changed in place.
func (n *Enricher) Enrich(e *Event, s Surroundings) {
	a := n.agent(s.UserAgent)
	device := a.device
	if s.Mobile == "?1" && device.Type == "desktop" {
		device.Type = "mobile"
	}
	if p := strings.Trim(s.Platform, `"`); p != "" && p != "Unknown" && len(p) <= maxWord {
		device.OS = p
	}
	device.Language = primaryLanguage(s.Language)
	if device != (Device{}) {
		e.Device = &device
	}
	e.Bot = a.bot
	geo := Geo{IP: truncateIP(s.IP)}
	if len(s.Country) == 2 {
		geo.Country = strings.ToUpper(s.Country)
	}
	if geo != (Geo{}) {
		e.Geo = &geo
	}
	e.Consent = s.Consent
	told := e.Source
	e.Source = nil
	if e.Page != nil {
		e.Source = readPage(e.Page)
	}
	if told != nil {
		e.Source = e.Source.or(told)
	}
}

// readPage finds the page's path and what brought the visitor to it. Texts
// that are too long are cut: a page is not to suffer for its long title.
func readPage(p *Page) (source *Source) {
	if u, err := url.Parse(p.URL); err == nil {
		if p.Path = u.Path; p.Path == "" {
			p.Path = "/"
		}
		source = SourceOf(u, p.Referrer)
	}
	p.URL, p.Path, p.Referrer = clip(p.URL, maxURL), clip(p.Path, maxURL), clip(p.Referrer, maxURL)
	p.Title, p.Type, p.Lang = clip(p.Title, maxText), clip(p.Type, maxText), clip(p.Lang, maxText)
	if item := p.Item; item != nil {
		item.ID, item.Name = clip(item.ID, maxText), clip(item.Name, maxText)
		item.Category, item.Brand = clip(item.Category, maxText), clip(item.Brand, maxText)
	}
	return source
}

func (n *Enricher) agent(ua string) agent {
	if ua == "" {
		return agent{}
	}
	n.mu.RLock()
	a, ok := n.known[ua]
	n.mu.RUnlock()
	if ok {
		return a
	}
	a = readAgent(ua)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= maxAgents {
		clear(n.known)
	}
	n.known[strings.Clone(ua)] = a
	return a
}

func readAgent(ua string) agent {
	if len(ua) > 1024 {
		ua = ua[:1024] // no browser's is that long, and the patterns below are not free
	}
	parsed := useragent.Parse(ua)
	kind := "desktop"
	switch {
	case parsed.Tablet:
		kind = "tablet"
	case parsed.Mobile:
		kind = "mobile"
	}
	return agent{
		device: Device{Type: kind, OS: parsed.OS, Browser: parsed.Name},
		bot:    parsed.Bot || isCrawler(ua),
	}
}

func primaryLanguage(accept string) string {
	first, _, _ := strings.Cut(accept, ",")
	first, _, _ = strings.Cut(first, ";")
	first, _, _ = strings.Cut(first, "-")
	first = strings.ToLower(strings.TrimSpace(first))
	if len(first) > maxWord || first == "*" {
		return ""
	}
	return first
}

// truncateIP zeroes what tells one household from another: the last octet of
// an IPv4 address, the last 80 bits of an IPv6 one.
func truncateIP(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.Addr().String()
}
