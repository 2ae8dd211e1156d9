package rules

import "slices"

// bitmap has a bit for each column, 64 a word.
type bitmap []uint64

func newBitmap(columns int) bitmap { return make(bitmap, (columns+63)/64) }
func (b bitmap) flip(column int32) { b[column>>6] ^= 1 << (column & 63) }

// asking gathers what the columns demand of one subject.
type asking struct {
	on      *subject
	columns []int32  // ascending
	in      []values // the set of each
}

// add is called column by column.
func (a *asking) add(column int32, in values) {
	if last := len(a.columns) - 1; last >= 0 && a.columns[last] == column {
		a.in[last] = a.in[last].and(in)
		return
	}
	a.columns, a.in = append(a.columns, column), append(a.in, in)
}

// attribute answers for one subject which columns a value lets pass: the columns
// that demand nothing of it, and those whose set the value is in.
//
// The cuts of all sets, in order, part the values into cells. From one cell to
// the next only the columns change that have a cut there. A bitmap for each cell
// would be campaigns times values, so there is one only after every so many
// changes as it has words, and a cell is the last bitmap before it with the few
// changes since: never more work than passing over a bitmap, nor more memory
// than the sets themselves have.
type attribute struct {
	on      *subject
	cuts    []cut   // cell i lies before cut i, the last one after all cuts
	cells   []cell  // one more than cuts
	changes []int32 // the columns that change, in the order of the cuts
	unknown bitmap  // for the number that nobody told
}

// cell is what values between two cuts let pass: start with changes[from:until] made.
type cell struct {
	start       bitmap
	from, until int32
}

func newAttribute(a *asking, all bitmap) *attribute {
	out := &attribute{on: a.on, unknown: slices.Clone(all)}
	type change struct {
		cut
		column int32
	}
	var changes []change
	start := slices.Clone(all)
	for i, column := range a.columns {
		if !a.in[i].lowest {
			start.flip(column)
		}
		if !a.in[i].unknown {
			out.unknown.flip(column)
		}
		for _, c := range a.in[i].cuts {
			changes = append(changes, change{c, column})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return a.compare(b.cut) })

	here := cell{start: start}
	now := slices.Clone(start) // what passes at here.until
	for i, c := range changes {
		if i == 0 || c.compare(changes[i-1].cut) != 0 { // a cell ends
			out.cells, out.cuts = append(out.cells, here), append(out.cuts, c.cut)
		}
		out.changes = append(out.changes, c.column)
		now.flip(c.column)
		if i+1 == len(changes) || changes[i+1].compare(c.cut) != 0 {
			here.until = int32(i + 1)
			if int(here.until-here.from) > len(all) {
				here.start, here.from = slices.Clone(now), here.until
			}
		}
	}
	out.cells = append(out.cells, here)
	return out
}

// keep takes out of still the columns that do not let v pass, and says whether
// any are left.
func (a *attribute) keep(v value, still, spare bitmap) bool {
	pass := a.unknown
	if !v.unknown() {
		c := &a.cells[passed(a.cuts, v)]
		pass = c.start
		if c.from < c.until {
			copy(spare, pass)
			for _, column := range a.changes[c.from:c.until] {
				spare.flip(column)
			}
			pass = spare
		}
	}
	pass = pass[:len(still)]
	var any uint64
	for i := range still {
		still[i] &= pass[i]
		any |= still[i]
	}
	return any != 0
}
