package main

import "testing"

func TestByteSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		bytes byteSize
		text  string
	}{
		"10GiB": {10 << 30, "10GiB"}, "512 mib": {512 << 20, "512MiB"}, "1.5KiB": {1536, "1536B"}, "2GB": {2e9, "2GB"}, "4096": {4096, "4KiB"},
	} {
		var got byteSize
		if err := got.Set(text); err != nil || got != want.bytes || got.String() != want.text {
			t.Errorf("%s is %d, %s; %v", text, got, got.String(), err)
		}
	}
	for _, text := range []string{"", "lots", "-1GiB", "0", "NaN", "9e30TiB", "GiB"} {
		var got byteSize
		if err := got.Set(text); err == nil || err.Error() != text+" is not a size like 512MiB or 10GiB" {
			t.Errorf("%q is %d; %v", text, got, err)
		}
	}
}
