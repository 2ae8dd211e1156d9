package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
)

// keys runs omo keys on a data folder and gives what it says.
func keys(t *testing.T, data string, args ...string) (out string, err error) {
	t.Helper()
	root, said := newRoot(), &bytes.Buffer{}
	root.SetOut(said)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{"keys", "--data", data}, args...))
	err = root.Execute()
	return said.String(), err
}

func TestKeysAreAddedScopedAndRevoked(t *testing.T) {
	t.Setenv("OMO_SECRET_KEY", "")
	dir := t.TempDir()
	if _, err := keys(t, dir, "list"); err == nil {
		t.Error("a folder without keys has some")
	}
	if _, err := openKeys(dir); err != nil {
		t.Fatal(err)
	}
	out, err := keys(t, dir, "add", "crm", "--scope", "reports,events")
	key := strings.TrimSpace(out)
	if err != nil || !strings.HasPrefix(key, "sk_") {
		t.Fatalf("%q, %v", out, err)
	}
	kept, err := os.ReadFile(keysFile(dir))
	if err != nil || bytes.Contains(kept, []byte(key)) {
		t.Errorf("the key itself is in %s (%v)", kept, err)
	}
	if out, err := keys(t, dir, "list", "--json=false"); err != nil || !strings.Contains(out, "crm ") || !strings.Contains(out, "reports events") {
		t.Errorf("%s, %v", out, err)
	}
	scoped := func() []api.ScopedKey {
		k, err := openKeys(dir)
		if err != nil {
			t.Fatal(err)
		}
		all, err := k.forAPI()
		if err != nil {
			t.Fatal(err)
		}
		return all.Scoped
	}
	if got := scoped(); len(got) != 1 || got[0].Name != "crm" || got[0].Hash != api.HashKey(key) || got[0].Scope != api.ScopeEvents|api.ScopeReports {
		t.Errorf("%v", got)
	}
	for want, args := range map[string][]string{
		"a key crm is there already: omo keys revoke crm first, or choose another name":                              {"add", "crm", "--scope", "admin"},
		`--scope: "all" is no scope: there are admin, erase, events, operators and reports`:                          {"add", "x", "--scope", "all"},
		"--scope: a key without a scope opens nothing: name one or more of admin, erase, events, operators, reports": {"add", "x"},
		`"X Y" is no name for a key: 1 to 64 of a-z, 0-9, _ and -`:                                                   {"add", "X Y", "--scope", "admin"},
		"no key is called erp: omo keys list tells their names":                                                      {"revoke", "erp"},
		"all is no key that changes: cookie or identify":                                                             {"rotate", "all"},
	} {
		if _, err := keys(t, dir, args...); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
	if _, err := keys(t, dir, "revoke", "crm"); err != nil || len(scoped()) != 0 {
		t.Errorf("after revoking: %v, %v", scoped(), err)
	}
}

func TestRotatedKeysStayGoodOnce(t *testing.T) {
	for _, name := range []string{"OMO_SECRET_KEY", "OMO_IDENTIFY_SECRET", "OMO_IDENTIFY_SECRET_OLD"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	first, err := openKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := keys(t, dir, "rotate", "identify")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys(t, dir, "rotate", "cookie"); err != nil {
		t.Fatal(err)
	}
	k, err := openKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := k.forAPI()
	if err != nil || len(all.Cookies) != 2 || len(all.Identify) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if !bytes.Equal(all.Cookies[1], first.Cookie) || bytes.Equal(all.Cookies[0], first.Cookie) {
		t.Error("the newer cookie key must sign, the older still prove")
	}
	if string(all.Identify[0].Secret) != strings.TrimSpace(secret) || string(all.Identify[1].Secret) != first.Identify {
		t.Error("identify secrets: the newer and the older")
	}
	t.Setenv("OMO_IDENTIFY_SECRET", strings.Repeat("n", 32))
	t.Setenv("OMO_IDENTIFY_SECRET_OLD", strings.Repeat("o", 32))
	if k, err = openKeys(dir); err != nil {
		t.Fatal(err)
	}
	if all, err = k.forAPI(); err != nil || string(all.Identify[0].Secret) != strings.Repeat("n", 32) || string(all.Identify[1].Secret) != strings.Repeat("o", 32) {
		t.Errorf("the environment wins: %+v, %v", all.Identify, err)
	}
}

func TestIdentifyKeysOfAFile(t *testing.T) {
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)).Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	const point = `"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	for name, row := range map[string]struct {
		text string
		ids  string
		err  string
	}{
		"PEM":           {block, "[]", ""},
		"two":           {block + block, "[][]", ""},
		"three":         {block + block + block, "", "it holds 3 keys: one, or two while they change"},
		"nothing":       {"", "", "it holds 0 keys: one, or two while they change"},
		"another PEM":   {strings.ReplaceAll(block, "\nM", "\nN"), "", "block 1 (PUBLIC KEY) is no Ed25519 public key: write one with openssl pkey -pubout"},
		"JWKS":          {`{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2027", ` + point + `}, {"kty": "oct", "kid": "2026", "k": "c2VjcmV0"}]}`, "[2027][2026]", ""},
		"another curve": {`{"keys": [{"kty": "EC", "crv": "P-256", ` + point + `}]}`, "", "key 1 is neither an Ed25519 public key (kty OKP) nor a secret (kty oct)"},
		"no base64url":  {`{"keys": [{"kty": "oct", "k": "?"}]}`, "", "key 1 is not in base64url: illegal base64 data at input byte 0"},
		"broken":        {`{"keys": `, "", "it is no JSON Web Key Set: unexpected end of JSON input"},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(row.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readIdentifyKeys(path)
		if row.err != "" {
			if err == nil || err.Error() != "--identify-keys "+path+": "+row.err {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		ids := ""
		for _, k := range got {
			ids += "[" + k.ID + "]"
		}
		if err != nil || ids != row.ids {
			t.Errorf("%s: %s, %v", name, ids, err)
		}
	}
}
