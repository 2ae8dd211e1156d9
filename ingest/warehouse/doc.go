// Package warehouse is the ClickHouse side of the house: its tables and views,
// the inserts of the loader, and the queries of screens and command line.
//
//	loader ─► Insert(token, rows) ─► event_log ─► views ─► Results ─► engine/stats
//
// All SQL is in named files: migrations/ holds the schema in the order it is
// applied, queries/ the rest, each with the reasons where a reader would doubt.
// The views are what analysts read and are kept stable.
//
// Nothing here keeps a queue. A Warehouse may be opened while the server is
// away: each operation then fails at once with an error that says so, and the
// first that gets through brings the schema up to date.
//
// An insert has three outcomes: nil, it is durable; ErrRefused, it is not there;
// ErrUnknown, nobody can tell. After either error the same rows may be sent
// again under the same token, as often as it takes: what was already written is
// recognised by the token, and after the token is forgotten by event_id. Of an
// ErrRefused that is ErrData the rows themselves are the reason: the sender finds
// out which by sending fewer.
package warehouse
