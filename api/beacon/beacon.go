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
	Body    []byte
	Version string // changes with the content and with nothing else; fit for a URL
}

// ETag is the version, quoted as the HTTP header takes it.
func (a Asset) ETag() string { return `"` + a.Version + `"` }

// Script gives the beacon, which is served as /b.js with type
// "text/javascript; charset=utf-8".
func Script() (Asset, error) { return asset("dist/b.js") }

// Renderer gives the module that draws actions. It is served as /r.js with the
// same type, and to every origin: the beacon imports it, which asks for CORS.
// The beacon names its Version in the query as v.
func Renderer() (Asset, error) { return asset("dist/r.js") }

// Modules are what the beacon imports where a page needs it, by the name of
// their file: d.js the tap on a page's dataLayer, h.js heartbeats, p.js the preview's overlay,
// t.js the watch for triggers, w.js the answer to "why do I see this?". They
// are served under /m/, as the renderer is.
func Modules() (map[string]Asset, error) {
	all := map[string]Asset{}
	for _, name := range []string{"d.js", "h.js", "p.js", "t.js", "w.js"} {
		one, err := asset("dist/" + name)
		if err != nil {
			return nil, err
		}
		all[name] = one
	}
	return all, nil
}

func asset(path string) (Asset, error) {
	body, err := dist.ReadFile(path)
	if err != nil {
		return Asset{}, fmt.Errorf("read the embedded beacon: %w; run `go run ./cmd/webbuild`", err)
	}
	sum := sha256.Sum256(body)
	return Asset{Body: body, Version: base64.RawURLEncoding.EncodeToString(sum[:6])}, nil
}
