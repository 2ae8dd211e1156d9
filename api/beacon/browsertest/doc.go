// Package browsertest starts a real headless browser for tests: Chromium, spoken
// to through chromedp, and for smoke tests Firefox, over WebDriver BiDi.
//
// Where there is none on the PATH a test is skipped, and says so; with
// OMO_REQUIRE_BROWSER=1, as in CI, it fails instead, so that a missing browser
// can never look like a passing test.
package browsertest
