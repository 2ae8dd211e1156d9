// Package ingest is an event's life before anybody folds it: from the bytes a
// client sent to one canonical, enriched Event.
//
//	bytes ──Decode──► Batch ──Accept──► Event ──Enrich──► Event
//	        shape            one at a time:      device, source, place,
//	        of the body      good, or refused    bot; IP truncated
//	                         with a reason
//
// Other systems' events come in by doors of their own and are canonical from
// Accept on: DecodeSegment reads Segment's HTTP API, Incoming.Canonical knows
// the words of KARTE and GA4. testdata/doors shows what becomes of what.
//
// Everything in an Event is a fact that was known when it was received;
// nothing here looks at a profile or a rule. What the rules folder declares
// (which traits may be trusted) is applied by the engine, which knows it.
//
// Encode and Parse are the canonical form. The ledger keeps those bytes, the
// warehouse repeats them, and replay reads only them, so a field that is not
// in Event did not happen.
package ingest
