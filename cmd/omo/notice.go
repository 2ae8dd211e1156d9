package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/rules"
)

//go:embed notice/*.txt
var noticeFiles embed.FS

// notice is what a shop must tell its visitors of what its pages send away:
// Telecommunications Business Act, article 27-12 (外部送信規律). It is made of
// what is really configured; the texts are in notice/.
type notice struct {
	Operator   string   `json:"operator"` // who receives it; "" leaves a place for the name
	Host       string   `json:"host"`     // where it is sent
	Consent    string   `json:"consent"`  // opt_in | opt_out
	CookieDays int      `json:"cookie_days"`
	Keep       string   `json:"keep"`    // how long it is kept: 760d, forever
	Country    bool     `json:"country"` // whether a proxy's header tells the country
	Traits     []string `json:"traits"`  // what site.yaml declares of members
	Actions    []string `json:"actions"` // types of action that the campaigns show or do
	Others     []string `json:"others"`  // hosts of others to whom the server itself sends something
}

// Uses says whether a campaign has an action of that type.
func (n notice) Uses(action string) bool { return slices.Contains(n.Actions, action) }

// Days is how many days it is kept.
func (n notice) Days() string { return strings.TrimSuffix(n.Keep, "d") }

func newNotice(set *rules.Set, operator, host string, keep keepFor, country bool) notice {
	actions, others := map[string]bool{}, map[string]bool{}
	for _, c := range set.Campaigns {
		for _, v := range c.Variants {
			var action struct{ Type, URL string }
			if v.Control() || json.Unmarshal(v.Action, &action) != nil {
				continue
			}
			actions[action.Type] = true
			if u, err := url.Parse(action.URL); action.Type == "webhook" && err == nil && u.Host != "" {
				others[u.Hostname()] = true
			}
		}
	}
	return notice{
		Operator: operator, Host: host, Consent: set.Site.Consent, CookieDays: int(api.CookieAge / (24 * time.Hour)),
		Keep: keep.String(), Country: country, Traits: names(set.Site.Traits), Actions: names(actions), Others: names(others),
	}
}

// names are a map's keys in their order, never nil.
func names[V any](of map[string]V) []string {
	return append([]string{}, slices.Sorted(maps.Keys(of))...)
}

// write gives the notice in one language, ja or en.
func (n notice) write(w io.Writer, language string) error {
	t, err := template.New(language+".txt").Funcs(template.FuncMap{"join": func(all []string) string { return strings.Join(all, ", ") }}).
		ParseFS(noticeFiles, "notice/"+language+".txt")
	if err != nil {
		return err
	}
	return t.Execute(w, n)
}

// noticeButtons is what a page may hold so that visitors can say yes and no.
const noticeButtons = `<button onclick="omo('consent', 'granted')">同意する / Agree</button>
<button onclick="omo('consent', 'denied')">同意しない / Decline</button>
`

func privacyCommand() *cobra.Command {
	o := struct{ rules, operator, host, language, format string }{language: "both", format: "text"}
	keep, country := keepUsually, false
	cmd := &cobra.Command{
		Use:   "privacy --rules DIR",
		Short: "The notice of what a shop's pages send (外部送信規律), from the configuration",
		Long: `The notice that a shop's site publishes of what its pages send, to whom and what
for (Telecommunications Business Act, article 27-12, 外部送信規律), in Japanese and
English, made of site.yaml, the campaigns and the flags that omo serve runs with.
Give the same --keep and --trust-proxy. It is a draft of the facts and no advice:
what else your pages embed (advertising, video, analytics) is not in it.`,
		Example: `  omo doctor privacy --rules rules --operator 株式会社サンプル商店 --host omo.shop.example --lang ja`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			languages, known := map[string][]string{"both": {"ja", "en"}, "ja": {"ja"}, "en": {"en"}}[o.language]
			switch {
			case !known:
				return fmt.Errorf("--lang %s is none of ja, en, both", o.language)
			case o.format != "text" && o.format != "json":
				return fmt.Errorf("--format %s is neither text nor json", o.format)
			}
			set, err := loadRules(o.rules)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			n := newNotice(set, o.operator, o.host, keep, country)
			if o.format == "json" {
				return writeJSON(out, n)
			}
			for _, language := range languages {
				if err := n.write(out, language); err != nil {
					return err
				}
				fmt.Fprintln(out)
			}
			_, err = fmt.Fprint(out, "--- HTML ---\n", noticeButtons)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.rules, "rules", "", "the rules folder")
	f.StringVar(&o.operator, "operator", "", "the name of who receives the information")
	f.StringVar(&o.host, "host", "omo.shop.example", "the host of the script tag")
	f.Var(&keep, "keep", "what omo serve has for --keep")
	f.BoolVar(&country, "trust-proxy", false, "omo serve runs with --trust-proxy")
	f.StringVar(&o.language, "lang", o.language, "ja, en or both")
	f.StringVar(&o.format, "format", o.format, "text or json")
	if err := cmd.MarkFlagRequired("rules"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}
