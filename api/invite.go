package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// heartbeat is how often a page that is looked at asks for an invitation.
const heartbeatEvery = 15 * time.Second

// A page view's answer names, beside its campaigns, one that waits for an
// invitation: pages send heartbeats while somebody is on duty, and only then.
const invitationID = "omo:invitation" // no campaign's: those have no colon

// chats are the live campaigns that have a chat to offer, with the first variant
// that does.
func (s *Server) chats() (out []*rules.Campaign, variants []string) {
	live := s.engine.Live()
	for _, c := range live.Set.Campaigns {
		if live.Status(c) != rules.Live || live.Waiting[c.ID] {
			continue
		}
		if at := slices.IndexFunc(c.Variants, func(v rules.Variant) bool { return len(v.Channels) > 0 }); at >= 0 {
			out, variants = append(out, c), append(variants, c.Variants[at].ID)
		}
	}
	return out, variants
}

// invitable are those for the screen of somebody who may invite.
func (s *Server) invitable(may bool) (out []dashboard.Choice) {
	if !may {
		return nil
	}
	all, _ := s.chats()
	for _, c := range all {
		out = append(out, dashboard.Choice{ID: c.ID, Name: c.Name})
	}
	return out
}

// invite offers one visitor a campaign's chat.
func (s *Server) invite(c echo.Context) error {
	visitor, campaign, now := c.FormValue("visitor"), c.FormValue("campaign"), s.now()
	row, here := s.lively.table.Of(visitor)
	all, variants := s.chats()
	at := slices.IndexFunc(all, func(x *rules.Campaign) bool { return x.ID == campaign })
	switch {
	case !here:
		return problem("not_found", "the visitor is no longer on the shop")
	case at < 0:
		return problem("not_found", fmt.Sprintf("no live campaign %q with a chat: it may have been paused meanwhile", campaign))
	case row.Bot || row.Staff:
		return problem("bad_request", "staff and bots are not invited")
	case row.Apart:
		return problem("conflict", "the visitor is of the holdout, whom nothing is shown: what all campaigns together bring is measured by them")
	}
	one := invitation{Campaign: campaign, Variant: variants[at], By: by(c).Name, Until: now.Add(inviteFor)}
	if !s.invitations.put(visitor, one, now) {
		return problem("too_large", fmt.Sprintf("%d invitations wait: try again in some minutes", maxInvitations))
	}
	if err := s.audit(c, "invite", campaign+" → "+visitor); err != nil {
		return err
	}
	s.lively.table.Touch()
	to := "/ui/live"
	if query := c.FormValue("query"); query != "" {
		to += "?" + query
	}
	return back(c, to+fmt.Sprintf("#v%d", row.Row))
}

// inviting takes a visitor's waiting invitation for the visit that is about to be,
// and tells its history of it; nil without one. The visit's page is context's.
func (s *Server) inviting(v *engine.Visit, now time.Time) *offer {
	one, ok := s.invitations.waiting(v.Visitor, now)
	if !ok || v.Decide.Context.Bot { // without consent there is no visitor
		return nil
	}
	d, _, err := s.engine.Preview(*v, one.Campaign, one.Variant, now)
	if err != nil || len(d.Filled[one.Campaign]) == 0 { // gone meanwhile, or all its channels are shut
		return nil
	}
	told, err := json.Marshal(map[string]string{"state": "invited", "campaign": one.Campaign, "variant": one.Variant, "by": one.By, "phase": profile.Invited})
	if err != nil || !s.invitations.send(v.Visitor, now) {
		return nil
	}
	event := ingest.Event{
		ID: s.engine.NewID(), Name: ingest.Chat, Visitor: v.Visitor, Time: now.UnixMilli(), Received: now.UnixMilli(), Page: v.Decide.Context.Page, Properties: told,
		Props: ingest.Properties{Campaign: one.Campaign, Variant: one.Variant, Phase: profile.Invited},
	}
	v.Events = append(v.Events, event)
	given := d.Offers[0]
	given.Phase = profile.Invited
	return &offer{
		Campaign: one.Campaign, Variant: one.Variant, Slot: given.Campaign.Slot, Selector: given.Campaign.Selector, On: given.Campaign.Triggers,
		Action: raw(given.Action), Token: s.engine.Token(v.Visitor, v.Decide.ID, given),
	}
}

// invited puts an invitation before what the rules offer: it opens first, and what
// they offer in its slot, or of its campaign, does not.
func invited(offers []offer, first *offer) []offer {
	if first == nil {
		return offers
	}
	offers = slices.DeleteFunc(offers, func(o offer) bool { return o.Campaign == first.Campaign && !o.Armed })
	return slices.Insert(offers, 0, *first)
}

// awaiting is what makes a page send heartbeats; false while nobody is on duty.
func (s *Server) awaiting(v *engine.Visit, now time.Time) (offer, bool) {
	if v.Visitor == "" || v.Decide.Trigger != "" || v.Decide.Context.Bot || s.operators.count(now) == 0 {
		return offer{}, false
	}
	return offer{Campaign: invitationID, Armed: true, On: []string{"invited:" + s.heartbeats.String()}}, true
}

// heartbeat hears that a page is looked at, and answers whether an invitation
// waits for its visitor. Nothing of it is kept but in memory.
func (s *Server) heartbeat(c echo.Context) error {
	var body struct {
		Visitor  *ingest.Who `json:"visitor"`
		WriteKey string      `json:"writeKey"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	may, err := s.admit(c, body.WriteKey)
	if err != nil {
		return err
	}
	id, err := s.identify(c, body.Visitor, "", may)
	if err != nil {
		return err
	}
	var answer struct {
		Invited bool `json:"invited"`
	}
	if now := s.now(); s.lively.table.Heard(id.visitor, now) {
		_, answer.Invited = s.invitations.waiting(id.visitor, now)
	}
	return encode(c, http.StatusOK, answer)
}
