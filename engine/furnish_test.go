package engine_test

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// shown is what a visit at now is shown, or why it is not.
func shown(e *engine.Engine, v engine.Visit, now time.Time) string {
	v.Decide.Explain = true
	answer, err := e.Visit(v, now)
	if err != nil {
		return err.Error()
	}
	for _, s := range answer.Decision.Suppressed {
		return s.Reason + " (" + s.Detail + ")"
	}
	return string(answer.Decision.Offers[0].Action)
}

// A coupon expires when it was said to, however often it is shown: from when its
// code became the visitor's, or, with one for all, from the first exposure.
func TestACouponExpiresOnce(t *testing.T) {
	t.Parallel()
	files := pooled("A B", "id: gift\nstatus: live\nvariants: [{id: own, weight: 1, action: {type: coupon, title: t, pool: ten, expires: 24h}}]")
	e := running(t, newLedger(t), files)
	at := func(now time.Time) string {
		v := asked(e, "ann", now)
		v.Decide.Facts = &ingest.Facts{CouponsLeft: map[string]int{"ten": e.CouponsLeft("ten")}}
		return shown(e, v, now)
	}
	for after, left := range map[time.Duration]int{0: 86400, time.Hour: 82800, 30 * time.Hour: 0} {
		want := fmt.Sprintf(`{"type":"coupon","title":"t","expires":86400,"code":"A","expires_at":"2026-12-02T00:00:00Z","expires_in":%d}`, left)
		if after > 0 {
			at(dawn)
		}
		if got := at(dawn.Add(after)); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}

	e = started(t, newLedger(t), "id: gift\nstatus: live\nvariants: [{id: all, weight: 1, action: {type: coupon, title: t, code: X, expires: 24h}}]")
	say := func(now time.Time, until string, left int) {
		t.Helper()
		want := fmt.Sprintf(`{"type":"coupon","title":"t","code":"X","expires":86400,"expires_at":%q,"expires_in":%d}`, until, left)
		if got := shown(e, asked(e, "ann", now), now); got != want {
			t.Errorf("at %s: %s, want %s", now, got, want)
		}
	}
	say(dawn, "2026-12-02T00:00:00Z", 86400)
	say(dawn.Add(time.Hour), "2026-12-02T01:00:00Z", 86400) // nothing was exposed yet
	exposure := ingest.Event{ID: e.NewID(), Name: ingest.Exposure, Time: dawn.Add(2 * time.Hour).UnixMilli(), Received: dawn.Add(2 * time.Hour).UnixMilli(),
		Props: ingest.Properties{Campaign: "gift", Variant: "all", Phase: e.Live().Phases["gift"]}}
	if _, err := e.Visit(engine.Visit{Visitor: "ann", Events: []ingest.Event{exposure}}, dawn.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	say(dawn.Add(20*time.Hour), "2026-12-02T02:00:00Z", 6*3600)
}

// A ranking without an item comes in no arm, control neither, unless items are
// written; what is shown is logged.
func TestARankingOfTheWarehouse(t *testing.T) {
	t.Parallel()
	const arms = "variants: [{id: control, weight: %d}, {id: a, weight: %d, action: {type: ranking, title: t, event: purchase, limit: 2%s}}]"
	campaign := func(control, a int, more string) string {
		return "id: best\nstatus: live\n" + fmt.Sprintf(arms, control, a, more)
	}
	price := 980.0
	ranked := map[string][]rules.RankItem{"purchase 168h0m0s 2": {{ID: "tea", Name: "煎茶", URL: "/items/tea", Price: &price}, {ID: "cup", Name: "湯のみ", URL: "/items/cup"}}}
	for _, c := range []struct {
		name, campaign, before, after, filled string
	}{
		{"an action", campaign(0, 1, ""), "error (its ranking has no item yet)",
			`{"type":"ranking","title":"t","items":[{"name":"煎茶","url":"/items/tea","price":980},{"name":"湯のみ","url":"/items/cup"}]}`, "map[best:[tea cup]]"},
		{"control", campaign(1, 0, ""), "error (its ranking has no item yet)", "", "map[]"},
		{"items written", campaign(0, 1, ", items: [{name: 玄米茶, url: /items/rice}]"), `{"type":"ranking","title":"t","items":[{"name":"玄米茶","url":"/items/rice"}]}`,
			`{"type":"ranking","title":"t","items":[{"name":"煎茶","url":"/items/tea","price":980},{"name":"湯のみ","url":"/items/cup"}]}`, "map[best:[tea cup]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLedger(t)
			e := started(t, l, c.campaign)
			see := func() string {
				v := asked(e, "ann", dawn)
				v.Decide.Facts = &ingest.Facts{Unranked: e.Unranked(e.Live().Set)}
				return shown(e, v, dawn)
			}
			if got := see(); got != c.before {
				t.Errorf("before: %s, want %s", got, c.before)
			}
			e.Rank(ranked)
			if got := see(); got != c.after {
				t.Errorf("after: %s, want %s", got, c.after)
			}
			records := recordsOf(t, l)
			last := &records[len(records)-1].Event
			if err := last.ParseProperties(); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(last.Props.Filled); got != c.filled {
				t.Errorf("logged %s, want %s: %s", got, c.filled, last.Properties)
			}
		})
	}
}

// A chat offers the channels that are open now, and always one.
func TestAChatOffersWhatIsOpen(t *testing.T) {
	t.Parallel()
	files := folder(`
id: talk
status: live
variants:
  - id: a
    weight: 1
    action: {type: chat, title: t, channels: [{type: chat, hook: openChat, staffed: true}, {type: phone}, {type: video, label: 予約, link: /book, days: [sun]}, {type: form, link: /contact}]}`)
	files["site.yaml"] = &fstest.MapFile{Data: []byte("timezone: Asia/Tokyo\nchannels: {phone: {link: 'tel:0312345678', hours: '10:00-18:00'}}\n")}
	const (
		chat  = `{"type":"chat","hook":"openChat"}`
		phone = `{"type":"phone","link":"tel:0312345678"}`
		video = `{"type":"video","label":"予約","link":"/book"}`
		form  = `{"type":"form","link":"/contact"}`
	)
	monday := time.Date(2026, 11, 30, 0, 0, 0, 0, dawn.Location())
	for _, c := range []struct {
		name  string
		now   time.Time
		facts *ingest.Facts
		want  string
	}{
		{"at night", monday.Add(3 * time.Hour), nil, form},
		{"at noon", monday.Add(12 * time.Hour), &ingest.Facts{}, phone + "," + form},
		{"at noon, somebody at the phone", monday.Add(12 * time.Hour), &ingest.Facts{Staffed: []string{"phone"}}, phone + "," + form},
		{"at night, somebody at the chat", monday.Add(20 * time.Hour), &ingest.Facts{Staffed: []string{"chat"}}, chat + "," + form},
		{"on Sunday", monday.Add(-12 * time.Hour), &ingest.Facts{Staffed: []string{"chat", "phone"}}, chat + "," + phone + "," + video + "," + form},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := running(t, newLedger(t), files)
			v := asked(e, "ann", c.now)
			v.Decide.Facts = c.facts
			if got, want := shown(e, v, c.now), `{"type":"chat","title":"t","channels":[`+c.want+`]}`; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
