package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/omotenashi-web/omotenashi/api"
	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/ledger"
	"github.com/omotenashi-web/omotenashi/ingest"
)

// audited is what the ledger says of who changed what, in order.
func (s *shop) audited() (log []string) {
	s.t.Helper()
	for _, r := range s.recorded() {
		if r.Event.Name != ingest.Audit {
			continue
		}
		change, err := engine.ReadChange(&r.Event)
		if err != nil {
			s.t.Fatal(err)
		}
		log = append(log, strings.TrimSpace(change.Who+" "+change.Role+" "+change.What+" "+change.Of))
	}
	return log
}

// Whoever changes something with a key is recorded as who changes it on a screen
// is: by the key's name, and in no way that names a visitor.
func TestChangesByKeyAreRecorded(t *testing.T) {
	t.Parallel()
	letter := deadOf(3)
	s := open(t, pool("WEL-1", "WEL-2"), options(func(o *api.Options) {
		o.Dead = letter
		o.Keys.Scoped = []api.ScopedKey{{Name: "crm", Hash: api.HashKey("sk_crm"), Scope: api.ScopeErase | api.ScopeReports}, {Name: "chat", Hash: api.HashKey("sk_chat"), Scope: api.ScopeOperators}}
	}))
	s.erasing(t)
	s.trusted().decide(object{"consent": "granted", "visitor": object{"id": "ann"}})
	s.trusted().decide(object{"consent": "granted", "visitor": object{"id": "ben", "user_id": "u1"}})
	crm, chat := s.caller("sk_crm"), s.caller("sk_chat")
	crm.get("/v1/visitors/ann/export").is(http.StatusOK)
	crm.get("/v1/people/u1/export").is(http.StatusOK)
	var one, person struct{ ID string }
	crm.do(http.MethodDelete, "/v1/visitors/ann", nil).into(&one)
	crm.do(http.MethodDelete, "/v1/people/u1", nil).into(&person)
	for _, online := range []bool{true, true, false, false} { // said again it is no change
		chat.do(http.MethodPut, "/v1/operators/mika", object{"online": online}).is(http.StatusOK)
	}
	for _, kinds := range []list{{"chat"}, {"chat"}, {"phone", "chat"}} {
		chat.do(http.MethodPut, "/v1/operators/ren", object{"online": true, "channels": kinds}).is(http.StatusOK)
	}
	s.trusted().post("/v1/coupons/ten/release", object{"all_but": 0}).is(http.StatusOK)
	s.trusted().post("/v1/coupons/none/release", object{"all_but": 0}).is(http.StatusNotFound)
	s.trusted().post("/v1/dead/replay", object{"places": []string{"1/0"}}).is(http.StatusOK)
	s.trusted().post("/v1/dead/replay", object{"all": true}).is(http.StatusOK)
	s.trusted().post("/v1/dead/replay", object{}).is(http.StatusBadRequest)
	s.trusted().post("/v1/outbox/retry", object{}).is(http.StatusOK)
	s.trusted().post("/v1/outbox/retry", object{"id": strings.Repeat("x", 129)}).is(http.StatusBadRequest)
	s.trusted().post("/v1/backup", object{}).is(http.StatusOK)
	log := s.audited()
	for i, text := range log {
		for kind, name := range map[string]string{"visitor": "ann", "person": "u1"} {
			if who, id, ok := strings.Cut(text, "_export "+kind+" "); ok {
				guess := sha256.Sum256([]byte(name)) // as whoever has the log could try all numbers of members
				if len(id) != 16 || strings.Contains(id, name) || id == hex.EncodeToString(guess[:8]) {
					t.Errorf("the audit log names a %s: %s", kind, text)
				}
				log[i] = who + "_export " + kind + " …"
			}
		}
	}
	same(t, "the audit log", log, []string{
		"crm view visitor_export visitor …", "crm view person_export person …", "crm view visitor_erase " + one.ID, "crm view person_erase " + person.ID,
		"chat  operator_on mika", "chat  operator_off mika", "chat  operator_on ren chat", "chat  operator_on ren phone chat", "secret key publish coupons_release ten", "secret key publish dead_replay 1/0", "secret key publish dead_replay 1/0 +2",
		"secret key publish outbox_retry", "secret key publish backup",
	})
}

