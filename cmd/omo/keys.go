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
// after a restart. No secret key is in it, only what proves one.
type keyring struct {
	Public      string      `json:"public"`
	SecretHash  string      `json:"secret_sha256"`
	Secrets     []secretKey `json:"secrets,omitempty"` // further ones, of omo keys add
	Cookie      []byte      `json:"cookie_key"`
	CookieOld   []byte      `json:"cookie_key_old,omitempty"`
	Token       []byte      `json:"token_key"`
	Tombs       []byte      `json:"tombs_key"` // never changed: without it nobody knows who was erased
	Identify    string      `json:"identify_secret"`
	IdentifyOld string      `json:"identify_secret_old,omitempty"`
	Webhook     string      `json:"webhook_secret"`

	secret string         // known only when it was minted now or given by the environment
	given  bool           // the identify secret comes from the environment
	named  []api.TokenKey // of --identify-keys
	minted bool
}

// secretKey is a secret key of narrower scopes, known by its hash.
type secretKey struct {
	Name   string   `json:"name"`
	SHA256 string   `json:"sha256"`
	Scopes []string `json:"scopes"`
	Added  string   `json:"added"` // a date
}

func keysFile(data string) string { return filepath.Join(data, "keys.json") }

// openKeys reads keys.json or mints it. OMO_PUBLIC_KEY, OMO_SECRET_KEY,
// OMO_IDENTIFY_SECRET, OMO_IDENTIFY_SECRET_OLD and OMO_WEBHOOK_SECRET win over
// what it holds.
func openKeys(data string) (*keyring, error) {
	k, err := readKeys(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k = &keyring{}
		if err := k.mint(keysFile(data)); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case k.Webhook == "": // it was written before there were webhooks
		k.Webhook = newWebhookSecret()
		if err := k.write(keysFile(data)); err != nil {
			return nil, err
		}
	}
	if key := os.Getenv("OMO_PUBLIC_KEY"); key != "" {
		k.Public = key
	}
	if key := os.Getenv("OMO_SECRET_KEY"); key != "" {
		k.SecretHash, k.secret, k.minted = hexHash(key), key, false
	}
	if key := os.Getenv("OMO_IDENTIFY_SECRET"); key != "" {
		k.Identify, k.IdentifyOld, k.given = key, "", true
	}
	if key := os.Getenv("OMO_WEBHOOK_SECRET"); key != "" {
		k.Webhook = key
	}
	if key := os.Getenv("OMO_IDENTIFY_SECRET_OLD"); key != "" {
		k.IdentifyOld = key
	}
	return k, k.check()
}

// readKeys reads what keys.json holds and nothing else.
func readKeys(data string) (*keyring, error) {
	path := keysFile(data)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("keys cannot be read: %w", err)
	}
	k := &keyring{}
	if err := json.Unmarshal(raw, k); err != nil {
		return nil, fmt.Errorf("%s is not what omo wrote: %w; restore it from a backup, or move it away to mint new keys (visitors' cookies are then not known again)", path, err)
	}
	return k, nil
}

func (k *keyring) mint(path string) error {
	given := os.Getenv("OMO_SECRET_KEY")
	k.Public = cmp.Or(os.Getenv("OMO_PUBLIC_KEY"), "pk_"+rand.Text())
	k.secret = cmp.Or(given, "sk_"+rand.Text())
	k.Identify = cmp.Or(os.Getenv("OMO_IDENTIFY_SECRET"), rand.Text()+rand.Text())
	k.Webhook = newWebhookSecret()
	k.SecretHash, k.Cookie, k.Token, k.Tombs, k.minted = hexHash(k.secret), engine.NewKey(), engine.NewKey(), engine.NewKey(), given == ""
	if err := k.check(); err != nil {
		return err
	}
	return k.write(path)
}

// write puts a whole file in the place of the one before: a server reads it
// while it changes.
func (k *keyring) write(path string) error {
	raw, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	next := path + ".new"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return fmt.Errorf("keys cannot be kept: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
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
	case len(k.Webhook) < 16:
		return errors.New("the webhook secret must have at least 16 characters: set a longer OMO_WEBHOOK_SECRET")
	case k.IdentifyOld != "" && len(k.IdentifyOld) < 32:
		return errors.New("the identify secret that is going away must have at least 32 characters too (HS256): unset OMO_IDENTIFY_SECRET_OLD, or correct it")
	}
	return nil
}

// forAPI is what the server works with. A secret of omo's own making counts
// only where no file of keys is named: it is nobody's then.
func (k *keyring) forAPI() (api.Keys, error) {
	keys := api.Keys{Public: k.Public, Cookies: [][]byte{k.Cookie}, Identify: k.named, Audience: os.Getenv("OMO_IDENTIFY_AUDIENCE")}
	if len(k.CookieOld) > 0 {
		keys.Cookies = append(keys.Cookies, k.CookieOld)
	}
	if k.named == nil || k.given {
		keys.Identify = append(keys.Identify, api.TokenKey{Secret: []byte(k.Identify)})
	}
	if k.IdentifyOld != "" {
		keys.Identify = append(keys.Identify, api.TokenKey{Secret: []byte(k.IdentifyOld)})
	}
	var err error
	if keys.Secret, err = readHash(k.SecretHash); err != nil {
		return keys, fmt.Errorf("secret_sha256 in keys.json: %w", err)
	}
	for _, s := range k.Secrets {
		scoped := api.ScopedKey{Name: s.Name}
		if scoped.Hash, err = readHash(s.SHA256); err == nil {
			scoped.Scope, err = api.ParseScope(s.Scopes)
		}
		if err != nil {
			return keys, fmt.Errorf("key %s in keys.json: %w", s.Name, err)
		}
		keys.Scoped = append(keys.Scoped, scoped)
	}
	return keys, nil
}

func newWebhookSecret() string { return "whsec_" + rand.Text() }

func hexHash(key string) string {
	hash := api.HashKey(key)
	return hex.EncodeToString(hash[:])
}

func readHash(text string) (hash [sha256.Size]byte, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(hash) {
		return hash, fmt.Errorf("%q is no SHA-256", text)
	}
	copy(hash[:], raw)
	return hash, nil
}
