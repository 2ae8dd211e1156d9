package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// maxWhy is how many campaigns are asked about at once; a page has fewer slots.
const maxWhy = 20

// whyAnswer is what a visitor is told: words, and nothing of the rules' text.
type whyAnswer struct {
	Language  string      `json:"language"`
	Lead      string      `json:"lead"`
	Campaigns []whyReason `json:"campaigns"`
	Data      []string    `json:"data"` // kinds of what is used
}

type whyReason struct {
	Campaign string `json:"campaign"`
	Name     string `json:"name,omitempty"` // only to whom the campaign was shown
	Reason   string `json:"reason"`
}

// whyWords are the sentences of one language. kinds goes by rules.Campaign.Reads.
type whyWords struct {
	space                   string // between sentences
	known, unknown, refused string
	everybody, page, visit  string
	compared                string
	kinds                   [][2]string
}

var whyIn = map[string]*whyWords{
	"ja": {
		known:     "このサイトでは、みなさまの役に立つように、このサイトの中での行動をもとに表示を選んでいます。ほかのサイトでの行動は使いません。",
		unknown:   "行動の記録に同意をいただいていないため、あなたを見分ける情報は使っていません。",
		refused:   "このブラウザでは行動の記録が止められているため、あなたを見分ける情報は使っていません。",
		everybody: "このページをご覧のみなさまに表示しています。",
		page:      "いまご覧のページや時間、端末の種類などから選んで表示しています。これまでの行動は使っていません。",
		visit:     "このサイトでのあなたの行動をもとに選んで表示しています。",
		compared:  "役に立つかどうかを確かめるため、一部の方には違う内容を表示するか、何も表示しません。",
		kinds: [][2]string{
			{"page", "いまご覧のページ"}, {"session", "今回の訪問（どこから来て、どれだけ見たか）"}, {"visitor", "これまでの訪問と購入、会員情報"},
			{"past", "このサイトでのこれまでの行動（閲覧、購入など）"}, {"cart", "カートの中身"}, {"event", "いま行った操作"},
			{"device", "端末とブラウザの種類"}, {"geo", "おおよその地域"}, {"now", "日時"}, {"fact", "クーポンの残りやスタッフの対応状況"},
		},
	},
	"en": {
		space:     " ",
		known:     "This site chooses what to show by what is done on this site, to be of use. What you do on other sites is not used.",
		unknown:   "You have not agreed to being recorded, so nothing that tells you from others is used.",
		refused:   "Recording is off in this browser, so nothing that tells you from others is used.",
		everybody: "It is shown to everybody who looks at this page.",
		page:      "It was chosen by the page you look at, the time or the kind of device. What you did before was not used.",
		visit:     "It was chosen by what you did on this site.",
		compared:  "To see whether it is of use, some people are shown something else, or nothing.",
		kinds: [][2]string{
			{"page", "the page you look at"}, {"session", "this visit: where you came from and how much you looked at"}, {"visitor", "your visits and purchases so far, and your membership"},
			{"past", "what you did on this site before: views, purchases and the like"}, {"cart", "what is in your cart"}, {"event", "what you just did"},
			{"device", "the kind of device and browser"}, {"geo", "your rough region"}, {"now", "date and time"}, {"fact", "coupons left and staff at hand"},
		},
	},
}

// why tells a visitor why campaigns are shown, and what kinds of data they
// use. Names are told only to whom the signed cookie proves to have been shown
// the campaign, and who may be known; of what is not live nothing is told.
func (s *Server) why(c echo.Context) error {
	var body struct {
		Visitor   *ingest.Who `json:"visitor"`
		Campaigns []string    `json:"campaigns"`
		Consent   string      `json:"consent"`
		Language  string      `json:"language"`
		WriteKey  string      `json:"writeKey"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	may, err := s.admit(c, body.WriteKey)
	if err != nil {
		return err
	}
	if err := checkConsent(body.Consent); err != nil {
		return err
	}
	if len(body.Campaigns) > maxWhy {
		return problem("too_large", fmt.Sprintf("campaigns has %d, at most %d are taken at a time", len(body.Campaigns), maxWhy))
	}
	id, err := s.identify(c, body.Visitor, "", may)
	if err != nil {
		return err
	}
	out := whyAnswer{Language: "en", Campaigns: []whyReason{}, Data: []string{}}
	if strings.HasPrefix(strings.ToLower(body.Language), "ja") {
		out.Language = "ja"
	}
	words := whyIn[out.Language]
	consents := s.consents(body.Consent)
	switch {
	case consents:
		out.Lead = words.known
	case body.Consent == "denied":
		out.Lead = words.refused
	default:
		out.Lead = words.unknown
	}
	proven := id.cookie
	switch {
	case !consents: // nobody is looked up who may not be known
		proven = ""
	case may == secret:
		proven = id.visitor
	}
	shown, err := s.shownTo(proven)
	if err != nil {
		return err
	}
	read := map[string]bool{}
	for _, campaign := range s.engine.Live().Set.Campaigns {
		if campaign.Status != rules.Live || !slices.Contains(body.Campaigns, campaign.ID) {
			continue
		}
		one := whyReason{Campaign: campaign.ID, Reason: words.reason(campaign)}
		if shown(campaign.ID) {
			one.Name = campaign.Name
		}
		out.Campaigns = append(out.Campaigns, one)
		for _, kind := range campaign.Reads {
			read[kind] = true
		}
	}
	for _, kind := range words.kinds {
		if read[kind[0]] {
			out.Data = append(out.Data, kind[1])
		}
	}
	return encode(c, http.StatusOK, out)
}

// reason says in a sentence or two what led to a campaign.
func (w *whyWords) reason(c *rules.Campaign) string {
	out := w.page
	switch {
	case slices.ContainsFunc(c.Reads, func(kind string) bool {
		return slices.Contains([]string{"visitor", "session", "past", "cart", "event"}, kind)
	}):
		out = w.visit
	case len(c.Reads) == 0:
		out = w.everybody
	}
	if len(c.Variants) > 1 {
		out += w.space + w.compared
	}
	return out
}

// shownTo says which campaigns a visitor was shown, or offered just now.
func (s *Server) shownTo(visitor string) (func(campaign string) bool, error) {
	if visitor == "" {
		return func(string) bool { return false }, nil
	}
	p, err := s.engine.Profile(visitor)
	if err != nil {
		return nil, err
	}
	return func(campaign string) bool {
		if p == nil {
			return false
		}
		if x := p.Campaigns[campaign]; x != nil && x.Count > 0 {
			return true
		}
		for i := range p.Holds {
			if p.Holds[i].Campaign == campaign {
				return true
			}
		}
		return false
	}, nil
}
