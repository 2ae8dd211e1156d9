// Package engine makes decisions.
//
//	Visit: one visitor's lock
//	   │
//	   ├─ Fold each new event into the profile          engine/profile
//	   ├─ Decide, if asked: match, gates, variant       rules, engine/bucket
//	   ├─ Fold the decision itself: what it holds
//	   └─ Commit events + profile, one batch            engine/ledger
//
// Decide is a pure function of rule set, profile, request and clock, and a
// profile is a pure fold of events. Serving, testing a rule, explaining a past
// moment and back-testing a campaign are these two functions run over
// different events. Everything that is neither (the lock, the cache of
// profiles, the commit, ids) is in Visit.
package engine
