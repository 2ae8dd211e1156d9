package engine

import (
	"fmt"

	"github.com/bytedance/sonic"

	"github.com/omotenashi-web/omotenashi/engine/profile"
)

var codec = sonic.Config{NoValidateJSONMarshaler: true, NoQuoteTextMarshaler: true}.Froze()

func encodeProfile(p *profile.Profile) ([]byte, error) {
	raw, err := codec.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("profile of %s cannot be encoded: %w", p.Visitor, err)
	}
	return raw, nil
}

func decodeProfile(raw []byte) (*profile.Profile, error) {
	p := new(profile.Profile)
	if err := codec.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("profile cannot be read: %w", err)
	}
	return p, nil
}
