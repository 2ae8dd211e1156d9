package ingest

import (
	"net/url"
	"regexp"
	"strings"
)

// paidMedium is GA4's expression for paid media, and the words for it that
// Japanese shops use besides.
var paidMedium = regexp.MustCompile(`^(.*cp.*|ppc|retargeting|paid.*|display|banner|affiliate)$`)

// adClicks are the click ids of advertisers. Facebook's is not among them: it
// is put on every link that leaves Facebook, paid or not.
// Each has "clid", "cl" or "braid" in it; see marked.
var adClicks = [...]string{"gclid", "gbraid", "wbraid", "dclid", "yclid", "msclkid", "ldtag_cl", "twclid", "ttclid"}

// SourceOf reads what brought a visitor to page: UTM parameters first, then
// an advertiser's click id, then the referrer. It is nil for a step inside
// the shop (a referrer of the same registrable domain and no UTM).
func SourceOf(page *url.URL, referrer string) *Source {
	marked, inside := marked(page.RawQuery), inside(page, referrer)
	if inside && !marked {
		return nil // most page views are
	}
	var q url.Values
	if marked {
		q = page.Query()
	}
	utm := func(name string) string { return clip(q.Get("utm_"+name), maxText) }
	s := Source{Source: utm("source"), Medium: utm("medium"), Campaign: utm("campaign"), Term: utm("term"), Content: utm("content")}
	tagged := s != Source{}
	clicked := false
	for _, name := range adClicks {
		clicked = clicked || q.Has(name)
	}
	if inside {
		s.ReferrerHost = strings.ToLower(page.Hostname())
	} else if referrer != "" {
		if ref, err := url.Parse(referrer); err == nil {
			s.ReferrerHost = clip(strings.ToLower(ref.Hostname()), maxText)
		}
	}
	if s.ReferrerHost != "" && sameOwner(s.ReferrerHost, strings.ToLower(page.Hostname())) {
		if !tagged && !clicked {
			return nil
		}
		s.ReferrerHost = ""
	}
	s.Channel = channel(s, clicked)
	if s.Channel == "direct" && q.Has("fbclid") {
		s.Channel = "social"
	}
	return &s
}

// or is s where the page's own address names a campaign, else what an SDK told.
func (s *Source) or(told *Source) *Source {
	if s != nil && (s.Source != "" || s.Medium != "" || s.Campaign != "" || s.Term != "" || s.Content != "") {
		return s
	}
	out := Source{
		Source: clip(told.Source, maxText), Medium: clip(told.Medium, maxText), Campaign: clip(told.Campaign, maxText),
		Term: clip(told.Term, maxText), Content: clip(told.Content, maxText),
	}
	if s != nil {
		out.ReferrerHost = s.ReferrerHost
	}
	out.Channel = channel(out, false)
	return &out
}

// inside says whether referrer is an address of the page's own host; most are,
// and need not be taken apart.
func inside(page *url.URL, referrer string) bool {
	scheme, rest, _ := strings.Cut(referrer, "://")
	host, _, path := strings.Cut(rest, "/")
	return path && host != "" && scheme == page.Scheme && host == page.Host
}

// marked says whether a query may tell where the visitor came from; most
// queries are the shop's own and need not be taken apart.
func marked(query string) bool {
	return strings.Contains(query, "utm_") || strings.Contains(query, "cl") || strings.Contains(query, "braid") || strings.Contains(query, "%")
}

func channel(s Source, clicked bool) string {
	medium, source := strings.ToLower(s.Medium), strings.ToLower(s.Source)
	switch {
	case medium == "email" || medium == "e-mail" || medium == "mail" || source == "email":
		return "email"
	case paidMedium.MatchString(medium):
		return "paid"
	case strings.HasPrefix(medium, "social") || medium == "sns":
		return "social"
	case medium == "organic":
		return "search"
	case clicked:
		return "paid"
	case socialNames[source]: // utm_source=line, medium=message
		return "social"
	case s.ReferrerHost != "":
		return channelOfHost(s.ReferrerHost)
	case source != "":
		return "referral"
	default:
		return "direct"
	}
}
