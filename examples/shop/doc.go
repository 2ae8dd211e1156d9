// Package shop is おもてなし商店, the Japanese online shop of the demo: fashion and gifts,
// a cart, a checkout that charges nobody, and the omotenashi beacon on every page.
//
//	browser ── GET page ──► shop.New(…)      pages, cart and order live in the browser's cookies
//	   │                       └─ Sign ──►   the member's rank, gender and age, as a signed token
//	   └─ b.js, omo('track', …) ──►          the omotenashi server, at Options.BeaconURL
//
// It is written as a shop that adds omotenashi would be: one script tag in the layout,
// GA4's commerce events through omo('track', …), the item of a page as a data block.
// Event data travels in data blocks that shop.js reads, so that the pages carry a
// Content-Security-Policy without 'unsafe-inline'.
//
// rules/ holds the twelve campaigns that run on it, pictures/ the drawings, visits/
// believable sessions for the simulated visitors. The shop keeps no data of its own.
package shop
