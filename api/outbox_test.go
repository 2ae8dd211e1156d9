package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// What was given up is told, and
// is tried again when somebody asks.
func TestOutboxIsLookedAtAndTriedAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.trusted().get("/v1/outbox").is(http.StatusOK)
	dead, err := json.Marshal(engine.Letter{ID: "l1", Kind: "webhook", Campaign: "c", Visitor: "v", At: 1, Tries: 3, Error: "the receiver answered 410 Gone"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ledger.Commit(ledger.Visit{Out: []ledger.Outgoing{{Due: ledger.Never, ID: "l1", Body: dead}}}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Outbox       []struct{ ID, Kind, Campaign, Due, Error string }
		Waiting, Max int
		GivenUp      int `json:"given_up"`
	}
	s.trusted().get("/v1/outbox").is(http.StatusOK).into(&got)
	if len(got.Outbox) != 1 || got.Outbox[0].ID != "l1" || got.Outbox[0].Due != "" || got.Outbox[0].Error != "the receiver answered 410 Gone" || got.Waiting != 0 || got.GivenUp != 1 || got.Max != ledger.DefaultLetters {
		t.Errorf("%+v", got)
	}
	s.trusted().post("/v1/outbox/retry", object{"id": "l2"}).says(http.StatusNotFound, "not_found", "nothing of the id l2 was given up; GET /v1/outbox lists what was")
	s.trusted().post("/v1/outbox/retry", object{}).is(http.StatusOK)
	s.trusted().get("/v1/outbox").is(http.StatusOK).into(&got)
	if len(got.Outbox) != 1 || got.Outbox[0].Due != "2026-11-21T03:00:00Z" {
		t.Errorf("%+v", got)
	}
}

// The server's own triggers are nobody else's to name.
func TestNobodyNamesTheServersTriggers(t *testing.T) {
	t.Parallel()
	open(t).browser().answered(object{"page_view": false, "trigger": "omo_due:welcome"}).
		says(http.StatusBadRequest, "bad_request", "a trigger that begins with omo_ is the server's own")
}
