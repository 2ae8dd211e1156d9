package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/omotenashi-web/omotenashi/api"
)

// A specification is openapi.yaml, with its schemas compiled as they are needed.
type specification struct {
	document map[string]any
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

var readSpecification = sync.OnceValues(func() (*specification, error) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		return nil, err
	}
	s := &specification{document: document.(map[string]any), compiler: jsonschema.NewCompiler()}
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.AssertFormat()
	return s, s.compiler.AddResource("mem:openapi.json", document)
})

func theSpecification(t testing.TB) *specification {
	t.Helper()
	s, err := readSpecification()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A place in the document is a path of keys.
type place []string

func (p place) under(keys ...string) place { return append(slices.Clone(p), keys...) }

// pointer is p as a JSON pointer in a URL.
func (p place) pointer() string {
	out := "mem:openapi.json#"
	for _, key := range p {
		out += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
	}
	return out
}

// at gives the object that stands at a place, and where it is written if there
// is a reference on the way; nil where there is none.
func (s *specification) at(p place) (map[string]any, place) {
	value := s.document
	var where place
	for _, key := range p {
		next, _ := value[key].(map[string]any)
		if next == nil {
			return nil, nil
		}
		value, where = next, where.under(key)
		if there, _ := value["$ref"].(string); there != "" {
			value, where = s.at(strings.Split(there, "/")[1:])
		}
	}
	return value, where
}

var inBraces = regexp.MustCompile(`\{[^}]+\}`)

// routeOf is the path of the specification that an address belongs to.
func (s *specification) routeOf(path string) string {
	paths := s.document["paths"].(map[string]any)
	for route := range paths {
		pattern := "^" + inBraces.ReplaceAllString(regexp.QuoteMeta(strings.NewReplacer("{", "<", "}", ">").Replace(route)), "") + "$"
		pattern = regexp.MustCompile(`<[^>]+>`).ReplaceAllString(pattern, `[^/]+`)
		if regexp.MustCompile(pattern).MatchString(path) {
			return route
		}
	}
	return ""
}

// checkExchange checks a body that was taken, and whatever answer came.
func (s *specification) checkExchange(t testing.TB, method, path string, body []byte, a answer) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	verb := strings.ToLower(method)
	if method == http.MethodHead {
		verb = "get"
	}
	operation := place{"paths", s.routeOf(path), verb}
	if known, _ := s.at(operation); known == nil {
		if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed && method != http.MethodOptions {
			t.Errorf("%s %s is answered %d and is not in openapi.yaml", method, path, a.status)
		}
		return
	}
	what := method + " " + operation[1]
	response, where := s.at(operation.under("responses", strconv.Itoa(a.status)))
	if response == nil {
		t.Errorf("%s: openapi.yaml knows no answer %d", what, a.status)
		return
	}
	headers, _ := response["headers"].(map[string]any)
	for name := range headers {
		header, _ := s.at(where.under("headers", name))
		if header["required"] == true && a.header.Get(name) == "" {
			t.Errorf("%s, %d: it comes without %s", what, a.status, name)
		}
	}
	if method != http.MethodHead {
		s.checkContent(t, what+", "+strconv.Itoa(a.status), where, a.header.Get("Content-Type"), a.body)
	}
	if a.status == http.StatusOK && json.Valid(body) && !bytes.Contains(a.body, []byte(`"rejected":[{`)) {
		s.checkContent(t, "the body of "+what, operation.under("requestBody"), "application/json", body)
	}
}

// checkContent checks text of a media type against what a place says it holds.
func (s *specification) checkContent(t testing.TB, what string, p place, kind string, text []byte) {
	t.Helper()
	kind, _, _ = strings.Cut(kind, ";")
	if content, _ := s.at(p.under("content")); content == nil {
		return
	}
	media, where := s.at(p.under("content", kind))
	switch {
	case media == nil:
		t.Errorf("%s comes as %q, which openapi.yaml does not say", what, kind)
	case kind == "application/json":
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Errorf("%s is no JSON: %v: %s", what, err, text)
			return
		}
		s.checkValue(t, what, where.under("schema"), value)
	}
}

func (s *specification) checkValue(t testing.TB, what string, schema place, value any) {
	t.Helper()
	compiled, err := s.compiler.Compile(schema.pointer())
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("%s is not as openapi.yaml says: %v\n%v", what, err, value)
	}
}

func TestEveryRouteIsInTheSpecificationAndNoOther(t *testing.T) {
	t.Parallel()
	s := open(t)
	var have, told []string
	heads := map[string]bool{}
	for _, route := range s.Config.Handler.(*api.Server).Routes() {
		switch route[0] {
		case http.MethodHead:
			heads[route[1]] = true
			continue
		case http.MethodOptions: // what a browser asks by itself
			continue
		}
		have = append(have, route[0]+" "+regexp.MustCompile(`:(\w+)`).ReplaceAllString(route[1], "{$1}"))
	}
	for path, item := range theSpecification(t).document["paths"].(map[string]any) {
		for verb := range item.(map[string]any) {
			told = append(told, strings.ToUpper(verb)+" "+path)
		}
	}
	slices.Sort(have)
	slices.Sort(told)
	same(t, "routes", have, told)
	for _, route := range have {
		path, isGet := strings.CutPrefix(route, "GET ")
		if isGet && !heads[regexp.MustCompile(`\{(\w+)\}`).ReplaceAllString(path, ":$1")] {
			t.Errorf("%s is not answered to HEAD", path)
		}
	}
}

// Every schema is good JSON Schema, used or not, and fits the examples beside it.
func TestSpecificationIsSound(t *testing.T) {
	t.Parallel()
	s := theSpecification(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	schemas, where := s.at(place{"components", "schemas"})
	for name := range schemas {
		if _, err := s.compiler.Compile(where.under(name).pointer()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if examples := s.examples(t, s.document, nil); examples < 8 {
		t.Errorf("%d examples were found", examples)
	}
}

// examples checks each example below value and counts them.
func (s *specification) examples(t *testing.T, value any, p place) int {
	t.Helper()
	here, _ := value.(map[string]any)
	n := 0
	for key, below := range here {
		n += s.examples(t, below, p.under(key))
	}
	if example, is := here["example"]; is && here["schema"] != nil {
		s.checkValue(t, strings.Join(p, " "), p.under("schema"), example)
		n++
	}
	return n
}

func TestSpecificationIsServed(t *testing.T) {
	t.Parallel()
	a := open(t).caller("").get("/openapi.yaml").is(http.StatusOK)
	if !strings.HasPrefix(string(a.body), "openapi: 3.1.0\n") {
		t.Errorf("it begins %.40q", a.body)
	}
}

// checkRecord checks an event as the ledger keeps it.
func (s *specification) checkRecord(t testing.TB, raw []byte) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil || !utf8.Valid(raw) {
		t.Errorf("recorded as %q: %v", raw, err)
		return
	}
	s.checkValue(t, "recorded", place{"components", "schemas", "Recorded"}, value)
}
