package main

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
)

// keyring is keys.json in the data folder: what the server must find again
// after a restart. The secret key itself is not in it.
type keyring struct {
	Public     string `json:"public"`
	SecretHash string `json:"secret_sha256"`
	Cookie     []byte `json:"cookie_key"`
	Token      []byte `json:"token_key"`
	Identify   string `json:"identify_secret"`

	secret string // known only when it was minted now or given by the environment
	minted bool
}

// openKeys reads keys.json or mints it. OMO_PUBLIC_KEY, OMO_SECRET_KEY and
// OMO_IDENTIFY_SECRET win over what it holds.
func openKeys(data string) (*keyring, error) {
	path := filepath.Join(data, "keys.json")
	k := &keyring{}
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := k.mint(path); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, fmt.Errorf("keys cannot be read: %w", err)
	default:
		if err := json.Unmarshal(raw, k); err != nil {
			return nil, fmt.Errorf("%s is not what omo wrote: %w; restore it from a backup, or move it away to mint new keys (visitors' cookies are then not known again)", path, err)
		}
	}
	if key := os.Getenv("OMO_PUBLIC_KEY"); key != "" {
		k.Public = key
	}
	if key := os.Getenv("OMO_SECRET_KEY"); key != "" {
		hash := api.HashKey(key)
		k.SecretHash, k.secret, k.minted = hex.EncodeToString(hash[:]), key, false
	}
	if key := os.Getenv("OMO_IDENTIFY_SECRET"); key != "" {
		k.Identify = key
	}
	return k, k.check()
}

func (k *keyring) mint(path string) error {
	given := os.Getenv("OMO_SECRET_KEY")
	k.Public = cmp.Or(os.Getenv("OMO_PUBLIC_KEY"), "pk_"+rand.Text())
	k.secret = cmp.Or(given, "sk_"+rand.Text())
	k.Identify = cmp.Or(os.Getenv("OMO_IDENTIFY_SECRET"), rand.Text()+rand.Text())
	hash := api.HashKey(k.secret)
	k.SecretHash, k.Cookie, k.Token, k.minted = hex.EncodeToString(hash[:]), engine.NewKey(), engine.NewKey(), given == ""
	if err := k.check(); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("keys cannot be kept: %w", err)
	}
	return nil
}

func (k *keyring) check() error {
	switch {
	case !strings.HasPrefix(k.Public, "pk_"):
		return errors.New("the public key must start with pk_: set OMO_PUBLIC_KEY accordingly")
	case k.secret != "" && !strings.HasPrefix(k.secret, "sk_"):
		return errors.New("the secret key must start with sk_: set OMO_SECRET_KEY accordingly")
	case len(k.Identify) < 32:
		return errors.New("the identify secret must have at least 32 characters (HS256): set a longer OMO_IDENTIFY_SECRET")
	}
	return nil
}

func (k *keyring) forAPI() (api.Keys, error) {
	keys := api.Keys{Public: k.Public}
	hash, err := hex.DecodeString(k.SecretHash)
	if err != nil || len(hash) != sha256.Size {
		return keys, errors.New("secret_sha256 in keys.json is no SHA-256")
	}
	copy(keys.Secret[:], hash)
	return keys, nil
}
