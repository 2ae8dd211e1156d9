// Package rules turns a folder that marketers write into an immutable set that
// answers, for one visit, which campaigns match: or into every complaint about
// the folder at once, each with its place, a caret and what to do.
//
//	 site.yaml  segments.yaml  campaigns/*.yaml  coupons/*.csv
//	      │            │              │               │
//	      ▼            ▼              ▼            pool.go
//	   yaml.go ── tree of values, each with line and column      ┐
//	  decode.go ── structs of file.go, by their yaml tags        │  every
//	      │                                                      │  mistake
//	      ▼                                                      ├─► Findings
//	 campaign.go on.go site.go schedule.go pages.go action.go    │  file:line:column
//	      │  what is written becomes what runs                   │  + caret + hint
//	      ▼                                                      │
//	language.go ── parse · resolve names · check · settle        ┘
//	      │
//	      ▼  split at && into conditions, equal ones shared
//	     Set ── index ─► Match(visit) ─► campaigns, by priority
//	      └──── Streams, Counters, FactPools: what must be kept and read for it
//
// # What is written is not what runs
//
// The structs of file.go mirror the YAML, key by key; Set, Site and Campaign are
// what the engine runs. Load is the only way from one to the other, and does all
// that can fail. A set never changes, so a server swaps one pointer, and keeps
// the set it has when a folder has an error. Set.Hash is the hash of the texts
// and Set.Source the texts themselves: any logged decision can be made again.
// Codes are worth money: of coupons/*.csv Source has only how many there are and
// a digest, and Hash only the names. More codes are no other rule set; what is
// left of them is a fact.
//
// Defaults: time zone UTC, currency JPY, a session ends after 30 minutes, no
// holdout, every origin, consent opt_out; a campaign is a draft, opens on a page
// view, has no slot, all the traffic, its id as its salt, and the goal purchase
// within 72 hours. Drafts are checked like all others, and are in no decision.
//
// # Rules
//
// A rule is an expr expression over Env that must be a bool. Names are read off
// Env's tags and checked before expr sees them, so that every unknown name of a
// rule is told at once and with the nearest known one; what expr offers beyond
// the rules language (its clock, nil, conversions, declarations) is refused.
// in_segment("vip") is replaced by the segment's own tree.
//
// # The past, the event, and the world outside
//
// count("purchase", "30d"), sum("purchase.value", "90d"), uniq, last, did,
// seconds_since and exposed read what a visitor did. Their arguments are written
// out, so that the set can list before any visit comes which counters there are:
// Set.Counters, each once however it is spelt ("24h" is "1d"), and Set.Streams,
// the sequences of events that profiles keep for them, each for the longest
// window that anybody asks. Rolling windows are (now-L, now], `today` is the
// calendar day of the site's time zone, no window is lifetime. A rule refers to
// a counter by its place, and Env.Counters is asked for it only when a rule comes
// to it, once a visit. Campaign.Needs lists the streams that one campaign reads.
// Drafts need nothing.
//
// A field of an event is the property of that name, or that of its items; uniq
// looks at every item, last at the last one, sum adds over all of them.
// A derived event of segments.yaml is an event of another name whose `where`
// holds; it may stand wherever an event's name does. That `where` reads
// nothing but event.…, so that any event of the past can be judged again: see
// Set.Counts. Set.Kinds are all of them: the server stamps each event that comes
// with those it is (Set.Is), and goals and absences go by that stamp. Stream.Key is the same in every set for the same event, condition,
// field and kind; it names what profiles keep, so changing it forgets the past.
//
// event.… is the event that triggered the decision, on a page view that page
// view. coupons_left("pool") and operators_online() are facts: read before the
// decision, if Set.FactPools and Set.ReadsOperators ask for them, and recorded
// with it.
//
// # Triggers
//
// `on` is a word (page_view, exit_intent, tab_return) or one of {dwell: 30s},
// {scroll: 50%}, {idle: 20s}, {in_view: "#reviews"}, {event: name, where: …}; all
// of a list must happen. Trigger.String is how clients name one, Trigger.Met
// whether what they name is it. The `where` of an event trigger is never told to
// clients: Set.Where answers it. In a list, where another trigger may come last,
// its conditions that read the event are asked when that comes and kept by
// Trigger.Key (Set.Here are all such), the others then (Set.Beside). {absent: {event, after, within}} stands alone and
// is met by no client: the server waits. The rule in `when` is asked twice, on
// the page view and again when the trigger comes.
//
// # Unknown numbers
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
// # Lint
//
// Lint says what Load does, and of a folder without errors what may be written
// and cannot be meant: never true, always beaten, never open. It takes each
// condition for the set of visits in which it may hold, a union of bounds on
// single values, which may be too large and never too small; so what comes out
// empty is. Every word of Finding.Code has a number and an explanation in
// Codes; `# omo:ignore OMO108 because …` silences a warning on its line or the
// next. Serving loads without it.
//
// # Cost
//
// A rule is split at its top-level && into conditions. Equal conditions (after
// segments are in place, whatever the spelling) are one shared predicate, asked
// at most once a visit; a predicate that reads the clock is shared within one
// time zone.
//
// Conditions that hold for a set of the values of one field, trait or property
// (compared with constants, in any combination), pages and schedules are
// indexed: the set says at which cuts a campaign comes in or goes out, and a
// visit's value selects by binary search the bitmap of the campaigns that it
// lets pass. What is no such set (two fields in one condition, contains,
// patterns) and what a profile must first count is asked last, natively or by
// expr, of the campaigns that are left, in the order written. The index grows with the text of the rules, not with
// campaigns times values; a visit of 10,000 campaigns takes some microseconds
// and no memory. Expr stays the judge: a property test holds Match against expr
// running each whole rule by itself.
//
// A predicate that fails or panics costs its campaigns this visit and is listed
// by Matcher.Errors; the others go on. A rule with a condition that is false is
// false and not in error, whichever of the two stands first.
//
// # Bounds
//
// A file has at most 1 MB, a line 20,000 bytes, a document 20,000 words and
// signs, YAML nests 32 deep, a rule has 16,384 bytes, 2,000
// parts (10,000 with its segments in place) and brackets 100 deep, a pool 64 MB
// and 1,000,000 codes, all pools 2,000,000; texts, links and lists have the bounds that their complaints name. Links and images are
// http, https or relative, never a script. Anchors, aliases and tags are refused.
package rules
