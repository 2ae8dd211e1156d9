package rules

import (
	"fmt"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Severity says whether a finding keeps the folder from being used.
type Severity string

// An Error refuses the whole folder; a Warning is said and nothing more.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one complaint about a rules folder: where, what, and what to do.
type Finding struct {
	File     string   `json:"file"`             // in the folder, with slashes; "." is the folder
	Line     int      `json:"line,omitempty"`   // from 1; 0 when the whole file is meant
	Column   int      `json:"column,omitempty"` // from 1, in characters
	ID       string   `json:"id"`               // OMO001…: the number of Code
	Code     string   `json:"code"`             // a word of Codes: syntax, unknown_key, never_true …
	Severity Severity `json:"severity"`
	Path     string   `json:"path,omitempty"` // the key: "when", "variants[1].weight"
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`    // what to do about it
	Excerpt  string   `json:"excerpt,omitempty"` // the source line and a caret under the place
}

// String is the finding as people read it: place, key and reason on one line,
// then the source line with a caret, then the remedy.
func (f Finding) String() string { return f.text("") }

// Numbered is String with the number of the code at the end of the first line.
func (f Finding) Numbered() string { return f.text("  [" + f.ID + "]") }

func (f Finding) text(mark string) string {
	var b strings.Builder
	if f.File == "." {
		b.WriteString("rules folder")
	} else {
		b.WriteString(f.File)
	}
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
	}
	b.WriteString(": ")
	if f.Severity == Warning {
		b.WriteString("warning: ")
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Message + mark)
	for line := range strings.Lines(f.Excerpt) {
		b.WriteString("\n    " + strings.TrimSuffix(line, "\n"))
	}
	if f.Hint != "" {
		b.WriteString("\n    hint: " + f.Hint)
	}
	return b.String()
}

// Findings is every complaint about a folder, by file and place. As an error it
// reads as the first hundred of them, a line break between, and how many more
// there are.
type Findings []Finding

func (fs Findings) Error() string {
	const most = 100 // for a log
	parts := make([]string, 0, most+1)
	for i, f := range fs {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(fs)-most))
			break
		}
		parts = append(parts, f.String())
	}
	return strings.Join(parts, "\n")
}

// Err is the findings as an error, or nil when there are only warnings.
func (fs Findings) Err() error {
	if errs, _ := fs.Count(); errs == 0 {
		return nil
	}
	return fs
}

// Count says how many errors and how many warnings there are.
func (fs Findings) Count() (errors, warnings int) {
	for _, f := range fs {
		if f.Severity == Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// finish numbers the findings and puts them in order of file and place.
func (fs Findings) finish() {
	for i := range fs {
		fs[i].ID = idOf(fs[i].Code)
	}
	sort.SliceStable(fs, func(i, j int) bool {
		a, b := fs[i], fs[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}

// excerpt is a source line with a caret under its column-th character. Japanese
// characters are two cells wide on a terminal, so the caret is placed by width.
func excerpt(line string, column int) string {
	const most = 200 // a minified line must not flood the screen
	runes := []rune(line)
	for i, r := range runes {
		if unicode.IsControl(r) { // a terminal would obey it
			runes[i] = ' '
		}
	}
	column = min(max(column, 1), len(runes)+1)
	from := 0
	if column > most {
		from = column - most/2
	}
	to := min(len(runes), from+most)
	pad := 0
	for _, r := range runes[from : column-1] {
		pad += cells(r)
	}
	return string(runes[from:to]) + "\n" + strings.Repeat(" ", pad) + "^"
}

func cells(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// didYouMean is `, did you mean "x"?` with the nearest of the known words, or "".
func didYouMean(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return fmt.Sprintf(", did you mean %q?", best)
	}
	return ""
}

// nearest is the known word at the smallest edit distance, if that is small
// enough to be a slip of the finger, or one that is cut short or drawn out; ties go to the first in alphabetical order.
func nearest(word string, known []string) string {
	best, distance := "", 1+max(1, len([]rune(word))/3)
	sorted := append([]string(nil), known...)
	sort.Strings(sorted)
	for _, k := range sorted {
		if d := editDistance(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	for _, k := range sorted {
		if best == "" && min(len(k), len(word)) >= 3 && (strings.HasPrefix(word, k) || strings.HasPrefix(k, word)) {
			best = k
		}
	}
	return best
}

// editDistance is Levenshtein's with a swap of neighbours counted once.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return len(x) + len(y)
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
