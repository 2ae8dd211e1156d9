package api_test

import (
	"encoding/csv"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine/stats"
)

// What is looked at can be kept: JSON as the API gives it, CSV as the command
// line does, and the drawing.
func TestResultDownloads(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	c := s.as("view")
	file := func(path, name string) answer {
		t.Helper()
		a := c.get("/ui/campaigns/welcome/" + path).is(http.StatusOK)
		if _, how, err := mime.ParseMediaType(a.header.Get("Content-Disposition")); err != nil || how["filename"] != name {
			t.Errorf("%s is kept as %q, %v", path, a.header.Get("Content-Disposition"), err)
		}
		return a
	}
	var got, want api.CampaignResults
	if err := json.Unmarshal(file("download?what=results&form=json", "welcome-results.json").body, &got); err != nil {
		t.Fatal(err)
	}
	s.trusted().get("/v1/campaigns/welcome/results").is(http.StatusOK).into(&want)
	if got.Verdict != stats.Win || got.Sentence != want.Sentence || len(got.Arms) != 2 {
		t.Errorf("%+v", got)
	}
	for what, lines := range map[string]int{"results": 3, "days": 5, "cumulative": 5, "breakdown&by=device": 5, "funnel": 14} {
		name, _, _ := strings.Cut(what, "&")
		rows, err := csv.NewReader(strings.NewReader(string(file("download?form=csv&what="+what, "welcome-"+name+".csv").body))).ReadAll()
		if err != nil || len(rows) != lines || rows[0][0] != "campaign" {
			t.Errorf("%s: %d lines, %v", what, len(rows), err)
		}
	}
	if drawing := string(file("lift.svg", "welcome-lift.svg").body); !strings.Contains(drawing, "coupon10 +27.6%") {
		t.Errorf("the drawing is %s", drawing)
	}
	page := string(c.counted("/ui/campaigns/welcome").body)
	for what, name := range map[string]string{"results": "結果（CSV）", "days": "日ごと（CSV）", "cumulative": "日ごとの累計（CSV）", "breakdown": "切り口別・端末（CSV）", "funnel": "判定のゆくえ（CSV）"} {
		if !strings.Contains(page, "&amp;what="+what+`" download>`+name+"</a>") {
			t.Errorf("no %s as %s", what, name)
		}
	}
	if by := string(c.counted("/ui/campaigns/welcome/breakdown?by=rank").body); !strings.Contains(by, "by=rank&amp;form=csv&amp;what=breakdown") {
		t.Error("a breakdown cannot be kept as a file where it stands")
	}
	c.get("/ui/campaigns/welcome/download?what=everything&form=csv").is(http.StatusBadRequest)
	c.get("/ui/campaigns/welcome/download?what=results&form=xls").is(http.StatusBadRequest)
}

// Files are counted in turn with all that screens count: two at once.
func TestDownloadsAreCountedInTurn(t *testing.T) {
	t.Parallel()
	s, _ := staffed(t)
	measured(s)
	s.reports.hold = make(chan struct{})
	c := s.as("view")
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if a := c.get("/ui/campaigns/welcome/" + []string{"download?what=results&form=csv", "lift.svg"}[i%2]); a.status != http.StatusOK {
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		s.reports.mu.Lock()
		under := s.reports.under
		s.reports.mu.Unlock()
		if under >= 2 {
			break
		}
		if time.Now().After(until) {
			t.Errorf("%d are counted", under)
			break
		}
	}
	for range 20 { // the others have come by then
		c.get("/ui/audit")
	}
	close(s.reports.hold)
	all.Wait()
	if s.reports.most != 2 || len(s.reports.asked) != 6 {
		t.Errorf("%d of %d at once", s.reports.most, len(s.reports.asked))
	}
}
