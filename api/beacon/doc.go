// Package beacon is the script that a shop's pages load, embedded.
//
// Its sources are TypeScript, in src; cmd/webbuild bundles them into dist,
// which is committed, so that the product builds with the Go toolchain alone.
//
//	page ─► main ─► ask ─────────► POST /v1/decide   the page view, and the events that wait
//	        │       └─► offers ──► GET /r.js         render/show: an action, in a closed shadow root
//	        │       └─► armed ───► GET /m/t.js ──► ask(trigger)   what waits for a trigger of its campaign
//	        │                       └─► GET /m/h.js ─► POST /v1/heartbeat   while somebody of the shop is on duty
//	        ├─► GET /m/d.js ─────► track, consent    what the page's dataLayer tells
//	        ├─► GET /m/p.js, /m/w.js                 a preview's bar; "why do I see this?"
//	        └─► queue ─► sender ─► POST /v1/events   until acknowledged, over pages and restarts
//
// What every page view needs is the core, b.js. The rest are modules that it
// imports where they are needed, named by their content: the renderer when an
// action is due, t.js where a campaign waits for a trigger, d.js where the page
// has a dataLayer. Where the renderer
// does not load nothing is shown and nothing is exposed. Control needs no
// renderer and is exposed when one would have been there: after the time that
// the answer took, or with the renderer where an action of the page loads it.
//
// A tab in the background opens nothing. The server keeps what it answered free for a
// minute: a tab that is looked at after 50 s asks the same question again, in every
// arm. A coupon's time runs from the answer.
//
// An action is drawn by its type, in render: its words as text nodes, its HTML
// from a tree of known elements. What cannot be shown is not exposed, and told
// as an omo_error of kind action_…: unknown, place (the page lacks it, after 3 s as well), expired,
// loop (of redirects), channel (a chat without any, or one whose function the page
// lacks at the click), not_displayed; what is shown
// with something missing is told as well: image, html, too_long, unreserved.
//
// Triggers are watched from the answer to the page view on; what happened on
// the page view before it counts as well. A list waits for all of its
// triggers and asks under the name of the last. A campaign asks once a page
// view, those with the same trigger together; one with an event's name asks at
// each such event, with the event, until an answer names it, for only the
// server knows its where. Time is visible time. scroll is the depth reached,
// looked at once the page has settled: a page that is still being built is
// short. in_view is half of an element, or half of the window filled by it.
// What the page view came to is told as omo_engagement: scroll, dwell_ms,
// idle_ms (the longest), and in visible ms the first exit (with exit_by),
// tab_return and in_view:… of armed campaigns.
//
// While somebody of the shop is on duty the answer names one more that waits,
// omo:invitation, for "invited:15s": h.js then says so often that the page is
// looked at, and asks for the invitation once one is there.
//
// On touch devices exit intent is a guess, and told as one: exit_by is "scroll"
// for a fast way back up after reading down, "tab" for a look into another tab,
// which triggers at the return. The history is left alone.
//
// From the dataLayer come GA4's e-commerce events, as dataLayer.push({event,
// ecommerce}) or gtag("event", …), under the fields that GA4 gives them and no
// others; data-datalayer="off" where the shop tells them itself.
//
// In a preview (omo_preview in the address of a link, then in the tab's
// storage) nothing is recorded, no queued event rides along, and p.js says so
// on the page. Anybody can write a token into an address: until decide has
// answered what this one is worth, events wait and carry it; then they go, or are
// dropped. Where the page is left before, they go with the token, and the server
// takes those whose token is not its own. omo('why') loads w.js, which asks POST /v1/why. An opt-out is in
// localStorage and stands above whatever the page says of consent. The server hears of
// it at once and takes its cookie away, so that no other host of the shop goes on with
// the same id; there the opt-out itself is not known.
//
// What a page view sends and keeps depends on consent alone: without it there
// is no id, nothing in storage and no event, and what was there goes. Where nothing
// was said an id of before goes along, and the site's policy says what it is worth. An event has one id for its whole
// life; it is in localStorage until the server has answered 200 to it, so it
// may arrive twice and does not get lost, and the server counts an id once.
// An event of more than 30,000 bytes leaves the later half of its items away until it
// fits and loses nothing else, which is told as event_too_large; without any it is dropped.
// Nothing that goes wrong in here reaches the page: it becomes one omo_error
// event for each kind.
//
// On the page: an async script tag with data-key, data-consent (granted,
// unknown, denied, or gcm to follow Google Consent Mode: a no until
// personalization_storage, else analytics_storage, is granted) and optionally
// data-identify and data-datalayer; calls through the function
// omo, which may be queued before the script is there:
//
//	window.omo = window.omo || function () { (omo.q = omo.q || []).push(arguments) };
//	omo('track', 'add_to_cart', {value: 6800});
//	omo('identify', token); omo('consent', 'granted'); omo('page');
//	omo('why'); omo('optout'); omo('optout', false);
//
// A page says what it is by <meta name="omo:type" content="item"> and a
// <script type="application/json" data-omo-item> with id, name, category,
// brand and price.
package beacon
