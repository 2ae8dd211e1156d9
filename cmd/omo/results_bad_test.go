package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
)

const versus = `id: %s
status: live
slot: %s
goal: {event: purchase, window: 72h}
variants:
  - {id: control, weight: 1}
  - {id: a, weight: 1, action: {type: banner, title: A}}
`

// printed runs omo results as a person would, and gives what it prints.
func printed(t *testing.T, c *client, id string, o resultsOptions) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetContext(t.Context())
	o.form.lang = "en"
	err := o.run(cmd, c, id)
	return out.String(), err
}

// TestResultsOfBadInput sends what goes wrong in life through the real product and
// asks for every report, by HTTP as by the command: a number, or none with its
// reason, and never NaN.
func TestResultsOfBadInput(t *testing.T) {
	t.Parallel()
	files := []string{}
	for _, id := range []string{"nobody", "empty-arm", "all", "refunds", "skewed", "twice", "phases"} {
		files = append(files, "campaigns/"+id+".yaml", fmt.Sprintf(versus, id, id))
	}
	dir := rulesFolder(t, files...)
	a, c := product(t, config{Rules: dir})
	now := time.Now().UTC()
	send := func(events ...map[string]any) (accepted int) {
		t.Helper()
		for len(events) > 0 {
			part := events[:min(400, len(events))]
			events = events[len(part):]
			body, err := json.Marshal(map[string]any{"sent_at": now, "events": part})
			if err != nil {
				t.Fatal(err)
			}
			var answer struct{ Accepted int }
			if err := c.call(t.Context(), "/v1/events", body, &answer); err != nil {
				t.Fatal(err)
			}
			accepted += answer.Accepted
		}
		return accepted
	}
	event := func(id, visitor, name string, at time.Time, properties map[string]any) map[string]any {
		return map[string]any{"id": uuid.NewSHA1(uuid.Nil, []byte(id+visitor+name)).String(), "visitor": map[string]any{"id": visitor}, "name": name, "time": at, "properties": properties}
	}
	// met exposes n visitors to a variant, of whom so many buy for an amount.
	met := func(campaign, variant string, n, buyers int, value float64, at time.Time) (events []map[string]any) {
		for i := range n {
			visitor := fmt.Sprintf("%s-%s-%d", campaign, variant, i)
			events = append(events, event("x", visitor, "omo_exposure", at, map[string]any{"campaign": campaign, "variant": variant}))
			if i < buyers {
				events = append(events, event("p", visitor, "purchase", at.Add(time.Minute), map[string]any{"value": value, "transaction_id": "T" + visitor}))
				if value < 0 {
					events = append(events, event("r", visitor, "refund", at.Add(2*time.Minute), map[string]any{"value": 900, "transaction_id": "T" + visitor}))
				}
			}
		}
		return events
	}
	hour := now.Add(-time.Hour)
	send(met("empty-arm", "a", 120, 20, 100, hour)...)
	send(append(met("all", "control", 120, 120, 100, hour), met("all", "a", 120, 120, 100, hour)...)...)
	send(append(met("refunds", "control", 120, 30, -100, hour), met("refunds", "a", 120, 40, -100, hour)...)...)
	// A clock a year ahead and one thirty years behind: what is not refused is counted somewhere, once.
	send(append(met("skewed", "control", 5, 3, 100, now.AddDate(1, 0, 0)), met("skewed", "a", 5, 3, 100, now.AddDate(-30, 0, 0))...)...)
	twice := append(met("twice", "control", 120, 30, 100, hour), met("twice", "a", 120, 40, 100, hour)...)
	send(twice...)
	send(twice...)
	send(append(met("phases", "control", 120, 30, 100, hour), met("phases", "a", 120, 40, 100, hour)...)...)
	ended := a.engine.Live().Phases["phases"]
	if err := a.engine.StopHarm("phases", a.engine.Live().Phases["phases"], engine.HarmStop{Variant: "a", Guardrail: "conversion", Ja: "害", En: "harm"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.engine.Resume("phases", "operator", time.Now()); err != nil {
		t.Fatal(err)
	}
	if a.engine.Live().Phases["phases"] == ended {
		t.Fatal("the phase did not end")
	}
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}

	for id, want := range map[string]string{ // exposed and converted of control and a, and why there is no lift
		"nobody": "0/0 0/0 no_visitors_in_control", "empty-arm": "0/0 120/20 no_visitors_in_control", "all": "120/120 120/120 ",
		"refunds": "120/30 120/40 ", "twice": "120/30 120/40 ", "phases": "120/30 120/40 ",
	} {
		var r api.CampaignResults
		query := ""
		if id == "phases" {
			query = "?phase=" + ended
		}
		if err := c.call(t.Context(), "/v1/campaigns/"+id+"/results"+query, nil, &r); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, arm := range r.Arms {
			got += fmt.Sprintf("%d/%d ", arm.Exposed, arm.Converted)
		}
		if len(r.Arms) == 2 {
			got += string(r.Arms[1].Reasons["lift"])
		}
		if got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
		if id == "refunds" && !(r.Arms[1].ValueSum.Value < 0) {
			t.Errorf("refunds: %+v", r.Arms[1].ValueSum)
		}
	}
	type question struct {
		id string
		resultsOptions
	}
	questions := []question{{"", resultsOptions{site: true}}}
	for _, id := range []string{"nobody", "empty-arm", "all", "refunds", "skewed", "twice", "phases"} {
		questions = append(questions, question{id, resultsOptions{}})
	}
	for _, id := range []string{"nobody", "skewed"} {
		questions = append(questions, question{id, resultsOptions{daily: true}}, question{id, resultsOptions{by: "device"}}, question{id, resultsOptions{funnel: true}})
	}
	for i, q := range questions {
		q.form.format = []string{"table", "csv", "json"}[i%3]
		text, err := printed(t, c, q.id, q.resultsOptions)
		if err != nil || text == "" {
			t.Errorf("%+v: %v", q, err)
		}
		for _, never := range []string{"NaN", "Inf", "%!"} {
			if strings.Contains(text, never) {
				t.Errorf("%+v prints %s:\n%s", q, never, text)
			}
		}
	}
	// What cannot be asked is refused by both in the same words.
	for _, x := range []struct {
		id, want string
		options  resultsOptions
	}{
		{"twice", "window 0h is not a length of time like 72h or 7d", resultsOptions{window: "0h"}},
		{"twice", "has no phase never", resultsOptions{phase: "never"}},
		{"xmas", "no campaign xmas", resultsOptions{}},
		{"xmas", "no campaign xmas", resultsOptions{daily: true}},
		{"xmas", "no campaign xmas", resultsOptions{funnel: true}},
		{"twice", "by weather is none of device, visitor, channel, rank", resultsOptions{by: "weather"}},
		{"", "omo results CAMPAIGN --daily", resultsOptions{daily: true}},
		{"twice", "--site is about all campaigns together", resultsOptions{site: true}},
	} {
		x.options.form.format = "table"
		if _, err := printed(t, c, x.id, x.options); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s %+v: %v, want %s", x.id, x.options, err, x.want)
		}
	}
	// Its own format, its own file: Parquet of real results.
	text, err := printed(t, c, "twice", resultsOptions{form: form{format: "parquet"}})
	if err != nil || !strings.HasPrefix(text, "PAR1") {
		t.Errorf("Parquet: %v, %d bytes", err, len(text))
	}
	var r *refusal
	if err := c.call(t.Context(), "/v1/campaigns/xmas/results", nil, nil); !errors.As(err, &r) || r.status != 404 {
		t.Errorf("an unknown campaign by HTTP: %v", err)
	}
}
