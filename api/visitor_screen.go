package api

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/ingest/warehouse"
)

// eventsShown is how many events a page of a visitor's timeline has.
const eventsShown = 100

// lastMoment is behind every event.
var lastMoment = warehouse.Moment{Time: math.MaxInt64, Seq: math.MaxUint64, Idx: math.MaxUint16}

// visitorScreen shows who a visitor is, or was at a moment, and what came before.
func (s *Server) visitorScreen(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), asksWithin)
	defer cancel()
	id := idOf(c)
	if err := checkID("the visitor's id", id); err != nil {
		return err
	}
	live := s.engine.Live()
	zone := live.Set.Site.Timezone
	page := dashboard.Visitor{ID: id, Here: visitorPath(id), Now: s.here(), Currency: live.Set.Site.Currency, Wrong: c.QueryParam("wrong") != ""}
	gone, err := s.engine.Erased(id)
	if err != nil {
		return err
	}
	if page.Gone = gone; gone {
		return s.screen(c, "visitor", page)
	}
	if page.At, err = momentOf(c.QueryParam("at"), zone); err != nil {
		return problem("bad_request", "at is no moment: write it as 2026-12-01T09:00:00").in("日時は 2026-12-01T09:00:00 のように書いてください。")
	}
	before, err := placeOf(c.QueryParam("before"))
	if err != nil {
		return problem("bad_request", "before is no place of a timeline: go back to the visitor's screen").in("続きの場所が読めません。来訪者の画面から開き直してください。")
	}
	p, err := s.engine.Profile(id)
	if err != nil {
		return err
	}
	browsers := []string{id}
	if p != nil {
		browsers = p.Visitors()
	}
	page.Browsers = lettered(browsers, id)
	if before.Time < math.MaxInt64 {
		page.Newest = page.Here + atQuery(page.At)
	}
	if page.At.IsZero() {
		page.Asked = page.Now.Format(formMoment)
	} else {
		page.Asked = page.At.Format(formMoment)
		if end := page.At.UnixMilli() + 1; end < before.Time {
			before = warehouse.Moment{Time: end}
		}
	}
	records, whole, err := s.eventsOf(ctx, browsers, before)
	if page.Behind = !whole; err != nil {
		page.Problem = wording(s.away("visitor", id, err))
	}
	if p == nil && len(records) == 0 && err == nil && page.At.IsZero() {
		return problem("not_found", "nothing is known of visitor "+id+": look for it under /ui/visitors").in("来訪者 " + id + " の記録はありません。「来訪者」の画面で探してください。")
	}
	more := len(records) > eventsShown
	if more {
		records = records[:eventsShown]
		last := &records[eventsShown-1].Event
		page.Older = page.Here + "?" + url.Values{"before": {placeText(last)}, "at": {page.At.Format(time.RFC3339Nano)}}.Encode()
		if page.At.IsZero() {
			page.Older = page.Here + "?before=" + placeText(last)
		}
	}
	t := timeline{live: live, zone: zone, browsers: page.Browsers}
	page.Days = t.days(records)
	page.Who, err = s.personShown(ctx, id, p, page.At, records)
	if err != nil {
		page.Problem = cmp.Or(page.Problem, wording(err))
	}
	return s.screen(c, "visitor", page)
}

// eventsOf are the events before a moment, one more than are shown, the newest
// first: out of the warehouse, and before them what it does not have yet. whole is
// false where some of that was left out.
func (s *Server) eventsOf(ctx context.Context, browsers []string, before warehouse.Moment) (out []ingest.Record, whole bool, err error) {
	lately, whole, err := s.history.Lately(ctx, browsers)
	if err != nil {
		return nil, false, err
	}
	known, err := s.timelines.Timeline(ctx, browsers, before, eventsShown+1)
	for _, r := range lately {
		if later(&r.Event, before) || slices.ContainsFunc(known, func(k ingest.Record) bool { return k.Event.ID == r.Event.ID }) {
			continue
		}
		out = append(out, r)
	}
	out = append(out, known...)
	slices.SortStableFunc(out, func(a, b ingest.Record) int {
		return -cmp.Or(cmp.Compare(a.Event.Time, b.Event.Time), cmp.Compare(a.Event.Seq, b.Event.Seq), cmp.Compare(a.Event.Idx, b.Event.Idx))
	})
	return out[:min(len(out), eventsShown+1)], whole, err
}

// later says whether an event is not before a moment.
func later(e *ingest.Event, m warehouse.Moment) bool {
	return cmp.Or(cmp.Compare(e.Time, m.Time), cmp.Compare(e.Seq, m.Seq), cmp.Compare(e.Idx, m.Idx)) >= 0
}

// personShown is the profile as it is, or as it was: then it is folded again.
func (s *Server) personShown(ctx context.Context, id string, p *profile.Profile, at time.Time, records []ingest.Record) (*dashboard.Person, error) {
	state := replay.State{Profile: p, Live: s.engine.Live(), At: s.now()}
	switch {
	case !at.IsZero():
		past, err := s.history.Of(ctx, id)
		if err != nil {
			return nil, s.away("the past of", id, err)
		}
		then, err := past.At(at)
		if errors.Is(err, replay.ErrTooEarly) || errors.Is(err, replay.ErrNobody) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		then.At = at
		state = *then
	case p == nil:
		return nil, nil
	default:
		for i := range records {
			if e := &records[i].Event; e.Visitor == id && e.Consent != "" {
				state.Consent = e.Consent
				break
			}
		}
	}
	codes, err := s.engine.Codes(state.Profile.Visitors()...)
	if err != nil {
		return nil, err
	}
	return personOf(&state, codes, s.here().Location()), nil
}

// lettered names a person's browsers A, B and so on; one alone has no name.
func lettered(browsers []string, current string) (out []dashboard.Browser) {
	if len(browsers) < 2 {
		return nil
	}
	for i, b := range browsers {
		letter := strconv.Itoa(i + 1)
		if i < 26 {
			letter = string(rune('A' + i))
		}
		out = append(out, dashboard.Browser{ID: b, Letter: letter, Current: b == current})
	}
	return out
}

// formMoment is how a form writes a moment of the site's time zone.
const formMoment = "2006-01-02T15:04:05"

// momentOf reads a moment as a form or a link has it; zero: none.
func momentOf(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range [...]string{formMoment, "2006-01-02T15:04", time.RFC3339Nano} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return at.In(zone), nil
		}
	}
	return time.Time{}, errors.New("no moment")
}

func atQuery(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return "?at=" + url.QueryEscape(at.Format(time.RFC3339Nano))
}

// placeText is a place of a timeline in an address: time.seq.idx.
func placeText(e *ingest.Event) string {
	return strconv.FormatInt(e.Time, 10) + "." + strconv.FormatUint(e.Seq, 10) + "." + strconv.FormatUint(uint64(e.Idx), 10)
}

// placeOf reads one; "" is behind everything.
func placeOf(text string) (m warehouse.Moment, err error) {
	if text == "" {
		return lastMoment, nil
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return m, errors.New("no place")
	}
	var idx uint64
	var errs [3]error
	m.Time, errs[0] = strconv.ParseInt(parts[0], 10, 64)
	m.Seq, errs[1] = strconv.ParseUint(parts[1], 10, 64)
	idx, errs[2] = strconv.ParseUint(parts[2], 10, 16)
	m.Idx = uint16(idx)
	return m, errors.Join(errs[:]...)
}
