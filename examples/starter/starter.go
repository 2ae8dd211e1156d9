// Package starter is the rules folder that a shop begins with, in Japanese and in
// English: what `omo init` writes. Nothing of it is shown to anybody until
// somebody makes it live.
package starter

import (
	"embed"
	"io/fs"
)

//go:embed ja en
var folders embed.FS

// Rules is the folder to begin with: site.yaml, segments.yaml, campaigns/*.yaml
// and tests/*.test.yaml at its root, with comments in Japanese or in English.
// Their first lines name schemas for editors in .schema, which is not in it.
func Rules(japanese bool) fs.FS {
	language := "en"
	if japanese {
		language = "ja"
	}
	sub, err := fs.Sub(folders, language)
	if err != nil {
		return folders // a constant, valid path: Sub has nothing to refuse
	}
	return sub
}
