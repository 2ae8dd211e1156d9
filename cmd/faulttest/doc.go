// Package faulttest proves from outside what the product promises: it builds
// omo as it is, starts it as a process of its own with its ClickHouse, sends to
// it over HTTP, breaks things, and counts. It has no code but tests:
//
//	go test ./cmd/faulttest -run Fault -v          some minutes at most
//	OMO_FAULTS=long go test ./cmd/faulttest -run Fault -v -timeout 1h
//
//	            this test process                        omo (a child, killed at will)
//	  oracle ◄── senders ──── HTTP ────────────────────►  api ─► ledger ─► loader
//	    │  ids: before sending, after a 200                                  │
//	    └── audit ◄────────── SQL ─────────── its ClickHouse (a grandchild) ◄┘
//
// The oracle is a file: an id is written to it before it is sent and again after
// a 200. At the end, faults off, a fresh event must be accepted within 10 s and
// be in ClickHouse within 30 s; then lost = acknowledged − read, duplicates and
// unexpected = read − sent must all be 0, and every profile must hold exactly
// the events that ClickHouse has of its visitor.
//
// The binary is built with -tags faults, which adds the points of package
// ingest/crash and nothing else.
package faulttest
