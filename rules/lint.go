package rules

import (
	"io/fs"
	"time"
)

// LintOptions is what Lint needs to know beyond the folder.
type LintOptions struct {
	Now  time.Time // what is past is past for it; the zero time: nothing is
	Seen Seen      // nil: nobody knows what happened, and nothing is said of it
}

// Lint loads a rules folder and looks for what may be written and cannot be
// meant: rules that nobody can meet, campaigns that never win their place,
// texts that do not fit. It returns the set and everything Load says of it, and
// after that, if the folder has no error, the warnings of its own; less what
// the folder's own `# omo:ignore` comments silence. The error is Seen's: the
// findings are then complete but for what it was to tell.
//
// What Lint calls impossible is impossible: where it cannot follow a rule it
// says nothing. Serving needs none of this, and does not pay for it.
func Lint(folder fs.FS, o LintOptions) (*Set, Findings, error) {
	l := &loader{folder: folder, source: map[string]string{}}
	x := newLinter(o, l)
	complete := false
	l.examine = func(all []*checked, site Site, lang *language) {
		complete = true
		x.examine(all, site, lang)
	}
	set := l.load()
	l.found = obey(l.source, l.found, complete)
	l.found.finish()
	if l.found.Err() != nil {
		return nil, l.found, x.err
	}
	return set, l.found, x.err
}

// linter is one run over a folder without errors.
type linter struct {
	LintOptions
	report *reader // where complaints go
	space  *space
	source map[string]string
	lang   *language
	site   Site
	all    []*examined
	effort int // what comparing campaigns may still cost

	answers map[[2]string]bool // of Seen, by event and field
	err     error              // the first of Seen
}

func newLinter(o LintOptions, l *loader) *linter {
	return &linter{
		LintOptions: o, report: &reader{found: &l.found}, source: l.source,
		space: &space{values: map[string]int{}}, answers: map[[2]string]bool{},
	}
}

// examined is a campaign with what its rule means.
type examined struct {
	*checked
	clauses []clause
	truth   regions // where the whole rule is true; no region: never
}

// maxEffort bounds the comparing of campaigns with each other, in pairs of
// regions: about a second. Beyond it campaigns are not compared any more.
const maxEffort = 2_000_000

func (x *linter) examine(all []*checked, site Site, lang *language) {
	x.lang, x.site, x.effort = lang, site, maxEffort
	x.segments()
	x.unused()
	for _, c := range all {
		if c.Status == Ended {
			continue
		}
		e := &examined{checked: c, truth: everywhere}
		x.space.zone = c.Zone.String()
		x.all = append(x.all, e)
		if f := c.written; f.When.At != nil {
			e.clauses = x.clauses(f.When, "when")
			e.truth = x.rule(f.When, "when", e.clauses)
		}
		x.pages(e)
		x.schedule(e)
		x.variants(e)
		x.delivery(e)
		x.waits(e)
		x.texts(e)
		x.seen(e)
	}
	x.slots()
	x.stock()
}
