package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/api/beacon/browsertest"
)

// wire is what leads to a shop's server, and can be cut: what comes then finds
// nobody, or a proxy that says so.
type wire struct {
	*httptest.Server
	cut  atomic.Bool
	lost atomic.Int64 // requests since it was cut
}

func wireTo(t *testing.T, s *shop) *wire {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	l, through := &wire{}, httputil.NewSingleHostReverseProxy(to)
	through.ErrorLog = nil
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !l.cut.Load():
			through.ServeHTTP(w, r)
		case l.lost.Add(1)%2 == 0:
			w.WriteHeader(http.StatusBadGateway)
		default:
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
	}))
	t.Cleanup(l.Close)
	return l
}

const (
	connectionSays = `document.querySelector("#connection [role=status]").textContent`
	lastAnswer     = `document.querySelector("#connection .soft").textContent`
)

// What renews itself while something is counted or done goes on asking when the
// server is gone, says so, and is there by itself when the server is back.
func TestScreensComeBackWithTheServer(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	does := func(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			t.Fatal(err)
		}
	}
	const asks = `[hx-trigger*="every"]`
	for _, c := range []struct{ name, path, shows string }{
		{"campaigns", "/ui/campaigns", `document.querySelector("#welcome") && !document.querySelector('` + asks + `')`},
		{"members", "/ui/campaigns/welcome/visitors?who=exposed", `document.querySelector("main tbody th") && !document.querySelector('` + asks + `')`},
		{"visitors", "/ui/visitors", `document.querySelector("main .empty") && !document.querySelector('` + asks + `')`},
		{"result", "/ui/campaigns/welcome", `document.querySelector("#days svg") && document.querySelector("#funnel tbody") && !document.querySelector('` + asks + `')`},
		{"part", "/ui/campaigns/welcome/breakdown", `document.querySelector("#breakdown tbody") && !document.querySelector('` + asks + `')`},
		{"erasure", "/ui/erasures/", `document.querySelector("main [role=status]")?.textContent === "消去が終わりました。" && !document.querySelector('` + asks + `')`},
		{"health", "/ui/health", `document.querySelector("#health .use tbody")`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := lookedAt(t)
			s.reports.late = make(chan struct{})
			release := sync.OnceFunc(func() { close(s.reports.late) })
			t.Cleanup(release)
			path := c.path
			if c.name == "erasure" {
				x, err := s.engine.Erase([]string{"v1"}, s.clock.Now())
				if err != nil {
					t.Fatal(err)
				}
				path += x.ID
			}
			l := wireTo(t, s)
			does(t, chromedp.Navigate(l.URL+path), chromedp.WaitVisible(`html[data-script=on]`), holds(`document.querySelector('`+asks+`')`))
			l.cut.Store(true)
			does(t, holds(connectionSays+`.includes("サーバーにつながりません") && /最後の応答：\d+ [秒分]前/.test(`+lastAnswer+`)`))
			for at := l.lost.Load(); l.lost.Load() < at+2; {
				does(t, holds(connectionSays+` !== ""`))
			}
			l.cut.Store(false)
			release()
			s.erasing(t)
			does(t, holds(c.shows), holds(connectionSays+` === "" && `+lastAnswer+` === ""`))
		})
	}
}

// The live screen says that its stream has ended only when it does not come again,
// and what is missed is there when it does.
func TestTheLiveScreenComesBackWithTheServer(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := lookedAt(t)
	l := wireTo(t, s)
	does := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { does(chromedp.Navigate("about:blank")) }) // the stream would keep the server
	does(chromedp.Navigate(l.URL+"/ui/live"), chromedp.WaitVisible(`#live-state.on`))
	l.cut.Store(true)
	l.CloseClientConnections()
	does(holds(connectionSays + `.includes("サーバーにつながりません") && !document.querySelector("#live-state.on")`))
	s.trusted().visits("ann", "/items/9", "スニーカー")
	l.cut.Store(false)
	does(holds(`document.querySelector("#live-state.on") && ` + connectionSays + ` === "" && document.querySelector("#live-rows a.name").textContent === "ann"`))
}

// A server that has started anew knows nobody: the live screen goes to where one
// logs in, and comes back from there.
func TestTheLiveScreenAsksToLogInAgain(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := open(t, options(func(o *api.Options) { o.OpenDashboard = true }))
	l, shut := wireTo(t, s), wireTo(t, open(t))
	var away atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			shut.Config.Handler.ServeHTTP(w, r)
		} else {
			l.Config.Handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	if err := chromedp.Do(tab, chromedp.Navigate(front.URL+"/ui/live?cart=1"), chromedp.WaitVisible(`#live-state.on`)); err != nil {
		t.Fatal(err)
	}
	away.Store(true)
	front.CloseClientConnections()
	if err := chromedp.Do(tab, holds(`location.pathname === "/ui/login" && decodeURIComponent(location.search).includes("/ui/live?cart=1")`)); err != nil {
		t.Fatal(err)
	}
}

// A part that the server knows no more is asked for no more, and that is said; so
// is a click that came to nothing, until one does.
func TestScreensSayWhatIsNoMore(t *testing.T) {
	t.Parallel()
	tab := browsertest.New(t)
	s := lookedAt(t)
	s.reports.late = make(chan struct{})
	release := sync.OnceFunc(func() { close(s.reports.late) })
	t.Cleanup(release)
	l := wireTo(t, s)
	var asked, refused atomic.Int64
	l.Config.Handler = func(through http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/ui/campaigns") && r.Header.Get("HX-Request") != "" {
				if asked.Add(1); refused.Load() > 0 {
					w.WriteHeader(int(refused.Load()))
					return
				}
			}
			through.ServeHTTP(w, r)
		})
	}(l.Config.Handler)
	does := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			t.Fatal(err)
		}
	}
	refused.Store(http.StatusNotFound)
	does(chromedp.Navigate(l.URL+"/ui/campaigns"), holds(connectionSays+`.includes("ここはもう更新されません")`))
	before := asked.Load()
	does(holds(`(window.turns = (window.turns ?? 0) + 1) > 300`)) // three seconds and more, in which it would have asked
	if n := asked.Load(); n != before {
		t.Errorf("asked %d times more for what is not there", n-before)
	}
	release()
	refused.Store(0)
	for _, part := range []string{"", "/days", "/funnel", "/breakdown"} {
		s.trusted().counted("/ui/campaigns/welcome" + part)
	}
	does(chromedp.Navigate(l.URL+"/ui/campaigns/welcome"), holds(`document.querySelector("#days svg") && document.querySelector("#funnel tbody") && document.querySelector("#breakdown tbody")`))
	refused.Store(http.StatusInternalServerError)
	does(clicks(`#breakdown .tabs a[href*="by=rank"]`), holds(connectionSays+`.includes("うまくいきませんでした")`))
	// What asks by itself and is answered does not take that back.
	does(holds(`(() => {
		const elt = document.createElement("div");
		elt.setAttribute("hx-trigger", "every 5s");
		document.dispatchEvent(new CustomEvent("htmx:afterRequest", {detail: {elt, successful: true}}));
		return true;
	})()`))
	if said, err := chromedp.Run(tab, chromedp.Evaluate[string](connectionSays)); err != nil || !strings.Contains(said, "うまくいきませんでした") {
		t.Errorf("after a poll's answer the screen says %q of what went wrong, %v", said, err)
	}
	refused.Store(0)
	does(clicks(`#breakdown .tabs a[href*="by=rank"]`), holds(connectionSays+` === "" && document.querySelector('#breakdown .tabs a[href*="by=rank"][aria-current]')`))
}
