package dashboard

import "time"

// AuditLog is the screen of what people changed.
type AuditLog struct {
	Changes []Change // the newest first
	Most    int      // that are shown
	Problem string   // why there are none
}

// Change is one of them.
type Change struct {
	Who, Role, What, Of string
	At                  time.Time
}
