package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/ingest"
)

// The log of a rule set names its text, its arms and its goals; that of a
// decision for a trigger tells what no page view beside it does.
func TestWhatIsLogged(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	e := started(t, l, "id: sale\nname: 冬のセール\nstatus: live\non: exit_intent\nslot: modal\nvariants: [{id: control, weight: 1}, {id: a, weight: 3, action: "+banner+"}]")
	v := asked(e, "ann", dawn)
	v.Events, v.Decide.Trigger = nil, "exit_intent"
	if _, err := e.Visit(v, dawn); err != nil {
		t.Fatal(err)
	}
	records, err := l.Read(context.Background(), 0, l.Last(), 10)
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	var set struct {
		Rules     string
		Source    map[string]string
		Campaigns json.RawMessage
		Holdout   *int
	}
	if err := json.Unmarshal(records[0].Event.Properties, &set); err != nil {
		t.Fatal(err)
	}
	phase := e.Live().Phases["sale"]
	want := `[{"id":"sale","name":"冬のセール","status":"live","phase":"` + phase + `","slot":"modal",` +
		`"arms":[{"variant":"control","weight":1,"control":true},{"variant":"a","weight":3,"control":false}],` +
		`"goals":[{"event":"purchase","window_ms":259200000,"value":"value"}],"salt":"sale","traffic":10000}]`
	if records[0].Event.Name != ingest.Rules || set.Rules != e.Live().Set.Hash || string(set.Campaigns) != want || set.Holdout == nil || *set.Holdout != 0 || !strings.Contains(set.Source["campaigns/all.yaml"], "冬のセール") {
		t.Errorf("the rule set is logged as\n%s", records[0].Raw)
	}
	d := records[1].Event
	if d.Page.URL == "" || d.Device.Type != "mobile" || d.Geo.Country != "JP" || !strings.Contains(string(d.Properties), `"trigger":"exit_intent"`) || !strings.Contains(string(d.Properties), phase) {
		t.Errorf("the decision is logged as\n%s", records[1].Raw)
	}
}

// An exposure's token becomes the phase it was offered in, even when the
// campaign has another one by now.
func TestVouchWritesThePhase(t *testing.T) {
	t.Parallel()
	e := started(t, newLedger(t), "id: sale\nstatus: live\nvariants: [{id: a, weight: 1, action: "+banner+"}]")
	answer, err := e.Visit(asked(e, "ann", dawn), dawn)
	if err != nil {
		t.Fatal(err)
	}
	phase := e.Live().Phases["sale"]
	token := e.Token("ann", answer.Decision.ID, answer.Decision.Offers[0])
	if err := e.Use(load(t, folder("id: sale\nstatus: live\nvariants: [{id: a, weight: 1, action: {type: banner, title: other}}]")), dawn); err != nil {
		t.Fatal(err)
	}
	event := func(properties string) ingest.Event {
		event := ingest.Event{Visitor: "ann", Name: ingest.Exposure, Properties: json.RawMessage(properties)}
		if err := event.ParseProperties(); err != nil {
			t.Fatal(err)
		}
		return event
	}
	shown := event(fmt.Sprintf(`{"campaign":"sale","variant":"a","phase":"mine","decision_id":%q,"token":%q}`, answer.Decision.ID, token))
	if refused := e.Vouch(&shown, false); refused != nil {
		t.Fatalf("%+v", refused)
	}
	want := fmt.Sprintf(`{"campaign":"sale","decision_id":%q,"phase":%q,"variant":"a"}`, answer.Decision.ID, phase)
	if string(shown.Properties) != want || shown.Props.Phase != phase || phase == e.Live().Phases["sale"] {
		t.Errorf("%s, want %s", shown.Properties, want)
	}
	imported := event(`{"campaign":"sale","variant":"a"}`)
	if refused := e.Vouch(&imported, true); refused != nil || imported.Props.Phase != e.Live().Phases["sale"] {
		t.Errorf("imported into phase %q, %+v", imported.Props.Phase, refused)
	}
	other := event(fmt.Sprintf(`{"campaign":"sale","variant":"b","decision_id":%q,"token":%q}`, answer.Decision.ID, token))
	if refused := e.Vouch(&other, false); refused == nil || refused.Code != "bad_token" {
		t.Errorf("another variant's exposure: %+v", refused)
	}
	trouble := event(`{"campaign":"sale","variant":"a","phase":"mine","kind":"action_image"}`)
	trouble.Name = ingest.Trouble
	if refused := e.Vouch(&trouble, false); refused == nil || refused.Code != "bad_token" {
		t.Errorf("a trouble that nobody was offered: %+v", refused)
	}
	trouble = event(`{"kind":"queue_full"}`)
	trouble.Name = ingest.Trouble
	if refused := e.Vouch(&trouble, false); refused != nil {
		t.Errorf("a trouble that is of no campaign: %+v", refused)
	}
}
