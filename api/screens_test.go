package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/dashboard"
)

// people are those of a test.
type people struct {
	mu  sync.Mutex
	all []api.Person
}

func (p *people) All() ([]api.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all), nil
}

func (p *people) Put(one api.Person) error {
	if err := p.Remove(one.Name); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, one)
	return nil
}

func (p *people) Remove(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = slices.DeleteFunc(p.all, func(one api.Person) bool { return one.Name == name })
	return nil
}

const password = "correct horse battery"

// staffed is a shop with one person of each role, named for it.
func staffed(t *testing.T, changes ...option) (*shop, *people) {
	t.Helper()
	p := &people{}
	hash := api.HashPassword(password)
	for name, role := range dashboard.Roles {
		p.all = append(p.all, api.Person{Name: name, Role: role, Hash: hash})
	}
	return open(t, append(changes, options(func(o *api.Options) { o.People = p }))...), p
}

// submits is a form as a browser on the shop's own screens sends it.
func (c caller) submits(path string, fields ...string) answer {
	c.shop.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return c.with("Content-Type", "application/x-www-form-urlencoded").with("Sec-Fetch-Site", "same-origin").do(http.MethodPost, path, form.Encode())
}

// goes checks that an answer leads to another page.
func (a answer) goes(to string) answer {
	a.t.Helper()
	if a.is(http.StatusSeeOther); a.header.Get("Location") != to {
		a.t.Errorf("goes to %q, want %q", a.header.Get("Location"), to)
	}
	return a
}

func TestComingIn(t *testing.T) {
	t.Parallel()
	s, p := staffed(t)
	c := s.caller("")
	c.get("/ui/health?a=b&c").goes("/ui/login?back=%2Fui%2Fhealth%3Fa%3Db%26c")
	c.get("/ui/login?back=/ui/health").is(http.StatusOK)
	for page, back := range map[string]string{s.URL + "/ui/playground?campaign=quiet": "%2Fui%2Fplayground%3Fcampaign%3Dquiet", "": "%2F"} {
		part := c.with("HX-Request", "true").with("HX-Current-URL", page).get("/ui/playground/backtest/b1").is(http.StatusUnauthorized)
		if to := part.header.Get("HX-Redirect"); to != "/ui/login?back="+back {
			t.Errorf("a part of %q leads to %q", page, to)
		}
	}
	if page := string(c.submits("/ui/login", "name", "view", "password", "wrong horse", "back", "/ui/health").is(http.StatusUnauthorized).body); !strings.Contains(page, "名前かパスワードが違います。") || !strings.Contains(page, `value="view"`) {
		t.Error(page)
	}
	c.submits("/ui/login", "name", "nobody", "password", password).is(http.StatusUnauthorized)
	c.submits("/ui/login", "name", "secret key", "password", password).is(http.StatusUnauthorized)
	cookie := c.submits("/ui/login", "name", "view", "password", password, "back", "/ui/health?a=b").goes("/ui/health?a=b").header.Get("Set-Cookie")
	for _, part := range []string{"omo_session=", "Path=/ui", "Max-Age=43200", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie is %s, without %s", cookie, part)
		}
	}
	if page := string(c.get("/ui/health").is(http.StatusOK).body); !strings.Contains(page, "<summary>view</summary>") {
		t.Error("the page does not say who looks at it")
	}
	c.submits("/ui/logout").goes("/ui/login")
	c.get("/ui/health").goes("/ui/login?back=%2Fui%2Fhealth")

	// Another password, or none any more, closes what the old one opened.
	for what, change := range map[string]func() error{
		"another password": func() error {
			return p.Put(api.Person{Name: "view", Role: dashboard.View, Hash: api.HashPassword("another one, longer")})
		},
		"gone": func() error { return p.Remove("view") },
	} {
		if err := p.Put(api.Person{Name: "view", Role: dashboard.View, Hash: api.HashPassword(password)}); err != nil {
			t.Fatal(err)
		}
		c := s.caller("")
		c.submits("/ui/login", "name", "view", "password", password).goes("/ui/")
		c.get("/ui/health").is(http.StatusOK)
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if a := c.get("/ui/health"); a.status != http.StatusSeeOther {
			t.Errorf("%s: still in, with %d", what, a.status)
		}
	}
}

// The secret key opens everything, as the password of any name, and in a header.
func TestComingInWithTheSecretKey(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.caller("")
	c.submits("/ui/login", "name", "anybody", "password", "sk_wrong").is(http.StatusUnauthorized)
	c.submits("/ui/login", "name", "anybody", "password", secretKey).goes("/ui/")
	c.get("/ui/health").is(http.StatusOK)
	keys := goodKeys()
	keys.Secret = api.HashKey("sk_another")
	if err := s.Config.Handler.(*api.Server).UseKeys(keys); err != nil {
		t.Fatal(err)
	}
	c.get("/ui/health").goes("/ui/login?back=%2Fui%2Fhealth")
	s.caller("").with("Authorization", basic("hanako", "sk_another")).get("/ui/health").is(http.StatusOK)
	s.caller("").with("Authorization", basic("hanako", secretKey)).get("/ui/health").is(http.StatusUnauthorized)
	s.caller(publicKey).get("/ui/health").is(http.StatusForbidden)
}

