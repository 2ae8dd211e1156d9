// Package engine makes decisions.
//
//	Visit: one visitor's lock
//	   │
//	   ├─ Fold each new event into the profile          engine/profile
//	   ├─ Decide, if asked: match, gates, variant       rules, engine/bucket
//	   ├─ Fold the decision itself: what it holds
//	   └─ Commit events + profile, one batch            engine/ledger
//
// A person's browsers share one profile. The first that names the person gives
// it, its home; each further one brings its own profile along (profile.Merge)
// in the visit that names the person first, and its key becomes an alias of the
// home. Sharing was chosen over copying between them: what either does is there
// for the other in the same commit, a merge is one batch without a middle, and
// who never merged pays nothing. History, counters, spends and waits are the
// person's; session, cart, unit and what stands on a page are each browser's. A
// merge is recorded as omo_merge in the history of both, and replay plays all
// browsers of a person together.
//
// What is decided about a campaign beside its file (a pause, a harm stop, a
// bandit's weights) is an Override: kept in the ledger, swapped in with the rule
// set while no visit is under way, and recorded as omo_override in the same
// commit, so that the order in the ledger tells which decisions knew it.
//
// Decide is a pure function of rule set, profile, request and clock, and a
// profile is a pure fold of events. Serving, testing a rule, explaining a past
// moment and back-testing a campaign are these two functions run over
// different events. Everything that is neither (the locks, the cache of
// profiles, the commit, ids) is in Visit.
package engine
