package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Windows that pictures are taken in.
var windows = map[string][2]int64{"desk": {1280, 860}, "phone": {390, 844}}

// picture is one to be taken.
type picture struct {
	name     string
	address  string
	window   string        // of windows
	theme    string        // light | dark
	language string        // of a screen, or of the shop's page
	whole    bool          // the page to its end, and not only what is seen first
	small    bool          // a file for the README
	shows    string        // an expression that is true once there is something to see
	does     string        // what is done then, and
	then     string        // an expression that is true once that has come
	within   time.Duration // how long that may take; 0: patience
	looksAt  string        // a selector of what is brought into view, frames and all, before the picture
	problem  bool          // it is of the page that says why something cannot be shown
	as       string        // who asks, in "Authorization"; "" for a place that lets everybody in
}

// camera is a browser.
type camera struct{ browser context.Context }

// patience is for one try at a picture. A machine that does much else, or sleeps,
// needs more than one try rather than a longer one.
const (
	patience = time.Minute
	tries    = 3
)

// steady is how long is waited for motion to end.
const steady = 600 * time.Millisecond

// isProblem is true on the page that says why something cannot be shown.
const isProblem = `!!document.querySelector("main [data-problem]")`

// userAgent is no crawler's: those are shown nothing.
const userAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

func open(ctx context.Context) (camera, func(), error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		return camera{}, nil, errors.New("no Chromium on the PATH: install one (Debian: apt-get install chromium)")
	}
	allocator, stop := chromedp.NewExecAllocator(ctx, chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.UserAgent(userAgent), chromedp.Flag("accept-lang", "ja"), chromedp.Flag("hide-scrollbars", true))
	browser, leave := chromedp.NewContext(allocator)
	if err := chromedp.Do(browser); err != nil {
		leave()
		stop()
		return camera{}, nil, fmt.Errorf("start %s: %w", path, err)
	}
	return camera{browser}, func() { leave(); stop() }, nil
}

// until waits for what becomes true on the page, as long as the context does.
func until(ctx context.Context, holds string) error {
	for {
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](holds)); err == nil && yes {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// says is how the text of a page begins, for those who wonder why it has no more.
func says(tab context.Context) string {
	ctx, stop := context.WithTimeout(tab, patience)
	defer stop()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText.trim().slice(0, 200)`))
	if err != nil {
		return "nothing: " + err.Error()
	}
	return strconv.Quote(text)
}

// take writes one picture, and tries again where there was nothing to be seen.
func (c camera) take(folder string, p picture) error {
	var err error
	for range tries {
		if err = c.shoot(folder, p); err == nil || c.browser.Err() != nil {
			break
		}
	}
	return err
}

// shoot takes a picture in a tab of its own, which remembers no other page's preview.
func (c camera) shoot(folder string, p picture) error {
	tab, leave := chromedp.NewContext(c.browser)
	defer leave()
	ctx, stop := context.WithTimeout(tab, max(patience, p.within))
	defer stop()
	for name, value := range map[string]string{"omo_language": p.language, "omo_theme": p.theme} {
		if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: p.address}); err != nil {
			return err
		}
	}
	if p.as != "" {
		if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		if _, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Authorization": p.as}}); err != nil {
			return err
		}
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: p.theme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		return err
	}
	// The demo's shop is a Japanese one: the beacon speaks as its page says it does.
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("DOMContentLoaded", () => document.documentElement.lang = "` + p.language + `", true)`,
	})
	if err != nil {
		return err
	}
	size := windows[p.window]
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate("about:blank"), chromedp.Navigate(p.address)); err != nil {
		return err
	}
	if err := until(ctx, p.shows); err != nil {
		return fmt.Errorf("nothing is to be seen at %s, which says %s: %w", p.address, says(tab), err)
	}
	if p.does != "" {
		if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](p.does)); err != nil {
			return err
		}
		if err := until(ctx, p.then); err != nil {
			return fmt.Errorf("nothing comes of %s at %s, which says %s: %w", p.does, p.address, says(tab), err)
		}
	}
	if p.looksAt != "" { // what is out of sight is not drawn
		if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q)?.scrollIntoView({block: "center"})`, p.looksAt)), chromedp.Sleep(2*steady)); err != nil {
			return err
		}
	}
	if err := chromedp.Do(ctx, chromedp.Sleep(steady)); err != nil {
		return err
	}
	if problem, err := chromedp.Run(ctx, chromedp.Evaluate[bool](isProblem)); err != nil {
		return err
	} else if problem != p.problem {
		return fmt.Errorf("this is another page than it should be at %s, which says %s", p.address, says(tab))
	}
	if p.small {
		shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: new(int64(80))})
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, p.name+".webp"), shot.Data, 0o644)
	}
	shot := chromedp.CaptureScreenshot()
	if p.whole {
		shot = chromedp.FullScreenshot(100)
	}
	body, err := chromedp.Run(ctx, shot)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, p.name+".png"), body, 0o644)
}
