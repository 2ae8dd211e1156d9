package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// limit bounds one test's whole use of its browser, so that a page that never
// answers fails the test instead of hanging the run. The longer form of fault
// tests takes longer.
func limit() time.Duration {
	if os.Getenv("OMO_FAULTS") == "long" {
		return 30 * time.Minute
	}
	return 9 * time.Minute // go test itself gives up after ten
}

// UserAgent is what every page and every request of the browser says it is:
// headless Chromium's own name is a crawler's, whose visits count nowhere. It
// is set for the process and not for a tab, since what a page sends while it
// goes away no longer knows of its tab's settings.
const UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

// New starts a browser with an empty profile and one tab, and gives the tab's
// context. The browser ends with the test.
func New(t testing.TB) context.Context {
	t.Helper()
	path := find(t)
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.WindowSize(1280, 800),
		chromedp.UserAgent(UserAgent),
		chromedp.Flag("accept-lang", "ja"),
		chromedp.UserDataDir(t.TempDir()),
	}
	for _, flag := range []string{
		// A test network has no way out, and the browser's own calls would only be refused.
		"disable-background-networking", "disable-component-update", "disable-sync", "disable-quic",
		// Timers and frames of a tab that nobody looks at must run as on a screen.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
		"disable-dev-shm-usage", "hide-scrollbars", "mute-audio",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	limited, stop := context.WithTimeout(context.Background(), limit())
	t.Cleanup(stop)
	allocator, stopAllocator := chromedp.NewExecAllocator(limited, options...)
	t.Cleanup(stopAllocator)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return tab
}

// Visitor gives a tab of the same browser with storage and cookies of its own,
// as another person's browser would have. It closes with the test.
func Visitor(t testing.TB, browser context.Context) context.Context {
	t.Helper()
	return open(t, browser, chromedp.WithNewBrowserContext())
}

// Tab gives another tab of the same visitor. It closes with the test.
func Tab(t testing.TB, visitor context.Context) context.Context {
	t.Helper()
	return open(t, visitor)
}

func open(t testing.TB, parent context.Context, options ...chromedp.ContextOption) context.Context {
	t.Helper()
	tab, closeTab := chromedp.NewContext(parent, options...)
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	return tab
}

// find looks for Chromium by the names under which systems install it.
func find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "no chromium, chromium-browser or google-chrome on the PATH: install one (Debian: apt-get install chromium)")
	return ""
}

// missing skips the test, or fails it where browsers are required.
func missing(t testing.TB, say string) {
	t.Helper()
	if os.Getenv("OMO_REQUIRE_BROWSER") == "1" {
		t.Fatal(say)
	}
	t.Skip("NOT TESTED in a browser: " + say)
}
