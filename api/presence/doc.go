// Package presence is who is on the shop now, in memory.
//
//	each visit ─► Table.See ─► one of 16 shards: a visitor's row
//	                   └─────► Pulse: events and decisions by slots of ten seconds
//	screen ─► Table.Look(filter) ─► the hottest rows, and how many there are
//
// A visitor is on the shop for Stay after the last sign of life; the table holds
// at most Most of them, and past that the one that was silent longest goes, and is
// counted. Nothing here is kept over a restart and nothing is asked of the
// warehouse: a row is what the visits themselves told.
package presence
