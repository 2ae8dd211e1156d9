package rules

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxCodes      = 1_000_000 // lines of a pool
	maxAllCodes   = 2_000_000 // codes of a folder
	maxPoolBytes  = 64 << 20
	maxCodeLength = 64 // characters
	maxPoolTold   = 20 // mistakes of one file that are told one by one
)

// Pool is a file of single-use coupon codes. They are kept as one text: a
// million of them take what their letters take.
type Pool struct {
	text   string // each code and a line break
	n      int
	record string // the digest, where this is but the record of a pool
}

// Len is how many codes the file has.
func (p Pool) Len() int { return p.n }

// Codes gives the codes in written order, each once.
func (p Pool) Codes() iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(p.text) {
			if !yield(line[:len(line)-1]) {
				return
			}
		}
	}
}

// Digest tells one content of a pool from another: hex of the SHA-256 of its
// codes in written order, a line break after each.
func (p Pool) Digest() string {
	if p.record != "" {
		return p.record
	}
	sum := sha256.Sum256([]byte(p.text))
	return hex.EncodeToString(sum[:])
}

// Recorded says that the set comes from a record of its source, which tells how
// many codes there were and not which.
func (p Pool) Recorded() bool { return p.record != "" }

// recorded stands for the file in the set's source: codes are worth money and
// go nowhere but to the ledger.
func (p Pool) recorded() string {
	return fmt.Sprintf("# %d codes, SHA-256 %s\n", p.n, p.Digest())
}

var poolRecord = regexp.MustCompile(`^# ([0-9]{1,7}) codes, SHA-256 ([0-9a-f]{64})\n$`)

// given is where a code stands.
type given struct {
	file string
	line int
}

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
	pools, all := map[string]Pool{}, map[string]given{}
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
			text, _ := l.upTo(name, maxPoolBytes)
			pools[pool] = in.pool(text, all)
			l.source[name] = pools[pool].recorded()
		}
	}
	if len(all) > maxAllCodes {
		l.folderError("coupons", fmt.Sprintf("the pools have %d codes together; %d are allowed", len(all), maxAllCodes), "take out those that were redeemed long ago: the ledger remembers them")
	}
	return pools
}

// pool reads one file: a code a line, or the first column; the first line may
// be its title, code. Lines that begin with # and a blank are remarks. All are
// the codes of the files read before.
func (r *reader) pool(text string, all map[string]given) Pool {
	whole := &node{src: r.src}
	if m := poolRecord.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits
		return Pool{n: n, record: m[2]}
	}
	if len(text) > maxPoolBytes {
		r.failWith(whole, "", "value", fmt.Sprintf("the file has more than %d bytes, which is all that a pool may have", maxPoolBytes), "split it into several pools")
		return Pool{}
	}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	r.src.lines = strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(r.src.lines) > maxCodes+1 {
		r.failWith(whole, "", "value", fmt.Sprintf("the file has %d lines; %d are allowed", len(r.src.lines), maxCodes), "split it into several pools")
		return Pool{}
	}
	var codes strings.Builder
	codes.Grow(len(text) + 1)
	n, wrong, titled := 0, 0, false
	for i, line := range r.src.lines {
		if i%10_000 == 9_999 {
			runtime.Gosched() // a server that reloads has visitors who wait
		}
		if strings.HasPrefix(line, "# ") || text == "" {
			continue
		}
		code, problem := firstColumn(line)
		if !titled && n == 0 && wrong == 0 && strings.EqualFold(code, "code") {
			titled = true
			continue
		}
		if problem == "" {
			problem = r.notACode(code, all)
		}
		if problem == "" {
			all[code] = given{r.src.name, i + 1}
			codes.WriteString(code)
			codes.WriteByte('\n')
			n++
		} else if wrong++; wrong <= maxPoolTold {
			r.failWith(&node{src: r.src, line: i + 1, column: 1}, "", "value", problem, "")
		}
	}
	switch {
	case wrong > maxPoolTold:
		r.failWith(whole, "", "value", fmt.Sprintf("%d more lines are wrong", wrong-maxPoolTold), "")
	case n == 0 && wrong == 0:
		r.warn(whole, "", "pool_empty", "the pool holds no code", "write one a line")
	}
	return Pool{text: codes.String(), n: n}
}

// notACode says what keeps a text from being a code that one visitor is given,
// once; "" nothing does.
func (r *reader) notACode(code string, all map[string]given) string {
	before, twice := all[code]
	switch {
	case code == "":
		return "there is no code on this line"
	case twice && before.file == r.src.name:
		return fmt.Sprintf("the code is given twice, first on line %d", before.line)
	case twice:
		return fmt.Sprintf("the code is given twice, first in %s:%d: two visitors would get it", before.file, before.line)
	case utf8.RuneCountInString(code) > maxCodeLength:
		return fmt.Sprintf("the code has %d characters; %d are allowed", utf8.RuneCountInString(code), maxCodeLength)
	case strings.ContainsFunc(code, notInCode):
		return quote(code) + " is not a code: it holds a blank, a ; or a sign that cannot be typed"
	}
	return ""
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

// handed checks where a coupon's code comes from: one for all, or a pool's. It
// gives the pool.
func (r *reader) handed(f *actionFile, path string, pools map[string]Pool) string {
	switch {
	case f.Type.S != "coupon":
		return ""
	case f.Code.At != nil && f.Pool.At != nil:
		r.failWith(f.Pool.At, join(path, "pool"), "value", `"code" and "pool" do not go together`, "code is one for everybody; of a pool each visitor gets one of its own")
	case !f.At.has("code") && !f.At.has("pool"):
		r.failWith(f.At, path, "missing", `a coupon needs a "code" or a "pool"`, "code: WELCOME10 is one for everybody; pool: welcome10 gives each visitor one of coupons/welcome10.csv")
	case f.Code.At != nil && strings.TrimSpace(f.Code.S) == "":
		r.fail(f.Code.At, join(path, "code"), "value", "the code is empty")
	case f.Pool.At != nil:
		if _, known := pools[f.Pool.S]; !known {
			r.failWith(f.Pool.At, join(path, "pool"), "value", fmt.Sprintf("unknown coupon pool %q%s", f.Pool.S, didYouMean(f.Pool.S, sortedKeys(pools))), "put its codes into coupons/"+poolFile(f.Pool.S)+".csv, one a line")
		}
		return f.Pool.S
	}
	return ""
}

// poolFile is a pool's name in a hint, where it could be one.
func poolFile(name string) string {
	if idForm.MatchString(name) {
		return name
	}
	return "NAME"
}
