package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
	"github.com/omotenashi-web/omotenashi/engine/bucket"
	"github.com/omotenashi-web/omotenashi/examples/shop"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// TestOneVisitorsDay is the product in one story: a new visitor at noon gets
// the weekly ranking, comes back late in the evening, gets the shop manager's
// kind word, and buys. The server's clock is moved; all else is real.
func TestOneVisitorsDay(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)

	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := time.Now().In(tokyo).Date()
	noon := time.Date(y, m, d, 12, 0, 0, 0, tokyo)
	var ahead atomic.Int64 // the server's clock less this machine's
	ahead.Store(int64(time.Until(noon)))
	dir := filepath.Join(t.TempDir(), "rules")
	if err := copyRules(dir); err != nil {
		t.Fatal(err)
	}
	a, _ := product(t, config{Rules: dir, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	site := openShop(t, a)
	visitor := visitorOf(t, a, map[string]string{"weekly-ranking": "ranking", "night-manager": "kind-word"})

	story := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		ctx, cancel := context.WithTimeout(tab, 3*time.Minute)
		defer cancel()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	story("is a new visitor",
		chromedp.Navigate(site+"/static/none"), // a page of the shop's origin without the beacon's decision
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("localStorage.setItem('omo_vid', %q)", visitor)),
	)
	story("sees the weekly ranking at noon", chromedp.Navigate(site+"/"), seen("今週の人気ランキング"))

	eventually(t, "it has been there for a frame, which no visitor is too fast for", func() bool {
		return slices.Contains(storyOf(t, a, visitor), "omo_exposure weekly-ranking ranking")
	})
	ahead.Add(int64(9*time.Hour + 30*time.Minute))
	story("comes back at half past nine and gets the manager's word", chromedp.Navigate(site+"/"), seen("今日も一日、おつかれさまでした"))
	eventually(t, "and it has been there", func() bool {
		return slices.Contains(storyOf(t, a, visitor), "omo_exposure night-manager kind-word")
	})
	story("closes it", chromedp.KeyEvent(kb.Escape), gone("今日も一日、おつかれさまでした"))
	story("buys",
		chromedp.Navigate(site+"/items/linen-blouse"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action="/cart/add"]').requestSubmit()`),
		chromedp.WaitVisible(chromedp.CSS(`a[href="/checkout"]`)),
		chromedp.Navigate(site+"/checkout"),
		chromedp.WaitReady(chromedp.CSS(`form[action="/checkout"]`)),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action="/checkout"]').requestSubmit()`),
		chromedp.WaitReady(chromedp.CSS(`body`)),
	)

	var told []string
	for _, want := range []string{ // in any order: what a page sends as it goes may come behind the next one's
		"omo_exposure weekly-ranking ranking", "omo_exposure night-manager kind-word", "omo_close night-manager kind-word", "view_item", "add_to_cart", "purchase",
	} {
		eventually(t, want+" is in ClickHouse", func() bool {
			told = storyOf(t, a, visitor)
			return slices.Contains(told, want)
		})
	}
	results, err := a.results(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	moved := map[string]string{}
	for _, r := range results {
		for _, arm := range r.Results.Arms {
			moved[r.Results.Campaign+" "+arm.Variant] = fmt.Sprintf("%d exposed, %d converted", arm.Exposed, arm.Converted)
		}
	}
	for _, arm := range []string{"weekly-ranking ranking", "night-manager kind-word"} {
		if moved[arm] != "1 exposed, 1 converted" {
			t.Errorf("the result table has %s with %q, want one exposed and converted visitor; ClickHouse has\n%s", arm, moved[arm], strings.Join(told, "\n"))
		}
	}
}

// openShop serves the example shop for a running product and gives its address.
func openShop(t *testing.T, a *app) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: shop.New(shop.Options{BeaconURL: "http://" + a.addr, PublicKey: a.keys.Public, Sign: signer(a)}), ReadHeaderTimeout: headerTimeout}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return "http://" + l.Addr().String()
}

// visitorOf finds an id that is drawn into these variants and not into the holdout.
func visitorOf(t *testing.T, a *app, variants map[string]string) string {
	t.Helper()
	set := a.engine.Live().Set
next:
	for n := range 10_000 {
		id := fmt.Sprintf("browser-%d", n)
		if bucket.Bucket(bucket.Holdout, "", id) < set.Site.Holdout {
			continue
		}
		for _, c := range set.Campaigns {
			for _, v := range c.Variants {
				b := bucket.Bucket(bucket.Variant, c.Salt, id)
				if want, ok := variants[c.ID]; ok && b >= v.Low && b < v.High && v.ID != want {
					continue next
				}
			}
		}
		return id
	}
	t.Fatal("no such visitor among ten thousand")
	return ""
}

// storyOf is what ClickHouse knows of a visitor: event names, with campaign and
// variant where they have them.
func storyOf(t *testing.T, a *app, visitor string) []string {
	t.Helper()
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := a.warehouse.Visitor(t.Context(), visitor, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		if err := r.Event.ParseProperties(); err != nil {
			t.Fatal(err)
		}
		line := r.Event.Name
		if p := r.Event.Props; r.Event.Name != ingest.Decision && p.Campaign != "" {
			line += " " + p.Campaign + " " + p.Variant
		}
		out = append(out, line)
	}
	return out
}

// seen waits until text stands on the page, closed shadow roots included.
func seen(text string) chromedp.Action[chromedp.Void] { return waitFor(text, true) }

// gone waits until it no longer does.
func gone(text string) chromedp.Action[chromedp.Void] { return waitFor(text, false) }

func waitFor(text string, there bool) chromedp.Action[chromedp.Void] {
	whole, pierce := int64(-1), true
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for {
			got, err := cdp.Call(ctx, t, dom.GetDocument, dom.GetDocumentParams{Depth: &whole, Pierce: &pierce})
			if err == nil && holds(got.Root, text) == there {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%q: wanted there %v: %w", text, there, ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// holds looks for text below a host of the beacon: the shop's own pages may
// have the same words.
func holds(n *cdp.Node, text string) bool {
	if n.LocalName == "omo-action" {
		return hasText(n, text)
	}
	return slices.ContainsFunc(n.Children, func(c *cdp.Node) bool { return holds(c, text) })
}

func hasText(n *cdp.Node, text string) bool {
	if strings.Contains(n.NodeValue, text) {
		return true
	}
	for _, children := range [][]*cdp.Node{n.Children, n.ShadowRoots} {
		if slices.ContainsFunc(children, func(c *cdp.Node) bool { return hasText(c, text) }) {
			return true
		}
	}
	return false
}
