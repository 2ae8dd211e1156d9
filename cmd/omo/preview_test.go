package main

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

func TestPreviewPrintsALinkThatTheServerFollows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rules")
	if err := copyRules(dir); err != nil {
		t.Fatal(err)
	}
	a, c := product(t, config{Rules: dir})
	t.Setenv("OMO_SECRET_KEY", c.key)
	var made struct{ Campaign, Variant, Link string }
	if err := json.Unmarshal([]byte(omo(t, "preview", "weekly-ranking", "--page", "https://shop.example/", "--server", c.server)), &made); err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(made.Link)
	if err != nil || made.Campaign != "weekly-ranking" || link.Host != "shop.example" {
		t.Fatalf("%+v, %v", made, err)
	}
	var answer struct {
		Decisions []struct{ Campaign, Variant string }
		Preview   struct{ Name string }
	}
	body, err := json.Marshal(map[string]any{"page": map[string]string{"url": "https://shop.example/"}, "preview": link.Query().Get("omo_preview")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.call(t.Context(), "/v1/decide", body, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Decisions) != 1 || answer.Decisions[0].Variant != made.Variant || answer.Preview.Name != a.engine.Live().Set.Written("weekly-ranking").Name {
		t.Errorf("%+v", answer)
	}
	text := omo(t, "preview", "weekly-ranking", "--variant", made.Variant, "--page", "https://shop.example/", "--server", c.server, "--json=false")
	if first, rest, _ := strings.Cut(text, "\n"); !strings.HasPrefix(first, "https://shop.example/?omo_preview=weekly-ranking."+made.Variant+".") || !strings.HasPrefix(rest, made.Variant+" of weekly-ranking, until ") {
		t.Errorf("%q", text)
	}
}
