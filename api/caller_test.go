package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

// A caller is one client of a shop, with a key and cookies of its own.
type caller struct {
	shop   *shop
	client *http.Client
	header http.Header
}

// browser is a new visitor's.
func (s *shop) browser() caller { return s.caller(publicKey) }

// trusted is one of the shop's own servers.
func (s *shop) trusted() caller { return s.caller(secretKey) }

func (s *shop) caller(key string) caller {
	c := caller{shop: s, client: newClient(), header: http.Header{"User-Agent": {chrome}}}
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c.client.Jar = jar
	s.t.Cleanup(c.client.CloseIdleConnections)
	if key != "" {
		c.header.Set("Authorization", "Bearer "+key)
	}
	return c
}

// with sends a header along; an empty value takes it away.
func (c caller) with(name, value string) caller {
	c.header = c.header.Clone()
	c.header.Set(name, value)
	if value == "" {
		c.header.Del(name)
	}
	return c
}

// An answer is what came back, read to its end and checked against openapi.yaml.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// post sends body: a string or bytes as they are, anything else as JSON.
func (c caller) post(path string, body any) answer {
	c.shop.t.Helper()
	return c.do(http.MethodPost, path, body)
}

func (c caller) get(path string) answer {
	c.shop.t.Helper()
	return c.do(http.MethodGet, path, nil)
}

func (c caller) do(method, path string, body any) answer {
	t := c.shop.t
	t.Helper()
	raw := rawBody(t, body)
	r, err := http.NewRequest(method, c.shop.URL+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = c.header.Clone()
	response, err := c.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	a := answer{t: t, status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	theSpecification(t).checkExchange(t, method, r.URL.EscapedPath(), raw, a)
	return a
}

func rawBody(t testing.TB, body any) []byte {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(b)
	case []byte:
		return b
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// is checks the status.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, expected %d: %s", a.status, status, a.body)
	}
	return a
}

// into decodes the body.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
}

// says checks an error's code and text.
func (a answer) says(status int, code, message string) {
	a.t.Helper()
	var got struct {
		Error struct{ Code, Message string }
	}
	a.is(status).into(&got)
	if got.Error.Code != code || got.Error.Message != message {
		a.t.Errorf("\n  got  %s: %s\n  want %s: %s", got.Error.Code, got.Error.Message, code, message)
	}
}

// object is a JSON object written in Go.
type object = map[string]any

type list = []any

// decision is what tests read of an answer to decide.
type decision struct {
	DecisionID string `json:"decision_id"`
	Visitor    struct {
		ID  string
		New bool
	}
	Decisions []struct {
		Campaign, Variant, Slot, Token string
		Control, Armed                 bool
		On                             []string
		Action                         *struct{ Type, Title, Code string }
	}
	Suppressed []struct{ Campaign, Reason, Detail string }
	Rejected   []rejection
	Degraded   []string
}

type rejection struct {
	Index         int
	Code, Message string
}

// decide posts body, whose page is the shop's front page unless told, and
// expects a decision.
func (c caller) decide(body object) decision {
	c.shop.t.Helper()
	return c.answered(body).decision()
}

func (c caller) answered(body object) answer {
	c.shop.t.Helper()
	sent := object{"page": object{"url": "https://shop.example/"}}
	for k, v := range body {
		sent[k] = v
	}
	return c.post("/v1/decide", sent)
}

func (a answer) decision() decision {
	a.t.Helper()
	var d decision
	a.is(http.StatusOK).into(&d)
	return d
}

// campaigns are the ids of the campaigns that came, in order.
func (d decision) campaigns() string {
	var ids []string
	for _, o := range d.Decisions {
		ids = append(ids, o.Campaign)
	}
	return strings.Join(ids, " ")
}

// about is what to send with the exposure of a campaign that came.
func (d decision) about(campaign string) object {
	for _, o := range d.Decisions {
		if o.Campaign == campaign {
			return object{"campaign": o.Campaign, "variant": o.Variant, "decision_id": d.DecisionID, "token": o.Token}
		}
	}
	return nil
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, expected %v", what, got, want)
	}
}
