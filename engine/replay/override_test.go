package replay_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/bucket"
	"github.com/omotenashi-web/omotenashi/engine/replay"
	"github.com/omotenashi-web/omotenashi/rules"
)

// learner is a campaign whose weights move.
const learner = "id: learner\nstatus: live\nallocation: bandit\nslot: bottom\nvariants: [{id: control, weight: 1}, {id: a, weight: 1, action: " + banner + "}, {id: b, weight: 2, action: " + banner + "}]"

// decided lets something be decided about a campaign beside its file, what and
// about which a draw says; what cannot be is refused.
func (s *shop) decided(what, which, part int) (did string) {
	s.Helper()
	all := s.engine.Live().Set.Campaigns
	c, err := all[which%len(all)], error(nil)
	switch did = []string{"pause", "resume", "harm", "allocate"}[what%4]; did {
	case "pause":
		err = s.engine.Pause(c.ID, engine.Operator, s.now)
	case "resume":
		_, err = s.engine.Resume(c.ID, engine.Operator, s.now)
	case "harm":
		err = s.engine.StopHarm(c.ID, s.engine.Live().Phases[c.ID], engine.HarmStop{Variant: c.Variants[len(c.Variants)-1].ID, Guardrail: "conversion", Ja: "害", En: "harm"}, s.now)
	case "allocate":
		err = s.engine.Allocate("learner", s.engine.Live().Phases["learner"], []int{part % 5000, 10_000 - part%5000 - part%3000, part % 3000}, s.now)
	}
	switch {
	case err == nil:
		return did
	case !errors.Is(err, engine.ErrAsItIs) && !errors.Is(err, engine.ErrNoCampaign):
		s.Fatal(err)
	}
	return ""
}

// restart is the server coming up again on the same ledger.
func (s *shop) restart() {
	s.Helper()
	set := s.engine.Live().Set
	s.engine = engine.New(engine.Options{Store: s.ledger, Key: []byte("key"), NewID: s.newID, Profiles: 512})
	s.use(set)
}

// overridden is a shop where something is decided beside the files all the time,
// its rules changed and the server restarted on the way.
func overridden(t testing.TB, visitors, steps int, seed uint64) (s *shop, done map[string]int) {
	s, done = newShop(t, visitors, seed), map[string]int{}
	s.use(load(t, append([]string{learner}, before...)...))
	r := rand.New(rand.NewPCG(seed, 2))
	for i := range steps {
		switch {
		case i == steps/2:
			s.use(load(t, append([]string{learner}, after()...)...))
		case i == steps*3/4:
			s.use(load(t, append([]string{strings.Replace(learner, "weight: 2", "weight: 1", 1)}, before...)...))
		case i%(steps/5) == steps/10:
			s.restart()
		case i%40 == 0:
			did := s.decided(r.IntN(4), r.IntN(100), r.IntN(10_000))
			done[did]++
		}
		s.step()
		if i%200 == 0 {
			s.timers()
		}
	}
	return s, done
}

// Over pauses, harm stops, moving weights, reloads, restarts and merges every
// logged decision, made again, comes out as it was logged; and so are profiles.
func TestOverriddenDecisionsComeOutAsLogged(t *testing.T) {
	t.Parallel()
	s, done := overridden(t, 50, 9_000, 11)
	reasons, periods, kept, held := map[string]int{}, 0, 0, 0
	s.again(func(m *replay.Moment, made engine.Decision) {
		for _, o := range m.Logged.Props.Outcomes {
			reasons[o.Reason]++
			c := campaignOf(m.Live, o.Campaign)
			if is := m.Live.Overrides[o.Campaign]; is.Harm != nil && (o.Reason == engine.Control || o.Reason == engine.Offered) {
				held++
				if o.Reason != engine.Control {
					t.Errorf("%s at %d: %+v while it is stopped for harm", o.Campaign, m.Seq, o)
				}
			} else if is.Period > 0 && o.Variant != "" {
				periods++
				if !strings.HasSuffix(o.Phase, fmt.Sprint("/", is.Period)) || o.Phase != m.Live.Phase(o.Campaign) {
					t.Errorf("%s at %d is in the phase %s", o.Campaign, m.Seq, o.Phase)
				}
				if by := drawn(c, is.Parts, m.Profile.Unit); by != o.Variant {
					kept++
				}
			}
		}
		for _, d := range replay.Compare(m.Logged.Props.Outcomes, made.Outcomes) {
			t.Errorf("%s at %d (%s): %s was %+v and is %+v", m.Profile.Visitor, m.Seq, m.Cause(), d.Campaign, d.Logged, d.Made)
		}
	})
	s.profilesComeOut()
	t.Logf("decided beside the files: %v; outcomes: not live %d, control for all %d, in a bandit's periods %d, kept over them %d", done, reasons[engine.NotLive], held, periods, kept)
	if min(done["pause"], done["resume"], done["harm"], done["allocate"]) < 10 || reasons[engine.NotLive] < 100 || held < 50 || periods < 200 || kept < 20 {
		t.Errorf("decided %v, outcomes %v, held %d, of periods %d, kept %d: the traffic does not try it", done, reasons, held, periods, kept)
	}
}

