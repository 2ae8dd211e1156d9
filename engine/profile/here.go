package profile

import (
	"slices"
	"strconv"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// Here is an event that campaigns wait for on a page together with other
// triggers. When the last of those comes, the profile tells whether this one has
// been there.
type Here struct {
	Key   string // names event and condition, the same in every rule set
	Event string // its name
	Where func(*ingest.Event) bool
}

// Page is a page that the browser may still show, in one of its tabs.
type Page struct {
	Path uint64           `json:"p"`           // its mark
	At   int64            `json:"a,omitempty"` // when it was opened last, less early; 0 where only events of it have come
	Did  map[string]int64 `json:"d,omitempty"` // Here.Key → when such an event happened there since then, the latest
}

// early is how long before its page view what happens on a page may be told, in
// milliseconds: the beacon first obeys what the page said before it was there.
const early = 200

// maxPages bounds the pages of a browser; past it the one opened first goes.
const maxPages = 8

// notice takes in what happens on the browser's pages. A page view opens its
// page anew; two tabs with the same path are one page.
func (p *Profile) notice(e *ingest.Event, all []Here) {
	if len(all) == 0 {
		p.Pages = nil
		return
	}
	if e.Name == ingest.PageView {
		page := p.page(e)
		page.At = max(page.At, made(e)-early)
		for key, at := range page.Did {
			if at < page.At { // it happened where the page was open before
				delete(page.Did, key)
			}
		}
		return
	}
	for i := range all {
		if h := &all[i]; h.Event == e.Name && h.Where(e) {
			if page, at := p.page(e), made(e); at >= page.At {
				if page.Did == nil {
					page.Did = map[string]int64{}
				}
				page.Did[h.Key] = max(page.Did[h.Key], at)
			}
		}
	}
}

// page is where e happened, the last of Pages if that is news. An event that
// names no page happened on the one that was opened last.
func (p *Profile) page(e *ingest.Event) *Page {
	last := len(p.Pages) - 1
	if e.Page == nil && last >= 0 {
		return &p.Pages[last]
	}
	own := Page{Path: markOf(e.Page)}
	if i := slices.IndexFunc(p.Pages, func(page Page) bool { return page.Path == own.Path }); i >= 0 {
		if e.Name != ingest.PageView {
			return &p.Pages[i]
		}
		own = p.Pages[i]
		p.Pages = slices.Delete(p.Pages, i, i+1)
	}
	p.Pages = append(p.Pages, own)
	if len(p.Pages) > maxPages {
		p.Pages = slices.Delete(p.Pages, 0, 1)
	}
	return &p.Pages[len(p.Pages)-1]
}

func markOf(page *ingest.Page) uint64 {
	if page == nil {
		return mark("")
	}
	return mark(page.Path)
}

// Happened is when an event of a Here was last on a page of the browser since
// that was opened, by the clock of the browser; 0 if it was not.
func (p *Profile) Happened(key string, page *ingest.Page) int64 {
	path := markOf(page)
	for i := range p.Pages {
		if p.Pages[i].Path == path {
			return p.Pages[i].Did[key]
		}
	}
	return 0
}

// made is when an event was made, by the clock of whoever made its id: a page
// view is received some time after its page was opened, and meanwhile things
// happen there. An id without a time, or with one that is none, gives the event's.
func made(e *ingest.Event) int64 {
	if len(e.ID) == 36 && e.ID[14] == '7' {
		at, err := strconv.ParseInt(e.ID[:8]+e.ID[9:13], 16, 64)
		if off := at - e.Time; err == nil && -farOff < off && off < farOff {
			return at
		}
	}
	return e.Time
}

// farOff is further than clocks are.
const farOff = 24 * anHour
