package rules

import "strings"

// within is the place in the file of character i of a scalar's decoded text, so
// that a mistake in a rule is shown where its author wrote it, whether the rule
// stands plain, in quotes or in a block. It walks source and text side by side;
// where they part for a reason unknown to it, it stays at the last known place.
func (n *node) within(i int) *node {
	w := walker{n: n}
	w.at(n.line, n.column)
	if n.style == '|' || n.style == '>' {
		w.startBlock()
	} else if n.style != 0 {
		w.column++ // the opening quote
	}
	for at, c := range []rune(n.text) {
		w.settle(c)
		if at == i {
			break
		}
		w.step(c)
	}
	return &node{src: n.src, line: w.line, column: w.column, kind: n.kind}
}

type walker struct {
	n            *node
	line, column int // from 1, in characters
	indent       int // of a block

	runes []rune // of the line
	ends  int    // how many of them there are without the blanks at the end
}

// at moves to a place in the source.
func (w *walker) at(line, column int) {
	if line != w.line || w.runes == nil {
		w.runes = []rune(w.n.src.line(line))
		w.ends = len([]rune(strings.TrimRight(w.n.src.line(line), " \t")))
	}
	w.line, w.column = line, column
}

func (w *walker) rest() []rune { return w.runes[min(w.column-1, len(w.runes)):] }

// last says whether nothing but blanks is left of the line, and lines follow.
func (w *walker) last() bool { return w.column > w.ends && w.line < len(w.n.src.lines) }

func (w *walker) startBlock() {
	line := w.line + 1
	for line < len(w.n.src.lines) && strings.TrimSpace(w.n.src.line(line)) == "" {
		line++
	}
	w.indent = indentation(w.n.src.line(line), " ")
	w.at(line, w.indent+1)
}

// settle moves over what stands in the source and not in the text: line breaks
// that were folded away and the indentation after them.
func (w *walker) settle(c rune) {
	for c != '\n' && c != ' ' && len(w.rest()) == 0 && w.last() || w.n.style == '"' && w.continues() {
		w.newline()
	}
}

// continues says whether the line ends in a backslash that joins the next to it.
func (w *walker) continues() bool {
	rest := w.rest()
	return len(rest) == 1 && rest[0] == '\\' && w.line < len(w.n.src.lines)
}

// step moves over one character of the text.
func (w *walker) step(c rune) {
	if (c == '\n' || c == ' ') && w.last() {
		w.newline()
		return
	}
	rest := w.rest()
	switch {
	case w.n.style == '\'' && c == '\'' && len(rest) > 1 && rest[1] == '\'':
		w.column += 2
	case w.n.style == '"' && len(rest) > 1 && rest[0] == '\\':
		w.column += max(2, map[rune]int{'x': 4, 'u': 6, 'U': 10}[rest[1]])
	case len(rest) > 0:
		w.column++
	}
}

func (w *walker) newline() {
	next := w.n.src.line(w.line + 1)
	if w.n.style == '|' || w.n.style == '>' {
		w.at(w.line+1, 1+min(w.indent, indentation(next, " ")))
	} else {
		w.at(w.line+1, 1+indentation(next, " \t"))
	}
}

func indentation(line, of string) int { return len(line) - len(strings.TrimLeft(line, of)) }
