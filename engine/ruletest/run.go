package ruletest

import (
	"fmt"
	"net/url"

	"github.com/omotenashi-web/omotenashi/engine"
	"github.com/omotenashi-web/omotenashi/engine/profile"
	"github.com/omotenashi-web/omotenashi/ingest"
	"github.com/omotenashi-web/omotenashi/rules"
)

// Runner runs the tests of one rule set. Safe for concurrent use.
type Runner struct {
	live     *engine.Live
	terms    profile.Terms
	enricher *ingest.Enricher
	home     *url.URL // what paths lie on
}

// New gives a runner of tests that were loaded with set.
func New(set *rules.Set) *Runner {
	phases := make(map[string]string, len(set.Campaigns))
	for _, c := range set.Campaigns {
		phases[c.ID] = c.Content
	}
	home := &url.URL{Scheme: "https", Host: "shop.example"}
	for _, origin := range set.Site.Origins {
		if u, err := url.Parse(origin); err == nil {
			home = u
			break
		}
	}
	live := engine.LiveOf(set, phases, nil, nil)
	return &Runner{live: live, terms: live.ReplayTerms(nil), enricher: ingest.NewEnricher(), home: home}
}

// Result is what became of one test.
type Result struct {
	Test     *rules.Test
	Visitor  string    // who came
	Failures []Failure // none: the test passed

	asked map[*rules.Campaign]rules.Clause // rules that were asked, of the campaigns it names
}

// Passed says whether all came as expected.
func (r Result) Passed() bool { return len(r.Failures) == 0 }

// Failure is one expectation that did not come true, or a test that cannot be run.
type Failure struct {
	Line     int           `json:"line"`             // in the test's file
	Column   int           `json:"column,omitempty"` // 0: the whole line
	Campaign string        `json:"campaign,omitempty"`
	Expected string        `json:"expected,omitempty"`
	Got      string        `json:"got,omitempty"`
	Rule     *rules.Clause `json:"rule,omitempty"`    // the campaign's, at that moment; nil where it has none
	Message  string        `json:"message,omitempty"` // why the test cannot be run
}

// Run runs one test.
func (r *Runner) Run(t *rules.Test) Result {
	out := Result{Test: t, asked: map[*rules.Campaign]rules.Clause{}}
	cannot := func(line int, message string) Result {
		out.Failures = append(out.Failures, Failure{Line: line, Message: message})
		return out
	}
	var found bool
	if out.Visitor, found = r.visitor(t); !found {
		return cannot(t.Line, fmt.Sprintf("no visitor of %d draws all that is expected at once: split the test, or name a visitor", tries))
	}
	m := moment{Runner: r, test: t, visitor: out.Visitor}
	if refused := m.gather(); refused != nil {
		return cannot(refused.line, refused.why)
	}
	p, request := m.fold()
	decision := engine.Decide(r.live, p, request, t.Now)
	env := r.live.Env(p, request, t.Now)
	for _, want := range t.Expect {
		got := outcomeOf(&decision, want.Campaign)
		clause, err := r.live.Set.Explain(want.Campaign, env, t.Now)
		if err != nil {
			return cannot(want.Line, err.Error())
		}
		if got.asked() {
			out.asked[want.Campaign] = clause
		}
		if got.is(want) {
			continue
		}
		f := Failure{Line: want.Line, Column: want.Column, Campaign: want.Campaign.ID, Expected: wanted(want), Got: got.String()}
		if want.Campaign.When != "" {
			f.Rule = &clause
		}
		out.Failures = append(out.Failures, f)
	}
	if !t.Sends {
		return out
	}
	if request.Consent {
		m.wait(p, t.Until)
	}
	out.Failures = append(out.Failures, m.sent()...)
	for _, x := range m.carried {
		if _, told := out.asked[x.campaign]; !told && x.outcome.asked() {
			out.asked[x.campaign] = x.rule
		}
	}
	return out
}
