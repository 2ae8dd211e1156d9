package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// staff lets people in and has them do what a day brings, so that the lists of people
// and of what they did have something to show.
func (p place) staff(ctx context.Context) error {
	for _, person := range []struct{ name, role string }{{"hanako", "publish"}, {"kenta", "edit"}, {"misaki", "view"}} {
		if err := p.submit(ctx, "owner", "/ui/users", url.Values{"name": {person.name}, "role": {person.role}, "password": {p.key}}); err != nil {
			return err
		}
	}
	for _, change := range []string{"night-manager/pause", "night-manager/resume", "trial-detour/pause", "trial-detour/resume"} {
		if err := p.submit(ctx, "kenta", "/ui/campaigns/"+change, nil); err != nil {
			return err
		}
	}
	return p.submit(ctx, "hanako", "/ui/live/duty", url.Values{"on": {"yes"}, "channels": {"chat", "line"}})
}

// submit sends a screen's form.
func (p place) submit(ctx context.Context, who, path string, form url.Values) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.ui+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", p.basic(who))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("%s does what a day brings: %w", who, err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s does what a day brings: POST %s: %s", who, path, response.Status)
	}
	return nil
}

// basic is how somebody with the secret key says so, and who that is.
func (p place) basic(who string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(who+":"+p.key))
}

// first is what is seen first: the login, and the screens before anybody came.
func (p place) first(context.Context) ([]picture, error) {
	if p.bare == "" {
		return nil, nil
	}
	all := looks(picture{name: "screen-login", address: p.bare + "/ui/login", whole: true, shows: there}, dashboard.Languages[:]...)
	for _, screen := range (dashboard.Frame{Role: dashboard.Publish}).Places() {
		one := picture{name: "screen-first-" + screen.Screen, address: p.bare + screen.Path, whole: true, shows: there, as: p.basic("owner")}
		all = append(all, looks(one, dashboard.Languages[:]...)...)
	}
	return all, nil
}
