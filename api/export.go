package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// The lines of an export, each with its kind: visitor or person, profile for
// each that there is, coupon for code that was given, letter for letter that is in
// the outbox, then event for event, of each browser in the order of folding, then
// end. An export without its end line broke off.
type (
	exportBegin struct {
		Kind     string    `json:"kind"` // visitor | person
		Visitor  string    `json:"visitor,omitempty"`
		UserID   string    `json:"user_id,omitempty"`
		Browsers []string  `json:"browsers"` // all visitors that it tells of
		Exported time.Time `json:"exported"`
	}
	exportProfile struct {
		Kind    string           `json:"kind"` // profile
		Profile *profileAnswer   `json:"profile"`
		Kept    *profile.Profile `json:"kept"` // as the ledger keeps it, to the last field
	}
	exportCoupon struct {
		Kind          string     `json:"kind"` // coupon
		Visitor       string     `json:"visitor"`
		Pool          string     `json:"pool"`
		Code          string     `json:"code"`
		Campaign      string     `json:"campaign"`
		Claimed       time.Time  `json:"claimed"`
		Redeemed      *time.Time `json:"redeemed"`
		TransactionID string     `json:"transaction_id,omitempty"` // that it was redeemed for
	}
	exportLetter struct {
		Kind     string     `json:"kind"` // letter
		ID       string     `json:"id"`
		Type     string     `json:"type"` // webhook | email
		Visitor  string     `json:"visitor"`
		Campaign string     `json:"campaign"`
		Variant  string     `json:"variant"`
		Made     time.Time  `json:"made"`
		Due      *time.Time `json:"due"` // null: given up
		To       string     `json:"to,omitempty"`
		Subject  string     `json:"subject,omitempty"`
		Title    string     `json:"title,omitempty"`
		Body     string     `json:"body,omitempty"`
	}
	exportEvent struct {
		Kind   string        `json:"kind"` // event
		Ledger string        `json:"ledger"`
		Seq    uint64        `json:"seq"`
		Event  *ingest.Event `json:"event"`
	}
	exportEnd struct {
		Kind    string `json:"kind"` // end
		Coupons int    `json:"coupons"`
		Letters int    `json:"letters"`
		Events  int    `json:"events"`
	}
)

// export hands over all that is kept about one visitor, and about the other
// browsers of its person.
func (s *Server) export(c echo.Context) error {
	id := idOf(c)
	p, err := s.engine.Profile(id)
	if err != nil {
		return err
	}
	browsers := []string{id}
	if p != nil {
		browsers = p.Visitors()
	}
	return s.handOver(c, exportBegin{Kind: "visitor", Visitor: id, Browsers: browsers})
}

// exportPerson hands over all that is kept about every browser that was ever
// known by a user_id.
func (s *Server) exportPerson(c echo.Context) error {
	user := idOf(c)
	if err := s.byKey(c, "person_export", s.audited("person", user)); err != nil {
		return err
	}
	browsers, err := s.engine.Browsers(user)
	if err != nil {
		return err
	}
	known, err := s.kept.VisitorsOf(c.Request().Context(), user)
	if err != nil {
		return s.away("export of", user, err)
	}
	for _, v := range known {
		if !slices.Contains(browsers, v) {
			browsers = append(browsers, v)
		}
	}
	return s.handOver(c, exportBegin{Kind: "person", UserID: user, Browsers: browsers})
}

// exportStalls is how long a client of an export may take no line.
const exportStalls = time.Minute

func (s *Server) handOver(c echo.Context, begin exportBegin) error {
	profiles, err := s.profilesOf(begin.Browsers)
	if err != nil {
		return err
	}
	codes, err := s.engine.Codes(begin.Browsers...)
	if err != nil {
		return err
	}
	letters, err := s.engine.Letters(begin.Browsers)
	if err != nil {
		return err
	}
	// Nothing is written until the first event has come, so that what goes
	// wrong before has its status.
	out := bufio.NewWriterSize(patient{http.NewResponseController(c.Response()), c.Response()}, 32<<10)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	begun, events := false, 0
	start := func() error {
		if begun {
			return nil
		}
		begun = true
		begin.Exported = s.now().UTC()
		h := c.Response().Header()
		h.Set(echo.HeaderContentType, "application/x-ndjson")
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.ndjson"`, begin.Kind))
		c.Response().WriteHeader(http.StatusOK)
		if err := lines.Encode(begin); err != nil {
			return err
		}
		for _, p := range profiles {
			if err := lines.Encode(exportProfile{"profile", profileOf(p), p}); err != nil {
				return err
			}
		}
		for i := range codes {
			if err := lines.Encode(couponLine(&codes[i])); err != nil {
				return err
			}
		}
		for i := range letters {
			if err := lines.Encode(letterLine(&letters[i])); err != nil {
				return err
			}
		}
		return nil
	}
	err = s.kept.Kept(c.Request().Context(), begin.Browsers, func(ledger string, e *ingest.Event) error {
		if err := start(); err != nil {
			return err
		}
		events++
		return lines.Encode(exportEvent{"event", ledger, e.Seq, e})
	})
	switch {
	case err != nil && !begun:
		return s.away("export of", begin.Visitor+begin.UserID, err)
	case err != nil:
		s.log.Error("an export broke off", "error", err)
		return out.Flush() // without the end line
	case len(profiles) == 0 && len(codes) == 0 && len(letters) == 0 && events == 0:
		return problem("not_found", "nothing is known of "+begin.Kind+" "+begin.Visitor+begin.UserID)
	}
	if err := start(); err != nil {
		return err
	}
	if err := lines.Encode(exportEnd{"end", len(codes), len(letters), events}); err != nil {
		return err
	}
	return out.Flush()
}

// patient writes for as long as somebody reads, and not only for as long as an
// answer usually takes.
type patient struct {
	*http.ResponseController
	w http.ResponseWriter
}

func (p patient) Write(b []byte) (int, error) {
	_ = p.SetWriteDeadline(time.Now().Add(exportStalls)) // where it cannot be set, the usual one stands
	return p.w.Write(b)
}

// profilesOf are the visitors' profiles, a shared one once.
func (s *Server) profilesOf(visitors []string) (out []*profile.Profile, err error) {
	for _, v := range visitors {
		p, err := s.engine.Profile(v)
		if err != nil {
			return nil, err
		}
		if p != nil && !slices.ContainsFunc(out, func(o *profile.Profile) bool { return o.Home() == p.Home() }) {
			out = append(out, p)
		}
	}
	return out, nil
}

func couponLine(x *ledger.Redemption) exportCoupon {
	out := exportCoupon{
		Kind: "coupon", Visitor: x.Visitor, Pool: x.Pool, Code: x.Code, Campaign: x.Campaign, Claimed: at(x.At), TransactionID: x.Order,
	}
	if x.Redeemed != 0 {
		when := at(x.Redeemed)
		out.Redeemed = &when
	}
	return out
}

func letterLine(x *engine.Due) exportLetter {
	l := &x.Letter
	out := exportLetter{
		Kind: "letter", ID: l.ID, Type: l.Kind, Visitor: l.Visitor, Campaign: l.Campaign, Variant: l.Variant, Made: at(l.At),
		To: l.To, Subject: l.Subject, Title: l.Title, Body: l.Body,
	}
	if x.Due != ledger.Never {
		due := at(x.Due)
		out.Due = &due
	}
	return out
}
