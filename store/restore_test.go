package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// backedUp makes a store with a backup, and goes on with the store.
func backedUp(t *testing.T, opts Options) (path, backup string, want dump) {
	t.Helper()
	dir := t.TempDir()
	path, backup = filepath.Join(dir, "state.db"), filepath.Join(dir, "copy.db")
	db := openTest(t, path, opts)
	for _, step := range steps(db)[:6] {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want = dumpStore(t, db, epoch)
	err := db.Backup(backup)
	must[record.Run](t)(db.Begin(record.Run{Started: epoch}))
	if err := errors.Join(err, db.Save([]record.State{storetest.State(9)}), db.Close()); err != nil {
		t.Fatal(err)
	}
	return path, backup, want
}

func TestRestore(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, path string){
		"a store that is sound":     func(*testing.T, string) {},
		"a truncated store":         func(t *testing.T, path string) { ok(t, os.Truncate(path, 9000)) },
		"a store of zeros":          func(t *testing.T, path string) { ok(t, os.WriteFile(path, make([]byte, 50_000), 0o600)) },
		"a store that is gone":      func(t *testing.T, path string) { ok(t, os.Remove(path)) },
		"a store that was emptied":  func(t *testing.T, path string) { ok(t, os.Truncate(path, 0)) },
		"a store of another schema": func(t *testing.T, path string) { newer(t, path) },
	} {
		t.Run(name, func(t *testing.T) {
			path, backup, want := backedUp(t, Options{})
			harm(t, path)
			before, missing := os.ReadFile(path)
			aside := must[string](t)(Restore(path, backup, Options{}))
			db := openTest(t, path, Options{})
			checkStore(t, db)
			sameDump(t, want, dumpStore(t, db, epoch))
			if missing != nil {
				if aside != "" {
					t.Errorf("%s was put aside, and there was nothing", aside)
				}
				return
			}
			if kept := must[[]byte](t)(os.ReadFile(aside)); !bytes.Equal(before, kept) || !strings.HasPrefix(aside, path+".replaced-") {
				t.Errorf("what was there is not what %s holds", aside)
			}
		})
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newer makes the store one of a newer program.
func newer(t *testing.T, path string) {
	ok(t, os.Remove(path))
	ok(t, openTest(t, path, Options{migrations: make([]migration, 4)}).Close())
}

func TestRestoreRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		harm func(t *testing.T, path, backup string)
		opts Options
		says string
	}{
		"a damaged backup": {harm: func(t *testing.T, _, backup string) {
			file := must[[]byte](t)(os.ReadFile(backup))
			at := bytes.LastIndex(file, []byte(`"trigger"`))
			file[at+1] ^= 1
			ok(t, os.WriteFile(backup, file, 0o600))
		}, says: "the backup is damaged, too: run 1: the checksum does not fit"},
		"a truncated backup": {harm: func(t *testing.T, _, backup string) { ok(t, os.Truncate(backup, 9000)) }, says: "bytes are missing"},
		"no backup":          {harm: func(t *testing.T, _, backup string) { ok(t, os.Remove(backup)) }, says: "no such file"},
		"a newer backup":     {harm: func(t *testing.T, _, backup string) { newer(t, backup) }, says: "or newer"},
		"another key":        {opts: Options{Key: bytes.Repeat([]byte{7}, keySize)}, says: "another key"},
		"no key":             {harm: func(t *testing.T, path, _ string) { removeKey(t, path) }, says: "state.key is missing; put it back first"},
		"a store in use":     {harm: func(t *testing.T, path, _ string) { openTest(t, path, Options{}) }, says: "is in use by"},
		"the store itself": {harm: func(t *testing.T, path, backup string) {
			ok(t, errors.Join(os.Remove(backup), os.Symlink(path, backup)))
		}, says: "one file"},
	} {
		t.Run(name, func(t *testing.T) {
			path, backup, _ := backedUp(t, Options{})
			if tc.harm != nil {
				tc.harm(t, path, backup)
			}
			before := must[[]byte](t)(os.ReadFile(path))
			tc.opts.Timeout = 1
			_, err := Restore(path, backup, tc.opts)
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), path) {
				t.Fatalf("restoring says %v", err)
			}
			if !bytes.Equal(before, must[[]byte](t)(os.ReadFile(path))) {
				t.Error("the store was touched")
			}
		})
	}
}

func TestRestoringTwiceAtOnceKeepsBoth(t *testing.T) {
	path, backup, _ := backedUp(t, Options{})
	opts := Options{Clock: func() time.Time { return epoch }}
	first, second := must[string](t)(Restore(path, backup, opts)), must[string](t)(Restore(path, backup, opts))
	if first == second || bytes.Equal(must[[]byte](t)(os.ReadFile(first)), must[[]byte](t)(os.ReadFile(second))) {
		t.Errorf("kept as %s and %s", first, second)
	}
}

func TestRestoreOfAnOlderSchema(t *testing.T) {
	path := oldStore(t)
	backup := filepath.Join(t.TempDir(), "copy.db")
	ok(t, os.Rename(path, backup))
	newer := Options{migrations: []migration{renameIn("two", nil)}}
	if aside := must[string](t)(Restore(path, backup, newer)); aside != "" {
		t.Fatalf("%s was put aside", aside)
	}
	db := openTest(t, path, newer)
	if run := must[record.Run](t)(db.Run(1)); run.Trigger != "timer two" {
		t.Fatalf("trigger is %q", run.Trigger)
	}
}
