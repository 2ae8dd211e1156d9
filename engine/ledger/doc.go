// Package ledger is the durable record: events in order, profiles, and what
// else must be true at the same instant, committed together.
//
// One commit is one visit of one visitor: its new events and the profile they
// folded into. A commit has a sequence number; numbers grow by one, and a
// crash leaves a prefix of whole visits. Commit makes a visit visible, Sync
// makes everything committed so far durable with one fsync that concurrent
// callers share, and Durable says how far that has come. The loader reads
// only durable visits, so the warehouse never knows more than the ledger.
//
// What a distributed ledger could not also give is not here: no scan over
// visitors, no transaction across two of them but the one by which a browser
// comes to its person's profile, which an alias after the profile could stand
// for. Keys, all in one Pebble store:
//
//	e <seq>            the visit's events, canonical JSON, behind how many were committed and turned away up to it
//	p <visitor>        profile
//	a <visitor>        the visitor whose profile it shares since a merge
//	i <period> <id>    an event id that was accepted; kept 8 to 16 days
//	u <person>         the unit by which a person's visitors are bucketed
//	t <due> <visitor>  a timer that runs
//	d <seq> <idx>      a dead event: one that the warehouse cannot take, and why
//	c …                coupons: their codes, free ones in order, and who has which; see claims.go
//	o <due> <id>       what is to be sent out; until it was, or was given up
//	m <name>           a mark: a small durable record under a name
//	x <keyed hash>     a tombstone: this visitor was erased
//
// # When files are damaged
//
// All that is read is checked by sums: a damaged part is an error, never other
// bytes. What the store itself cannot tell from a torn end, a file beside the
// folder tells (<folder>.seal; see seal): that visits which were acknowledged
// are missing, that the list of files is another or gone. Then the ledger is
// refused, with what to do. What is not noticed: the loss of marks, or of visits
// without events, written after the last visit with events; and, after a power
// cut, the loss of visits since the seal last reached the disk.
package ledger
