package rules

import "fmt"

// variants looks at how visitors are split.
func (x *linter) variants(e *examined) {
	f, list := e.written, e.written.At.value("variants")
	controls, total, equal := 0, 0, true
	for i, v := range e.Campaign.Variants {
		total += v.Weight
		equal = equal && v.Weight == e.Campaign.Variants[0].Weight
		if v.Control() {
			if controls++; controls == 2 {
				x.report.warn(f.Variants[i].ID.At, fmt.Sprintf("variants[%d]", i), "many_controls",
					fmt.Sprintf("%q is a second variant without an action", v.ID), "results are compared with one control: give it an action, or put the weights together")
			}
		}
	}
	if controls == 0 {
		x.report.warn(list, "variants", "no_control", "every variant shows something: what doing nothing brings is not measured", "add {id: control, weight: 20}, a variant without an action")
	}
	if controls == len(e.Campaign.Variants) {
		x.report.warn(list, "variants", "shows_nothing", "no variant has an action: nobody is ever shown anything", "give one an action")
		return
	}
	for i, v := range e.Campaign.Variants {
		at, path := f.Variants[i].Weight.At, fmt.Sprintf("variants[%d].weight", i)
		switch share := 100 * float64(v.Weight) / float64(total); {
		case v.High == v.Low:
			x.report.warn(at, path, "weights_zero", fmt.Sprintf("no visitor ever gets %q", v.ID), "remove the variant, or give it a weight of at least 1 % of them all")
		case share < 1:
			x.report.warn(at, path, "weights_odd", fmt.Sprintf("%q gets %.2g %% of the visitors: too few to learn from", v.ID, share), "give it at least 1 %")
		}
	}
	if total != 100 && total >= 90 && total <= 110 && !equal {
		x.report.warn(list, "variants", "weights_odd", fmt.Sprintf("the weights look like percentages and sum to %d", total), "make them sum to 100")
	}
}
