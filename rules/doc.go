// Package rules turns a folder that marketers write into an immutable set that
// answers, for one visit, which campaigns match: or into every complaint about
// the folder at once, each with its place, a caret and what to do.
//
//	 site.yaml  segments.yaml  campaigns/*.yaml
//	      │            │              │
//	      ▼            ▼              ▼
//	   yaml.go ── tree of values, each with line and column      ┐
//	  decode.go ── structs of file.go, by their yaml tags        │  every
//	      │                                                      │  mistake
//	      ▼                                                      ├─► Findings
//	 campaign.go site.go schedule.go pages.go action.go          │  file:line:column
//	      │  what is written becomes what runs                   │  + caret + hint
//	      ▼                                                      │
//	language.go ── parse · resolve names · check · settle        ┘
//	      │
//	      ▼  split at && into conditions, equal ones shared
//	     Set ── Match(visit) ─► campaigns, by priority
//
// # What is written is not what runs
//
// The structs of file.go mirror the YAML, key by key; Set, Site and Campaign are
// what the engine runs. Load is the only way from one to the other, and does all
// that can fail. A set never changes, so a server swaps one pointer, and keeps
// the set it has when a folder has an error. Set.Hash is the hash of the texts
// and Set.Source the texts themselves: any logged decision can be made again.
//
// Defaults: time zone UTC, currency JPY, a session ends after 30 minutes, no
// holdout, every origin, consent opt_out; a campaign is a draft, opens on a page
// view, has no slot, all the traffic, its id as its salt, and the goal purchase
// within 72 hours. Drafts are checked like all others, and left out of the set.
//
// # Rules
//
// A rule is an expr expression over Env that must be a bool. Names are read off
// Env's tags and checked before expr sees them, so that every unknown name of a
// rule is told at once and with the nearest known one; what expr offers beyond
// the rules language (its clock, nil, conversions, declarations) is refused.
// in_segment("vip") is replaced by the segment's own tree.
//
// A number may be unknown (NaN): any comparison with it is false, != and not in
// included, and known(x) asks. `!` turns an answer round, also one that is false
// because a number is unknown: !(visitor.age < 30) holds for somebody whose age
// was never told. `in 30..49` means from 30 to 49, both included, for every
// number, whole or not.
//
// Time is the wall clock of the campaign's schedule or else of the site. Hours
// may run over midnight and then belong to the day on which they begin; `until`
// with a bare date includes that day.
//
// # Cost
//
// A rule is split at its top-level && into conditions. Equal conditions (after
// segments are in place, whatever the spelling) are one shared predicate, asked
// at most once a visit; a predicate that reads the clock is shared within one
// time zone. A predicate that compares one field with a constant is answered
// natively, the rest by expr, which stays the judge: a property test holds Match
// against expr running each whole rule by itself. A predicate that fails or
// panics costs its campaigns this visit and is listed by Matcher.Errors; the
// others go on.
//
// # Bounds
//
// A file has at most 1 MB, a line 20,000 bytes, a document 20,000 words and
// signs, YAML nests 32 deep, a rule has 16,384 bytes, 2,000
// parts (10,000 with its segments in place) and brackets 100 deep; texts, links
// and lists have the bounds that their complaints name. Links and images are
// http, https or relative, never a script. Anchors, aliases and tags are refused.
package rules
