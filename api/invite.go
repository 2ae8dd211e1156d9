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
	row, here := s.lively.table.Of(visitor, now)
	all, variants := s.chats()
	at := slices.IndexFunc(all, func(x *rules.Campaign) bool { return x.ID == campaign })
	switch {
	case !here:
		return problem("not_found", "the visitor is no longer on the shop").in("この来訪者はもうお店を離れました。")
	case at < 0:
		return problem("not_found", fmt.Sprintf("no live campaign %q with a chat: it may have been paused meanwhile", campaign)).in("チャットのある実施中の施策ではありません。その間に一時停止されたのかもしれません。")
	case row.Bot || row.Staff:
		return problem("bad_request", "staff and bots are not invited").in("スタッフとボットは招待できません。")
	}
	one := invitation{Campaign: campaign, Variant: variants[at], By: by(c).Name, Until: now.Add(inviteFor)}
	if err := s.untreated(visitor, one, now); err != nil {
		return err
	}
	gone, waits := s.invitations.waiting(visitor, now)
	if !waits || s.stands(visitor, gone, now) {
		gone = invitation{}
	}
	if err := s.invitations.put(visitor, one, gone, now); err != nil {
		return err
	}
	if err := s.audit(c, "invite", campaign); err != nil { // whom, the visitor's own history says, which can be erased
		return err
	}
	s.lively.table.Touch()
	to := "/ui/live"
	if query := c.FormValue("query"); query != "" {
		to += "?" + query
	}
	return back(c, to+fmt.Sprintf("#v%d", row.Row))
}

// untreated refuses an invitation to somebody whom results count, or may come to
// count, as one whom it never came to: of this campaign, or of another of its layer.
func (s *Server) untreated(visitor string, one invitation, now time.Time) error {
	at, err := s.engine.Placed(visitor, one.Campaign, now)
	switch {
	case err != nil:
		return err
	case at.Apart:
		return problem("in_holdout", "the visitor is of the holdout, whom nothing is shown: what all campaigns together bring is measured by them")
	case at.Variant != one.Variant && at.Counted:
		return problem("in_control", fmt.Sprintf("the visitor is counted in variant %s of %s, and the chat is that of %s: what the campaign brings is measured by those whom it did not come to", at.Variant, one.Campaign, one.Variant))
	case at.Variant != "" && at.Variant != one.Variant:
		return problem("in_control", fmt.Sprintf("the visitor will be counted in variant %s of %s, should it come to that, and the chat is that of %s: what the campaign brings is measured by those whom it did not come to", at.Variant, one.Campaign, one.Variant))
	case at.Layer != "":
		return problem("in_layer", fmt.Sprintf("campaigns of a layer never meet the same visitor, and %s is not this visitor's: %s", one.Campaign, at.Layer))
	}
	return nil
}

// due gives a visitor's invitation that is to be seen yet, if the campaign is still
// one to invite to and the visitor still one to be invited.
func (s *Server) due(visitor string, now time.Time) (invitation, bool) {
	one, ok := s.invitations.waiting(visitor, now)
	if !ok {
		return one, false
	}
	return one, s.stands(visitor, one, now)
}

// stands says whether an invitation is still one that could be made.
func (s *Server) stands(visitor string, one invitation, now time.Time) bool {
	all, variants := s.chats()
	at := slices.IndexFunc(all, func(c *rules.Campaign) bool { return c.ID == one.Campaign })
	return at >= 0 && variants[at] == one.Variant && s.untreated(visitor, one, now) == nil
}

// inviting gives the invitation that waits for the visitor that a visit turned out to
// be of, and tells its history of it; nil without one.
func (s *Server) inviting(v engine.Visit, visitor string, now time.Time) *offer {
	v.Visitor = visitor
	one, ok := s.due(visitor, now)
	if !ok || v.Decide.Context.Bot {
		return nil
	}
	d, _, err := s.engine.Preview(v, one.Campaign, one.Variant, now)
	if err != nil || len(d.Filled[one.Campaign]) == 0 { // gone meanwhile, or all its channels are shut
		return nil
	}
	if s.invitations.tell(visitor, one) {
		if err := s.tellInvited(visitor, one, v.Decide.Context.Page, now); err != nil {
			s.invitations.untold(visitor, one)
			s.log.Error("an invitation could not be recorded", "error", err)
			return nil
		}
	}
	given := d.Offers[0]
	given.Phase = profile.Invited
	return &offer{
		Campaign: one.Campaign, Variant: one.Variant, Slot: given.Campaign.Slot, Selector: given.Campaign.Selector, On: given.Campaign.Triggers,
		Action: raw(given.Action), Token: s.engine.Token(visitor, v.Decide.ID, given),
	}
}

// tellInvited records that a visitor was invited, on the page.
func (s *Server) tellInvited(visitor string, one invitation, page *ingest.Page, now time.Time) error {
	told, err := json.Marshal(map[string]string{"state": "invited", "campaign": one.Campaign, "variant": one.Variant, "by": one.By, "phase": profile.Invited})
	if err != nil {
		return err
	}
	_, err = s.visit(engine.Visit{Visitor: visitor, Events: []ingest.Event{{
		ID: s.engine.NewID(), Name: ingest.Chat, Visitor: visitor, Time: now.UnixMilli(), Received: now.UnixMilli(), Page: page, Properties: told,
		Props: ingest.Properties{Campaign: one.Campaign, Variant: one.Variant, Phase: profile.Invited},
	}}}, now)
	return err
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
	now := s.now()
	gone := false
	if id.visitor != "" {
		if gone, err = s.engine.Erased(id.visitor); err != nil {
			return err
		}
	}
	switch {
	case gone:
		s.lively.table.Forget([]string{id.visitor}, now)
		s.invitations.forget([]string{id.visitor})
	case s.lively.table.Heard(id.visitor, now):
		_, answer.Invited = s.due(id.visitor, now)
	}
	return encode(c, http.StatusOK, answer)
}
