package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// place is where the pictures are taken.
type place struct{ ui, shop, key string }

// looked is the campaign of the demo whose results are in the pictures.
const looked = "exit-coupon"

// pictures are all screens in both languages, and each campaign's action as its
// preview shows it on the shop.
func (p place) pictures(ctx context.Context) ([]picture, error) {
	var all []picture
	add := func(one picture, languages ...string) {
		for _, one.language = range languages {
			for _, one.window = range []string{"desk", "phone"} {
				for _, one.theme = range []string{"light", "dark"} {
					next := one
					next.name = strings.TrimSuffix(strings.Join([]string{one.name, one.window, one.theme, one.language}, "-"), "-")
					all = append(all, next)
				}
			}
		}
	}
	everything := dashboard.Frame{Role: dashboard.Publish}
	for _, screen := range everything.Places() {
		add(picture{name: "screen-" + screen.Screen, address: p.ui + screen.Path, whole: true, shows: `document.readyState === "complete" && !document.querySelector("[hx-trigger^=load]")`}, dashboard.Languages[:]...)
	}
	met, err := p.visitor(ctx)
	if err != nil {
		return nil, err
	}
	const ready = `document.readyState === "complete"`
	add(picture{name: "screen-visitor", address: p.ui + met, whole: true, shows: ready}, dashboard.Languages[:]...)
	add(picture{name: "screen-why", address: p.ui + met + "/why?", whole: true, shows: ready}, dashboard.Languages[:]...)
	var campaigns struct {
		Campaigns []struct{ ID string }
	}
	if err := p.call(ctx, http.MethodGet, "/v1/campaigns", nil, &campaigns); err != nil {
		return nil, err
	}
	const there = `document.readyState === "complete" && !document.querySelector("[hx-trigger^=load]")`
	for _, c := range campaigns.Campaigns {
		if c.ID == looked {
			add(picture{name: "screen-result", address: p.ui + "/ui/campaigns/" + c.ID, whole: true, shows: there}, dashboard.Languages[:]...)
			add(picture{name: "screen-result-visitors", address: p.ui + "/ui/campaigns/" + c.ID + "/visitors?who=exposed", shows: there}, dashboard.Languages[:]...)
		}
		var link struct{ Link string }
		if err := p.call(ctx, http.MethodPost, "/v1/preview", map[string]string{"campaign": c.ID, "page": p.shop + "/"}, &link); err != nil {
			return nil, err
		}
		add(picture{name: "action-" + c.ID, address: link.Link, shows: `!!document.querySelector("omo-action")`}, "")
	}
	return all, nil
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

// visitor is the path of one visitor's screen: of the last who met a campaign.
func (p place) visitor(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.ui+"/ui/visitors?campaign=regular-coupon", nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+p.key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", fmt.Errorf("ask omo: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("ask omo: %w", err)
	}
	found := visitorLink.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("nobody has met a campaign: %s", response.Status)
	}
	return string(found[1]), nil
}
