// Package loader moves events from the ledger to the warehouse: in order, in
// batches, and exactly once in effect.
//
//	ledger ─► prepare: read, convert, close by size or age ─► deliver: pending, insert, position
//	                                                             └─► divide: the dead letter
//
// Two goroutines: the next batch is prepared while the last one is inserted, so
// at most two batches are in memory, each bounded by rows and bytes. The only
// state is one small record kept by the ledger: the position, up to which all is
// in the warehouse or dead, what became of it in numbers, and the pending range
// with its token.
//
// The order is the promise. The pending range is recorded (fsync) before any of
// its rows is sent; the position moves after the insert is known to be durable.
//
//   - the insert succeeds: the position moves.
//   - it is refused: wait, longer each time up to two seconds, and send the same
//     rows with the same token.
//   - nobody can tell (the connection broke, the answer was lost): the same.
//   - it is refused for its data: the rows are halved until those are found that
//     are refused alone; all others go in. Position and dead letter change in
//     one write.
//   - the process dies between: at the next start the pending range is looked up
//     in the warehouse before anything is sent; complete, it is done; else exactly
//     that range is read again and sent with its old token, or, if it had been
//     halved, what is missing of it.
//   - the machine dies: also what was loaded in the last half hour is counted in
//     the warehouse, and sent again under new tokens where it is missing.
//
// ClickHouse drops a token it has seen, and what slips past the token collapses
// by event_id, lowest seq first. So a batch may arrive any number of times.
//
// The dead letter holds what the warehouse cannot take, with reason and bytes,
// until somebody replays it. It is bounded: at the bound the loader stops before
// the batch that would pass it, and says so, rather than drop an event. Balance
// says each minute where every event is.
package loader
