package store_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"xivosync/store"
)

// TestWhatRootMakesBelongsToTheOwnerOfTheFolder makes, backs up and restores a store
// as root in the folder of a service.
func TestWhatRootMakesBelongsToTheOwnerOfTheFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this is about what root does: run the tests as root, or in a container")
	}
	const service = 4711
	dir, backups := t.TempDir(), t.TempDir()
	if err := os.Chown(dir, service, service); err != nil {
		t.Fatal(err)
	}
	path, backup := filepath.Join(dir, "state.db"), filepath.Join(backups, "state.db")
	db, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	owned(t, service, path, filepath.Join(dir, "state.key"), path+".lock")
	if err := db.Backup(backup); err != nil {
		t.Fatal(err)
	}
	owned(t, 0, backup)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(path, backup, store.Options{}); err != nil {
		t.Fatal(err)
	}
	owned(t, service, path)

	stranger := filepath.Join(backups, "somebody-elses")
	if err := os.WriteFile(stranger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(stranger, link); err != nil {
		t.Fatal(err)
	}
	if db, err := store.Open(link, store.Options{}); err == nil {
		_ = db.Close()
	}
	owned(t, 0, stranger)
}

func owned(t *testing.T, uid uint32, paths ...string) {
	t.Helper()
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t).Uid; got != uid {
			t.Errorf("%s belongs to %d, not to %d", path, got, uid)
		}
	}
}
