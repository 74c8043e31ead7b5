package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// tenRuns makes a store with ten runs, an hour apart, of some changes each. A
// conflict is open since run 3 and was last seen in run 5, another one was closed
// in run 2, and run 4 has an open unit.
func tenRuns(t *testing.T) *DB {
	t.Helper()
	db := openTest(t, newPath(t), Options{})
	open, gone := storetest.Conflict("entry-1", "mail"), storetest.Conflict("entry-2", "mail")
	found := map[uint64][]record.Conflict{2: {gone}, 3: {open}, 5: {open}}
	for n := uint64(1); n <= 10; n++ {
		at := epoch.Add(time.Duration(n) * time.Hour)
		run := must[record.Run](t)(db.Begin(record.Run{Started: at}))
		var units []record.Unit
		for u := range uint64(120) {
			units = append(units, storetest.Unit(n, int(u), u*2, u%5, 2))
		}
		run.Finished = &at
		examined := func(c record.Conflict) bool { return n < 5 && c.Entry == "entry-2" }
		for _, err := range []error{db.Adopt(units, reconcile.Effect{}), db.Reconcile(n, at, found[n], examined), db.Finish(run)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Open(storetest.Unit(4, 999, 999, 1, 1)); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPrune(t *testing.T) {
	for name, tc := range map[string]struct {
		runs      int
		keep      time.Duration
		want      []uint64
		conflicts int
	}{
		"not asked to":          {0, 0, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 2},
		"by count":              {4, 0, []uint64{10, 9, 8, 7, 5, 4, 3}, 1},
		"by age":                {0, 150 * time.Minute, []uint64{10, 9, 8, 5, 4, 3}, 1},
		"count outlasts age":    {4, 150 * time.Minute, []uint64{10, 9, 8, 7, 5, 4, 3}, 1},
		"age outlasts count":    {1, 510 * time.Minute, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2}, 2},
		"the newest always":     {0, time.Nanosecond, []uint64{10, 5, 4, 3}, 1},
		"nothing is old enough": {1, 1000 * time.Hour, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 2},
		"there are not so many": {99, 0, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			db := tenRuns(t)
			removed := must[int](t)(db.Prune(tc.runs, tc.keep, epoch.Add(10*time.Hour).Add(time.Minute)))
			var got []uint64
			for _, run := range collect(t, db.Runs()) {
				got = append(got, run.Number)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || removed != 10-len(tc.want) {
				t.Fatalf("%d removed (-want +got)\n%s", removed, diff)
			}
			if left := len(collect(t, db.AllConflicts())); left != tc.conflicts {
				t.Fatalf("%d conflicts left", left)
			}
			checkStore(t, db)
			info := must[Info](t)(db.Info())
			if want := 240*len(tc.want) + 1; info.Changes != want || info.Runs != len(tc.want) {
				t.Fatalf("%d changes left, not %d", info.Changes, want)
			}
			if run := must[record.Run](t)(db.Begin(record.Run{})); run.Number != 11 {
				t.Fatalf("the next run is %d", run.Number)
			}
		})
	}
}

func TestHalfARunIsNone(t *testing.T) {
	db := tenRuns(t)
	left := false
	if err := db.update(func(tx *bolt.Tx) (err error) {
		left, err = removePart(tx, 1)
		return err
	}); err != nil || !left {
		t.Fatalf("nothing is left: %v, %v", left, err)
	}
	if _, err := db.Run(1); !errors.Is(err, ErrNotFound) {
		t.Errorf("half a run can be read: %v", err)
	}
	for _, run := range collect(t, db.Runs()) {
		if run.Number == 1 {
			t.Error("half a run is listed")
		}
	}
	must[int](t)(db.Prune(4, 0, epoch.Add(11*time.Hour)))
	checkStore(t, db)
	if info := must[Info](t)(db.Info()); info.Runs != 7 || info.Changes != 240*7+1 {
		t.Errorf("%d runs, %d changes left", info.Runs, info.Changes)
	}
}

// TestPruneOfMails: what is over goes with its run, and what waits for people stays.
func TestPruneOfMails(t *testing.T) {
	now := epoch.Add(100 * 24 * time.Hour)
	for name, tc := range map[string]struct {
		run     uint64
		state   record.MailState
		age     time.Duration
		want    bool
		erased  bool
		keepFor time.Duration
	}{
		"sent, its run is forgotten":                  {run: 1, state: record.MailSent, age: 90 * 24 * time.Hour},
		"dropped, its run is forgotten":               {run: 1, state: record.MailDropped, age: 90 * 24 * time.Hour},
		"refused for good, its run is forgotten":      {run: 1, state: record.MailFailed, age: 90 * 24 * time.Hour},
		"uncertain, its run is forgotten":             {run: 1, state: record.MailUncertain, age: 90 * 24 * time.Hour, want: true, erased: true},
		"it waits, its run is forgotten":              {run: 1, state: record.MailWaiting, age: 90 * 24 * time.Hour, want: true},
		"sent, its run is known":                      {run: 10, state: record.MailSent, age: 90 * 24 * time.Hour, want: true, erased: true},
		"refused for good, its run is known":          {run: 10, state: record.MailFailed, age: 36 * 24 * time.Hour, want: true, erased: true},
		"refused for good a month ago":                {run: 10, state: record.MailFailed, age: 34 * 24 * time.Hour, want: true},
		"uncertain for a month":                       {run: 10, state: record.MailUncertain, age: 34 * 24 * time.Hour, want: true},
		"sent from no run, older than what is kept":   {state: record.MailSent, age: 31 * 24 * time.Hour, keepFor: 30 * 24 * time.Hour},
		"sent from no run, younger than what is kept": {state: record.MailSent, age: 29 * 24 * time.Hour, keepFor: 30 * 24 * time.Hour, want: true, erased: true},
		"sent today, its run is forgotten":            {run: 1, state: record.MailSent, age: time.Hour, want: true, erased: true},
		"sent from no run yesterday":                  {state: record.MailSent, age: 47 * time.Hour, want: true, erased: true},
		"sent under a clock that was fast":            {run: 1, state: record.MailSent, age: -time.Hour, want: true, erased: true},
	} {
		t.Run(name, func(t *testing.T) {
			db := openTest(t, newPath(t), Options{})
			for n := range 10 {
				at := epoch.Add(time.Duration(n) * time.Hour)
				run := must[record.Run](t)(db.Begin(record.Run{Started: at}))
				run.Finished = &at
				if err := db.Finish(run); err != nil {
					t.Fatal(err)
				}
			}
			m := storetest.Mail("a")
			m.Run, m.State, m.Created = tc.run, tc.state, now.Add(-tc.age)
			if err := db.Keep(reconcile.Effect{Mails: []record.Mail{m}}); err != nil {
				t.Fatal(err)
			}
			must[int](t)(db.Prune(4, tc.keepFor, now))
			left := collect(t, db.Mails())
			if (len(left) == 1) != tc.want || must[bool](t)(db.HasMail("a")) != tc.want {
				t.Fatalf("left %+v", left)
			}
			if tc.want && (left[0].Data == nil) != tc.erased {
				t.Errorf("it says %v", left[0].Data)
			}
			checkStore(t, db)
			if err := db.Keep(reconcile.Effect{Mails: []record.Mail{storetest.Mail("b")}}); err != nil {
				t.Fatal(err)
			}
			if all := collect(t, db.Mails()); all[len(all)-1].Number != 2 {
				t.Errorf("a number is given twice: %+v", all)
			}
		})
	}
}
