package beacon_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api/beacon"
)

func TestScriptHasANameForItsContent(t *testing.T) {
	t.Parallel()
	asset, err := beacon.Script()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^"[\w-]{16}"$`).MatchString(asset.ETag) {
		t.Errorf("ETag = %s", asset.ETag)
	}
	if len(asset.Body) < 1000 {
		t.Errorf("the script has %d bytes", len(asset.Body))
	}
}

// Content from campaigns can only become text: the script knows no way to make
// markup or code of it.
func TestScriptHasNoSinkForMarkupOrCode(t *testing.T) {
	t.Parallel()
	asset, err := beacon.Script()
	if err != nil {
		t.Fatal(err)
	}
	for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment", "setHTML", "srcdoc", "eval(", "Function(", "javascript:", "cssText"} {
		if strings.Contains(string(asset.Body), sink) {
			t.Errorf("the script has %s", sink)
		}
	}
}
