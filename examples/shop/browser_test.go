package shop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/net/html"
)

const (
	beacon = "http://omo.example:8080"
	secret = "a secret of the demo"
)

var noon = time.Date(2026, time.November, 21, 3, 0, 0, 0, time.UTC)

// open starts a shop that signs as the demo does.
func open(t *testing.T) *Shop {
	t.Helper()
	return New(Options{
		BeaconURL: beacon, PublicKey: "pk_demo",
		Sign: func(claims map[string]any) (string, error) {
			return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims)).SignedString([]byte(secret))
		},
		Now: func() time.Time { return noon },
	})
}

// browser keeps cookies and follows redirects, as a visitor's does.
type browser struct {
	t    *testing.T
	shop http.Handler
	jar  map[string]string
}

// seen is one page as it arrived.
type seen struct {
	status int
	path   string // after redirects
	header http.Header
	text   string
	root   *html.Node
}

func newBrowser(t *testing.T, shop http.Handler) *browser {
	return &browser{t: t, shop: shop, jar: map[string]string{}}
}

func (b *browser) get(path string) seen { return b.ask(http.MethodGet, path, nil) }
func (b *browser) post(path string, fields ...string) seen {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.ask(http.MethodPost, path, form)
}

func (b *browser) ask(method, path string, form url.Values) seen {
	b.t.Helper()
	for range 5 {
		r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for name, value := range b.jar {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		b.shop.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			if c.MaxAge < 0 {
				delete(b.jar, c.Name)
			} else {
				b.jar[c.Name] = c.Value
			}
		}
		if w.Code == http.StatusSeeOther {
			method, path, form = http.MethodGet, w.Header().Get("Location"), nil
			continue
		}
		root, err := html.Parse(strings.NewReader(w.Body.String()))
		if err != nil {
			b.t.Fatal(err)
		}
		return seen{w.Code, path, w.Header(), w.Body.String(), root}
	}
	b.t.Fatalf("%s redirects in a circle", path)
	return seen{}
}

// all lists the elements of a tag.
func (s seen) all(tag string) []*html.Node {
	var found []*html.Node
	for n := range s.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// beacon is the script tag of omotenashi, nil without one.
func (s seen) beacon() *html.Node {
	for _, n := range s.all("script") {
		if strings.HasSuffix(attribute(n, "src"), "/b.js") {
			return n
		}
	}
	return nil
}

// told is one event of a page, as omo('track', …) gets it.
type told struct {
	Name       string
	Properties struct {
		TransactionID string `json:"transaction_id"`
		Currency      string
		Value         float64
		Shipping      float64
		Coupon        string
		Items         []struct {
			ID       string  `json:"item_id"`
			Name     string  `json:"item_name"`
			Category string  `json:"item_category"`
			Brand    string  `json:"item_brand"`
			Variant  string  `json:"item_variant"`
			Price    float64 `json:"price"`
			Quantity float64 `json:"quantity"`
		}
	}
}

func (s seen) events(t *testing.T) []told {
	t.Helper()
	i := slices.IndexFunc(s.all("script"), func(n *html.Node) bool { return attribute(n, "id") == "shop-events" })
	if i < 0 {
		t.Fatalf("%s has no event block", s.path)
	}
	var events []told
	if err := json.Unmarshal([]byte(s.all("script")[i].FirstChild.Data), &events); err != nil {
		t.Fatalf("the event block of %s: %v", s.path, err)
	}
	return events
}

func names(events []told) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.Name)
	}
	return list
}
