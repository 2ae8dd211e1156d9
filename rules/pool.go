package rules

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxCodes      = 100_000 // lines of a pool
	maxCodeLength = 64      // characters
	maxPoolTold   = 20      // mistakes of one file that are told one by one
)

// pools reads coupons/*.csv.
func (l *loader) pools() map[string]Pool {
	entries, err := fs.ReadDir(l.folder, "coupons")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.folderError("coupons", fmt.Sprintf("cannot be read: %v", err), "check that it is a folder and who may read it")
		return nil
	}
	pools := map[string]Pool{}
	for _, e := range entries {
		name := path.Join("coupons", e.Name())
		pool, isCSV := strings.CutSuffix(e.Name(), ".csv")
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			l.folderError(name, "folders inside coupons are not read", "move its files up")
		case !isCSV:
			l.folderError(name, "is not read", "codes stand in files that end in .csv, one a line")
		case !idForm.MatchString(pool):
			l.folderError(name, "a pool's name is 1 to 64 of a-z, 0-9, _ and -", "rename the file")
			pools[pool] = Pool{}
		default:
			in := &reader{src: &source{name: name}, found: &l.found, most: maxTold}
			text, _ := l.text(name)
			pools[pool] = in.pool(text)
		}
	}
	return pools
}

// pool reads one file: a code a line, or the first column; the first line may
// be its title, code.
func (r *reader) pool(text string) Pool {
	whole := &node{src: r.src}
	if len(text) > maxFileBytes {
		r.failWith(whole, "", "value", fmt.Sprintf("the file has more than %d bytes, which is all that a pool may have", maxFileBytes), "split it into several pools")
		return Pool{}
	}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	r.src.lines = strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(r.src.lines) > maxCodes+1 {
		r.failWith(whole, "", "value", fmt.Sprintf("the file has %d lines; %d are allowed", len(r.src.lines), maxCodes), "split it into several pools")
		return Pool{}
	}
	var p Pool
	lines := map[string]int{}
	wrong := 0
	for i, line := range r.src.lines {
		code, problem := firstColumn(line)
		switch {
		case i == 0 && strings.EqualFold(code, "code"), text == "":
			continue
		case problem != "":
		case code == "":
			problem = "there is no code on this line"
		case lines[code] > 0:
			problem = fmt.Sprintf("the code is given twice, first on line %d", lines[code])
		case utf8.RuneCountInString(code) > maxCodeLength:
			problem = fmt.Sprintf("the code has %d characters; %d are allowed", utf8.RuneCountInString(code), maxCodeLength)
		case strings.ContainsFunc(code, notInCode):
			problem = quote(code) + " is not a code: it holds a blank, a ; or a sign that cannot be typed"
		}
		if problem == "" {
			lines[code] = i + 1
			p.Codes = append(p.Codes, code)
		} else if wrong++; wrong <= maxPoolTold {
			r.failWith(&node{src: r.src, line: i + 1, column: 1}, "", "value", problem, "")
		}
	}
	switch {
	case wrong > maxPoolTold:
		r.failWith(whole, "", "value", fmt.Sprintf("%d more lines are wrong", wrong-maxPoolTold), "")
	case len(p.Codes) == 0 && wrong == 0:
		r.warn(whole, "", "pool_empty", "the pool holds no code", "write one a line")
	}
	return p
}

func firstColumn(line string) (code, problem string) {
	if !utf8.ValidString(line) {
		return "", "the line is not UTF-8 text"
	}
	if !strings.Contains(line, `"`) {
		code, _, _ = strings.Cut(line, ",")
		return strings.TrimSpace(code), ""
	}
	columns, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil {
		return "", "the quotes on this line do not match"
	}
	return strings.TrimSpace(columns[0]), ""
}

func notInCode(c rune) bool {
	return c == ';' || c == utf8.RuneError || unicode.IsSpace(c) || !unicode.IsPrint(c)
}
