package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// TestWhatAServiceRecalls is what the journal tells a service that begins, by the
// runs in it.
func TestWhatAServiceRecalls(t *testing.T) {
	zero := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return zero.Add(time.Duration(minutes) * time.Minute) }
	// each run takes a minute
	run := func(minutes int, mode record.Mode, outcome record.Outcome, change ...func(*record.Run)) record.Run {
		end := at(minutes + 1)
		r := record.Run{Mode: mode, Started: at(minutes), Finished: &end, Outcome: outcome}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	guard := func(name string) func(*record.Run) {
		return func(r *record.Run) { r.Guards = []record.Guard{{Name: "mails"}, {Name: name, Tripped: true}} }
	}
	some := func(r *record.Run) { r.Some = true }
	rollback := func(r *record.Run) { r.RolledBack = []uint64{1} }
	due := func(mode record.Mode, minutes int) func(*record.Run) {
		return func(r *record.Run) { r.Due = map[record.Mode]time.Time{mode: at(minutes)} }
	}
	type times map[record.Mode]time.Time
	for name, tc := range map[string]struct {
		runs  []record.Run
		began times
		due   times
		pause *schedule.Pause
	}{
		"none": {nil, times{}, times{}, nil},
		"one of each, oldest first": {
			[]record.Run{run(0, record.Audit, record.OutcomeDone), run(10, record.Full, record.OutcomeNothing), run(20, record.Incremental, record.OutcomePartial)},
			times{record.Audit: at(0), record.Full: at(10), record.Incremental: at(20)}, times{}, nil,
		},
		"what came to no end, was for some people, or took back, stands in for none": {
			[]record.Run{run(0, record.Full, record.OutcomeDone, due(record.Full, 0)), run(10, record.Full, record.OutcomeFailed, due(record.Full, 10)),
				run(20, record.Full, record.OutcomeStopped), run(30, record.Full, ""), run(40, record.Full, record.OutcomeDone, some), run(50, record.Full, record.OutcomeDone, rollback)},
			times{record.Audit: at(0), record.Full: at(0), record.Incremental: at(0)}, times{record.Full: at(0)}, nil,
		},
		"the newest times": {
			[]record.Run{run(0, record.Full, record.OutcomeDone, due(record.Full, 0)), run(10, record.Audit, record.OutcomeDone, due(record.Audit, 60)),
				run(20, record.Full, record.OutcomeDone, due(record.Full, 70))},
			times{record.Audit: at(10), record.Full: at(20), record.Incremental: at(0)}, times{record.Full: at(70), record.Audit: at(60)}, nil,
		},
		"a guard stopped the last one": {
			[]record.Run{run(0, record.Full, record.OutcomeDone), run(10, record.Incremental, record.OutcomeGuarded, guard("removals"))},
			times{record.Audit: at(0), record.Full: at(0), record.Incremental: at(10)}, times{},
			&schedule.Pause{Since: at(11), Run: 2, Guards: []string{"removals"}},
		},
		"since the first of several, by the guards of the last": {
			[]record.Run{run(0, record.Full, record.OutcomeDone), run(10, record.Full, record.OutcomeGuarded, guard("removals")), run(20, record.Full, record.OutcomeFailed),
				run(30, record.Full, record.OutcomeDone, some), run(40, record.Full, record.OutcomeGuarded, guard("clears")), run(50, record.Full, record.OutcomeGuarded, guard("creates"), rollback)},
			times{record.Audit: at(0), record.Full: at(40), record.Incremental: at(0)}, times{},
			&schedule.Pause{Since: at(11), Run: 5, Guards: []string{"clears"}},
		},
		"somebody let it through": {
			[]record.Run{run(0, record.Full, record.OutcomeGuarded, guard("removals")), run(10, record.Full, record.OutcomePartial)},
			times{record.Audit: at(0), record.Full: at(10), record.Incremental: at(0)}, times{}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(filepath.Join(t.TempDir(), "state.db"), store.Options{NoSync: true, Logger: hclog.NewNullLogger()})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, r := range tc.runs {
				begun, err := db.Begin(record.Run{Started: r.Started})
				if r.Number = begun.Number; err != nil {
					t.Fatal(err)
				}
				if err := db.Finish(r); err != nil {
					t.Fatal(err)
				}
			}
			s := &service{store: db, settings: reconcile.Settings{}}
			past, err := s.past(config.Default().Schedule)
			if err != nil {
				t.Fatal(err)
			}
			want := schedule.Past{Began: tc.began, Due: tc.due, Pause: tc.pause}
			if diff := cmp.Diff(want, past); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
