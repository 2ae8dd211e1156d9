package rules

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"strings"
)

const (
	maxFiles = 20_000
	maxFound = 50_000 // findings: past them no further file is read
)

// Load reads a rules folder: site.yaml, segments.yaml and coupons/*.csv if they
// are there, and every campaigns/*.yaml. It returns every complaint at once, by file and place,
// and a set only when none of them is an error. Drafts are checked like the rest
// and are in no decision.
func Load(folder fs.FS) (*Set, Findings) {
	l := &loader{folder: folder, source: map[string]string{}}
	set := l.load()
	l.found.finish()
	if l.found.Err() != nil {
		return nil, l.found
	}
	return set, l.found
}

type loader struct {
	folder fs.FS
	source map[string]string
	found  Findings

	examine func(all []*checked, site Site, lang *language) // nil, or Lint's look at a folder without errors
}

func (l *loader) load() *Set {
	names, ok := l.files()
	if !ok {
		return nil
	}
	var siteText siteFile
	in := l.single("site.yaml", &siteText)
	site := in.site(&siteText)
	lang := newLanguage(site)
	lang.pools = l.pools()
	l.segments(lang)
	var staff []condition
	if siteText.Staff.At != nil {
		staff = lang.conditions(in, siteText.Staff, "staff")
	}

	var all []*checked
	read := 0
	for w := range l.written(names) {
		if len(l.found) > maxFound {
			l.folderError(".", fmt.Sprintf("there are more than %d findings: %s and all after it were not read (%d files)", maxFound, w.in.src.name, len(names)-read), "mend these first")
			break
		}
		read++
		all = append(all, l.campaigns(w, site, lang)...)
	}
	l.together(all)
	l.named(all, lang, in, siteText.Budget)
	if l.found.Err() != nil {
		return nil
	}
	if l.examine != nil {
		l.examine(all, site, lang)
	}
	return l.assemble(all, site, staff, lang)
}

func (l *loader) folderError(file, message, hint string) {
	l.found = append(l.found, Finding{File: file, Severity: Error, Code: "folder", Message: message, Hint: hint})
}

// files lists the campaign files, in order of their names.
func (l *loader) files() (names []string, ok bool) {
	const how = "make it with a campaign in it, or begin with what omo init makes"
	top, err := fs.ReadDir(l.folder, ".")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.folderError(".", "there is no such folder", how)
		return nil, false
	case err != nil:
		l.folderError(".", fmt.Sprintf("cannot be read: %v", err), "check that it is a folder and who may read it")
		return nil, false
	}
	for _, e := range top {
		if n := e.Name(); n == "site.yml" || n == "segments.yml" {
			l.folderError(n, "is not read", "rename it to "+strings.TrimSuffix(n, ".yml")+".yaml")
		}
	}
	entries, err := fs.ReadDir(l.folder, "campaigns")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.folderError("campaigns", "there is no such folder", how)
		return nil, false
	case err != nil:
		l.folderError("campaigns", fmt.Sprintf("cannot be read: %v", err), "check that it is a folder and who may read it")
		return nil, false
	}
	for _, e := range entries {
		name := path.Join("campaigns", e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."): // an editor's or a version control's own
		case e.IsDir():
			l.folderError(name, "folders inside campaigns are not read", "move its files up")
		case strings.HasSuffix(name, ".yml"):
			l.folderError(name, "is not read", "rename it to "+strings.TrimSuffix(e.Name(), ".yml")+".yaml")
		case strings.HasSuffix(name, ".yaml"):
			names = append(names, name)
		}
	}
	if len(names) == 0 && len(l.found) == 0 {
		l.folderError("campaigns", "the folder holds no .yaml file", how)
	}
	if len(names) > maxFiles {
		l.folderError("campaigns", fmt.Sprintf("the folder holds %d files; %d are allowed", len(names), maxFiles), "put several campaigns in one file, --- between them")
		return nil, false
	}
	return names, true
}

// text reads a file into the source; found says whether there is one. Of one
// that is too long it holds a byte more than is allowed.
func (l *loader) text(name string) (text string, found bool) {
	text, found = l.upTo(name, maxFileBytes)
	if found {
		l.source[name] = text
	}
	return text, found
}

// upTo reads at most a byte more than so many of a file.
func (l *loader) upTo(name string, most int64) (text string, found bool) {
	f, err := l.folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	var raw []byte
	if err == nil {
		raw, err = io.ReadAll(io.LimitReader(f, most+1))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		l.folderError(name, fmt.Sprintf("cannot be read: %v", err), "check who may read it")
		return "", false
	}
	return string(raw), true
}

// read returns the documents of a file, none when it is not there or cannot be read.
func (l *loader) read(name string) (in *reader, docs []*node) {
	in = &reader{src: &source{name: name}, found: &l.found, most: maxTold}
	text, found := l.text(name)
	if !found {
		return in, nil
	}
	return in, in.parse(name, text)
}

// single reads a file of one document, such as site.yaml; it may be missing or empty.
func (l *loader) single(name string, into any) *reader {
	in, docs := l.read(name)
	if len(docs) > 1 {
		in.fail(docs[1], "", "value", "%s holds one document", name)
	}
	if len(docs) > 0 {
		in.decode(docs[0], "", into)
	}
	return in
}

func (l *loader) segments(lang *language) {
	var f segmentsFile
	in := l.single("segments.yaml", &f)
	in.deriveds(&f, lang)
	for _, e := range f.Segments {
		in.wellFormed(text{e.Name, e.Key}, join("segments", e.Name), idForm, "1 to 64 of a-z, 0-9, _ and -")
		s := &segment{name: e.Name, rule: e.Value, in: in, key: e.Key}
		if e.Value.At == nil {
			s.state = broken
		}
		lang.segments[e.Name] = s
	}
	for _, e := range f.Segments {
		lang.segments[e.Name].check(lang)
	}
}

// campaigns checks the documents of one file.
func (l *loader) campaigns(w *written, site Site, lang *language) []*checked {
	maps.Copy(l.source, w.source)
	l.found = append(l.found, w.found...)
	w.in.found = &l.found
	var out []*checked
	for i := range w.documents {
		if f := &w.documents[i]; f.At.kind == mapping {
			out = append(out, w.in.campaign(f, site, lang))
		}
		runtime.Gosched() // a server that reloads has visitors who wait
	}
	if len(w.documents) == 0 && len(w.found) == 0 {
		l.folderError(w.in.src.name, "the file holds no campaign", "write one or delete the file")
	}
	return out
}

// together checks what one campaign alone cannot get wrong.
func (l *loader) together(all []*checked) {
	ids, salts := map[string]*checked{}, map[string]*checked{}
	for _, c := range all {
		if c.id == nil {
			continue
		}
		if first := ids[c.ID]; first != nil {
			c.r.failWith(c.id, "id", "duplicate", fmt.Sprintf("id %q is already used on %s:%d", c.ID, first.File, first.id.line), "every campaign has an id of its own")
			continue
		}
		ids[c.ID] = c
		at, key := c.id, "id"
		if c.salt != nil {
			at, key = c.salt, "salt"
		}
		if first := salts[c.Salt]; first != nil {
			c.r.warn(at, key, "salt_shared", fmt.Sprintf("campaign %q has the same salt: both split visitors alike", first.ID), "tests that run at the same time need salts of their own")
		} else {
			salts[c.Salt] = c
		}
	}
}
