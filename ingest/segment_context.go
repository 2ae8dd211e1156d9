package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Beside is what an SDK tells beside an event of the browser it happened in.
type Beside struct {
	Client
	Mobile   string // as the client hints have them
	Platform string
	Consent  string // granted or denied; "" it does not say
	SentAt   Stamp  // the client's clock when it sent; 0 unknown, or corrected already
	Source   *Source
}

// segmentContext is where a message comes from.
type segmentContext struct {
	Page          segmentPage `json:"page"`
	UserAgent     string      `json:"userAgent"`
	UserAgentData struct {
		Mobile   *bool  `json:"mobile"`
		Platform string `json:"platform"`
	} `json:"userAgentData"`
	Locale   string `json:"locale"`
	IP       string `json:"ip"`
	Campaign struct {
		Name    string `json:"name"`
		Source  string `json:"source"`
		Medium  string `json:"medium"`
		Term    string `json:"term"`
		Content string `json:"content"`
	} `json:"campaign"`
	Traits  map[string]any `json:"traits"`
	Consent segmentConsent `json:"consent"`
}

type segmentPage struct {
	URL      string `json:"url"`
	Path     string `json:"path"`
	Title    string `json:"title"`
	Referrer string `json:"referrer"`
}

func (p segmentPage) page() *Page {
	if p.URL == "" && p.Path == "" {
		return nil
	}
	return &Page{URL: or(p.URL, p.Path), Title: p.Title, Referrer: p.Referrer}
}

func (c *segmentContext) beside(sent Stamp) *Beside {
	out := &Beside{
		Client:   Client{UserAgent: c.UserAgent, IP: c.IP, Language: c.Locale},
		Platform: c.UserAgentData.Platform, Consent: c.Consent.word(), SentAt: sent,
	}
	if mobile := c.UserAgentData.Mobile; mobile != nil && *mobile {
		out.Mobile = "?1"
	}
	u := c.Campaign
	if told := (Source{Campaign: u.Name, Source: u.Source, Medium: u.Medium, Term: u.Term, Content: u.Content}); told != (Source{}) {
		out.Source = &told
	}
	return out
}

// segmentConsent is Segment's consent object, categories that each shop names
// as it likes, or our own word for all of it.
type segmentConsent struct {
	plain      string
	Categories map[string]bool `json:"categoryPreferences"`
}

// UnmarshalJSON reads "granted" and {"categoryPreferences": {"Analytics": true}}.
func (c *segmentConsent) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return json.Unmarshal(raw, &c.plain)
	}
	type plain segmentConsent
	return json.Unmarshal(raw, (*plain)(c))
}

// word is what the visitor said: of the category personalization where the
// shop has one; else of all categories, where a single no is a no.
func (c segmentConsent) word() string {
	switch c.plain {
	case "granted", "denied", "unknown":
		return c.plain
	}
	if len(c.Categories) == 0 {
		return ""
	}
	agreed := true
	for category, yes := range c.Categories {
		switch strings.ToLower(category) {
		case "personalization", "personalisation":
			return granted(yes)
		}
		agreed = agreed && yes
	}
	return granted(agreed)
}

func granted(yes bool) string {
	if yes {
		return "granted"
	}
	return "denied"
}
