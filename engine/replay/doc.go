// Package replay runs the engine's two functions, Fold and Decide, over recorded
// events, and nothing else.
//
//	warehouse ─┐                  ┌─ the decision as it was logged   Explain
//	           ├─ records ─► Player ─► Moment ─ made again            Compare
//	ledger ────┘   (seq, idx)     └─► World ─ as it would have been   Backtest
//
// Records come as they were committed, one visitor at a time in (seq, idx)
// order. Each visit is folded with the terms of the rule set that was live
// then; Sets finds it, by the hash that the decision names. At each
// omo_decision the Player stops with a Moment: profile, request, clock and rule
// set, of which the decision is a pure function. Made again it must come out as
// it was logged; where it does not, the record is not all there is, and Cause
// says why.
//
// A World is the same history under another rule set. It stays as recorded
// while decisions equal the logged ones: with their recorded exposures, clicks
// and closes. Where one differs, those of that campaign are dropped, and an
// exposure is assumed at a moment that was recorded: the page view, the call of
// a trigger, or what the browser told of a page it left. A trigger of which
// nothing is recorded is counted as unknown.
package replay
