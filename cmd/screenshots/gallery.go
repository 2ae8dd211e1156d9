package main

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"time"
)

// galleryFiles are campaigns, drafts for ever, of the kinds of actions that the
// demo's own do not show first or show at certain hours, and of those in English;
// and a live one for nobody.
//
//go:embed gallery/*.yaml
var galleryFiles embed.FS

// shown is one variant of the gallery, in the language of its page.
type shown struct{ campaign, variant, language string }

var gallery = []shown{
	{"survey-stars", "ja", "ja"}, {"survey-stars", "en", "en"}, {"survey-nps", "ja", "ja"}, {"survey-nps", "en", "en"},
	{"survey-choice", "ja", "ja"}, {"survey-choice", "en", "en"}, {"survey-text", "ja", "ja"}, {"survey-text", "en", "en"},
	{"chat-open", "ja", "ja"}, {"chat-open", "en", "en"}, {"chat-closed", "ja", "ja"}, {"chat-closed", "en", "en"},
	{"english-actions", "banner", "en"}, {"english-actions", "modal", "en"}, {"english-actions", "slide-in", "en"}, {"english-actions", "coupon", "en"}, {"english-actions", "ranking", "en"},
}

// unmet is the live one.
const unmet = "nobody-yet"

// best are the pictures of the README, and what they are called there.
var best = map[string]string{
	"screen-live-desk-light-ja": "live", "screen-campaigns-desk-light-ja": "campaigns", "screen-result-desk-light-en": "result",
	"screen-visitor-desk-light-ja": "visitor", "screen-playground-tried-desk-light-en": "playground", "action-exit-coupon-desk-light-ja": "coupon",
}

// hang puts the gallery into the rules folder, waits until the server has read it,
// and gives its pictures, with those of a draft's page and of the results of a
// campaign that nobody has met yet.
func (p place) hang(ctx context.Context) ([]picture, error) {
	files, err := galleryFiles.ReadDir("gallery")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		text, err := galleryFiles.ReadFile(path.Join("gallery", f.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(p.rules, "campaigns", f.Name()), text, 0o644)
		}
		if err != nil {
			return nil, fmt.Errorf("the gallery: %w", err)
		}
	}
	if err := p.read(ctx); err != nil {
		return nil, err
	}
	all := looks(picture{name: "screen-result-draft", address: p.ui + "/ui/campaigns/" + gallery[0].campaign, whole: true, shows: there}, "ja", "en")
	all = append(all, looks(picture{name: "screen-result-nobody", address: p.ui + "/ui/campaigns/" + unmet, whole: true, shows: there}, "ja", "en")...)
	for _, g := range gallery {
		pictures, err := p.previewed(ctx, g.campaign, g.variant, g.language)
		if err != nil {
			return nil, fmt.Errorf("the gallery: %w", err)
		}
		all = append(all, pictures...)
	}
	return all, nil
}

// read waits until the server has read the whole gallery.
func (p place) read(ctx context.Context) error {
	want := map[string]string{unmet: "live"}
	for _, g := range gallery {
		want[g.campaign] = "draft"
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		missing := maps.Clone(want)
		campaigns, err := p.campaigns(ctx)
		for _, c := range campaigns {
			if c.Status == want[c.ID] {
				delete(missing, c.ID)
			}
		}
		switch {
		case err == nil && len(missing) == 0:
			return nil
		case ctx.Err() != nil || time.Now().After(end):
			if err == nil {
				err = fmt.Errorf("the server has not read %s as %s; its log says why", p.rules, missing)
			}
			return fmt.Errorf("the gallery: %w", err)
		}
	}
}
