package browsertest

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// limit bounds one test's whole use of its browser, so that a page that never
// answers fails the test instead of hanging the run: until shortly before go test
// itself gives the package up.
func limit(t testing.TB) time.Duration {
	if of, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if end, ok := of.Deadline(); ok {
			left := time.Until(end)
			return left - min(time.Minute, left/10)
		}
	}
	return 30 * time.Minute
}

// patience is what a machine with other things to do may take to start a browser.
const patience = 2 * time.Minute

// UserAgent is what every page and every request of the browser says it is:
// headless Chromium's own name is a crawler's, whose visits count nowhere. It
// is set for the process and not for a tab, since what a page sends while it
// goes away no longer knows of its tab's settings.
const UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

// New gives a tab with storage and cookies of its own, as another person's browser
// would have, and closes it with the test. All tests that run at a time share one
// browser, which begins with the first and ends with the last of them: to start
// one takes longer than most tests.
func New(t testing.TB) context.Context {
	t.Helper()
	return Visitor(t, running.join(t))
}

// Alone starts a browser for this test and no other, for what is measured or fills
// it. It ends with the test.
func Alone(t testing.TB) context.Context {
	t.Helper()
	tab, end := start(t)
	t.Cleanup(end)
	return bounded(t, tab)
}

// running is the browser that tests share. Go runs the tests of a package in one
// process and tells nobody which is the last, so that it is counted here.
var running shared

type shared struct {
	mu    sync.Mutex
	tests int // that use it
	first context.Context
	end   func()
}

// join counts a test in until its end, and gives the browser's first tab, which
// keeps it while others come and go.
func (s *shared) join(t testing.TB) context.Context {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tests == 0 {
		s.first, s.end = start(t)
	}
	s.tests++
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.tests--; s.tests == 0 {
			s.end()
		}
	})
	return bounded(t, s.first)
}

// bounded is a browser that the test may use for so long and no longer.
func bounded(t testing.TB, browser context.Context) context.Context {
	ctx, stop := context.WithTimeout(browser, limit(t))
	t.Cleanup(stop)
	return ctx
}

// start runs a browser with an empty profile, which is gone after its end.
func start(t testing.TB) (context.Context, func()) {
	t.Helper()
	path := find(t)
	profile, err := os.MkdirTemp("", "omo-browser-") // the test's own folder may go before the browser
	if err != nil {
		t.Fatal(err)
	}
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
		chromedp.UserDataDir(profile),
		chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("disable-features", "SpareRendererForSitePerProcess"), // a process in reserve for each visitor, who needs none
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
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	tab, closeTab := chromedp.NewContext(allocator)
	end := func() {
		closeTab()
		stopAllocator()
		_ = os.RemoveAll(profile) // in a folder that the system empties
	}
	if err := chromedp.Do(tab); err != nil {
		end()
		t.Fatalf("start %s: %v", path, err)
	}
	return tab, end
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
	// A person looks at every tab, also while another test's is in front.
	if _, err := chromedp.Call(tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
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
