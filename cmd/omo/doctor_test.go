package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A running product is well, and says so of each part; a clock that is off and
// a dead ClickHouse are found.
func TestTheDoctorFindsARunningProductWell(t *testing.T) {
	t.Parallel()
	dir := rulesFolder(t, "campaigns/hello.yaml", hello)
	a, c := product(t, config{Rules: dir})
	decide(t, c, "v1")
	if err := a.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func(key string, now func() time.Time) map[string]finding {
		d := &doctor{data: a.data, rules: dir, server: c.server, key: key, now: now}
		d.look(context.Background())
		out := map[string]finding{}
		for _, f := range d.found {
			out[f.Check] = f
		}
		return out
	}
	found := look(c.key, time.Now)
	for _, check := range []string{"keys", "server", "server: ledger", "server: rules", "server: warehouse", "loader", "ClickHouse", "ClickHouse: tables", "clocks", "rules"} {
		if f := found[check]; f.State != well || f.Detail == "" {
			t.Errorf("%s: %+v", check, f)
		}
	}
	for check, f := range found {
		if f.State == trouble && check != "disk" && check != "data folder" { // this machine's
			t.Errorf("%s: %+v", check, f)
		}
	}
	d := &doctor{data: a.data}
	d.now = func() time.Time { // ClickHouse's answer is read a minute late
		if len(d.found) > 0 {
			return time.Now().Add(time.Minute)
		}
		return time.Now()
	}
	if d.warehouse(t.Context()); d.found[len(d.found)-1].Check != "clocks" || d.found[len(d.found)-1].State != well {
		t.Errorf("a slow machine's clock: %+v", d.found)
	}
	found = look("", func() time.Time { return time.Now().Add(time.Hour) })
	if f := found["clocks"]; f.State != trouble || !strings.Contains(f.Detail, "1h0m") || !strings.Contains(f.Remedy, "time server") {
		t.Errorf("an hour off: %+v", f)
	}
	if f := found["server"]; !strings.Contains(f.Detail, "with OMO_SECRET_KEY it tells more") || found["server: ledger"].Detail != "" {
		t.Errorf("without the key: %+v", f)
	}
}
