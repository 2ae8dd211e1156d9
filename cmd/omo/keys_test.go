package main

import (
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
)

// No key may exist that nobody was ever told.
func TestAKeyGivenAtTheFirstStartIsTheOneKept(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("OMO_PUBLIC_KEY", "pk_given")
	t.Setenv("OMO_SECRET_KEY", "sk_given")
	if first, err := openKeys(dir); err != nil || first.minted {
		t.Fatalf("%+v, %v: a given key needs no telling", first, err)
	}
	t.Setenv("OMO_PUBLIC_KEY", "")
	t.Setenv("OMO_SECRET_KEY", "")
	later, err := openKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := later.forAPI()
	if err != nil || keys.Public != "pk_given" || keys.Secret != api.HashKey("sk_given") || later.secret != "" {
		t.Errorf("%+v, %v", later, err)
	}
}

func TestMintedKeysAreToldOnce(t *testing.T) {
	t.Setenv("OMO_PUBLIC_KEY", "")
	t.Setenv("OMO_SECRET_KEY", "")
	dir := t.TempDir()
	first, err := openKeys(dir)
	if err != nil || !first.minted || !strings.HasPrefix(first.secret, "sk_") {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := openKeys(dir); err != nil || again.minted || again.secret != "" || again.Public != first.Public {
		t.Errorf("%+v, %v", again, err)
	}
}
