package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// threeRuns makes a store with a little of everything.
func threeRuns(t *testing.T) *DB {
	t.Helper()
	db := openTest(t, newPath(t), Options{})
	for n := uint64(1); n <= 3; n++ {
		at := epoch.Add(time.Duration(n) * time.Hour)
		run := must[record.Run](t)(db.Begin(record.Run{Started: at}))
		run.Finished = &at
		ok(t, errors.Join(db.Adopt([]record.Unit{storetest.Unit(n, 1, 1, n, 2)}, reconcile.Effect{}), db.Finish(run)))
	}
	found := []record.Conflict{storetest.Conflict("entry-1", "mail")}
	ok(t, errors.Join(db.Save([]record.State{storetest.State(1)}), db.Hold(storetest.Hold("entry-1", "mail")), db.Open(storetest.Unit(3, 9, 9, 1, 1)),
		db.Keep(reconcile.Effect{Mails: []record.Mail{storetest.Mail("one")}}), db.Reconcile(3, epoch, found, func(record.Conflict) bool { return true })))
	return db
}

// writes are all that can be written to a store of three runs.
func writes(db *DB) map[string]func() error {
	unit, open := storetest.Unit(3, 5, 50, 1, 2), storetest.Unit(3, 9, 9, 1, 1)
	state, all := storetest.State(1), func(record.Conflict) bool { return true }
	return map[string]func() error{
		"begin":   func() error { _, err := db.Begin(record.Run{Started: epoch}); return err },
		"finish":  func() error { return db.Finish(record.Run{Number: 3, Started: epoch}) },
		"intent":  func() error { return db.Open(unit) },
		"outcome": func() error { return db.Settle(open, 0, -1, reconcile.Effect{States: []record.State{state}}) },
		"adoption": func() error {
			return db.Adopt([]record.Unit{unit}, reconcile.Effect{States: []record.State{storetest.State(2)}})
		},
		"mail": func() error { return db.Keep(reconcile.Effect{Mails: []record.Mail{storetest.Mail("another")}}) },
		"mail on": func() error {
			m := storetest.Mail("one")
			m.Number, m.State = 1, record.MailSent
			return db.UpdateMail(m)
		},
		"state":    func() error { return db.Save([]record.State{storetest.State(7)}) },
		"touch":    func() error { l := state.Link; l.Attention = !l.Attention; return db.Touch([]record.Link{l}) },
		"forget":   func() error { return db.Forget([]uint64{1}) },
		"memory":   func() error { return db.Remember(reconcile.Memory{Completed: 3}) },
		"settings": func() error { return db.Configure(map[string]record.Digest{"a": {1}}) },
		"conflict": func() error {
			return db.Reconcile(3, epoch, []record.Conflict{storetest.Conflict("entry-9", "mail")}, func(record.Conflict) bool { return false })
		},
		"closed conflict": func() error { return db.Reconcile(3, epoch, nil, all) },
		"decision":        func() error { return db.Decide(1, &record.Decision{Take: record.DecideIgnore, Who: "ann"}) },
		"hold":            func() error { return db.Hold(storetest.Hold("entry-2", "sn")) },
		"release":         func() error { return db.Release(1) },
		"retention":       func() error { _, err := db.Prune(1, 0, epoch.Add(24*time.Hour)); return err },
	}
}

// TestNothingIsKeptWithoutRoom has each kind of write find the disk full: it says
// so, nothing of it is there, the store goes on and opens again, and with room the
// same write succeeds.
func TestNothingIsKeptWithoutRoom(t *testing.T) {
	if !apart(t) {
		return
	}
	full := threeRuns(t)
	path := newPath(t)
	ok(t, full.Backup(path))
	key := must[[]byte](t)(os.ReadFile(KeyFile(full.path)))
	for name := range writes(nil) {
		t.Run(name, func(t *testing.T) {
			copied := newPath(t)
			ok(t, errors.Join(os.WriteFile(copied, must[[]byte](t)(os.ReadFile(path)), 0o600), os.WriteFile(KeyFile(copied), key, 0o600)))
			db := openTest(t, copied, Options{})
			before, settings := dumpStore(t, db, epoch), must[map[string]record.Digest](t)(db.Configuration())
			tellsOfRoom(t, noRoom(t, 0, writes(db)[name]), copied)
			sameDump(t, before, dumpStore(t, db, epoch))
			ok(t, db.Close())
			db = openTest(t, copied, Options{})
			checkStore(t, db)
			sameDump(t, before, dumpStore(t, db, epoch))
			ok(t, writes(db)[name]())
			if now := must[map[string]record.Digest](t)(db.Configuration()); cmp.Equal(before, dumpStore(t, db, epoch)) && cmp.Equal(settings, now) {
				t.Error("there was nothing to write")
			}
			checkStore(t, db)
		})
	}
}

// TestAStoreThatFindsNoRoomAtFirst is made where there is no room for all of it, or
// for a part: the next one is made in its place.
func TestAStoreThatFindsNoRoomAtFirst(t *testing.T) {
	if !apart(t) {
		return
	}
	failed := 0
	for size := uint64(0); size <= 1<<16; size += 512 {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			path := newPath(t)
			err := noRoom(t, size, func() error {
				db, err := Open(path, Options{NoSync: true})
				if err == nil {
					err = db.Close()
				}
				return err
			})
			if err != nil {
				failed++
				tellsOfRoom(t, err, path)
			}
			db := openTest(t, path, Options{})
			ok(t, db.Save([]record.State{storetest.State(1)}))
			checkStore(t, db)
		})
	}
	if failed < 20 {
		t.Errorf("only %d found no room", failed)
	}
}

// TestABackupThatFindsNoRoom leaves the copy that was there, and nothing else.
func TestABackupThatFindsNoRoom(t *testing.T) {
	if !apart(t) {
		return
	}
	path, backup, _ := backedUp(t, Options{})
	db := openTest(t, path, Options{})
	before := must[[]byte](t)(os.ReadFile(backup))
	for size := uint64(0); size <= 1<<14; size += 1 << 12 {
		tellsOfRoom(t, noRoom(t, size, func() error { return db.Backup(backup) }), backup)
	}
	if now := must[[]byte](t)(os.ReadFile(backup)); string(now) != string(before) {
		t.Error("the copy that was there is another one")
	}
	onlyThese(t, path, backup, KeyFile(path), holderFile(path))
}

// TestARestoreThatFindsNoRoom leaves the store that was there, and nothing else.
func TestARestoreThatFindsNoRoom(t *testing.T) {
	if !apart(t) {
		return
	}
	path, backup, _ := backedUp(t, Options{})
	before := must[[]byte](t)(os.ReadFile(path))
	for size := uint64(0); size <= 1<<14; size += 1 << 12 {
		tellsOfRoom(t, noRoom(t, size, func() error { _, err := Restore(path, backup, Options{}); return err }), path)
	}
	if now := must[[]byte](t)(os.ReadFile(path)); string(now) != string(before) {
		t.Error("the store that was there is another one")
	}
	onlyThese(t, path, backup, KeyFile(path))
}

// onlyThese fails unless these are all the files that are beside one another.
func onlyThese(t *testing.T, paths ...string) {
	t.Helper()
	var want, got []string
	for _, path := range paths {
		want = append(want, filepath.Base(path))
	}
	for _, e := range must[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(paths[0]))) {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
}
