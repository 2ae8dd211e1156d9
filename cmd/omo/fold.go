package main

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// fold breaks a line so that none is wider than so many cells: at spaces, and
// between Japanese characters, which are two cells wide; never before a sign
// that closes or after one that opens. A word longer than a line is cut.
func fold(s string, cells int) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = foldLine(lines[i], cells)
	}
	return strings.Join(lines, "\n")
}

func foldLine(s string, cells int) string {
	var out strings.Builder
	used := 0
	for _, p := range pieces(s) {
		wide := text.StringWidth(p)
		if used > 0 && used+text.StringWidth(strings.TrimRight(p, " ")) > cells {
			out.WriteByte('\n')
			used = 0
			if p = strings.TrimLeft(p, " "); p == "" {
				continue
			}
			wide = text.StringWidth(p)
		}
		for text.StringWidth(strings.TrimRight(p, " ")) > cells {
			head := text.Trim(p, cells)
			out.WriteString(head + "\n")
			p = p[len(head):]
			wide = text.StringWidth(p)
		}
		out.WriteString(p)
		used += wide
	}
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// pieces are what a line may be broken between: a word with its space, or one
// Japanese character with the signs that open before and close after it.
func pieces(s string) (out []string) {
	const closing, opening = "。、）」』】：！？ー", "（「『【"
	from, runes := 0, []rune(s)
	for i := range runes {
		if i+1 == len(runes) {
			break
		}
		this, next := runes[i], runes[i+1]
		apart := this == ' ' || text.RuneWidth(this) > 1 || text.RuneWidth(next) > 1
		if apart && next != ' ' && !strings.ContainsRune(closing, next) && !strings.ContainsRune(opening, this) {
			out = append(out, string(runes[from:i+1]))
			from = i + 1
		}
	}
	return append(out, string(runes[from:]))
}
