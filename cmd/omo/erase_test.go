package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A person in two browsers, through the real server and ClickHouse: exported
// whole, erased whole, with a receipt of each browser; and the neighbour stays.
func TestEraseAndExportAPerson(t *testing.T) {
	a, c := product(t, config{Rules: rulesFolder(t, "campaigns/hello.yaml", hello)})
	t.Setenv("OMO_SECRET_KEY", a.keys.secret)
	server := "--server=" + c.server
	send := func(visitor, user string, names ...string) {
		t.Helper()
		var events []string
		for _, name := range names {
			events = append(events, fmt.Sprintf(`{"name":%q}`, name))
		}
		body := fmt.Sprintf(`{"consent":"granted","visitor":{"id":%q,"user_id":%q},"events":[%s]}`, visitor, user, strings.Join(events, ","))
		if err := c.call(t.Context(), "/v1/events", []byte(body), &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	send("desk", "ann@shop", "look")
	send("phone", "ann@shop", "touch")
	send("bob", "bob@shop", "look")
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	send("phone", "ann@shop", "once_more") // most likely in the ledger alone yet

	events := func(export string) (names []string) {
		for line := range strings.Lines(export) {
			var e struct {
				Event struct{ Visitor, Name string }
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if e.Event.Name != "" && !strings.HasPrefix(e.Event.Name, "omo_") {
				names = append(names, e.Event.Visitor+" "+e.Event.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	hers := []string{"desk look", "phone once_more", "phone touch"}
	file := filepath.Join(t.TempDir(), "ann.ndjson")
	if out, code := command(t, "export", "--user", "ann@shop", server, "--to", file); code != 0 || !strings.Contains(out, file+": ") {
		t.Errorf("%d: %s", code, out)
	}
	whole, err := os.ReadFile(file)
	if err != nil || !slices.Equal(events(string(whole)), hers) {
		t.Errorf("the export of the person: %v, %v\n%s", events(string(whole)), err, whole)
	}
	if out, code := command(t, "export", "desk", server); code != 0 || !slices.Equal(events(out), hers) {
		t.Errorf("%d, the export of one browser: %s", code, out)
	}
	if out, code := command(t, "export", "--user", "ann@shop", server, "--to", file); code != findings || !strings.Contains(out, "name another with --to") {
		t.Errorf("%d, over a file that is there: %s", code, out)
	}
	nowhere := filepath.Join(t.TempDir(), "nobody.ndjson")
	if out, code := command(t, "export", "--user", "nobody", server, "--to", nowhere); code != findings || !strings.Contains(out, "nothing is known of person nobody") {
		t.Errorf("%d: %s", code, out)
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("an export of nobody left a file")
	}

	if out, code := command(t, "erase", "--user", "ann@shop", server); code != misuse || out != "Forget all browsers of the person ann@shop for good? It cannot be undone: say so with --yes" {
		t.Errorf("%d: %q", code, out)
	}
	out, code := command(t, "erase", "--user", "ann@shop", server, "--yes", "--json=false")
	if code != 0 || !strings.Contains(out, "visitors: desk, phone\n") {
		t.Fatalf("%d: %s", code, out)
	}
	var rows []string
	for line := range strings.Lines(out) {
		if cells := strings.Fields(line); len(cells) > 5 && (cells[0] == "desk" || cells[0] == "phone" || cells[0] == "all") {
			rows = append(rows, cells[0])
		}
	}
	if !slices.Equal(rows, []string{"desk", "phone", "all"}) {
		t.Errorf("a receipt without each browser and all:\n%s", out)
	}
	if got := asked(t, a, "SELECT visitor_id FROM event_log WHERE visitor_id != '' GROUP BY 1"); got != "bob" {
		t.Errorf("in ClickHouse there are %s", got)
	}
	var again erasure
	if out, code := command(t, "erase", "--user", "ann@shop", server, "--yes"); code != 0 || json.Unmarshal([]byte(out), &again) != nil || len(again.Browsers) != 2 || again.Browsers[0].Visitor != "" {
		t.Errorf("%d, asked once more: %s", code, out)
	}
	for want, args := range map[string][]string{
		"omo erase needs a visitor's id, or --user with a user_id: omo erase [VISITOR | --user USER_ID]": {"erase"},
		"omo erase takes a visitor or --user, and both were given":                                       {"erase", "v1", "--user", "u1"},
		"--user is empty: name a user_id":                                                                {"export", "--user", ""},
	} {
		if out, code := command(t, args...); code != misuse || out != want {
			t.Errorf("%v: %d %q", args, code, out)
		}
	}
}
