package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// A draft stands among the campaigns, after those that run; results are of those
// that run, and who asks for a draft's reads what the server says of it.
func TestDraftsOnTheCommandLine(t *testing.T) {
	t.Setenv("OMO_SECRET_KEY", "sk_x")
	const isDraft = "campaign autumn is a draft, and nobody has met it"
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if r.URL.Path != "/v1/campaigns" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error": {"code": "not_found", "message": "`+isDraft+`"}}`)
			return
		}
		fmt.Fprint(w, `{"rules": "5e1f", "campaigns": [
			{"id": "autumn", "name": "秋の準備", "status": "draft", "phase": "", "slot": "modal", "priority": 9, "goals": [{"event": "purchase", "window": "72h", "value": "value"}],
			 "variants": [{"id": "control", "weight": 50, "control": true}, {"id": "code", "weight": 50, "control": false}], "file": "campaigns/autumn.yaml", "line": 1}]}`)
	}))
	t.Cleanup(server.Close)
	out, code := command(t, "campaigns", "--server="+server.URL, "--json=false")
	const want = ` campaign  name      status  slot   priority  variants             goal          file                    
─────────────────────────────────────────────────────────────────────────────────────────────────────────
 autumn    秋の準備  draft   modal         9  control 50, code 50  purchase 72h  campaigns/autumn.yaml:1 
`
	if code != 0 || out != want {
		t.Errorf("%d\n%s\nwant\n%s", code, out, want)
	}
	if out, code := command(t, "campaigns", "--server="+server.URL); code != 0 || !strings.Contains(out, `"status": "draft"`) {
		t.Errorf("as JSON: %d\n%s", code, out)
	}
	asked = nil
	if out, code := command(t, "results", "--server="+server.URL, "--format=json"); code != 0 || strings.TrimSpace(out) != "[]" || !slices.Equal(asked, []string{"/v1/campaigns"}) {
		t.Errorf("the results of all that run: %d, %s; asked %q", code, out, asked)
	}
	if out, code := command(t, "results", "autumn", "--server="+server.URL); code != 1 || !strings.Contains(out, isDraft) {
		t.Errorf("a draft's results: %d, %s", code, out)
	}
}
