package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A seal says, in a small file beside the ledger's folder, what the folder must
// hold. The store takes a damaged end of its log, or of its list of files, for
// one that was torn while nobody had been promised anything; and a folder
// without a list for a new one. The seal tells the difference. It is written
// after each fsync and not fsynced itself: the death of the process leaves it
// exact, a power cut may leave an earlier one, and then a loss since is not seen.
type seal struct {
	Ledger   string `json:"ledger"`   // its id
	Seq      uint64 `json:"seq"`      // the last durable visit
	Manifest string `json:"manifest"` // the store's list of its files
	Size     int64  `json:"size"`     // how long the list was at least
	Sum      uint32 `json:"sum"`      // and the checksum of so much of it
}

// sealSize is the length of the file: padded, so that a write needs no space.
const sealSize = 256

// sealer keeps the seal's file. Not safe for concurrent use but for listed.
type sealer struct {
	file   vfs.File
	now    seal
	listed atomic.Bool // the store's list of files may have changed
}

var errNoSeal = errors.New("there is no seal")

// readSeal gives errNoSeal where there is none.
func readSeal(fs vfs.FS, path string) (s seal, err error) {
	f, err := fs.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, errNoSeal
	}
	if err != nil {
		return s, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, sealSize))
	if err != nil {
		return s, err
	}
	body, sum, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) {
		return s, errors.New("its checksum is wrong")
	}
	return s, json.Unmarshal([]byte(body), &s)
}

// write replaces the seal.
func (s *sealer) write() error {
	body, err := json.Marshal(s.now)
	if err != nil {
		return err
	}
	text := fmt.Appendf(body, " %08x", crc32.ChecksumIEEE(body))
	text = append(text, bytes.Repeat([]byte{' '}, sealSize-1-len(text))...)
	_, err = s.file.WriteAt(append(text, '\n'), 0)
	return err
}

// examine looks at the folder before the store does, which changes it.
func examine(fs vfs.FS, dir string, was seal, known bool) error {
	desc, err := pebble.Peek(dir, fs)
	if err != nil {
		return err
	}
	if !desc.Exists {
		if known {
			return errors.New("the list of its files is gone, and so would be all it held")
		}
		return pristine(fs, dir)
	}
	list := fs.PathBase(desc.ManifestFilename)
	if !known || was.Manifest == "" {
		return nil
	}
	if list != was.Manifest {
		if len(list) < len(was.Manifest) || list < was.Manifest {
			return fmt.Errorf("it points to %s, and was last seen with %s", list, was.Manifest)
		}
		return nil // the list was begun anew just before the end
	}
	size, sum, err := listSum(fs, desc.ManifestFilename, was.Size)
	if err != nil {
		return err
	}
	if size != was.Size || sum != was.Sum {
		return fmt.Errorf("%s is not as it was written", list)
	}
	return nil
}

// pristine says whether a folder without a store has nothing of one either.
func pristine(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		for _, ending := range []string{".sst", ".log", ".blob"} {
			if strings.HasSuffix(name, ending) {
				return fmt.Errorf("it has files of a ledger (%s) and no list of them", name)
			}
		}
	}
	return nil
}

// listSum sums up at most so many bytes of a file.
func listSum(fs vfs.FS, path string, most int64) (size int64, sum uint32, err error) {
	f, err := fs.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most))
	return int64(len(text)), crc32.ChecksumIEEE(text), err
}

// openSeal opens the seal's file for what comes, and writes it for what is.
func (l *Ledger) openSeal(path string) (err error) {
	if l.seal.file, err = l.fs.FS.OpenReadWrite(path, vfs.WriteCategoryUnspecified); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	l.seal.now = seal{Ledger: l.id}
	l.seal.listed.Store(true)
	if err := errors.Join(l.sealUp(l.durable.Load()), l.seal.file.Sync()); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}

// sealUp writes that the visits up to one are durable. One at a time.
func (l *Ledger) sealUp(upTo uint64) error {
	l.seal.now.Seq = upTo
	if l.seal.listed.CompareAndSwap(true, false) {
		desc, err := pebble.Peek(l.dir, l.fs.FS)
		if err != nil {
			return err
		}
		size, sum, err := listSum(l.fs.FS, desc.ManifestFilename, 1<<40)
		if err != nil {
			return err
		}
		l.seal.now.Manifest, l.seal.now.Size, l.seal.now.Sum = l.fs.PathBase(desc.ManifestFilename), size, sum
	}
	return l.seal.write()
}

// compare holds what the store gave against the seal.
func (l *Ledger) compare(was seal, accept bool) error {
	switch id, err := l.Marked("ledger-id"); {
	case err != nil:
		return err
	case string(id) != was.Ledger:
		return fmt.Errorf("it is ledger %q, and %q belongs here", id, was.Ledger)
	case l.last >= was.Seq:
		return nil
	case !accept:
		return fmt.Errorf("its last visit is %d, and %d were acknowledged (--accept-ledger-loss goes on without the others)", l.last, was.Seq)
	}
	l.log.Error("visits that were acknowledged are lost, which was accepted", "from", l.last+1, "to", was.Seq)
	l.last = was.Seq // the numbers were given: what ClickHouse has of them stays theirs
	l.durable.Store(l.last)
	return l.raiseFloor(l.last)
}
