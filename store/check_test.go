package store

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// fullStore makes a store with something of everything.
func fullStore(t *testing.T, path string) *DB {
	t.Helper()
	db := openTest(t, path, Options{Key: make([]byte, keySize)})
	for _, step := range steps(db)[:6] {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.Open(storetest.Unit(1, 3, 10, 3, 1)), db.Hold(storetest.Hold("entry-1", "mail")),
		db.Keep(reconcile.Effect{Mails: []record.Mail{storetest.Mail("onboarding")}})); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	put := func(b bucket, key, value []byte) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error { return b.in(tx).Put(key, value) }
	}
	remove := func(b bucket, key []byte) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error { return b.in(tx).Delete(key) }
	}
	closed := must[[]byte](t)(encode(pairKey(1, 3), &unitRow{Seqs: []uint64{10}, Closed: true}))
	for name, tc := range map[string]struct {
		harm func(*bolt.Tx) error
		want string
	}{
		"link row":           {put(linkBucket, numberKey(1), []byte{linkSchema}), "link 1: link row is damaged"},
		"link schema":        {put(linkBucket, numberKey(1), []byte{9}), "schema 9 is not known"},
		"state":              {put(stateBucket, numberKey(1), []byte("{")), "state of link 1: decode"},
		"state schema":       {put(stateBucket, numberKey(1), []byte(`{"v":7}`)), "value has schema 7"},
		"state without link": {remove(linkBucket, numberKey(1)), "state of link 1: there is no such link"},
		"former entry":       {put(formerBucket, []byte("user-1"), []byte("entry-1")), `former entry of user "user-1": the checksum does not fit`},
		"changed value":      {put(stateBucket, numberKey(1), withSum(numberKey(2), []byte(`{"v":1}`))), "state of link 1: the checksum does not fit"},
		"bucket missing":     {func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte(unitBucket)) }, "bucket unit is missing"},
		"bucket unknown":     {func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err }, `bucket "x" is not known`},
		"meta key":           {put(metaBucket, []byte("memorz"), nil), `key "memorz" is not known`},
		"number given again": {func(tx *bolt.Tx) error { return runBucket.in(tx).SetSequence(0) }, "bucket run: the highest number given is 0, and there is 1"},
		"memory":             {put(metaBucket, []byte(metaMemory), []byte("x")), "memory: decode"},
		"configuration":      {put(metaBucket, []byte(metaConfig), []byte("x")), "configuration: decode"},
		"rollback astray":    {put(undoneBucket, pairKey(1, 9), nil), "index rolled_back: run 9 is missing"},
		"rollback not found": {func(tx *bolt.Tx) error {
			return errors.Join(putRun(tx, record.Run{Number: 2, RolledBack: []uint64{1}}), undoneBucket.in(tx).Delete(pairKey(1, 2)))
		}, "run 2: not in the index rolled_back of run 1"},
		"run":                {put(runBucket, numberKey(1), []byte("x")), "run 1: decode"},
		"no run":             {remove(runBucket, numberKey(1)), "unit 1 of run 1: there is no such run"},
		"unit":               {put(unitBucket, pairKey(1, 1), []byte("x")), "unit 1 of run 1: decode"},
		"unit not listed":    {remove(openBucket, pairKey(1, 3)), "unit 3 of run 1: closed is false, listed as open is false"},
		"closed unit listed": {put(unitBucket, pairKey(1, 3), closed), "closed is true, listed as open is true"},
		"listed, no unit":    {put(openBucket, pairKey(1, 9), nil), "unit 9 of run 1: listed as open, but missing"},
		"change":             {put(changeBucket, pairKey(1, 1), []byte("x")), "change 1/1: decode"},
		"no change":          {remove(changeBucket, pairKey(1, 1)), "change 1/1 is missing"},
		"no unit":            {remove(unitBucket, pairKey(1, 2)), "change 1/3: unit 2 is missing"},
		"link index":         {remove(byLinkBucket, indexKey(numberKey(1), 1, 1)), "change 1/1: not in the index change_by_link"},
		"entry index":        {remove(byEntryBucket, indexKey(entryPrefix("entry-1"), 1, 1)), "change 1/1: not in the index change_by_entry"},
		"index astray":       {put(byLinkBucket, indexKey(numberKey(1), 8, 8), nil), "index change_by_link: change 8/8 is missing"},
		"box":                {swapBoxes, "the sealed values are damaged"},
		"conflict":           {put(conflictBucket, numberKey(1), []byte("x")), "conflict 1: decode"},
		"conflict key":       {remove(byKeyBucket, []byte("entry-3\x00lastname")), "conflict 1: closed is false, found by its key is false"},
		"mail":               {put(mailBucket, numberKey(1), []byte("x")), "mail 1: decode"},
		"mail key":           {remove(mailKeyBucket, []byte("onboarding")), "mail 1: not found by its key"},
		"no mail":            {remove(mailBucket, numberKey(1)), "mail 1: found by its key, but missing"},
		"hold":               {put(holdBucket, numberKey(1), []byte("x")), "hold 1: decode"},
		"hold key":           {remove(holdKeyBucket, []byte("entry-1\x00mail")), "hold 1: not found by its key"},
		"no hold":            {remove(holdBucket, numberKey(1)), "hold 1: found by its key, but missing"},
		"no conflict":        {remove(conflictBucket, numberKey(1)), "conflict 1: found by its key, but missing"},
	} {
		t.Run(name, func(t *testing.T) {
			db := fullStore(t, newPath(t))
			checkStore(t, db)
			if err := db.update(tc.harm); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(must[[]string](t)(db.Check()), "\n")
			if !strings.Contains(got, tc.want) {
				t.Fatalf("check says %q", got)
			}
		})
	}
}

