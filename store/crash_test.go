package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

var epoch = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// steps is what a run does, a transaction each.
func steps(db *DB) []func() error {
	unit := storetest.Unit(1, 1, 1, 1, 2)
	unit.Changes[0].Step, unit.Changes[1].Step = record.Done, record.Done
	another := storetest.Unit(1, 2, 3, 2, 1)
	conflicts := []record.Conflict{storetest.Conflict("entry-3", "lastname")}
	all := func(record.Conflict) bool { return true }
	return []func() error{
		func() error { _, err := db.Begin(record.Run{Started: epoch}); return err },
		func() error { return db.Open(unit) },
		func() error {
			return db.Settle(unit, 0, 1, reconcile.Effect{States: []record.State{storetest.State(1)}})
		},
		func() error {
			return db.Settle(unit, 1, -1, reconcile.Effect{States: []record.State{storetest.State(1)}})
		},
		func() error {
			return db.Adopt([]record.Unit{another}, reconcile.Effect{States: []record.State{storetest.State(2)}})
		},
		func() error { return db.Reconcile(2, epoch, conflicts, all) },
		func() error { return db.Reconcile(2, epoch, nil, all) },
		func() error { return db.Forget([]uint64{1}) },
		func() error { return db.Finish(record.Run{Number: 1, Started: epoch, Finished: &epoch}) },
		func() error { _, err := db.Begin(record.Run{Started: epoch}); return err },
		func() error { _, err := db.Prune(1, 0, epoch.Add(time.Hour)); return err },
	}
}

// TestCrashBetweenSteps copies the file after each transaction, as a crash would
// leave it: what was committed is there, and nothing else.
func TestCrashBetweenSteps(t *testing.T) {
	path := newPath(t)
	key := bytes.Repeat([]byte{1}, keySize)
	db := openTest(t, path, Options{Key: key})
	before, past := dumpStore(t, db, epoch), must[[]byte](t)(os.ReadFile(path))
	for i, step := range steps(db) {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		after, now := dumpStore(t, db, epoch), must[[]byte](t)(os.ReadFile(path))
		for name, c := range map[string]struct {
			file []byte
			want dump
		}{
			"committed":              {now, after},
			"pages written, no meta": {torn(now, past), before},
		} {
			t.Run(fmt.Sprintf("%d %s", i, name), func(t *testing.T) {
				copied := newPath(t)
				if err := os.WriteFile(copied, c.file, 0o600); err != nil {
					t.Fatal(err)
				}
				again := openTest(t, copied, Options{Key: key})
				sameDump(t, c.want, dumpStore(t, again, epoch))
				checkStore(t, again)
			})
		}
		before, past = after, now
	}
}

// torn is a file of which all pages of a transaction were written but the last,
// the meta page that commits them.
func torn(now, past []byte) []byte {
	metas := 2 * os.Getpagesize()
	return append(bytes.Clone(past[:metas]), now[metas:]...)
}

// writeForever commits units, and says so after each.
func writeForever(path string) {
	db, err := Open(path, Options{NoSync: true})
	if err != nil {
		panic(err)
	}
	run, err := db.Begin(record.Run{})
	for n := uint64(1); err == nil; n++ {
		unit := storetest.Unit(run.Number, int(n), n, n, 1)
		err = errors.Join(db.Open(unit), db.Settle(unit, 0, -1, reconcile.Effect{States: []record.State{storetest.State(n)}}))
		fmt.Println(n)
	}
	panic(err)
}

// TestKill kills a writing process: what it had been told is there, is there.
func TestKill(t *testing.T) {
	path := newPath(t)
	for round := range uint64(3) {
		cmd, _, out := startHelper(t, "write", path)
		told := uint64(0)
		for told < 50*(round+1) && out.Scan() {
			told = must[uint64](t)(strconv.ParseUint(out.Text(), 10, 64))
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		db := openTest(t, path, Options{})
		checkStore(t, db)
		if got := uint64(len(collect(t, db.Changes(round+1)))); got < told || told == 0 {
			t.Fatalf("%d changes of %d", got, told)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// fillDisk writes until the file may not grow, and prints what is in the store
// and the error.
func fillDisk(path string) {
	db, err := Open(path, Options{NoSync: true})
	if err != nil {
		panic(err)
	}
	limit := &syscall.Rlimit{Cur: 300_000, Max: 300_000}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, limit); err != nil {
		panic(err)
	}
	n := uint64(1)
	for err == nil {
		err = db.Save([]record.State{storetest.State(n)})
		n++
	}
	fmt.Println(n - 2)
	fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
	if _, err := db.State(n - 2); err != nil {
		panic(err)
	}
	if err := db.Close(); err != nil {
		panic(err)
	}
}

func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	cmd, _, out := startHelper(t, "fill", path)
	var lines []string
	for out.Scan() {
		lines = append(lines, out.Text())
	}
	if err := cmd.Wait(); err != nil || len(lines) != 2 {
		t.Fatalf("%v: %q", err, lines)
	}
	if !strings.Contains(lines[1], path) || !strings.Contains(lines[1], "make room on its disk") {
		t.Errorf("the error is %s", lines[1])
	}
	db := openTest(t, path, Options{})
	checkStore(t, db)
	want := must[int](t)(strconv.Atoi(lines[0]))
	if got := len(collect(t, db.Links())); got != want || got == 0 {
		t.Fatalf("%d links of %d", got, want)
	}
	if err := db.Save([]record.State{storetest.State(uint64(want) + 1)}); err != nil {
		t.Fatal(err)
	}
}
