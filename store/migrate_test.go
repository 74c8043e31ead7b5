package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// renameIn is a migration that changes every run's trigger.
func renameIn(trigger string, fails error) migration {
	return migration{what: "triggers become " + trigger, run: func(tx *bolt.Tx) error {
		run, err := decodeRun(numberKey(1), runBucket.in(tx).Get(numberKey(1)))
		if err != nil {
			return err
		}
		run.Trigger += " " + trigger
		return errors.Join(putRun(tx, run), fails)
	}}
}

// oldStore makes a store of schema 1 with one run and one link.
func oldStore(t *testing.T) string {
	path := newPath(t)
	db := openTest(t, path, Options{Program: "xivosync 1.0", migrations: []migration{}})
	must[record.Run](t)(db.Begin(record.Run{Trigger: "timer"}))
	if err := errors.Join(db.Save([]record.State{storetest.State(1)}), db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMigrate(t *testing.T) {
	path := oldStore(t)
	newer := Options{Program: "xivosync 3.0", migrations: []migration{renameIn("two", nil), renameIn("three", nil)}}
	if _, err := OpenReadOnly(path, newer); err == nil || !strings.Contains(err.Error(), "the next run migrates it") {
		t.Fatalf("reading says %v", err)
	}
	db := openTest(t, path, newer)
	if run := must[record.Run](t)(db.Run(1)); run.Trigger != "timer two three" {
		t.Fatalf("trigger is %q", run.Trigger)
	}
	if info := must[Info](t)(db.Info()); info.Schema != 3 || info.Program != "xivosync 3.0" {
		t.Fatalf("info is %+v", info)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, path, newer) // a second time there is nothing to do

	copied := path + ".before-schema-3"
	if mode := must[os.FileInfo](t)(os.Stat(copied)).Mode(); mode != 0o600 {
		t.Errorf("the copy has mode %v", mode)
	}
	old := openTest(t, copied, Options{NewKey: true, migrations: []migration{}})
	if run := must[record.Run](t)(old.Run(1)); run.Trigger != "timer" {
		t.Fatalf("trigger is %q in the copy", run.Trigger)
	}
}

func TestMigrationFails(t *testing.T) {
	path := oldStore(t)
	broken := errors.New("broken")
	_, err := Open(path, Options{migrations: []migration{renameIn("two", nil), renameIn("three", broken)}})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "before-schema-3") {
		t.Fatalf("opening says %v", err)
	}
	db := openTest(t, path, Options{migrations: []migration{renameIn("two", nil)}})
	if run := must[record.Run](t)(db.Run(1)); run.Trigger != "timer two" {
		t.Fatalf("trigger is %q", run.Trigger)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := newPath(t)
	if err := openTest(t, path, Options{Program: "xivosync 9.9", migrations: make([]migration, 4)}).Close(); err != nil {
		t.Fatal(err)
	}
	for _, open := range []func(string, Options) (*DB, error){Open, OpenReadOnly} {
		_, err := open(path, Options{})
		var newer *NewerSchema
		if !errors.As(err, &newer) || newer.Schema != 5 || !strings.Contains(fmt.Sprint(err), "use xivosync 9.9 or newer") {
			t.Fatalf("opening says %v", err)
		}
	}
}

// TestSchemaOneIsMigrated opens a store as the first schema had it.
func TestSchemaOneIsMigrated(t *testing.T) {
	path := oldStore(t)
	raw := must[*bolt.DB](t)(bolt.Open(path, 0o600, nil))
	err := raw.Update(func(tx *bolt.Tx) error {
		return errors.Join(tx.DeleteBucket([]byte(holdBucket)), tx.DeleteBucket([]byte(holdKeyBucket)), tx.DeleteBucket([]byte(undoneBucket)), tx.DeleteBucket([]byte(mailBucket)), tx.DeleteBucket([]byte(mailKeyBucket)),
			formerBucket.in(tx).Put([]byte("user-9"), []byte("entry-9")), withoutSums(tx, runBucket), withoutSums(tx, linkBucket), withoutSums(tx, stateBucket))
	})
	if err := errors.Join(err, raw.Close()); err != nil {
		t.Fatal(err)
	}
	db := openTest(t, path, Options{})
	checkStore(t, db)
	if err := db.Hold(storetest.Hold("entry-1", "mail")); err != nil {
		t.Fatal(err)
	}
	if run := must[record.Run](t)(db.Run(1)); run.Trigger != "timer" {
		t.Fatalf("trigger is %q", run.Trigger)
	}
	if former := must[string](t)(db.Former("user-9")); former != "entry-9" {
		t.Fatalf("the former entry is %q", former)
	}
	if state := must[record.State](t)(db.State(1)); !cmp.Equal(storetest.State(1), state) {
		t.Fatal(cmp.Diff(storetest.State(1), state))
	}
	must[os.FileInfo](t)(os.Stat(path + ".before-schema-2"))
}

// withoutSums takes the checksums off the values of a bucket.
func withoutSums(tx *bolt.Tx, b bucket) error {
	bare := map[string][]byte{}
	err := b.in(tx).ForEach(func(k, v []byte) error {
		bare[string(k)] = bytes.Clone(v[sumSize:])
		return nil
	})
	for k, v := range bare {
		err = errors.Join(err, b.in(tx).Put([]byte(k), v))
	}
	return err
}
