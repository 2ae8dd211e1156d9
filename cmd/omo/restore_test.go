package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// code is what a visitor is given of the campaign "gift", "" for nothing.
func code(t *testing.T, c *client, visitor string) string {
	t.Helper()
	var answer struct {
		Decisions []struct {
			Action *struct{ Code string } `json:"action"`
		} `json:"decisions"`
	}
	body := `{"visitor":{"id":"` + visitor + `"},"consent":"granted","page":{"url":"https://shop.example/"}}`
	if err := c.call(t.Context(), "/v1/decide", []byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Decisions) == 0 {
		return ""
	}
	return answer.Decisions[0].Action.Code
}

func wants(t *testing.T, c *client, visitor, want string) {
	t.Helper()
	if got := code(t, c, visitor); got != want {
		t.Errorf("%s is given %q, want %q", visitor, got, want)
	}
}

// A code that was told after the backup is told to nobody else by what is restored
// of it: with the former data folder everybody has what they had; without it no
// code goes out that might have been told, until people say so.
func TestRestoreTellsNoCodeTwice(t *testing.T) {
	const gift = "id: gift\nstatus: live\nslot: gift\nvariants:\n  - {id: ten, weight: 1, action: {type: coupon, pool: ten, title: TEN}}\n"
	dir := rulesFolder(t, "campaigns/gift.yaml", gift, "coupons/ten.csv", "code\nA\nB\nC\nD\nE\n")
	away := config{Rules: dir, ClickHouse: "clickhouse://127.0.0.1:1/away"}
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "omo.backup")
	a, c := productOn(t, data, away)
	wants(t, c, "v1", "A")
	if _, err := c.backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	wants(t, c, "v2", "B")
	if err := os.WriteFile(filepath.Join(dir, "coupons/ten.csv"), []byte("code\nA\nB\nC\nD\nE\nF\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	secret := c.key
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OMO_SECRET_KEY", secret)
	restored := func(want string, flags ...string) *client {
		t.Helper()
		to := filepath.Join(t.TempDir(), "data")
		out, code := command(t, append([]string{"restore", file, "--data", to}, flags...)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("%d: %s", code, out)
		}
		_, c := productOn(t, to, away)
		c.key = secret
		return c
	}

	with := restored("coupon codes told after the backup, taken over from "+data+": 1", "--former", data)
	wants(t, with, "v2", "B")
	wants(t, with, "v1", "A")
	wants(t, with, "v3", "C")

	without := restored("pool ten: 4 codes set aside, since they may have been told after the backup; omo coupons release ten frees them")
	wants(t, without, "v1", "A")
	wants(t, without, "v3", "")
	server := "--server=" + without.server
	if out, code := command(t, "coupons", server, "--json=false"); code != 0 || !strings.Contains(out, "ten: 5 codes more set aside at a restore") { // F too, which is new
		t.Errorf("%d: %s", code, out)
	}
	var used struct{ Redeemed, First bool }
	if err := without.call(t.Context(), "/v1/coupons/ten/redeem", []byte(`{"code":"B","visitor":"v2","order":"o1"}`), &used); err != nil || !used.First {
		t.Errorf("who was told B redeems it: %+v, %v", used, err)
	}
	if err := without.call(t.Context(), "/v1/coupons/ten/redeem", []byte(`{"code":"B","order":"o2"}`), &used); err == nil || !strings.Contains(err.Error(), "already_redeemed") {
		t.Errorf("and nobody after that: %v", err)
	}
	if out, code := command(t, "coupons", "release", "ten", server, "--all-but", "1"); code != misuse || !strings.Contains(out, "say so with --yes") {
		t.Errorf("%d: %s", code, out)
	}
	out, status := command(t, "coupons", "release", "ten", server, "--all-but", "1", "--yes")
	var done struct{ Released, Aside int }
	if err := json.Unmarshal([]byte(out), &done); status != 0 || err != nil || done.Released != 3 || done.Aside != 1 {
		t.Errorf("%d: %s %v", status, out, err)
	}
	wants(t, without, "v3", "D")
	if out, code := command(t, "coupons", "release", "nine", server, "--yes"); code != findings || !strings.Contains(out, "the rules have no coupon pool nine") {
		t.Errorf("%d: %s", code, out)
	}

	untold := restored("is as it was on", "--no-code-was-told")
	wants(t, untold, "v4", "B")
	if out, code := command(t, "restore", file, "--former", data, "--no-code-was-told"); code != misuse || !strings.Contains(out, "say one of them") {
		t.Errorf("%d: %s", code, out)
	}
}

// A former data folder that cannot know what came after the backup is refused: its
// silence would let codes go out again that were told.
func TestRestoreAsksNoFolderThatCannotKnow(t *testing.T) {
	const gift = "id: gift\nstatus: live\nslot: gift\nvariants:\n  - {id: ten, weight: 1, action: {type: coupon, pool: ten, title: TEN}}\n"
	away := config{Rules: rulesFolder(t, "campaigns/gift.yaml", gift, "coupons/ten.csv", "code\nA\nB\n"), ClickHouse: "clickhouse://127.0.0.1:1/away"}
	data, early, late := t.TempDir(), filepath.Join(t.TempDir(), "early"), filepath.Join(t.TempDir(), "late")
	a, c := productOn(t, data, away)
	for i, file := range []string{early, late} {
		wants(t, c, fmt.Sprint("v", i), []string{"A", "B"}[i])
		if _, err := c.backup(t.Context(), file); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	before, lost, other := filepath.Join(t.TempDir(), "data"), t.TempDir(), t.TempDir()
	if out, code := command(t, "restore", early, "--data", before, "--no-code-was-told"); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	keys, err := os.ReadFile(keysFile(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{lost, other} {
		if err := os.WriteFile(keysFile(dir), keys, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := ledger.Open(filepath.Join(other, "ledger"), ledger.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for former, want := range map[string]string{
		lost:   "--former " + lost + " has no ledger: ",
		other:  "--former " + other + " is not the folder that the backup was made of: its ledger is another",
		before: "--former " + before + " ends before the backup does",
	} {
		to := filepath.Join(t.TempDir(), "data")
		if out, code := command(t, "restore", late, "--data", to, "--former", former); code != findings || !strings.Contains(out, want) {
			t.Errorf("%d: %s", code, out)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("a data folder is left: %s", to)
		}
	}
	if _, err := os.Stat(filepath.Join(lost, "ledger")); err == nil {
		t.Error("a ledger was made in the former folder")
	}
}
