package shop

import (
	"embed"
	"io/fs"
)

//go:embed rules/site.yaml rules/segments.yaml rules/campaigns/*.yaml rules/coupons/*.csv rules/tests/*.test.yaml
var rulesFolder embed.FS

// Rules is the rules folder of the shop: site.yaml, segments.yaml, campaigns/*.yaml, coupons/*.csv and tests/*.test.yaml
// at its root.
func Rules() fs.FS {
	sub, err := fs.Sub(rulesFolder, "rules")
	if err != nil {
		return rulesFolder // a constant, valid path: Sub has nothing to refuse
	}
	return sub
}
