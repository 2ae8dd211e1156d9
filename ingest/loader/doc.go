// Package loader moves events from the ledger to the warehouse: in order, in
// batches, and exactly once in effect.
//
//	ledger ─► prepare: read, convert, close by size or age ─► deliver: pending, insert, position
//
// Two goroutines: the next batch is prepared while the last one is inserted, so
// at most two batches are in memory, each bounded by rows and bytes. The only
// state is one small record kept by the ledger: the position, up to which all is
// in the warehouse, and the pending range with its token.
//
// The order is the promise. The pending range is recorded (fsync) before any of
// its rows is sent; the position moves after the insert is known to be durable.
//
//   - the insert succeeds: the position moves.
//   - it is refused: wait, longer each time, and send the same rows with the same token.
//   - nobody can tell (the connection broke, the answer was lost): the same.
//   - the process dies between: at the next start the pending range is counted in
//     the warehouse before anything is sent; complete, it is done; else exactly
//     that range is read again and sent with its old token.
//
// ClickHouse drops a token it has seen, and what slips past the token collapses
// by event_id, lowest seq first. So a batch may arrive any number of times.
//
// An event that cannot be a row (an id that is no UUID) does not stop the others:
// it is counted, logged and kept as a durable record under dead/ in the ledger.
package loader
