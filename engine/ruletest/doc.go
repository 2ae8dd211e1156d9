// Package ruletest runs the tests that marketers write beside their campaigns
// (tests/*.test.yaml; see rules.Test), through the same two functions that
// serve a shop: profile.Fold and engine.Decide.
//
//	events, by time ──► Accept, Enrich ─┐
//	the page view ─────────► Enrich ────┴► Fold ─┐
//	trigger, slots, facts, consent ──────────────┴► Decide ──► as expected?
//	                                                                │ no
//	                                            the rule, explained ┘
//
// There is no clock, no ledger and no network in it: now is the test's.
//
// # What a test means
//
// Events are those of one visitor, folded in order of time; nothing was decided
// on them, so what a campaign spent earlier is told by events: an omo_exposure
// with campaign and variant. What is waited for in vain (absent) comes due as
// the server's timers have it. A path such as /cart lies on the first origin of
// site.yaml, or on https://shop.example.
//
// Without a trigger the decision is that of the page's own view. With one, the
// visitor is on the page already: the last page_view among the events if that
// is of this page, or else one that is added, for a dwell or an idle so much
// earlier, for an event just before it.
//
// Who the visitor is and what it is called is believed as if the shop had
// signed it. Consent is granted unless told. Without it only the page view is
// folded.
//
// # What is sent
//
// Where a test says what is sent, webhooks and e-mails are written as the server
// writes them, and go to nobody: on each event, on each timer that comes due, and
// beside each omo_exposure among the events. After the decision the clock goes on
// to the moment that the test names. The test names all letters, from the first
// event on.
//
// # Who comes
//
// Variants are drawn by hash, so a test that expects a variant needs a visitor
// who draws it. Where the test names no visitor, one is found: outside the
// holdout, within the traffic and the layers of the campaigns named, drawing
// each variant that is expected. A test that expects {none: holdout}, layer or
// traffic gets a visitor who is kept out for that.
package ruletest
