package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// ErrDamaged is returned when the file is not a store, or no longer a whole one.
var ErrDamaged = errors.New(`the file is not a store, or it is damaged; put a backup in its place: "xivosync state restore FILE"`)

// metaPage is the part of bbolt's meta page that is needed to tell how long the
// file has to be (bbolt, internal/common: Meta).
type metaPage struct {
	Magic, Version, PageSize, Flags uint32
	Root, Sequence, Freelist        uint64
	Pages, Txid, Checksum           uint64
}

const (
	metaMagic  = 0xED0CDAED
	metaOffset = 16 // the page header
	metaLength = 64
)

// preflight finds a file that was cut off. bbolt maps the file into memory and
// would fault where pages are missing.
func preflight(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	first, ok0 := readMeta(f, 0)
	second, ok1 := readMeta(f, int64(os.Getpagesize()))
	if ok0 && first.PageSize != uint32(os.Getpagesize()) {
		second, ok1 = readMeta(f, int64(first.PageSize))
	}
	last := first
	if ok1 && (!ok0 || second.Txid > first.Txid) {
		last = second
	}
	if !ok0 && !ok1 {
		return ErrDamaged
	}
	if want := int64(last.Pages) * int64(last.PageSize); info.Size() < want {
		return fmt.Errorf("%d bytes are missing of %d: %w", want-info.Size(), want, ErrDamaged)
	}
	return nil
}

// readMeta reads the meta page at an offset, and tells whether it is whole.
func readMeta(f *os.File, offset int64) (m metaPage, ok bool) {
	buf := make([]byte, metaLength)
	if _, err := io.ReadFull(io.NewSectionReader(f, offset+metaOffset, metaLength), buf); err != nil {
		return m, false
	}
	if _, err := binary.Decode(buf, binary.NativeEndian, &m); err != nil {
		return m, false
	}
	sum := fnv.New64a()
	sum.Write(buf[:metaLength-8])
	return m, m.Magic == metaMagic && m.Checksum == sum.Sum64()
}