// Tries that come at once are stopped as those that come one after the other.
func TestGuessingPasswordsAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	var all sync.WaitGroup
	var looked atomic.Int32
	for range 30 {
		all.Go(func() {
			if s.caller("").submits("/ui/login", "name", "edit", "password", "wrong").status == http.StatusUnauthorized {
				looked.Add(1)
			}
		})
	}
	if all.Wait(); looked.Load() > 11 { // two are looked at at once
		t.Errorf("%d passwords were looked at, of 10 that may be wrong", looked.Load())
	}
}

// Nobody need be logged in to send a form, and none is read that is no form of ours.
func TestLargeForms(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	large := strings.Repeat("x", 100<<10)
	s.caller("").submits("/ui/login", "name", "edit", "password", large).is(http.StatusRequestEntityTooLarge)
	body := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" + large + "\r\n--b--\r\n"
	s.caller("").with("Content-Type", "multipart/form-data; boundary=b").with("Sec-Fetch-Site", "same-origin").
		do(http.MethodPost, "/ui/login", body).is(http.StatusRequestEntityTooLarge)
}

// Whoever tries passwords is stopped, name by name.
func TestGuessingPasswords(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	for range 10 {
		s.caller("").submits("/ui/login", "name", "edit", "password", "wrong").is(http.StatusUnauthorized)
	}
	if after := s.caller("").submits("/ui/login", "name", "edit", "password", password).is(http.StatusTooManyRequests).header.Get("Retry-After"); after != "10" {
		t.Errorf("Retry-After %q", after)
	}
	s.caller("").submits("/ui/login", "name", "view", "password", password).goes("/ui/")
	s.clock.pass(11e9)
	s.caller("").submits("/ui/login", "name", "edit", "password", password).goes("/ui/")
}

// A page of another site makes nobody's browser do anything here.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	c := s.caller("")
	c.submits("/ui/login", "name", "publish", "password", password).goes("/ui/")
	for _, path := range []string{"/ui/look", "/ui/logout", "/ui/login"} {
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			c.with(name, value).do(http.MethodPost, path, "").is(http.StatusForbidden)
		}
	}
	page := string(c.with("Accept", "text/html").with("Accept-Language", "en").with("Sec-Fetch-Site", "same-site").do(http.MethodPost, "/ui/look", "").is(http.StatusForbidden).body)
	if !strings.Contains(page, "Another site sent this") {
		t.Error(page)
	}
	c.get("/ui/health").is(http.StatusOK) // still in
}

// A demo is open to those at its machine, by whatever name a browser calls that.
func TestADemoIsOpenAtItsOwnMachine(t *testing.T) {
	t.Parallel()
	s := open(t, options(func(o *api.Options) { o.OpenDashboard = true }))
	s.caller("").get("/ui/health").is(http.StatusOK)
	for host, want := range map[string]int{"localhost:8080": http.StatusOK, "[::1]:8080": http.StatusOK, "evil.example": http.StatusSeeOther, "127.0.0.1.evil.example": http.StatusSeeOther} {
		r, err := http.NewRequest(http.MethodGet, s.URL+"/ui/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		response, err := newClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("as %s: %d, want %d", host, response.StatusCode, want)
		}
	}
}

func TestLanguageAndColoursAreKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.trusted().with("Accept-Language", "en-GB")
	shows := func(want string) {
		t.Helper()
		if page := string(c.get("/ui/health").is(http.StatusOK).body); !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	shows(`<html lang="en">`)
	c.submits("/ui/look", "language", "ja", "back", "/ui/health?x=1").goes("/ui/health?x=1")
	c.submits("/ui/look", "theme", "dark", "back", "//evil.example/ui/").goes("/ui/")
	shows(`<html lang="ja" data-theme="dark">`)
	for _, to := range []string{"https://evil.example/ui/", "/uix", "", `/ui/\evil`, "/v1/campaigns", "javascript:alert(1)"} {
		c.submits("/ui/look", "theme", "purple", "back", to).goes("/ui/")
	}
	shows(`<html lang="ja">`)
}

// What the screens load may be kept for good under the address that they name.
func TestWhatScreensLoad(t *testing.T) {
	t.Parallel()
	s := open(t)
	page := string(s.trusted().get("/ui/health").is(http.StatusOK).body)
	found := regexp.MustCompile(`(?:href|src)="(/ui/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) != 3 {
		t.Fatalf("the page loads %q", found)
	}
	for _, one := range found {
		a := s.caller("").get(one[1]).is(http.StatusOK)
		if a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || len(a.body) == 0 {
			t.Errorf("%s: %d bytes, %v", one[1], len(a.body), a.header)
		}
		s.caller("").with("If-None-Match", a.header.Get("ETag")).get(one[1]).is(http.StatusNotModified)
		path, _, _ := strings.Cut(one[1], "?")
		if got := s.caller("").get(path + "?v=old").header.Get("Cache-Control"); got != "public, max-age=3600" {
			t.Errorf("%s of another version: %s", path, got)
		}
	}
	s.caller("").get("/ui/static/nothing.js").is(http.StatusNotFound)
}
