package store

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// people is how many links the benchmarks have.
const people = 100_000

// hundredThousand returns as many states.
func hundredThousand() []record.State {
	states := make([]record.State, people)
	for i := range states {
		states[i] = storetest.State(uint64(i) + 1)
	}
	return states
}

// benchStore opens a store with fsync.
func benchStore(b *testing.B) *DB {
	b.Helper()
	db := must[*DB](b)(Open(newPath(b), Options{}))
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func BenchmarkListLinks(b *testing.B) {
	db := benchStore(b)
	if err := db.Save(hundredThousand()); err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range db.Links() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != people {
			b.Fatal(n)
		}
	}
}

func BenchmarkReadStates(b *testing.B) {
	db := benchStore(b)
	if err := db.Save(hundredThousand()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for n := uint64(1); n <= people; n++ {
			if _, err := db.State(n); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkSaveStates(b *testing.B) {
	states := hundredThousand()
	for b.Loop() {
		if err := benchStore(b).Save(states); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTouchLinks(b *testing.B) {
	db := benchStore(b)
	states := hundredThousand()
	if err := db.Save(states); err != nil {
		b.Fatal(err)
	}
	links := make([]record.Link, people)
	for i, s := range states {
		links[i] = s.Link
	}
	for b.Loop() {
		if err := db.Touch(links); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdopt(b *testing.B) {
	states := hundredThousand()
	units := make([]record.Unit, people)
	for i := range units {
		units[i] = storetest.Unit(1, i+1, uint64(i)+1, uint64(i)+1, 1)
		// Entries come in no order, as GUIDs do.
		units[i].Changes[0].Entry = fmt.Sprintf("%08x-8f3c-4a9b-a3f5-2f0f5b1a7c11", uint32(i)*2654435761)
	}
	for b.Loop() {
		db := benchStore(b)
		must[record.Run](b)(db.Begin(record.Run{}))
		if err := db.Adopt(units, reconcile.Effect{States: states}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	s := testSealer(b)
	texts := []string{"Zoé", "Martin", "zoe.martin@example.com", "+33612345678", "1204", "Lyon", "", "", "true", "fr_FR"}
	b.ReportAllocs()
	for b.Loop() {
		s.digest(texts)
	}
}

// BenchmarkOpenSettle is one change: its intent and its outcome, each on disk.
func BenchmarkOpenSettle(b *testing.B) {
	db := benchStore(b)
	must[record.Run](b)(db.Begin(record.Run{}))
	n := uint64(0)
	for b.Loop() {
		n++
		unit := storetest.Unit(1, int(n), n, n, 1)
		if err := db.Open(unit); err != nil {
			b.Fatal(err)
		}
		unit.Changes[0].Step = record.Done
		if err := db.Settle(unit, 0, -1, reconcile.Effect{States: []record.State{storetest.State(n)}}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLargeJournal reads a journal of 1,000 runs with 1,000,000 changes of
// 10,000 people, and then takes half of it away.
func BenchmarkLargeJournal(b *testing.B) {
	db := largeJournal(b)
	count := func(b *testing.B, n, want int) {
		if n != want {
			b.Fatalf("%d, not %d", n, want)
		}
	}
	b.Run("Runs", func(b *testing.B) {
		for b.Loop() {
			count(b, len(collect(b, db.Runs())), 1000)
		}
	})
	b.Run("History", func(b *testing.B) {
		for b.Loop() {
			count(b, len(collect(b, db.History(77, "entry-77"))), 100)
		}
	})
	// What a rollback reads of each person: the changes since, none here.
	b.Run("Newest", func(b *testing.B) {
		for b.Loop() {
			count(b, len(must[[]record.Change](b)(newest(db, 77))), 1)
		}
	})
	b.Run("ChangesOfPerson", func(b *testing.B) {
		for b.Loop() {
			count(b, len(collect(b, db.ChangesOf(501, 77, "entry-77"))), 2)
		}
	})
	b.Run("OpenReadOnly", func(b *testing.B) {
		copied := newPath(b)
		if err := db.Backup(copied); err != nil {
			b.Fatal(err)
		}
		opts := Options{Key: must[[]byte](b)(findKey(db.path, db.opts))}
		for b.Loop() {
			if err := must[*DB](b)(OpenReadOnly(copied, opts)).Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ChangesOfRun", func(b *testing.B) {
		for b.Loop() {
			count(b, len(collect(b, db.Changes(500))), 1000)
		}
	})
	b.Run("RecentDay", func(b *testing.B) {
		for b.Loop() {
			count(b, len(collect(b, db.Recent(epoch.Add((1000-24)*time.Hour)))), 24_000)
		}
	})
	b.Run("Unclosed", func(b *testing.B) {
		for b.Loop() {
			count(b, len(must[[]record.Unit](b)(db.Unclosed())), 0)
		}
	})
	b.Run("Info", func(b *testing.B) {
		for b.Loop() {
			count(b, must[Info](b)(db.Info()).Changes, 1_000_000)
		}
	})
	b.Run("Check", func(b *testing.B) {
		for b.Loop() {
			count(b, len(must[[]string](b)(db.Check())), 0)
		}
	})
	start := time.Now()
	count(b, must[int](b)(db.Prune(500, 0, epoch.Add(2000*time.Hour))), 500)
	b.Logf("pruning 500,000 changes took %v", time.Since(start).Round(time.Millisecond))
}

// newest reads the last change of a person.
func newest(db *DB, link uint64) (changes []record.Change, err error) {
	for c, err := range db.History(link, fmt.Sprintf("entry-%d", link)) {
		if err != nil {
			return nil, err
		}
		return append(changes, c), nil
	}
	return nil, nil
}

// largeJournal makes it, without fsync.
func largeJournal(b *testing.B) *DB {
	start := time.Now()
	db := openTest(b, newPath(b), Options{})
	for n := range uint64(1000) {
		at := epoch.Add(time.Duration(n) * time.Hour)
		run := must[record.Run](b)(db.Begin(record.Run{Started: at, Finished: &at}))
		units := make([]record.Unit, 500)
		for u := range units {
			units[u] = storetest.Unit(run.Number, u, uint64(u)*2, (n*500+uint64(u))%10_000+1, 2)
		}
		if err := db.Adopt(units, reconcile.Effect{}); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("writing 1,000,000 changes took %v, %d MB", time.Since(start).Round(time.Millisecond), must[Info](b)(db.Info()).Size>>20)
	return db
}
