package shop

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/net/html"
)

// Starting at the top page, whatever a page links to or loads must be there, and every
// page must carry the beacon. What cannot be reached by links is listed.
func TestEveryPageOfTheShopIsThereAndCarriesTheBeacon(t *testing.T) {
	b := newBrowser(t, open(t))
	b.post("/cart/add", "item", "linen-blouse", "size", "M", "quantity", "1")
	queue, visited, pages := []string{"/", "/checkout", "/account"}, map[string]bool{}, 0
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if visited[path] {
			continue
		}
		visited[path] = true
		s := b.get(path)
		if s.status != http.StatusOK {
			t.Errorf("%s: status %d", path, s.status)
			continue
		}
		if !strings.HasPrefix(s.header.Get("Content-Type"), "text/html") {
			continue
		}
		pages++
		if n := s.beacon(); n == nil || attribute(n, "src") != beacon+"/b.js" || attribute(n, "data-key") != "pk_demo" || attribute(n, "data-consent") != "granted" {
			t.Errorf("%s: no beacon as the contract wants it", path)
		}
		for tag, name := range map[string]string{"a": "href", "link": "href", "img": "src", "script": "src"} {
			for _, n := range s.all(tag) {
				to := attribute(n, name)
				if to == "" || strings.HasPrefix(to, "#") || strings.HasPrefix(to, beacon) || strings.HasPrefix(to, "tel:") || strings.HasPrefix(to, "mailto:") {
					continue
				}
				if !strings.HasPrefix(to, "/") {
					t.Errorf("%s: <%s %s=%q> leaves the shop", path, tag, name, to)
					continue
				}
				queue = append(queue, to)
			}
		}
	}
	for _, path := range []string{"/ranking", "/trial", "/shipping", "/free-shipping", "/contact", "/cart", "/category/pair-look", "/items/mens-cotton-knit", "/pictures/hero.svg"} {
		if !visited[path] {
			t.Errorf("no link leads to %s", path)
		}
	}
	if want := 9 + 5 + 16; pages != want { // the single pages, the categories, the items
		t.Errorf("%d pages, want %d", pages, want)
	}
}

func TestAPageThatIsNotThereSaysSoPolitely(t *testing.T) {
	for _, path := range []string{"/items/moon", "/category/moon", "/nowhere", "/items/linen-blouse/x"} {
		s := newBrowser(t, open(t)).get(path)
		if s.status != http.StatusNotFound || s.beacon() == nil || !strings.Contains(s.text, "ページが見つかりません") {
			t.Errorf("%s: status %d", path, s.status)
		}
	}
	for _, path := range []string{"/static/", "/pictures/", "/templates/top.html", "/static/none.css"} {
		if s := newBrowser(t, open(t)).get(path); s.status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, s.status)
		}
	}
}

// The pages need neither inline script nor inline style: a strict policy is really sent.
func TestPagesWorkUnderAStrictPolicy(t *testing.T) {
	b := newBrowser(t, open(t))
	b.post("/cart/add", "item", "linen-blouse", "size", "M")
	for _, path := range []string{"/", "/items/linen-blouse", "/cart", "/checkout", "/account", "/trial"} {
		s := b.get(path)
		policy := s.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self' "+beacon+";") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		for _, n := range s.all("script") {
			if attribute(n, "src") == "" && attribute(n, "type") != "application/json" {
				t.Errorf("%s has an inline script", path)
			}
		}
		if len(s.all("style")) > 0 || strings.Contains(s.text, " style=") || strings.Contains(s.text, " onclick=") {
			t.Errorf("%s has inline style or handlers", path)
		}
	}
}

func TestAProductPageTellsItsItem(t *testing.T) {
	s := newBrowser(t, open(t)).get("/items/walking-sneakers")
	i := slices.IndexFunc(s.all("meta"), func(n *html.Node) bool { return attribute(n, "name") == "omo:type" })
	if i < 0 || attribute(s.all("meta")[i], "content") != "item" {
		t.Error("the page does not say that it is an item's")
	}
	i = slices.IndexFunc(s.all("script"), func(n *html.Node) bool {
		return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "data-omo-item" })
	})
	if i < 0 {
		t.Fatal("no item block")
	}
	var item map[string]any
	if err := json.Unmarshal([]byte(s.all("script")[i].FirstChild.Data), &item); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": "walking-sneakers", "name": "軽やかウォーキングスニーカー", "category": "shoes", "brand": "一歩", "price": 7920.0}
	for key, value := range want {
		if item[key] != value {
			t.Errorf("item %s is %v, want %v", key, item[key], value)
		}
	}
	if e := s.events(t); len(e) != 1 || e[0].Name != "view_item" || e[0].Properties.Value != 7920 || e[0].Properties.Items[0].ID != "walking-sneakers" {
		t.Errorf("events: %+v", e)
	}
}

