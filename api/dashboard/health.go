package dashboard

import "time"

// Health is the screen of the ledger and what hangs on it.
type Health struct {
	At       time.Time
	Rules    string // the rule set's hash
	Parts    []Part
	Lag      Figure   // of the warehouse
	Dead     Figure   // in the dead letter
	Balance  []Figure // what was accepted, and where it is
	Even     bool     // whether the balance comes out
	Months   []Month  // the newest last
	Counting bool     // the months are not counted yet
	Problem  string   // why they are not
}

// Part of the server, and how it is.
type Part struct {
	Name   string // ledger, rules, …: the readiness check's
	OK     bool
	Detail string // in English, as the log has it

	Figures []Figure
}

// N is one of its figures, 0 if it has none of that name.
func (p Part) N(name string) int64 {
	for _, f := range p.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return 0
}

// Figure is a number with a name that texts are found by.
type Figure struct {
	Name  string
	Value int64
	Known bool
}

// Month is how much was used in one.
type Month struct {
	Month                                string // 2026-12
	Visitors, Persons, Events, Decisions uint64
}

// Most is the most visitors of a month.
func (h Health) Most() uint64 {
	most := uint64(0)
	for _, m := range h.Months {
		most = max(most, m.Visitors)
	}
	return most
}
