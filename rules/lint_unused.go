package rules

import "regexp"

// A segment is used where its name stands in quotes after in_segment, whichever
// key the rule belongs to and whatever quotes YAML asked for.
var usesSegment = regexp.MustCompile("in_segment\\(\\s*\\\\?[\"'`]([a-z0-9_-]+)")

// used is the segments that a campaign or the site names, directly or by
// another segment.
func (x *linter) used() map[string]bool {
	used := map[string]bool{}
	var use func(text string)
	use = func(text string) {
		for _, m := range usesSegment.FindAllStringSubmatch(text, -1) {
			if s := x.lang.segments[m[1]]; s != nil && !used[m[1]] {
				used[m[1]] = true
				use(s.rule.S)
			}
		}
	}
	for name, text := range x.source {
		if name != "segments.yaml" {
			use(text)
		}
	}
	return used
}
