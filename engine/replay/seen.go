package replay

import "github.com/omotenashi-web/omotenashi/ingest"

// recent are the visitor's latest events that may be triggers.
type recent struct {
	list [8]ingest.Event
	next int
}

func (r *recent) see(e *ingest.Event) {
	r.list[r.next%len(r.list)] = *e
	r.next++
}

// event is the one of that id, nil if it is not among them.
func (r *recent) event(id string) *ingest.Event {
	for i := range r.list {
		if r.list[i].ID == id {
			e := r.list[i]
			return &e
		}
	}
	return nil
}

// views are the visitor's latest page views.
type views struct {
	list [8]view
	next int
}

// view is what a decision rests on of the page view it was asked with.
type view struct {
	id     string
	page   *ingest.Page
	device *ingest.Device
	geo    *ingest.Geo
}

func (v *views) see(e *ingest.Event) {
	v.list[v.next%len(v.list)] = view{e.ID, e.Page, e.Device, e.Geo}
	v.next++
}

// newest is the latest view of all, nil if there is none.
func (v *views) newest() *view {
	if v.next == 0 {
		return nil
	}
	return &v.list[(v.next-1)%len(v.list)]
}

// last is the latest view of the page that e happened on, nil if there is none.
func (v *views) last(e *ingest.Event) *view {
	for back := range len(v.list) {
		seen := &v.list[(v.next+2*len(v.list)-1-back)%len(v.list)]
		if e.Page != nil && seen.page != nil && seen.page.Path == e.Page.Path {
			return seen
		}
	}
	return nil
}
