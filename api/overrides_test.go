package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
)

// overridden is what tests read of a campaign that something was decided about.
type overridden struct {
	ID, Campaign, Status string
	Override, Was        *engine.Override
}

func (o *overridden) String() string {
	said := func(o *engine.Override) string {
		switch {
		case o == nil:
			return "nothing"
		case o.Harm != nil:
			return fmt.Sprintf("harm %s %s paused %t by %s", o.Harm.Guardrail, o.Harm.Variant, o.Paused, o.By)
		}
		return fmt.Sprintf("paused %t by %s at %d", o.Paused, o.By, o.At)
	}
	return strings.TrimSpace(fmt.Sprintf("%s%s %s: %s, was %s", o.Campaign, o.ID, o.Status, said(o.Override), said(o.Was)))
}

// listed is a campaign as GET /v1/campaigns tells it.
func (s *shop) listed(id string) *overridden {
	s.t.Helper()
	var list struct{ Campaigns []overridden }
	s.trusted().get("/v1/campaigns").is(http.StatusOK).into(&list)
	for _, c := range list.Campaigns {
		if c.ID == id {
			return &c
		}
	}
	return nil
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	s := open(t, edit("campaigns/members.yaml", "id: big-cart\nname: 大きなカート\nstatus: live", "id: big-cart\nname: 大きなカート\nstatus: ended"),
		edit("campaigns/quiet.yaml", "weight: 1}", "weight: 1}\n  - {id: a, weight: 0, action: {type: banner, title: a}}"))
	do := func(what string) answer {
		t.Helper()
		return s.trusted().post("/v1/campaigns/"+what, nil)
	}
	is := func(o *overridden, want string) {
		t.Helper()
		if got := o.String(); got != want {
			t.Errorf("\n  got  %s\n  want %s", got, want)
		}
	}
	done := func(what, want string) {
		t.Helper()
		var o overridden
		do(what).is(http.StatusOK).into(&o)
		is(&o, want)
	}
	visitor := s.browser()
	if got := visitor.decide(object{"consent": "granted"}).campaigns(); got != "quiet welcome" {
		t.Fatalf("campaigns %q", got)
	}
	at := s.clock.Now().UnixMilli()
	done("welcome/pause", fmt.Sprintf("welcome paused: paused true by operator at %d, was nothing", at))
	is(s.listed("welcome"), fmt.Sprintf("welcome paused: paused true by operator at %d, was nothing", at))
	is(s.listed("quiet"), "quiet live: nothing, was nothing")
	if got := visitor.decide(object{"consent": "granted"}).campaigns(); got != "quiet" {
		t.Errorf("campaigns %q while one is paused", got)
	}
	if e := visitor.evaluate("welcome", object{"targetingKey": "v1", "url": "https://shop.example/"}); e.Reason != "DISABLED" {
		t.Errorf("evaluated as %+v while it is paused", e)
	}
	do("welcome/pause").says(http.StatusConflict, "conflict", `campaign "welcome" is paused already, by operator since `+s.clock.Now().In(s.engine.Live().Set.Site.Timezone).Format(time.DateTime))
	do("big-cart/pause").says(http.StatusConflict, "conflict", `campaign "big-cart" is ended in its file already: there is nothing to pause`)
	do("quiet/resume").says(http.StatusConflict, "conflict", `campaign "quiet" is neither paused nor stopped for harm: there is nothing to resume`)
	do("xmas/pause").says(http.StatusNotFound, "not_found", "no campaign xmas in the rules folder; GET /v1/campaigns lists them")
	do("xmas/resume").says(http.StatusNotFound, "not_found", "no campaign xmas in the rules folder; GET /v1/campaigns lists them")
	s.browser().post("/v1/campaigns/quiet/pause", nil).is(http.StatusForbidden)
	s.caller("").post("/v1/campaigns/quiet/pause", nil).is(http.StatusUnauthorized)
	done("welcome/resume", fmt.Sprintf("welcome live: nothing, was paused true by operator at %d", at))
	if got := visitor.decide(object{"consent": "granted"}).campaigns(); got != "quiet welcome" {
		t.Errorf("campaigns %q once it is resumed", got)
	}

	if err := s.engine.StopHarm("quiet", s.engine.Live().Phases["quiet"], engine.HarmStop{Variant: "a", Guardrail: "value", Ja: "害", En: "harm"}, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	is(s.listed("quiet"), "quiet stopped: harm value a paused false by harm stop, was nothing")
	done("quiet/pause", "quiet paused: harm value a paused true by operator, was nothing")
	done("quiet/resume", "quiet live: nothing, was harm value a paused true by operator")
}

// What is not known to be durable is no pause.
func TestPauseIsDurableOrRefused(t *testing.T) {
	t.Parallel()
	s := open(t, store(func(real engine.Store) engine.Store { return unsynced{real} }))
	a := s.trusted().post("/v1/campaigns/welcome/pause", nil)
	a.says(http.StatusServiceUnavailable, "unavailable", "it could not be made durable: campaign welcome: what was decided is not durable: input/output error")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// onceDecided keeps what is decided about a campaign, and nothing after it: a disk
// that is full by then.
type onceDecided struct {
	engine.Store
	decided *atomic.Bool
}

func (o onceDecided) Commit(v ledger.Visit) (uint64, error) {
	if o.decided.Load() {
		return 0, errors.New("no space left on device")
	}
	seq, err := o.Store.Commit(v)
	if slices.ContainsFunc(v.Records, func(r ledger.Record) bool { return r.Name == "overrides" }) {
		o.decided.Store(true)
	}
	return seq, err
}

// Nothing is decided by hand without it being recorded who did, whatever becomes of
// the disk in between: both are one commit.
func TestWhoDecidedIsRecordedWithIt(t *testing.T) {
	t.Parallel()
	var decided atomic.Bool
	s, _ := staffed(t, store(func(real engine.Store) engine.Store { return onceDecided{real, &decided} }))
	desk := s.as("edit")
	for _, step := range []struct {
		act  func() answer
		code int
		want string
	}{
		{func() answer { return s.trusted().post("/v1/campaigns/welcome/pause", nil) }, http.StatusOK, "secret key publish pause welcome"},
		{func() answer { return s.trusted().post("/v1/campaigns/welcome/resume", nil) }, http.StatusOK, "secret key publish resume welcome"},
		{func() answer { return desk.submits("/ui/campaigns/welcome/pause") }, http.StatusSeeOther, "edit edit pause welcome"},
		{func() answer { return desk.submits("/ui/campaigns/welcome/resume") }, http.StatusSeeOther, "edit edit resume welcome"},
	} {
		decided.Store(false)
		step.act().is(step.code)
		if all := s.changes(); len(all) == 0 || all[len(all)-1] != step.want {
			t.Errorf("recorded %q, want %q", all, step.want)
		}
	}
}
