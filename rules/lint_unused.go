package rules

import (
	"fmt"
	"regexp"
)

// A segment is used where its name stands in quotes after in_segment, whichever
// key the rule belongs to and whatever quotes YAML asked for.
var usesSegment = regexp.MustCompile("in_segment\\(\\s*\\\\?[\"'`]([a-z0-9_-]+)")

// names are words that may be an event's name.
var names = regexp.MustCompile(`[a-z][a-z0-9_]*`)

// unused looks for segments and derived events that no campaign and not the site
// names, directly or by a segment that is used.
func (x *linter) unused() {
	segments, events := map[string]bool{}, map[string]bool{}
	var use func(text string)
	use = func(text string) {
		if len(x.lang.derived) > 0 {
			for _, name := range names.FindAllString(text, -1) {
				events[name] = true
			}
		}
		for _, m := range usesSegment.FindAllStringSubmatch(text, -1) {
			if s := x.lang.segments[m[1]]; s != nil && !segments[m[1]] {
				segments[m[1]] = true
				use(s.rule.S)
			}
		}
	}
	for name, text := range x.source {
		if name != "segments.yaml" {
			use(text)
		}
	}
	for _, name := range sortedKeys(x.lang.segments) {
		if !segments[name] {
			x.report.warn(x.lang.segments[name].key, join("segments", name), "unused_segment", fmt.Sprintf("no campaign uses the segment %q", name), fmt.Sprintf("remove it, or use it: in_segment(%q)", name))
		}
	}
	for _, name := range sortedKeys(x.lang.derived) {
		if !events[name] {
			x.report.warn(x.lang.derived[name].key, join("derived", name), "unused_derived", fmt.Sprintf("no campaign uses the event %q", name), fmt.Sprintf("remove it, or use it: count(%q)", name))
		}
	}
}