// swapBoxes gives one change the sealed values of another.
func swapBoxes(tx *bolt.Tx) error {
	var one, other changeRow
	if err := errors.Join(getChange(tx, pairKey(1, 1), &one), getChange(tx, pairKey(1, 2), &other)); err != nil {
		return err
	}
	one.Fields["password"] = other.Fields["password"]
	return putChange(tx, pairKey(1, 1), &one)
}

func TestCheckStopsAtAHundred(t *testing.T) {
	db := openTest(t, newPath(t), Options{})
	err := db.update(func(tx *bolt.Tx) error {
		for n := range uint64(200) {
			if err := linkBucket.in(tx).Put(numberKey(n), nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := must[[]string](t)(db.Check()); len(got) != maxProblems+1 {
		t.Fatalf("%d problems", len(got))
	}
}

// TestDamagedFiles opens files that are no store, or no whole one: an error that
// names the file, and no panic.
func TestDamagedFiles(t *testing.T) {
	path := newPath(t)
	db := fullStore(t, path)
	states := make([]record.State, 500)
	for i := range states {
		states[i] = storetest.State(uint64(i) + 1)
	}
	if err := errors.Join(db.Save(states), db.Close()); err != nil {
		t.Fatal(err)
	}
	sound := must[[]byte](t)(os.ReadFile(path))
	for name, file := range map[string][]byte{
		"text":          []byte("this is not a store"),
		"long text":     bytes.Repeat([]byte("this is not a store "), 5000),
		"zeros":         make([]byte, 1<<16),
		"one page":      sound[:os.Getpagesize()],
		"two pages":     sound[:2*os.Getpagesize()],
		"cut off":       sound[:len(sound)/2],
		"no data pages": append(bytes.Clone(sound[:2*os.Getpagesize()]), make([]byte, len(sound)-2*os.Getpagesize())...),
		"noise":         append(bytes.Clone(sound[:2*os.Getpagesize()]), bytes.Repeat([]byte{0xAB}, len(sound)-2*os.Getpagesize())...),
	} {
		for how, open := range map[string]func(string, Options) (*DB, error){"write": Open, "read": OpenReadOnly} {
			t.Run(name+" "+how, func(t *testing.T) {
				damaged := newPath(t)
				if err := os.WriteFile(damaged, file, 0o600); err != nil {
					t.Fatal(err)
				}
				_, err := open(damaged, Options{Key: make([]byte, keySize), NoSync: true})
				if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), damaged) {
					t.Fatalf("opening says %v", err)
				}
				if err := os.WriteFile(damaged, sound, 0o600); err != nil {
					t.Fatal(err)
				}
				openTest(t, damaged, Options{Key: make([]byte, keySize)}) // no lock was left
			})
		}
	}
}

// TestDamagedPage opens a store in which a single page is damaged: each of them
// is survived, and told by an error or by the check.
func TestDamagedPage(t *testing.T) {
	path := newPath(t)
	db := fullStore(t, path)
	want := dumpStore(t, db, epoch)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	sound := must[[]byte](t)(os.ReadFile(path))
	size := os.Getpagesize()
	for page := 2; page < len(sound)/size; page++ {
		file := bytes.Clone(sound)
		copy(file[page*size:], bytes.Repeat([]byte{0xAB}, size))
		damaged := newPath(t)
		if err := os.WriteFile(damaged, file, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(damaged, Options{Key: make([]byte, keySize), NoSync: true})
		if err != nil {
			continue
		}
		if problems, err := db.Check(); err == nil && len(problems) == 0 {
			sameDump(t, want, dumpStore(t, db, epoch)) // the page was free
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
