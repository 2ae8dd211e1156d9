package profile

// A person with several browsers has one profile, which they share: history,
// counters, what was shown and spent. What belongs to a browser alone is kept
// for each, and the profile is seen from one of them at a time.

// Browser is what of a person's profile belongs to one browser alone.
type Browser struct {
	Visitor string  `json:"v"`
	Unit    string  `json:"u,omitempty"`
	Session Session `json:"s"`
	PrevEnd int64   `json:"pe,omitempty"`
	Cart    Cart    `json:"c"`
	Pages   []Page  `json:"pg,omitempty"`
}

// MaxBrowsers is how many browsers share one profile. Nobody has more; an
// account that many people share has.
const MaxBrowsers = 20

// Turn sees p from another of the person's browsers: false, and nothing
// changed, where it is not one of them.
func (p *Profile) Turn(visitor string) bool {
	if p.Visitor == visitor {
		return true
	}
	for i := range p.Browsers {
		if b := p.Browsers[i]; b.Visitor == visitor {
			p.Browsers[p.Place] = p.browser()
			p.Visitor, p.Unit, p.Session, p.PrevEnd, p.Cart, p.Pages = b.Visitor, b.Unit, b.Session, b.PrevEnd, b.Cart, b.Pages
			p.Place, p.Browsers[i] = i, Browser{Visitor: b.Visitor} // it is not told twice
			return true
		}
	}
	return false
}

func (p *Profile) browser() Browser {
	return Browser{p.Visitor, p.Unit, p.Session, p.PrevEnd, p.Cart, p.Pages}
}

// Home is the visitor that the profile is kept under: the first browser that
// named the person.
func (p *Profile) Home() string {
	if len(p.Browsers) == 0 {
		return p.Visitor
	}
	return p.Browsers[0].Visitor
}

// Visitors are all browsers of the person, the home first.
func (p *Profile) Visitors() []string {
	if len(p.Browsers) == 0 {
		return []string{p.Visitor}
	}
	out := make([]string, len(p.Browsers))
	for i := range p.Browsers {
		out[i] = p.Browsers[i].Visitor
	}
	return out
}

// Visits counts sessions in all browsers, the one under way included.
func (p *Profile) Visits() int {
	n := p.Session.N
	for i := range p.Browsers {
		n += p.Browsers[i].Session.N // 0 of the one that p is seen from
	}
	return n
}

// LastVisit is when the latest session ended that was over when the one under
// way began, in whatever browser; 0 if there was none.
func (p *Profile) LastVisit() int64 {
	at := p.PrevEnd
	for i := range p.Browsers {
		b := &p.Browsers[i]
		if at = max(at, b.PrevEnd); b.Session.End < p.Session.Start {
			at = max(at, b.Session.End)
		}
	}
	return at
}

// perBrowser is more than the sessions that a browser ever has.
const perBrowser = 1_000_000

// SessionKey tells the session under way from every other one of the person.
func (p *Profile) SessionKey() int { return p.Place*perBrowser + p.Session.N }

// Mine says whether an offer was made in the browser that p is seen from: only
// there does it stand on a page.
func (p *Profile) Mine(h Hold) bool { return h.Session/perBrowser == p.Place }

// longestGap is the longest that a session may pause: see rules.Site.
const longestGap = 24 * anHour

// sessionsReach is the moment after which all sessions began that may be under way.
func (p *Profile) sessionsReach() int64 {
	at := p.PrevEnd
	for i := range p.Browsers {
		if b := &p.Browsers[i]; i != p.Place && b.Session.End+longestGap > p.Last {
			at = min(at, b.PrevEnd)
		}
	}
	return at
}
