// Package profile folds a visitor's events into what rules may ask about.
//
//	Fold(profile, event, terms) → profile
//
// is pure: no clock, no randomness, no I/O. The same events in ledger order
// give the same profile, wherever they are replayed. Events come in ledger
// order; their times may be out of order. An event older than the session
// under way changes totals only: not the session, not the cart. One that is
// late by less than the gap is not older: it belongs to the session.
//
// What counters of the rule set read is kept as series, one a stream of events:
// by event time, so that a visitor leaves a window as time passes, without any
// event. A series that a rule set newly asks for is counted live from its
// epoch, and Absorb adds what a back-fill found before.
//
// A profile holds sums and short lists with stated bounds, never the events
// themselves, so that its size does not grow with its visitor's age.
package profile
