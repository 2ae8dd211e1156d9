package replay

import "github.com/omotenashi-web/omotenashi/ingest"

// Keep makes visits the past.
func (p *Past) Keep(visits [][]ingest.Record) { p.visits = visits }
