package main

import (
	"errors"
	"io"
	"os"
	"testing"
)

// What the screens load is what their sources and the packages of the lock file
// give. Where npm is missing nothing can be said, and where browsers are
// required, as in CI, that fails.
func TestScreensAreFresh(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	err = run(root, screens(), true, io.Discard)
	if errors.Is(err, errNoNPM) && os.Getenv("OMO_REQUIRE_BROWSER") != "1" {
		t.Skip("NOT TESTED: ", err)
	}
	if err != nil {
		t.Error(err)
	}
}
