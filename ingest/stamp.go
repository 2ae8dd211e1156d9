package ingest

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// Stamp is a moment as clients write it: RFC 3339 text, or milliseconds since
// 1970. Zero when it is missing.
type Stamp int64

// UnmarshalJSON reads either form.
func (s *Stamp) UnmarshalJSON(raw []byte) error {
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	if raw[0] != '"' {
		ms, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || ms < 0 || ms > 1<<53 {
			return fmt.Errorf("time %s is neither RFC 3339 (2026-12-01T09:00:00+09:00) nor milliseconds since 1970", clip(string(raw), 80))
		}
		*s = Stamp(ms)
		return nil
	}
	text := string(bytes.Trim(raw, `"`))
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UnixMilli() < 0 {
		return fmt.Errorf("time %q is neither RFC 3339 (2026-12-01T09:00:00+09:00) nor milliseconds since 1970", clip(text, 80))
	}
	*s = Stamp(t.UnixMilli())
	return nil
}
