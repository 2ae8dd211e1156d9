// Package crash names the moments at which a test ends this process.
//
// What is promised of a crash is promised of every moment, and most moments are
// too short for a kill from outside to meet. So the code says where they are:
//
//	crash.Point("loader.pending")
//
// A usual build has nothing there: both functions are empty and inlined away. A
// build with -tags faults reads the environment once, at start:
//
//	OMO_CRASH_AT=loader.pending:3   the third pass of that point kills the process,
//	                                as kill -9 would: nothing is flushed or undone
//	OMO_SHORT=loader.insert=2s,…    spans that a test cannot wait for: loader.insert
//	                                (a minute), clickhouse.rest (a minute),
//	                                trim.every (an hour), outbox.pause (10 s),
//	                                backfill.mark (a second)
//
// The points, in the order in which an event meets them:
//
//	commit.before    a visit is about to be applied to the ledger
//	commit.after     a call's visits are fsynced, and it is not answered yet
//	loader.pending   the pending range is recorded, nothing of it is sent
//	loader.inserted  the warehouse has the rows, the position does not know it
//	trim.middle      old visits are deleted in the ledger's log, nobody was told
//	merge.middle     two visitors' profiles become one person's
//	claim.before     a coupon code is drawn, not committed
//	claim.after      it is committed and fsynced, not answered
//	erase.middle     the tombstone is set, what it erases is not gone
//	outbox.taken     a receiver has taken a letter, and it is not noted yet
//	backfill.middle  a visitor's past is counted, that of others is not
package crash
