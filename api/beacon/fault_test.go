package beacon_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// A wanderer is a visitor who goes from page to page, closes tabs at any
// moment, loses the network, and remembers what the pages said they recorded.
type wanderer struct {
	t       *testing.T
	s       *shop
	name    string
	draw    *rand.Rand
	home    context.Context // keeps the browser's profile while tabs come and go
	tab     context.Context
	close   func()
	page    int
	steps   []string // what pages took
	views   []string // of those pages
	closed  int
	offline int
}

func (w *wanderer) opens() {
	w.tab, w.close = chromedp.NewContext(w.home)
	if err := chromedp.Do(w.tab); err != nil {
		w.t.Errorf("open a tab: %v", err)
	}
}

// reads gives a number that a page says, and whether there was a page to say it.
func (w *wanderer) reads(script string) (int, bool) {
	ctx, stop := context.WithTimeout(w.tab, patience)
	defer stop()
	n, err := chromedp.Run(ctx, chromedp.Evaluate[int](script))
	return n, err == nil
}

// goesOn is one page: it is opened, tells three steps, and is left in one of
// the ways in which people leave.
func (w *wanderer) goesOn() {
	w.page++
	url := fmt.Sprintf("%s/%s/p%d?consent=granted", w.s.URL, w.name, w.page)
	ctx, stop := context.WithTimeout(w.tab, patience)
	err := chromedp.Do(ctx, chromedp.Navigate(url))
	stop()
	if err != nil {
		w.t.Errorf("go to %s: %v", url, err)
		return
	}
	lost := w.draw.IntN(12) == 0
	if lost {
		w.network(false)
		w.offline++
	}
	for step := range 3 {
		key := fmt.Sprintf("%s/%d/%d", w.name, w.page, step)
		if n, ok := w.reads(fmt.Sprintf(`omo.on ? (omo("track", "step", {key: %q}), 1) : 0`, key)); ok && n == 1 {
			w.steps = append(w.steps, key)
		}
	}
	if n := len(w.steps); n > 0 && strings.HasPrefix(w.steps[n-1], fmt.Sprintf("%s/%d/", w.name, w.page)) {
		w.views = append(w.views, url)
	}
	time.Sleep(time.Duration(w.draw.IntN(120)) * time.Millisecond) // how long somebody looks
	closes := w.draw.IntN(5) == 0
	if closes {
		w.close() // offline as well, where it is so
		w.closed++
		w.opens()
	} else if lost {
		w.network(true)
	}
}

func (w *wanderer) network(there bool) {
	_, err := chromedp.Call(w.tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: !there, DownloadThroughput: -1, UploadThroughput: -1}},
	})
	if err == nil {
		_, err = chromedp.Call(w.tab, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !there, DownloadThroughput: -1, UploadThroughput: -1})
	}
	if err != nil {
		w.t.Errorf("network %v: %v", there, err)
	}
}

// rests opens a last page and waits until nothing is left to send.
func (w *wanderer) rests() {
	url := fmt.Sprintf("%s/%s/last?consent=granted", w.s.URL, w.name)
	if err := chromedp.Do(w.tab, chromedp.Navigate(url)); err != nil {
		w.t.Errorf("go to %s: %v", url, err)
	}
	left := 0
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var ok bool
		if left, ok = w.reads(`Object.keys(localStorage).filter((k) => k.startsWith("omo_e:")).length`); ok && left == 0 {
			return
		}
	}
	w.t.Errorf("%s: %d events are still waiting", w.name, left)
}

// Of what pages recorded over a thousand navigations with closed tabs, lost
// networks and a server that fails in every way, at most one in a thousand is
// lost, and nothing has two ids.
func TestFaultNavigationsLoseNothing(t *testing.T) {
	t.Parallel()
	pages := 60
	if os.Getenv("OMO_FAULTS") == "long" {
		pages = 1000
	}
	const visitors = 4
	s := openShop(t)
	var mu sync.Mutex
	storm, draw := true, rand.New(rand.NewPCG(1000, 6))
	faults := []int{0, 0, 0, 0, 500, 503, 429, hangUp}
	s.after = "1"
	s.fault = func(path string) int {
		mu.Lock()
		defer mu.Unlock()
		if !storm || path == "/r.js" {
			return 0
		}
		return faults[draw.IntN(len(faults))]
	}
	s.lose = func(string) bool {
		mu.Lock()
		defer mu.Unlock()
		return storm && draw.IntN(10) == 0
	}
	browser := browsertest.New(t)
	all := make([]*wanderer, visitors)
	for i := range all {
		w := &wanderer{t: t, s: s, name: fmt.Sprint("v", i), draw: rand.New(rand.NewPCG(uint64(i), 7)), home: browsertest.Visitor(t, browser)}
		w.opens()
		all[i] = w
	}
	var group sync.WaitGroup
	each := func(act func(*wanderer)) {
		for _, w := range all {
			group.Go(func() { act(w) })
		}
		group.Wait()
	}
	each(func(w *wanderer) {
		for range pages / visitors {
			w.goesOn()
		}
	})
	mu.Lock()
	storm = false
	mu.Unlock()
	each(func(w *wanderer) { w.rests(); w.close() })

	ids := map[string]int{}
	views := map[string]int{}
	for _, e := range s.seen() {
		switch e.Name {
		case "step":
			ids[fmt.Sprint(e.Properties["key"])]++
		case "page_view":
			views[e.Page.URL]++
		}
	}
	sent, lost, doubled, closed, offline := 0, 0, 0, 0, 0
	for _, w := range all {
		sent, closed, offline = sent+len(w.steps)+len(w.views), closed+w.closed, offline+w.offline
		for _, key := range w.steps {
			if ids[key] == 0 {
				lost++
			}
		}
		for _, url := range w.views {
			if views[url] == 0 {
				lost++
			}
		}
	}
	for _, many := range []map[string]int{ids, views} {
		for _, n := range many {
			if n > 1 {
				doubled++
			}
		}
	}
	unexpected := 0 // events that nobody told
	for _, w := range all {
		for _, key := range w.steps {
			delete(ids, key)
		}
	}
	for _, n := range ids {
		unexpected += n
	}
	refused := 0
	for _, b := range s.sent() {
		if b.status != 0 {
			refused++
		}
	}
	t.Logf("fault 14 navigations of a browser: %d pages, %d tabs closed, %d times offline, %d of %d requests refused: sent %d, lost %d, duplicates %d, unexpected %d",
		pages, closed, offline, refused, len(s.sent()), sent, lost, doubled, unexpected)
	if lost*1000 > sent || doubled > 0 {
		t.Errorf("%d of %d events are lost and %d have two ids", lost, sent, doubled)
	}
	if sent < pages*2 || refused < pages/10 || closed == 0 || offline == 0 {
		t.Errorf("this run proves nothing: %d events, %d refused, %d closed, %d offline", sent, refused, closed, offline)
	}
}
