package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

func TestBackup(t *testing.T) {
	path, copied := newPath(t), newPath(t)
	key := bytes.Repeat([]byte{1}, keySize)
	db := openTest(t, path, Options{Key: key})
	for _, step := range steps(db)[:6] {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(copied, []byte("an older copy"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := dumpStore(t, db, epoch)
	if err := errors.Join(db.Backup(copied), db.Save([]record.State{storetest.State(9)})); err != nil {
		t.Fatal(err)
	}
	if mode := must[os.FileInfo](t)(os.Stat(copied)).Mode(); mode != 0o600 {
		t.Errorf("the copy has mode %v", mode)
	}
	again := openTest(t, copied, Options{Key: key})
	sameDump(t, want, dumpStore(t, again, epoch))
	checkStore(t, again)
}

func TestBackupRefuses(t *testing.T) {
	path := newPath(t)
	db := openTest(t, path, Options{})
	if err := db.Backup(path); err == nil || !strings.Contains(err.Error(), "would replace the store") {
		t.Errorf("over itself: %v", err)
	}
	if err := db.Backup(filepath.Join(path, "under a file")); err == nil {
		t.Error("could write below a file")
	}
	entries := must[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(path)))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
