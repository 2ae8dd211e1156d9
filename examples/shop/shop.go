package shop

import (
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed templates/*.html static/* pictures/*.svg
var assets embed.FS

// Options say where the shop finds omotenashi.
type Options struct {
	BeaconURL string // of the omotenashi server, without a path: http://127.0.0.1:8080; "" is the shop's own host
	PublicKey string // pk_…
	// Sign turns the claims of a member (sub, exp, traits) into an identify token. Without
	// it members stay unidentified. An error leaves the page as it is, only unidentified.
	Sign func(claims map[string]any) (string, error)
	Now  func() time.Time // time.Now unless told
	Open func() bool      // whether visitors are let in yet; always unless told
	Log  *slog.Logger     // discards unless told
}

// Shop serves おもてなし商店. It holds nothing that changes.
type Shop struct {
	catalog Catalog
	coupons map[string]coupon
	members []Member
	pages   map[string]*template.Template

	beaconURL, publicKey, policy string

	sign    func(map[string]any) (string, error)
	now     func() time.Time
	open    func() bool
	log     *slog.Logger
	handler http.Handler
}

// New returns the shop.
func New(o Options) *Shop {
	s := &Shop{
		catalog: assortment(), coupons: coupons(), members: members(), pages: parsePages(),
		beaconURL: strings.TrimSuffix(o.BeaconURL, "/"), publicKey: o.PublicKey, policy: policy(o.BeaconURL),
		sign: o.Sign, now: o.Now, open: o.Open, log: o.Log,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.open == nil {
		s.open = func() bool { return true }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.top)
	mux.HandleFunc("GET /items/{id}", s.item)
	mux.HandleFunc("GET /category/{id}", s.category)
	mux.HandleFunc("GET /ranking", s.ranking)
	mux.HandleFunc("GET /shipping", s.shipping)
	mux.HandleFunc("GET /contact", s.contact)
	mux.HandleFunc("GET /free-shipping", s.freeShipping)
	mux.HandleFunc("GET /trial", s.trial)
	mux.HandleFunc("GET /cart", s.showCart)
	mux.HandleFunc("POST /cart/add", s.addToCart)
	mux.HandleFunc("POST /cart/remove", s.removeFromCart)
	mux.HandleFunc("POST /cart/coupon", s.enterCoupon)
	mux.HandleFunc("GET /checkout", s.checkout)
	mux.HandleFunc("POST /checkout", s.placeOrder)
	mux.HandleFunc("GET /thanks", s.thanks)
	mux.HandleFunc("GET /account", s.account)
	mux.HandleFunc("POST /account/login", s.login)
	mux.HandleFunc("POST /account/logout", s.logout)
	files := http.FileServerFS(filesOnly{assets})
	mux.Handle("GET /static/", cached(files))
	mux.Handle("GET /pictures/", cached(files))
	mux.HandleFunc("GET /", s.notFound)
	// Another site's form must not fill a cart or log somebody in.
	s.handler = http.NewCrossOriginProtection().Handler(mux)
	return s
}

func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", s.policy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "strict-origin-when-cross-origin")
	if looks := strings.HasPrefix(r.URL.Path, "/static/") || strings.HasPrefix(r.URL.Path, "/pictures/"); !looks && !s.open() {
		w.Header().Set("Retry-After", "2")
		w.Header().Set("Refresh", "2") // a browser asks again by itself
		s.render(w, http.StatusServiceUnavailable, "closed", page{})
		return
	}
	s.handler.ServeHTTP(w, r)
}

// Item finds an item of the shop by its id.
func (s *Shop) Item(id string) (Item, bool) { return s.catalog.Item(id) }

// Items are all items, in the order of the shelves.
func (s *Shop) Items() []Item { return s.catalog.Where(func(Item) bool { return true }) }

// policy is the Content-Security-Policy: everything from the shop itself, the beacon and
// its calls from the omotenashi server, no inline script or style.
func policy(beaconURL string) string {
	omotenashi := ""
	if u, err := url.Parse(beaconURL); err == nil && u.Host != "" {
		omotenashi = " " + u.Scheme + "://" + u.Host
	}
	return strings.Join([]string{
		"default-src 'self'",
		"script-src 'self'" + omotenashi,
		"connect-src 'self'" + omotenashi,
		"img-src 'self' data:" + omotenashi,
		"style-src 'self'",
		"object-src 'none'", "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'",
	}, "; ")
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		next.ServeHTTP(w, r)
	})
}

// filesOnly hides the folders of a file system, which a file server would list.
type filesOnly struct{ fs.FS }

func (f filesOnly) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || info.IsDir() {
		file.Close()
		return nil, fs.ErrNotExist
	}
	return file, nil
}
