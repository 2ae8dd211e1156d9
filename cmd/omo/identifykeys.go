package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/omotenashi-web/omotenashi/api"
)

// readIdentifyKeys reads the keys that a shop signs identify tokens with: one
// or two Ed25519 public keys in PEM (openssl pkey -pubout), or a JSON Web Key
// Set, whose keys (OKP Ed25519, or oct for HS256) may have a kid.
func readIdentifyKeys(path string) ([]api.TokenKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--identify-keys cannot be read: %w", err)
	}
	read := fromPEM
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		read = fromJWKS
	}
	keys, err := read(text)
	if err == nil && (len(keys) == 0 || len(keys) > api.MaxRotating) {
		err = fmt.Errorf("it holds %d keys: one, or two while they change", len(keys))
	}
	if err != nil {
		return nil, fmt.Errorf("--identify-keys %s: %w", path, err)
	}
	return keys, nil
}

func fromPEM(text []byte) (keys []api.TokenKey, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return keys, nil
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, is := parsed.(ed25519.PublicKey)
		if err != nil || !is {
			return nil, fmt.Errorf("block %d (%s) is no Ed25519 public key: write one with openssl pkey -pubout", len(keys)+1, block.Type)
		}
		keys = append(keys, api.TokenKey{Public: public})
	}
}

func fromJWKS(text []byte) ([]api.TokenKey, error) {
	var set struct {
		Keys []struct {
			Kind   string `json:"kty"`
			Curve  string `json:"crv"`
			ID     string `json:"kid"`
			Point  string `json:"x"`
			Secret string `json:"k"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("it is no JSON Web Key Set: %w", err)
	}
	var keys []api.TokenKey
	for i, k := range set.Keys {
		point, err := base64.RawURLEncoding.DecodeString(k.Point + k.Secret)
		key := api.TokenKey{ID: k.ID}
		switch {
		case err != nil:
			return nil, fmt.Errorf("key %d is not in base64url: %w", i+1, err)
		case k.Kind == "OKP" && k.Curve == "Ed25519" && len(point) == ed25519.PublicKeySize:
			key.Public = point
		case k.Kind == "oct":
			key.Secret = point
		default:
			return nil, fmt.Errorf("key %d is neither an Ed25519 public key (kty OKP) nor a secret (kty oct)", i+1)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
