package rules

import "fmt"

// named checks what can only be found when all files are read: campaigns that
// visitors were exposed to, and slots with a budget.
func (l *loader) named(all []*checked, lang *language, in *reader, budget table[oneOrMany[limitFile]]) {
	ids, slots := map[string]bool{}, map[string]bool{}
	for _, c := range all {
		ids[c.ID] = true
		if c.Slot != "" {
			slots[c.Slot] = true
		}
	}
	for _, e := range lang.exposures {
		if !ids[e.campaign] {
			e.complain(fmt.Sprintf("unknown campaign %q%s", e.campaign, didYouMean(e.campaign, sortedKeys(ids))), "exposed names the id of a campaign in this folder")
		}
	}
	for _, b := range budget {
		if b.Name != "all" && !slots[b.Name] {
			known := append(sortedKeys(slots), "all")
			in.warn(b.Key, join("budget", b.Name), "unknown_slot", fmt.Sprintf("no campaign has the slot %q%s", b.Name, didYouMean(b.Name, known)), "a budget limits the slots that campaigns name, or all")
		}
	}
}
