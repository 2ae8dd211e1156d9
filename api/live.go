package api

import (
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/api/presence"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

const liveRows = 50 // that are shown, and renewed

// lively is what the live screen needs: who is on the shop, and who looks on.
type lively struct {
	table      *presence.Table
	screens    chan struct{} // one for each stream that is open
	belongings *belongings   // which segments they are in
	over       chan struct{} // closed when the server shuts down
}

// maxScreens bounds the live screens that are open at once.
const maxScreens = 100

func newLively(metrics *prometheus.Registry) lively {
	l := lively{table: presence.New(), screens: make(chan struct{}, maxScreens), over: make(chan struct{}), belongings: &belongings{}}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "omo_live_screens", Help: "Live screens open now; 100 may be.",
	}, func() float64 { return float64(len(l.screens)) }), prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "omo_live_pushed_total", Help: "Visitors that the live screen let go before their time, since 10,000 were on the shop.",
	}, func() float64 { return float64(l.table.Pushed()) }))
	return l
}

// liveScreen shows who is on the shop now. Nothing is asked of the warehouse.
func (s *Server) liveScreen(c echo.Context) error {
	f, err := presence.ReadFilter(c.QueryParams())
	if err != nil {
		return problem("bad_request", err.Error()).in("絞り込みの条件が読めません。条件を入れ直してください。")
	}
	now, who := s.here(), by(c)
	s.operators.renew(who.Name, now)
	seen, chats := s.seen(f, now), s.invitable(who.Role >= dashboard.Edit)
	page := dashboard.Live{
		At: now, Now: now.UnixMilli(), Tiles: tiles(seen, s.lively.table.Beat(now)), Sum: sumOf(seen), Rows: s.liveRowsOf(seen, chats, now), Chats: chats,
		Filter: filterOf(f), Currency: s.engine.Live().Set.Site.Currency, Desk: s.deskOf(who.Name, now),
	}
	return s.screen(c, "live", page)
}

func (s *Server) seen(f presence.Filter, now time.Time) presence.Here {
	return s.lively.table.Look(f, liveRows, presence.Half(s.engine.Live().Set.Site.Currency), now)
}

func filterOf(f presence.Filter) dashboard.LiveFilter {
	return dashboard.LiveFilter{
		Text: f.Text, Cart: f.Cart, Idle: f.Idle, Device: f.Device, Source: f.Channel, Visits: f.First, Who: f.Who,
		Query: f.Query(), Says: f.String(),
		Devices: presence.Devices, Sources: presence.Channels, VisitsOf: presence.Firsts, Whos: presence.Whos,
	}
}

func sumOf(h presence.Here) dashboard.LiveSum {
	return dashboard.LiveSum{Shown: len(h.Rows), Matching: h.Matching, Online: h.Online, Staff: h.Staff, Bots: h.Bots}
}

// tiles are the figures above the list.
func tiles(h presence.Here, beat presence.Beat) []dashboard.Tile {
	return []dashboard.Tile{
		{Name: "online", Count: h.Online, Then: beat.OnlineThen},
		{Name: "carts", Count: h.Carts, Then: beat.CartsThen},
		{Name: "actions", Count: beat.Actions, Then: beat.ActionsThen},
		{Name: "wait", Wait: beat.P99, Of: beat.Decisions, Then: beat.P99Then},
	}
}

// liveRowsOf are the rows as the screen shows them: campaigns by their names.
// Those that can be invited to one of the chats say so.
func (s *Server) liveRowsOf(h presence.Here, chats []dashboard.Choice, now time.Time) []dashboard.LiveRow {
	set := s.engine.Live().Set
	half, ms := presence.Half(set.Site.Currency), now.UnixMilli()
	out := make([]dashboard.LiveRow, len(h.Rows))
	for i := range h.Rows {
		v := &h.Rows[i]
		row := dashboard.LiveRow{
			Now: ms, Row: v.Row, ID: v.ID, Link: "/ui/visitors/" + url.PathEscape(v.ID), Name: nameOf(v), Member: v.User != "", Rank: v.Rank, In: s.segmentsOf(v, now),
			Visits: max(1, v.Visits), Heat: warmth(v.Heat(ms, half)), Began: v.Began, Seen: v.Seen,
			Page: v.Title, Path: v.Path, Viewed: v.Viewed, Away: v.Away, Pieces: v.Pieces,
			Source: v.Channel, Via: v.Via, Device: v.Device, Did: v.Did, DidAt: v.DidAt, Variant: v.Variant, Control: v.Control,
		}
		if v.Cart > 0 {
			row.Cart = dashboard.Price(v.Cart, set.Site.Currency)
		}
		if v.Campaign != "" {
			row.Campaign = campaignName(set, v.Campaign)
		}
		switch one, ok := s.invitations.of(v.ID, now); {
		case ok && one.Sent:
			row.Invited, row.By = "sent", one.By
		case ok && s.stands(v.ID, one, now):
			row.Invited, row.By = "waiting", one.By
		default:
			if len(chats) > 0 {
				row.Unasked = unasked(v)
				row.Invite = row.Unasked == ""
			}
		}
		out[i] = row
	}
	return out
}

// unasked is why a visitor is invited to no chat; "": it may be.
func unasked(v *presence.Visitor) string {
	switch {
	case v.Bot:
		return "bots"
	case v.Staff:
		return "staff"
	case v.Apart:
		return "apart"
	}
	return ""
}

// warmth is heat as it is drawn, from 1 to 5.
func warmth(heat float64) int { return min(5, 1+int(heat/20)) }

func campaignName(set *rules.Set, id string) string {
	if i := slices.IndexFunc(set.Campaigns, func(c *rules.Campaign) bool { return c.ID == id }); i >= 0 {
		return set.Campaigns[i].Name
	}
	return id
}

// nameOf is what a visitor is called: a member by its id. A browser's own id is
// long, and begins with when it was made: its end tells it from others.
func nameOf(v *presence.Visitor) string {
	id := []rune(v.ID)
	switch {
	case v.User != "":
		return v.User
	case len(id) > 24:
		return "…" + string(id[len(id)-6:])
	default:
		return v.ID
	}
}

// see tells the live screen of a visit.
func (s *Server) see(a *engine.Answer, now time.Time) {
	for i := range a.Standing.Events {
		if e := &a.Standing.Events[i]; e.Name == ingest.Exposure && e.Props.Phase == profile.Invited {
			s.invitations.seen(a.Visitor, e.Props.Campaign)
		}
	}
	s.lively.table.See(a.Visitor, &a.Standing, a.Decision, now)
}

// withdrawn takes a visitor who says no off the live screen, and the invitation with
// it. That is no erasure: after a yes the visitor is seen again.
func (s *Server) withdrawn(visitor, consent string) {
	if consent != "denied" || visitor == "" {
		return
	}
	s.lively.table.Leave(visitor)
	s.invitations.forget([]string{visitor})
}