// profilesComeOut compares every replayed profile with the ledger's.
func (s *shop) profilesComeOut() {
	s.Helper()
	sets, visitors := split(s, s.ledger.ID(), s.records())
	player := replay.NewPlayer(sets, sets.Since(dawn)...)
	for visitor, visits := range visitors {
		player.Begin(s.ledger.ID(), visitor)
		for _, visit := range visits {
			if err := player.Visit(visit, func(*replay.Moment) error { return nil }); err != nil {
				s.Fatal(err)
			}
		}
		got := player.Profile()
		want, err := s.engine.Profile(got.Visitor)
		if err != nil {
			s.Fatal(err)
		}
		got.Series, want.Series = nil, nil
		if asJSON(s, got) != asJSON(s, want) {
			s.Errorf("the replayed profile is\n%s\nand the ledger's\n%s", asJSON(s, got), asJSON(s, want))
		}
	}
}

func campaignOf(live *engine.Live, id string) *rules.Campaign {
	i := slices.IndexFunc(live.Set.Campaigns, func(c *rules.Campaign) bool { return c.ID == id })
	return live.Set.Campaigns[i]
}

// drawn is the variant by the parts alone.
func drawn(c *rules.Campaign, parts []int, unit string) string {
	b, sum := bucket.Bucket(bucket.Variant, c.Salt, unit), 0
	for i, n := range parts {
		if sum += n; b < sum {
			return c.Variants[i].ID
		}
	}
	return ""
}

// Whatever is decided beside the files, and in whatever order with visits,
// reloads and restarts: every logged decision is made again equal.
func TestAnyOrderOfOverridesIsReplayed(t *testing.T) {
	t.Parallel()
	sets := []*rules.Set{
		load(t, learner, before[0], before[1], before[10]),
		load(t, strings.Replace(learner, "id: b, weight: 2", "id: b, weight: 3", 1), before[0], after()[len(before)]), // one that waits for a back-fill
		load(t, before[0], strings.Replace(learner, "status: live\n", "", 1)),                                         // a draft
	}
	rapid.Check(t, func(r *rapid.T) {
		s := newShop(t, 4, rapid.Uint64().Draw(r, "seed"))
		defer s.close() // its ledger takes megabytes, and there are many checks
		s.use(sets[0])
		for i := range rapid.IntRange(5, 40).Draw(r, "turns") {
			switch rapid.SampledFrom([]string{"visits", "decided", "decided", "reload", "restart"}).Draw(r, "turn") {
			case "visits":
				for range 3 {
					s.step()
				}
			case "decided":
				s.decided(rapid.IntRange(0, 3).Draw(r, "what"), rapid.IntRange(0, 3).Draw(r, "which"), rapid.IntRange(0, 9999).Draw(r, "part"))
				s.step()
			case "reload":
				s.use(sets[rapid.IntRange(0, len(sets)-1).Draw(r, "set")])
			case "restart":
				was := asJSON(t, s.engine.Live().Overrides)
				s.restart()
				if is := asJSON(t, s.engine.Live().Overrides); is != was && i > 0 {
					r.Fatalf("overrides were %s and are %s after a restart", was, is)
				}
			}
		}
		s.again(func(m *replay.Moment, made engine.Decision) {
			if d := replay.Compare(m.Logged.Props.Outcomes, made.Outcomes); d != nil {
				r.Fatalf("at %d (%s): %s", m.Seq, m.Cause(), asJSON(t, d))
			}
		})
	})
}
