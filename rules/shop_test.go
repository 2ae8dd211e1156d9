package rules

import (
	"os"
	"testing"
)

// The shop that comes with omotenashi is what people copy from: not a warning in it.
func TestExampleShop(t *testing.T) {
	t.Parallel()
	set, found := Load(os.DirFS("../examples/shop/rules"))
	if len(found) > 0 {
		t.Fatalf("the example shop's rules:\n%v", found)
	}
	if len(set.Campaigns) < 20 {
		t.Errorf("%d campaigns run, want the twenty of the shop", len(set.Campaigns))
	}
}