func TestAMemberIsSignedAndAGuestIsNot(t *testing.T) {
	b := newBrowser(t, open(t))
	if token := attribute(b.get("/").beacon(), "data-identify"); token != "" {
		t.Errorf("a guest is identified: %s", token)
	}
	if s := b.post("/account/login", "member", "member-1002"); s.path != "/account" || !strings.Contains(s.text, "鈴木 陽子") {
		t.Errorf("after the login: %s", s.path)
	}
	token, err := jwt.Parse(attribute(b.get("/").beacon(), "data-identify"), func(*jwt.Token) (any, error) { return []byte(secret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(open(t).now))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(token.Claims)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"exp":1795273200,"sub":"member-1002","traits":{"age":47,"gender":"female","rank":"diamond"}}`
	if string(claims) != want {
		t.Errorf("claims %s, want %s", claims, want)
	}
	b.post("/account/logout")
	if token := attribute(b.get("/").beacon(), "data-identify"); token != "" {
		t.Error("still identified after the logout")
	}
	b.post("/account/login", "member", "member-9999")
	if token := attribute(b.get("/").beacon(), "data-identify"); token != "" {
		t.Error("somebody unknown could log in")
	}
}

func TestAPageGoesOutEvenWhenSigningFails(t *testing.T) {
	b := newBrowser(t, New(Options{BeaconURL: beacon, PublicKey: "pk_demo", Sign: func(map[string]any) (string, error) { return "", errors.New("no key") }}))
	if s := b.post("/account/login", "member", "member-1002"); s.status != http.StatusOK || attribute(s.beacon(), "data-identify") != "" {
		t.Errorf("status %d", s.status)
	}
}

func TestTextsAreEscaped(t *testing.T) {
	shop := New(Options{BeaconURL: beacon, PublicKey: `"><script>alert(1)</script>`})
	evil := `</script><script>alert(1)</script>"'&`
	for i := range shop.catalog.Items {
		shop.catalog.Items[i].Name, shop.catalog.Items[i].Brand, shop.catalog.Items[i].About = evil, evil, evil
	}
	b := newBrowser(t, shop)
	b.post("/cart/add", "item", "linen-blouse", "size", "M")
	for _, path := range []string{"/", "/items/linen-blouse", "/cart", "/cart?coupon=" + url.QueryEscape(evil), "/checkout", "/ranking", "/trial", "/" + url.PathEscape(evil)} {
		s := b.get(path)
		if n := len(s.all("script")); n < 3 || n > 4 {
			t.Errorf("%s: %d script elements, so a text became markup", path, n)
		}
		for _, e := range s.events(t) {
			if e.Properties.Items[0].Name != evil {
				t.Errorf("%s: the event has the name %q", path, e.Properties.Items[0].Name)
			}
		}
	}
}

func TestAnotherSitesFormIsRefused(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/cart/add", strings.NewReader("item=linen-blouse&size=M"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	open(t).ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
		t.Errorf("status %d, %d cookies", w.Code, len(w.Result().Cookies()))
	}
}

// A shop that is not open yet lets nobody in: its page loads no beacon, so that nobody
// has come, looks as the shop does, and asks again by itself.
func TestAShopThatIsNotOpenYet(t *testing.T) {
	opened := false
	s := New(Options{BeaconURL: beacon, PublicKey: "pk_demo", Open: func() bool { return opened }})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	for _, path := range []string{"/", "/items/linen-blouse", "/nowhere"} {
		if w := get(path); w.Code != http.StatusServiceUnavailable || w.Header().Get("Refresh") == "" || strings.Contains(w.Body.String(), "<script") || !strings.Contains(w.Body.String(), "まもなく開店") {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
	if w := get("/static/shop.css"); w.Code != http.StatusOK {
		t.Errorf("its looks: %d", w.Code)
	}
	opened = true
	if w := get("/"); w.Code != http.StatusOK || w.Header().Get("Refresh") != "" {
		t.Errorf("it is open, and answers %d %v", w.Code, w.Header())
	}
}