// full is a ledger that takes nothing from some moment on.
type full struct {
	engine.Store
	now *atomic.Bool
}

func (f full) Commit(v ledger.Visit) (uint64, error) {
	if f.now.Load() {
		return 0, errors.New("the disk is gone")
	}
	return f.Store.Commit(v)
}

// What cannot be recorded is not done.
func TestNothingIsChangedThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	letter, gone := deadOf(2), &atomic.Bool{}
	s := open(t, store(func(to engine.Store) engine.Store { return full{to, gone} }), options(func(o *api.Options) { o.Dead = letter }))
	gone.Store(true)
	s.trusted().post("/v1/dead/replay", object{"all": true}).
		says(http.StatusServiceUnavailable, "unavailable", "who asks could not be recorded, and nothing was done; ask again")
	s.trusted().do(http.MethodPut, "/v1/operators/mika", object{"online": true}).is(http.StatusServiceUnavailable)
	if n := len(letter.events); n != 2 {
		t.Errorf("%d of 2 dead events are left", n)
	}
	gone.Store(false)
	var was struct{ Loaded int }
	if s.trusted().post("/v1/dead/replay", object{"all": true}).is(http.StatusOK).into(&was); was.Loaded == 0 {
		t.Error("nothing is replayed with the ledger back")
	}
}

// An erasure that cannot be recorded goes on, and takes the visitor off the screens.
func TestAnErasureGoesOnThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	gone := &atomic.Bool{}
	s, _ := staffed(t, store(func(to engine.Store) engine.Store { return full{to, gone} }))
	s.trusted().visits("ann", "/cart", "cart")
	s.trusted().visits("ben", "/cart", "cart")
	c := s.as("publish")
	shows := func(who string) bool { return strings.Contains(string(c.get("/ui/live").body), ">"+who+"<") }
	if !shows("ann") || !shows("ben") {
		t.Fatal("who is there is not on the live screen")
	}
	gone.Store(true)
	s.trusted().do(http.MethodDelete, "/v1/visitors/ann", nil).
		says(http.StatusServiceUnavailable, "unavailable", "the erasure goes on, but who asked for it could not be recorded; ask again")
	c.submits("/ui/visitors/ben/erase", "confirm", "ben").is(http.StatusServiceUnavailable)
	if shows("ann") || shows("ben") {
		t.Error("the live screen shows who was erased")
	}
	gone.Store(false)
	s.erasing(t)
	s.trusted().do(http.MethodDelete, "/v1/visitors/ann", nil).is(http.StatusOK)
	if log := s.audited(); len(log) != 1 || !strings.HasPrefix(log[0], "secret key publish visitor_erase ") {
		t.Errorf("asked again, the audit log is %q", log)
	}
}

// Who is refused for want of room has not gone on duty.
func TestARefusedOperatorIsNotRecorded(t *testing.T) {
	t.Parallel()
	s := open(t, store(func(to engine.Store) engine.Store { return unawaited{to} }))
	put := func(id string, body object) answer {
		return s.trusted().do(http.MethodPut, "/v1/operators/"+id, body)
	}
	for i := range 1000 {
		put(fmt.Sprint("desk-", i), object{"online": true}).is(http.StatusOK)
	}
	put("late", object{"online": true}).says(http.StatusRequestEntityTooLarge, "too_large", "1000 operators are online, and no more are kept")
	put("desk-7", object{"online": true, "channels": list{"phone"}}).is(http.StatusOK)
	log := s.audited()
	if len(log) != 1001 || log[1000] != "secret key publish operator_on desk-7 phone" {
		t.Errorf("%d changes, the last one %s", len(log), log[len(log)-1])
	}
}

// unawaited is a ledger that is taken at its word.
type unawaited struct{ engine.Store }

func (unawaited) Sync() error { return nil }
