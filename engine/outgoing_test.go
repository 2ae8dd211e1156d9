package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// outbox tells what is to be sent, and takes it away.
func (s *stage) outbox() []string {
	s.Helper()
	list, err := s.ledger.Outgoing(0, ledger.Never, 100)
	if err != nil {
		s.Fatal(err)
	}
	said := []string{}
	for _, o := range list {
		var l engine.Letter
		if err := json.Unmarshal(o.Body, &l); err != nil || l.ID != o.ID || l.At != s.now.UnixMilli() {
			s.Fatalf("%s at %d: %v", o.Body, s.now.UnixMilli(), err)
		}
		text := fmt.Sprintf("%s %s %s %s -> %s%s | %s%s | %s | %s", l.Kind, l.Campaign, l.Variant, l.Visitor, l.URL, l.To, l.Subject, l.Title, strings.ReplaceAll(l.Body, "\n", " / "), l.Unsubscribe)
		said = append(said, strings.TrimRight(text, "| "))
		if _, err := s.ledger.Sent(o); err != nil {
			s.Fatal(err)
		}
	}
	if len(said) == 0 {
		return []string{"nothing is to be sent"}
	}
	return said
}
