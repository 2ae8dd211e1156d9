package beacon_test

import (
	"cmp"
	"html/template"
	"io"
	"net/http"
	"strings"
)

// patient keeps a page from giving a call up after five seconds, however long the
// machine takes.
const patient = `{ const real = setTimeout; window.setTimeout = (run, wait, ...rest) => real(run, wait === 5000 ? 3600000 : wait, ...rest) };`

// servePage serves any path. The query says what the page has: consent, key, src (a
// beacon elsewhere), twice, csp, lang, datalayer, short (nothing to scroll), shut (a
// closed shadow root), room (px that its place keeps free), unfinished (it never ends).
func servePage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.URL.Path == "/tea.png" {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = io.WriteString(w, teaPicture)
		return
	}
	if q.Has("csp") {
		w.Header().Set("Content-Security-Policy", strings.ReplaceAll(strictPolicy, "beacon", cmp.Or(q.Get("src"), "'self'")))
	}
	tag := map[string]any{"src": q.Get("src") + "/b.js", "consent": q.Get("consent"), "identify": q.Get("identify"), "datalayer": q.Get("datalayer"), "lang": cmp.Or(q.Get("lang"), "ja"), "twice": q.Has("twice"), "strict": q.Has("csp"), "path": r.URL.Path, "tall": !q.Has("short"), "shut": q.Has("shut"), "room": q.Get("room")}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageTemplate.Execute(w, tag)
	if q.Has("unfinished") {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

const strictPolicy = "default-src 'none'; script-src beacon; connect-src beacon; style-src 'self'; img-src 'self'; require-trusted-types-for 'script'"

// settled lets a test wait until the page has read every answer that is on its way,
// and has loaded what watches for triggers where an answer has a campaign that waits.
const settled = `{
	let asking = 0, waits = false;
	const real = window.fetch, end = () => setTimeout(() => asking--);
	window.fetch = (...call) => {
		if (!String(call[0]).includes("/v1/")) return real(...call);
		asking++;
		return real(...call).then((answer) => {
			const read = answer.json.bind(answer);
			answer.json = () => read().then((told) => (waits ||= told.decisions?.some((one) => one.armed), told)).finally(end);
			if (answer.status !== 200) end();
			return answer;
		}, (problem) => { end(); throw problem });
	};
	window.settled = async () => {
		const watch = () => performance.getEntriesByType("resource").find((one) => one.name.includes("/m/t.js"));
		for (let quiet = 0; quiet < 3; quiet = asking || waits && !watch() ? 0 : quiet + 1) await new Promise((done) => setTimeout(done, 10));
		if (waits) await import(watch().name);
		await new Promise((done) => setTimeout(done));
	};
}`

// The body is tall, so that there is something to scroll.
var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.lang}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>お茶の時間 {{.path}}</title><meta name="omo:type" content="item">
{{if not .strict}}<script>` + patient + settled + `</script>{{end}}
<script async src="{{.src}}" data-key="pk_test"{{if not .shut}} data-shadow="open"{{end}} data-consent="{{.consent}}"{{with .identify}} data-identify="{{.}}"{{end}}{{with .datalayer}} data-datalayer="{{.}}"{{end}}></script>
{{if .twice}}<script async src="{{.src}}?2" data-key="pk_test" data-shadow="open" data-consent="{{.consent}}"></script>{{end}}
<script type="application/json" data-omo-item>{"id": 1001, "name": "深蒸し煎茶", "category": "tea", "brand": "茶舗", "price": "1080", "secret": 1}</script>
<body><h1>深蒸し煎茶</h1><table width="100%"><tr><td id="place"{{with .room}} height="{{.}}"{{end}}></td></tr></table><button id="before">前</button><p id="below">下</p>{{if .tall}}<svg width="20" height="4000"></svg>{{end}}<p id="end">end</p></body></html>`))

const teaPicture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><rect width="320" height="180" fill="#dfe6cf"/><circle cx="160" cy="90" r="56" fill="#fffdf9"/><circle cx="160" cy="90" r="46" fill="#8fa65a"/><path d="M0 150q80-30 160 0t160 0v30H0z" fill="#c9b48a"/></svg>`
