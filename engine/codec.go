package engine

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/encoder"

	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
)

var codec = sonic.Config{}.Froze()

// Warm has what a visit reads and writes compiled, once for the process, which
// takes a quarter of a second. Left to the first visits, others would wait for
// theirs longer than visits wait for one another.
var Warm = sync.OnceValue(func() error {
	return ingest.Compile(reflect.TypeFor[profile.Profile](), reflect.TypeFor[ingest.Event](), reflect.TypeFor[ingest.Properties]())
})

// scratch is the memory that one visit's JSON is written into, one text behind
// the other. A text lives until the scratch is put back.
type scratch struct {
	buf      []byte
	decision ingest.Event      // the visit's omo_decision, while it is folded and written
	page     ingest.Page       // of decision
	props    ingest.Properties // of decision
	keep     [4][]byte         // of most visits: what is committed
}

// scratches hold nothing that outlives a visit. A visit writes some kilobytes,
// and taking them anew each time is a quarter of its garbage.
var scratches = sync.Pool{New: func() any { return &scratch{buf: make([]byte, 0, 8<<10)} }}

// mostKept is the largest scratch that is kept: a rare giant visit must not stay in memory.
const mostKept = 64 << 10

func newScratch() *scratch { return scratches.Get().(*scratch) }

func (s *scratch) free() {
	if cap(s.buf) <= mostKept {
		*s = scratch{buf: s.buf[:0]}
		scratches.Put(s)
	}
}

// event, properties and profile each write one text behind those before.

func (s *scratch) event(e *ingest.Event) ([]byte, error) {
	from := len(s.buf)
	buf, err := ingest.Append(s.buf, e)
	if err != nil {
		return nil, err
	}
	s.buf = buf
	return buf[from:len(buf):len(buf)], nil
}

func (s *scratch) properties(p *ingest.Properties) ([]byte, error) { return s.encode(p) }

func (s *scratch) profile(p *profile.Profile) ([]byte, error) {
	text, err := s.encode(p)
	if err != nil {
		return nil, fmt.Errorf("profile of %s cannot be encoded: %w", p.Visitor, err)
	}
	return text, nil
}

func (s *scratch) encode(v any) ([]byte, error) {
	from := len(s.buf)
	if err := encoder.EncodeInto(&s.buf, v, plain); err != nil {
		s.buf = s.buf[:from]
		return nil, err
	}
	return s.buf[from:len(s.buf):len(s.buf)], nil
}

// plain has ValidateString too: a later text in the same scratch would
// otherwise mend this one, and move.
const plain = encoder.ValidateString | encoder.NoValidateJSONMarshaler | encoder.NoQuoteTextMarshaler

func decodeProfile(raw []byte) (*profile.Profile, error) {
	p := new(profile.Profile)
	if err := codec.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("profile cannot be read: %w", err)
	}
	return p, nil
}
