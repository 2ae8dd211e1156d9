package warehouse

// OfData are the codes that send a row to the dead letter, by the names they
// are known under here.
func OfData() map[int32]string { return ofData }
