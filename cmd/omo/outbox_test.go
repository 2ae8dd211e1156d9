package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// What waits is listed with what there is room for, and what was given up is
// tried again from the command line; /readyz knows of it too.
func TestOutboxOnTheCommandLine(t *testing.T) {
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello), ClickHouse: "clickhouse://127.0.0.1:1/away", OutboxCap: 1000})
	t.Setenv("OMO_SECRET_KEY", a.keys.secret)
	server := "--server=" + c.server
	if out, code := command(t, "outbox", "list", server, "--json=false"); code != 0 || out != "nothing is to be sent\n" {
		t.Errorf("%d: %s", code, out)
	}
	body := []byte(`{"kind":"webhook","campaign":"crm","error":"the receiver answered 410 Gone","url":"http://127.0.0.1:1/"}`)
	size := 9 + 2 + len(body)
	if _, err := a.ledger.Commit(ledger.Visit{Out: []ledger.Outgoing{{Due: ledger.Never, ID: "l1", Body: body}, {Due: 4102444800000, ID: "l2", Body: body}}}); err != nil {
		t.Fatal(err)
	}
	out, code := command(t, "outbox", "list", server, "--json=false")
	for _, want := range []string{"given up", "the receiver answered 410 Gone", "2 shown of 1 that wait and 1 that were given up", "omo outbox retry"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("%d, without %q: %s", code, want, out)
		}
	}
	var list outboxList
	if out, code := command(t, "outbox", "list", server); code != 0 || json.Unmarshal([]byte(out), &list) != nil || list.GivenUp != 1 || list.Bytes != int64(2*size) || list.MaxBytes != 1000 {
		t.Errorf("%d: %s", code, out)
	}
	if text := readyText(t, c); !strings.Contains(text, `{"part":"outbox","ok":true,"detail":"1 wait, 1 were given up`) {
		t.Error(text)
	}
	if _, err := a.ledger.Commit(ledger.Visit{Out: []ledger.Outgoing{{Due: 1, ID: "l3", Body: slices.Repeat(body, 10)}}}); err == nil {
		t.Fatal("more was taken than there is room for")
	}
	if text := readyText(t, c); !strings.Contains(text, `{"part":"outbox","ok":false,"detail":"2 webhooks and e-mails wait, and events that send more are refused`) || !strings.Contains(text, `{"ready":true,`) {
		t.Error(text)
	}
	if out, code := command(t, "outbox", "retry", "l9", server); code != findings || !strings.Contains(out, "nothing of the id l9 was given up") {
		t.Errorf("%d: %s", code, out)
	}
	if out, code := command(t, "outbox", "retry", server, "--json=false"); code != 0 || !strings.Contains(out, "1 are tried again\n") {
		t.Errorf("%d: %s", code, out)
	}
}
