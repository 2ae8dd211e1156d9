package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Fault test 11: rules are broken in every way and mended again while decisions
// are made. Each decision is by a set that was good, and is what that set gives.
func TestFaultBrokenRulesUnderLoad(t *testing.T) {
	t.Parallel()
	good := map[string]string{} // title → campaign file
	sets := map[string]string{} // rule set's hash → title
	for _, title := range []string{"一", "二"} {
		good[title] = strings.Replace(hello, "TITLE", title, 1)
		set, err := loadRules(rulesFolder(t, "campaigns/hello.yaml", good[title]))
		if err != nil {
			t.Fatal(err)
		}
		sets[set.Hash] = title
	}
	dir := rulesFolder(t, "campaigns/hello.yaml", good["一"], "tests/hello.test.yaml", greets)
	a, c := product(t, config{Rules: dir, ClickHouse: "clickhouse://127.0.0.1:1/away"})
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "campaigns/hello.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var decided, wrong atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	halt := sync.OnceFunc(func() { close(stop); load.Wait() })
	defer halt()
	o := newFiller(t, c)
	for w := range 4 {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				status, text := o.call("/v1/decide", fmt.Appendf(nil, `{"visitor":{"id":"v%d-%d"},"consent":"granted","page":{"url":"https://shop.example/"}}`, w, n%100))
				var answer struct {
					Rules     string
					Decisions []struct{ Action struct{ Title string } }
					Degraded  []string
				}
				decided.Add(1)
				err := json.Unmarshal([]byte(text), &answer)
				if err != nil || status != http.StatusOK || len(answer.Degraded) > 0 || len(answer.Decisions) != 1 ||
					sets[answer.Rules] == "" || answer.Decisions[0].Action.Title != sets[answer.Rules] {
					wrong.Add(1)
					t.Errorf("answered %d %s", status, text)
				}
			}
		})
	}
	kept := func() string { return metric(t, c, `omo_rules_reloads_total{outcome="kept_last_good"}`) }
	broken := []string{
		"id: hello\nstatus: lvie\n",                       // a misspelt word
		strings.Replace(good["一"], "id: hi", "id: ho", 1), // its own test fails
		good["一"][:len(good["一"])/2],                      // half a file
		"",                                                // an empty one
		good["一"] + "when: 'visitor.visitz > 1'\n",                  // an unknown name
		good["一"] + "when: 'split(page.path, \"/\")[9] == \"x\"'\n", // a rule that fails when asked
	}
	reloads := 0
	for round := range 12 {
		before := kept()
		write(broken[round%len(broken)])
		eventually(t, "the broken folder is met", func() bool { return kept() != before })
		title := []string{"二", "一"}[round%2]
		write(good[title])
		eventually(t, "the good folder is in use", func() bool { return sets[a.engine.Live().Set.Hash] == title })
		reloads += 2
	}
	halt()
	t.Logf("fault 11 broken rules under load: reloads %d, decisions %d, wrong %d", reloads, decided.Load(), wrong.Load())
	if decided.Load() < 100 {
		t.Errorf("only %d decisions were made", decided.Load())
	}
}
