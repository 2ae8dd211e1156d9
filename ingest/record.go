package ingest

// Record is one event out of the ledger with its canonical JSON as it was
// committed, so that whoever copies it on need not encode it again and cannot
// change a byte. Event.Seq and Event.Idx are set, Event.Props is not parsed.
type Record struct {
	Event Event
	Raw   []byte
}
