package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"path"
)

//go:embed dist static
var files embed.FS

// Asset is a built file with the name of its content.
type Asset struct {
	Body    []byte
	Type    string // its media type
	Version string // changes with the content and with nothing else; fit for a URL
}

// ETag is the version, quoted as the HTTP header takes it.
func (a Asset) ETag() string { return `"` + a.Version + `"` }

// Assets are the built files by name.
type Assets map[string]Asset

// built reads what cmd/webbuild made, and what is served as it was written.
func built() (Assets, error) {
	out := Assets{}
	for _, folder := range [...]string{"dist", "static"} {
		all, err := fs.ReadDir(files, folder)
		if err != nil {
			return nil, fmt.Errorf("read the embedded screens: %w; run `go run ./cmd/webbuild`", err)
		}
		for _, file := range all {
			body, err := files.ReadFile(folder + "/" + file.Name())
			if err != nil {
				return nil, fmt.Errorf("read the embedded screens: %w", err)
			}
			sum := sha256.Sum256(body)
			out[file.Name()] = Asset{
				Body: body, Type: types[path.Ext(file.Name())],
				Version: base64.RawURLEncoding.EncodeToString(sum[:12]),
			}
		}
	}
	return out, nil
}

// types are told here and not asked of the machine, which may say otherwise.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// address is where a page finds a built file; a browser may keep it for good.
func (a Assets) address(name string) (string, error) {
	found, ok := a[name]
	if !ok {
		return "", fmt.Errorf("no file %s is built: list it in cmd/webbuild/screens.go and run `go run ./cmd/webbuild`", name)
	}
	return "/ui/static/" + name + "?v=" + found.Version, nil
}
