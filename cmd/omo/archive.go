package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A backup is one file, a tar compressed with zstd:
//
//	manifest.json   what it is of
//	keys.json …     the data folder's own files
//	ledger/…        a ledger that can be opened
//	clickhouse/…    what BACKUP DATABASE wrote; not there with a ClickHouse of one's own
//	sums.json       the SHA-256 of each of them, last: an archive without it broke off
const (
	manifestFile   = "manifest.json"
	sumsFile       = "sums.json"
	archiveVersion = 1
)

// manifest says what a backup is of.
type manifest struct {
	Version  int       `json:"version"`
	Made     time.Time `json:"made"`
	Ledger   string    `json:"ledger"`   // its id
	Last     uint64    `json:"last"`     // at least so many visits are in it
	Position uint64    `json:"position"` // visits up to here are in the warehouse
	Embedded bool      `json:"embedded"` // ClickHouse is in the archive
	Rows     uint64    `json:"rows"`     // of ClickHouse's event_log
	Rules    string    `json:"rules"`    // hash of the rule set in use
}

// packer writes an archive.
type packer struct {
	tar  *tar.Writer
	zstd *zstd.Encoder
	sums map[string]string
}

func newPacker(w io.Writer) (*packer, error) {
	// One core is enough: the others serve the shop.
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return &packer{tar: tar.NewWriter(z), zstd: z, sums: map[string]string{}}, nil
}

func (p *packer) value(name string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return p.add(name, int64(len(raw)), func(w io.Writer) error { _, err := w.Write(raw); return err })
}

func (p *packer) add(name string, size int64, write func(io.Writer) error) error {
	if err := p.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}); err != nil {
		return err
	}
	sum := sha256.New()
	if err := write(io.MultiWriter(p.tar, sum)); err != nil {
		return err
	}
	p.sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// folder adds the regular files below dir under a name, but for those left out.
func (p *packer) folder(dir, as string, leftOut func(string) bool) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(dir, file)
		switch {
		case err != nil:
			return err
		case within != "." && leftOut(within):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return p.add(path.Join(as, filepath.ToSlash(within)), info.Size(), func(w io.Writer) error {
			_, err := io.CopyN(w, f, info.Size())
			return err
		})
	})
}

func (p *packer) close() error {
	if err := p.value(sumsFile, p.sums); err != nil {
		return err
	}
	return errors.Join(p.tar.Close(), p.zstd.Close())
}

// unpack writes an archive's files below dir, which must be there, and checks
// each against its sum. What names a place outside dir is refused.
func unpack(r io.Reader, dir string) (manifest, error) {
	var m manifest
	root, err := os.OpenRoot(dir)
	if err != nil {
		return m, err
	}
	defer root.Close()
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return m, err
	}
	defer z.Close()
	sums, listed := map[string]string{}, map[string]string{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return m, fmt.Errorf("the backup is damaged or broke off: %w", err)
		}
		if h.Name == sumsFile {
			if err := json.NewDecoder(t).Decode(&listed); err != nil {
				return m, fmt.Errorf("the backup is damaged: %s: %w", sumsFile, err)
			}
			continue
		}
		if sums[h.Name], err = writeSummed(root, h.Name, t); err != nil {
			return m, fmt.Errorf("the backup is damaged or cannot be written: %s: %w", h.Name, err)
		}
	}
	if len(listed) == 0 {
		return m, errors.New("the backup is not whole: its list of files is missing at the end; make it anew, or take an older one")
	}
	for name, sum := range listed {
		if sums[name] != sum {
			return m, fmt.Errorf("the backup is damaged: %s is not what was backed up; take an older one", name)
		}
	}
	raw, err := root.ReadFile(manifestFile)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	switch {
	case err != nil:
		return m, fmt.Errorf("this is no backup of omo: %w", err)
	case m.Version != archiveVersion:
		return m, fmt.Errorf("the backup has version %d and this omo reads %d: restore it with the omo that made it", m.Version, archiveVersion)
	}
	return m, root.Remove(manifestFile)
}

func writeSummed(root *os.Root, name string, r io.Reader) (string, error) {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return "", err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), r)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, f.Sync(), f.Close())
}
