package dashboard

import "time"

// Health is the screen of the ledger and what hangs on it.
type Health struct {
	At    time.Time
	Parts []Part
}

// Part of the server, and how it is.
type Part struct {
	Name   string // ledger, rules, …: the readiness check's
	OK     bool
	Detail string
}
