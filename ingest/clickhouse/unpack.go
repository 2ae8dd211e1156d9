package clickhouse

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

// libraryFile is the library's name in the cache, on every platform.
const libraryFile = "libchdb.so"

// reporter passes bytes on and tells how many went by, a mebibyte at a time. It
// ends when the context does.
type reporter struct {
	ctx   context.Context
	r     io.Reader
	n     int64
	said  int64
	stage string
	total int64
	tell  Progress
}

func (r *reporter) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	r.n += int64(n)
	if r.n-r.said >= 1<<20 || err != nil {
		r.said = r.n
		r.tell(r.stage, r.n, r.total)
	}
	return n, err
}

// verify compares a file with its SHA-512.
func verify(ctx context.Context, file string, want []byte, tell Progress) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := sha512.New()
	if _, err := io.Copy(h, &reporter{ctx: ctx, r: f, stage: "verify", total: info.Size(), tell: tell}); err != nil {
		return err
	}
	if got := h.Sum(nil); !bytes.Equal(got, want) {
		return fmt.Errorf("the checksum of what was downloaded (%d bytes, sha512 %x…) is not the pinned one (%x…)",
			info.Size(), got[:8], want[:8])
	}
	return nil
}

// unpack writes the library out of an npm tarball into a new folder, synced, and
// nothing else of it. size is the library's size if known, otherwise 0.
func unpack(ctx context.Context, tarball, folder string, size int64, tell Progress) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	defer unzipped.Close()
	entries := tar.NewReader(unzipped)
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("there is no %s in the package", libraryFile)
		}
		if err != nil {
			return err
		}
		name := path.Base(entry.Name)
		if entry.Typeflag != tar.TypeReg || name != libraryFile && name != "libchdb.dylib" {
			continue
		}
		if size > 0 && entry.Size != size {
			return fmt.Errorf("%s has %d bytes, not %d", name, entry.Size, size)
		}
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		return writeSynced(filepath.Join(folder, libraryFile),
			&reporter{ctx: ctx, r: entries, stage: "unpack", total: entry.Size, tell: tell})
	}
}

func writeSynced(file string, r io.Reader) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, 1<<20)); err != nil {
		return err
	}
	return f.Sync()
}
