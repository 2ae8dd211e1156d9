package beacon

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
)

//go:embed dist
var dist embed.FS

// An Asset is one built script with the name of its content.
type Asset struct {
	Body []byte
	ETag string // quoted, as the HTTP header takes it; changes with the content and with nothing else
}

// Script gives the beacon, which is served as /b.js with type
// "text/javascript; charset=utf-8".
func Script() (Asset, error) {
	body, err := dist.ReadFile("dist/b.js")
	if err != nil {
		return Asset{}, fmt.Errorf("read the embedded beacon: %w; run `go run ./cmd/webbuild`", err)
	}
	sum := sha256.Sum256(body)
	return Asset{Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}
