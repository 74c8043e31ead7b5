package contacts

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// line is a row as CSV (RFC 4180, with [Delimiter]), with its line end: quotes,
// delimiters and line breaks in a cell survive.
func line(cells []string) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma = Delimiter
	_ = w.Write(cells) // a Buffer takes everything, and the delimiter is a valid one
	w.Flush()
	return out.Bytes()
}

// WriteTo writes the whole sheet: the header line, then a line for each person.
func (s *Sheet) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(s.header)
	if err != nil {
		return int64(n), err
	}
	m, err := w.Write(s.lines)
	return int64(n + m), err
}

// WriteFile replaces the file by the sheet, in UTF-8. A reader sees the old
// sheet or the new one, never a part; after an error the old one is still there.
func (s *Sheet) WriteFile(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write the contact sheet: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write the contact sheet %s: %w", path, err)
		}
	}()
	if _, err = s.WriteTo(f); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(fileMode)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// fileMode lets the group read, as which XiVO's web server or a copying job may
// come; telephone lists are nobody else's business.
const fileMode = 0o640
