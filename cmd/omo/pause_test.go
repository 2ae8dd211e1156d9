package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/outbox"
)

const tried = `id: tried
name: お試し
status: live
variants:
  - {id: control, weight: 1}
  - {id: hi, weight: 999999, action: {type: banner, title: HI}}
`

// A marketer pauses a campaign and lets it go on; what did harm is stopped, over
// a restart too, and the shop's webhook is told, signed.
func TestACampaignIsPausedStoppedAndResumed(t *testing.T) {
	chat, letters := receive(t)
	dir := rulesFolder(t, "campaigns/tried.yaml", tried, "campaigns/hello.yaml", hello, "site.yaml", "timezone: Asia/Tokyo\nalerts: {webhook: \""+chat+"/hook\"}\n")
	data, cfg := t.TempDir(), config{Rules: dir, ClickHouse: "clickhouse://127.0.0.1:1/away", WebhookHosts: []string{strings.TrimPrefix(chat, "http://")}}
	a, c := productOn(t, data, cfg)
	t.Setenv("OMO_SECRET_KEY", a.keys.secret)
	says := func(want string, code int, args ...string) {
		t.Helper()
		out, got := command(t, append(args, "--server="+c.server, "--json=false")...)
		if !strings.Contains(out, want) || got != code {
			t.Errorf("omo %s: %d: %s\nwant %d: %s", strings.Join(args, " "), got, out, code, want)
		}
	}
	shows := func(want string) {
		t.Helper()
		if got := strings.Join(decide(t, c, "v1"), " "); got != want {
			t.Errorf("shown: %q, want %q", got, want)
		}
	}
	shows("TITLE HI")
	says("hello is paused; omo resume hello lets it go on\n", 0, "pause", "hello")
	says("conflict: campaign \"hello\" is paused already, by operator since ", findings, "pause", "hello")
	says("not_found: no campaign helo in the rules folder", findings, "pause", "helo")
	says("paused (paused by operator)", 0, "campaigns")
	shows("HI")
	if n := testutil.CollectAndCount(a.metrics, "omo_campaign_paused"); n != 1 {
		t.Errorf("%d campaigns are told to be paused", n)
	}
	if err := a.engine.StopHarm("tried", a.engine.Live().Phases["tried"], engine.HarmStop{Variant: "hi", Guardrail: "conversion", Ja: "「hi」は害があります。", En: "hi does harm."}, time.Now()); err != nil {
		t.Fatal(err)
	}
	shows("")
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	a, c = productOn(t, data, cfg)
	shows("")
	says("stopped (harm: conversion of hi)", 0, "campaigns")
	says("tried is live now; it was stopped for harm: hi does harm.\n", 0, "resume", "tried")
	says("hello is live now; it was paused\n", 0, "resume", "hello")
	says("conflict: campaign \"hello\" is neither paused nor stopped for harm: there is nothing to resume", findings, "resume", "hello")
	says("accepts 1 arg(s), received 0", misuse, "pause")
	shows("TITLE HI")
	untold := map[string]bool{"harm_stop by harm stop": true, "resume by operator": true}
	for len(untold) > 0 {
		var got letterTold
		select {
		case got = <-letters:
		case <-time.After(time.Minute):
			t.Fatalf("nobody is told of %v", untold)
		}
		var told struct {
			ID, Type, Campaign, Name, Variant, Guardrail, By string
			Sentence                                         struct{ Ja, En string }
			At                                               time.Time
		}
		if err := json.Unmarshal(got.body, &told); err != nil {
			t.Fatal(err)
		}
		what := told.Type + " by " + told.By
		if !untold[what] || told.ID == "" || told.Campaign != "tried" || told.Name != "お試し" || told.Variant != "hi" || told.Guardrail != "conversion" ||
			told.Sentence.Ja != "「hi」は害があります。" || told.Sentence.En != "hi does harm." || time.Since(told.At) > time.Hour {
			t.Errorf("told of %s", got.body)
		}
		delete(untold, what)
		seconds, _, _ := strings.Cut(strings.TrimPrefix(got.signature, "t="), ",")
		at, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil || outbox.Sign([]byte(a.keys.Webhook), time.Unix(at, 0), got.body) != got.signature {
			t.Errorf("signed %q: %v", got.signature, err)
		}
	}
}
