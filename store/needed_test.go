package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// history is what happened in runs 1, 2, 3…, and what is kept when only the
// newest run would be.
type history struct {
	runs  []func(t *testing.T, db *DB, run uint64)
	later func(t *testing.T, db *DB)
	want  []uint64
}

// quiet is a run without changes, and edit one with an ordinary change.
func quiet(*testing.T, *DB, uint64) {}

func edit(t *testing.T, db *DB, run uint64) {
	changed(record.User, record.Update, record.Done)(t, db, run)
}

// changed is a run with one change of the person of link 1.
func changed(thing record.Thing, op record.Op, step record.Step) func(*testing.T, *DB, uint64) {
	return func(t *testing.T, db *DB, run uint64) {
		unit := storetest.Unit(run, 1, 1, 1, 1)
		c := &unit.Changes[0]
		c.Thing, c.Op, c.Step = thing, op, step
		c.Fields = map[string]record.Delta{"sip_secret": {Before: record.Text("the phone's own"), After: record.Text("random"), Secret: true}}
		if err := db.Adopt([]record.Unit{unit}, reconcile.Effect{States: []record.State{storetest.State(1)}}); err != nil {
			t.Fatal(err)
		}
	}
}

// takesBack is a run that rolls others back.
func takesBack(numbers ...uint64) func(*testing.T, *DB, uint64) {
	return func(t *testing.T, db *DB, run uint64) {
		if err := db.Finish(record.Run{Number: run, Started: epoch, Finished: &epoch, RolledBack: numbers}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	type step = func(*testing.T, *DB, uint64)
	off, on := changed(record.Extension, record.Deactivate, record.Done), changed(record.Extension, record.Reactivate, record.Done)
	for name, tc := range map[string]history{
		"nothing refers to it": {runs: []step{edit, quiet, edit, quiet}, want: []uint64{4}},
		"a hold of a rollback": {
			runs:  []step{edit, takesBack(1), quiet, edit, quiet},
			later: func(t *testing.T, db *DB) { set(t, db, record.Hold{Entry: "entry-1", Run: 2}) },
			want:  []uint64{5, 2, 1},
		},
		"a hold by hand": {
			runs:  []step{edit, quiet, quiet},
			later: func(t *testing.T, db *DB) { set(t, db, record.Hold{Entry: "entry-1"}) },
			want:  []uint64{3},
		},
		"the newest run takes another one back": {runs: []step{edit, edit, takesBack(1)}, want: []uint64{3, 1}},
		"a rollback of a rollback":              {runs: []step{edit, takesBack(1), takesBack(2)}, want: []uint64{3, 2, 1}},
		"an old rollback of an older run":       {runs: []step{edit, takesBack(1), quiet}, want: []uint64{3}},
		"somebody is deactivated":               {runs: []step{edit, off, edit, quiet}, want: []uint64{4, 2}},
		"deactivated in several tries":          {runs: []step{off, edit, off, quiet}, want: []uint64{4, 3, 1}},
		"reactivated since":                     {runs: []step{off, edit, on, quiet}, want: []uint64{4}},
		"reactivated and deactivated again":     {runs: []step{off, on, off, quiet}, want: []uint64{4, 3}},
		"the reactivation failed":               {runs: []step{off, changed(record.Extension, record.Reactivate, record.Failed), quiet}, want: []uint64{3, 1}},
		"only the mailbox came back":            {runs: []step{off, changed(record.Voicemail, record.Reactivate, record.Done), quiet}, want: []uint64{3, 1}},
		"the number was made anew":              {runs: []step{off, changed(record.Extension, record.Create, record.Done), quiet}, want: []uint64{3}},
		"the deactivation failed":               {runs: []step{changed(record.Extension, record.Deactivate, record.Failed), quiet}, want: []uint64{2}},
		"a mailbox is deactivated":              {runs: []step{changed(record.Voicemail, record.Deactivate, record.Done), quiet}, want: []uint64{2}},
		"whoever was deactivated is gone for good": {
			runs:  []step{off, quiet},
			later: func(t *testing.T, db *DB) { must[any](t)(nil, db.Forget([]uint64{1})) },
			want:  []uint64{2},
		},
	} {
		t.Run(name, func(t *testing.T) { tc.check(t) })
	}
}

// set sets a hold.
func set(t *testing.T, db *DB, h record.Hold) {
	if err := db.Hold(h); err != nil {
		t.Fatal(err)
	}
}

func (h history) check(t *testing.T) {
	db := openTest(t, newPath(t), Options{})
	for _, happens := range h.runs {
		run := must[record.Run](t)(db.Begin(record.Run{Started: epoch, Finished: &epoch}))
		happens(t, db, run.Number)
	}
	if h.later != nil {
		h.later(t, db)
	}
	for range 3 { // what one pruning leaves for the sake of a run that goes, the next one takes
		must[int](t)(db.Prune(1, 0, epoch.Add(time.Hour)))
		checkStore(t, db)
	}
	var got []uint64
	for _, run := range collect(t, db.Runs()) {
		got = append(got, run.Number)
	}
	if diff := cmp.Diff(h.want, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

func TestAWrongClockDoesNotKeepRunsForEver(t *testing.T) {
	db := openTest(t, newPath(t), Options{})
	for n := range 10 {
		at := epoch.Add(time.Duration(n) * time.Hour)
		if n == 2 {
			at = epoch.AddDate(70, 0, 0)
		}
		must[record.Run](t)(db.Begin(record.Run{Started: at, Finished: &at}))
	}
	if removed := must[int](t)(db.Prune(2, 4*time.Hour, epoch.Add(10*time.Hour))); removed != 6 {
		t.Fatalf("%d runs removed", removed)
	}
}

func TestRolledBackBy(t *testing.T) {
	db := openTest(t, newPath(t), Options{})
	for n := uint64(1); n <= 3; n++ {
		must[record.Run](t)(db.Begin(record.Run{Started: epoch, RolledBack: map[uint64][]uint64{2: {1}, 3: {1, 2}}[n]}))
	}
	for run, want := range map[uint64][]uint64{1: {2, 3}, 2: {3}, 3: nil, 99: nil} {
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(must[[]uint64](t)(db.RolledBackBy(run)))); diff != "" {
			t.Errorf("run %d (-want +got)\n%s", run, diff)
		}
	}
}
