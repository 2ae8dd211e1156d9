package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// place is where the pictures are taken. Into rules the actions of the gallery are
// put; "" for a place that is not ours to change. Bare is a server that nobody has
// visited yet, if there is one.
type place struct{ ui, shop, key, rules, bare string }

// looked is the campaign of the demo that is tried, and met by the visitor of the
// pictures; decided is the one whose results are.
const looked, decided = "pair-look", "sneaker-coupon"

// talked is the one whose chats are.
const talked = "cart-help"

// tryOut asks the playground for somebody whom the campaign is for.
const tryOut = `document.querySelector("[name=traits]").value = "gender: female\nage: 36";
	document.querySelector("[name=variant]").value = "pair";
	document.querySelector(".go button.main").click()`

// there is when a page has all that it loads.
const there = `document.readyState === "complete" && !document.querySelector("[hx-trigger^=load], [hx-trigger='every 1s'], .htmx-request")`

// looks are a picture in each language, window and theme.
func looks(one picture, languages ...string) []picture {
	var all []picture
	for _, one.language = range languages {
		for _, one.window = range []string{"desk", "phone"} {
			for _, one.theme = range []string{"light", "dark"} {
				next := one
				next.name = strings.Join([]string{one.name, one.window, one.theme, one.language}, "-")
				all = append(all, next)
			}
		}
	}
	return all
}

// screens are all of them in both languages, those with nothing to show as well.
func (p place) screens(ctx context.Context) ([]picture, error) {
	met, err := p.visitor(ctx) // with a story to tell
	if err != nil {
		return nil, err
	}
	var all []picture
	add := func(name, path string) {
		all = append(all, looks(picture{name: "screen-" + name, address: p.ui + path, whole: true, shows: there}, dashboard.Languages[:]...)...)
	}
	everything := dashboard.Frame{Role: dashboard.Publish}
	for _, screen := range everything.Places() {
		add(screen.Screen, screen.Path)
	}
	for i := range all { // the list of who is there has no end
		all[i].whole = all[i].whole && !strings.HasPrefix(all[i].name, "screen-live-")
	}
	add("live-nobody", "/ui/live?cart=99999999")
	add("visitors-nobody", "/ui/visitors?q=nobody")
	add("visitor", met)
	add("why", met+"/why?")
	add("result", "/ui/campaigns/"+decided)
	add("result-visitors", "/ui/campaigns/"+decided+"/visitors?who=exposed")
	add("result-chats", "/ui/campaigns/"+talked)
	all = append(all, looks(picture{name: "screen-problem", address: p.ui + "/ui/nothing", whole: true, shows: there, problem: true}, dashboard.Languages[:]...)...)
	tried := picture{name: "screen-playground-tried", address: p.ui + "/ui/playground?campaign=" + looked, whole: true, shows: there, does: tryOut, then: `!!document.querySelector("#trial .gates")`, looksAt: "#trial details"}
	past := picture{name: "screen-playground-past", address: tried.address, whole: true, shows: there, does: `document.querySelector(".replays button").click()`, then: `!!document.querySelector("#backtest .past-came")`, within: 10 * time.Minute, looksAt: "#backtest"}
	all = append(all, looks(tried, dashboard.Languages[:]...)...)
	// It counts all visits again: two pictures of that are enough.
	for _, p := range looks(past, dashboard.Languages[:]...) {
		if strings.HasSuffix(p.name, "-desk-light-ja") || strings.HasSuffix(p.name, "-phone-dark-en") {
			all = append(all, p)
		}
	}
	return all, nil
}

// meets names the pages of the shop on which a campaign's preview has its place.
var meets = map[string]string{"first-picks": "/category/women"}

// actions are each campaign's as its preview shows it on the shop. They are light on
// a light shop whatever the visitor prefers; the gallery's follow the visitor.
func (p place) actions(ctx context.Context) ([]picture, error) {
	campaigns, err := p.campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var all []picture
	for _, c := range campaigns {
		if c.ID == unmet || slices.ContainsFunc(gallery, func(shown shown) bool { return shown.campaign == c.ID }) {
			continue
		}
		one, err := p.previewed(ctx, c.ID, "", "ja")
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(one, func(p picture) bool { return p.theme == "dark" })...)
	}
	return all, nil
}

type campaign struct{ ID, Status string }

// campaigns are those that the server has read.
func (p place) campaigns(ctx context.Context) ([]campaign, error) {
	var list struct{ Campaigns []campaign }
	err := p.call(ctx, http.MethodGet, "/v1/campaigns", nil, &list)
	return list.Campaigns, err
}

// previewed are the pictures of one variant; "" for the first that shows something.
func (p place) previewed(ctx context.Context, campaign, variant, language string) ([]picture, error) {
	var link struct{ Link string }
	path := cmp.Or(meets[campaign], "/")
	asked := map[string]string{"campaign": campaign, "page": p.shop + path}
	if variant != "" {
		asked["variant"] = variant
	}
	if err := p.call(ctx, http.MethodPost, "/v1/preview", asked, &link); err != nil {
		return nil, err
	}
	name := "action-" + campaign
	if variant != "" && variant != language {
		name += "-" + variant
	}
	// A redirect shows nothing itself: the page that it leads to is to be seen.
	shows := fmt.Sprintf(`!!document.querySelector("omo-action") || !!document.querySelector("omo-preview") && location.pathname !== %q`, path)
	one := picture{name: name, address: link.Link, shows: shows}
	if path != "/" {
		one.looksAt = "omo-action" // within the page
	}
	return looks(one, language), nil
}

// call asks the server with the secret key.
func (p place) call(ctx context.Context, method, path string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, p.ui+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+p.key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("ask omo: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("ask omo: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}

var visitorLink = regexp.MustCompile(`href="(/ui/visitors/[^"?/]+)"`)

// visitor is the path of one visitor's screen: of those who met the campaign that is
// looked at, and bought, the one of the longest ago that the list has. In the demo's
// past visits take their time.
func (p place) visitor(ctx context.Context) (string, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		text, err := p.page(ctx, "/ui/campaigns/"+looked+"/visitors?who=converted")
		if err != nil {
			return "", err
		}
		if found := visitorLink.FindAllSubmatch(text, -1); found != nil {
			return string(found[len(found)-1][1]), nil
		}
		if time.Now().After(end) { // it was being counted until then
			return "", fmt.Errorf("nobody has met %s and bought", looked)
		}
	}
}

// page is a screen's HTML.
func (p place) page(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.ui+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+p.key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask omo: %w", err)
	}
	defer response.Body.Close()
	return io.ReadAll(io.LimitReader(response.Body, 1<<20))
}
