// Package beacon is the script that a shop's pages load, embedded.
//
// Its sources are TypeScript, in src; cmd/webbuild bundles them into dist,
// which is committed, so that the product builds with the Go toolchain alone.
//
//	page ─► main ─► ask ─────────► POST /v1/decide   the page view, and the events that wait
//	        │       └─► offers ──► render/show       what may open, in a closed shadow root
//	        │       └─► armed ───► ask(trigger)      what waits for exit intent or dwell
//	        └─► queue ─► sender ─► POST /v1/events   until acknowledged, over pages and restarts
//
// What a page view sends and keeps depends on consent alone: without it there
// is no id, nothing in storage and no event. An event has one id for its whole
// life; it is in localStorage until the server has answered 200 to it, so it
// may arrive twice and does not get lost, and the server counts an id once.
// Nothing that goes wrong in here reaches the page: it becomes one omo_error
// event for each kind.
//
// On the page: an async script tag with data-key, data-consent (granted,
// unknown, denied) and optionally data-identify; calls through the function
// omo, which may be queued before the script is there:
//
//	window.omo = window.omo || function () { (omo.q = omo.q || []).push(arguments) };
//	omo('track', 'add_to_cart', {value: 6800});
//	omo('identify', token); omo('consent', 'granted'); omo('page');
//
// A page says what it is by <meta name="omo:type" content="item"> and a
// <script type="application/json" data-omo-item> with id, name, category,
// brand and price.
package beacon
