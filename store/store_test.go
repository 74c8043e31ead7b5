package store

import (
	"path/filepath"
	"testing"

	"xivosync/reconcile"
	"xivosync/store/storetest"
)

// openTest opens a store for a test, and closes it at the end.
func openTest(t testing.TB, path string, opts Options) *DB {
	t.Helper()
	opts.NoSync = true
	db, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newPath returns where a test's store is.
func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "state.db") }

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() reconcile.Store {
		path := newPath(t)
		var db *DB
		return func() reconcile.Store {
			if db != nil {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			db = openTest(t, path, Options{})
			return db
		}
	})
}
