package beacon_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api/beacon"
)

// built gives what pages load, by path.
func built(t *testing.T) map[string]beacon.Asset {
	t.Helper()
	core, err := beacon.Script()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := beacon.Renderer()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]beacon.Asset{"/b.js": core, "/r.js": renderer}
	modules, err := beacon.Modules()
	if err != nil {
		t.Fatal(err)
	}
	for name, module := range modules {
		all["/m/"+name] = module
	}
	return all
}

func TestScriptsHaveANameForTheirContent(t *testing.T) {
	t.Parallel()
	scripts := built(t)
	for path, asset := range scripts {
		if !regexp.MustCompile(`^"[\w-]{8}"$`).MatchString(asset.ETag()) {
			t.Errorf("%s: ETag = %s", path, asset.ETag())
		}
		if len(asset.Body) < 500 {
			t.Errorf("%s has %d bytes", path, len(asset.Body))
		}
		address, namedIn := path+"?v="+asset.Version, "/b.js"
		if path == "/m/h.js" {
			namedIn = "/m/t.js" // which watches for what a heartbeat brings
		}
		if path != "/b.js" && !strings.Contains(string(scripts[namedIn].Body), address) {
			t.Errorf("%s does not name %s, which it was built with", namedIn, address)
		}
	}
}

// Content from campaigns can only become text: the scripts know no way to make
// markup or code of it.
func TestScriptsHaveNoSinkForMarkupOrCode(t *testing.T) {
	t.Parallel()
	for path, asset := range built(t) {
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment", "setHTML", "srcdoc", "eval(", "Function(", "javascript:", "cssText"} {
			if strings.Contains(string(asset.Body), sink) {
				t.Errorf("%s has %s", path, sink)
			}
		}
	}
}
