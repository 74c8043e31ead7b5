package store

import (
	"fmt"
	"io"
	"os"

	bolt "go.etcd.io/bbolt"
)

// Backup writes a copy of the store as it is now to a file that only its owner
// can read, replacing one of that name in one go. The store may be written to
// meanwhile. The key file is not part of it: without it, the copy's secrets
// cannot be read.
func (db *DB) Backup(path string) error {
	if same(db.path, path) {
		return fmt.Errorf("back up store %s: the copy would replace the store", db.path)
	}
	err := db.view(func(tx *bolt.Tx) error {
		return replaceFile(path, func(w io.Writer) error {
			_, err := tx.WriteTo(w)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("back up to %s: %w", path, sayRoom(err))
	}
	return nil
}

// same tells whether both names are one file.
func same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
