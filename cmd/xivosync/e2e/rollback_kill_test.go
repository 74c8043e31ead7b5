package e2e

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCrashOfARollback takes that day back, and is killed wherever it can be. What is
// there after one thing is what is there before the next: there, the scheduler makes
// a run before the rollback is asked for again, which changes nothing.
func TestCrashOfARollback(t *testing.T) {
	t.Parallel()
	takingTheDayBack(func(w *world, m moment, _ func(*job)) {
		if !m.after {
			return
		}
		for _, c := range w.mustRun(allow(everyGuard...)).Plan.Changes() {
			w.t.Errorf("the run in between plans %s", describe(c))
		}
	}).everywhere(t)
}

// TestTwoCrashesOfARollback kills the rollback that goes on, too, early or late.
func TestTwoCrashesOfARollback(t *testing.T) {
	t.Parallel()
	var twice, once atomic.Int32
	t.Cleanup(func() {
		t.Logf("%d were killed twice, %d came to their end the second time", twice.Load(), once.Load())
		if total := twice.Load() + once.Load(); total > 20 && twice.Load() < once.Load() {
			t.Error("most are to be killed twice")
		}
	})
	k := takingTheDayBack(func(w *world, m moment, job func(*job)) {
		second := moment{[]string{aStep, aWrite}[m.nth%2], 1 + 5*m.nth%31, m.nth%4 < 2}
		switch killed, err := w.struckAt(second, job); {
		case killed:
			twice.Add(1)
		case err == nil:
			once.Add(1)
		default:
			w.t.Errorf("killed at no moment %s: %v", second, err)
		}
	})
	k.every = 12
	k.everywhere(t)
}

// takingTheDayBack is the job of it, and what happens after the crash before it is
// asked for again.
func takingTheDayBack(between func(w *world, m moment, job func(*job))) killing {
	var before map[string]string
	var day uint64
	takeBack := func(j *job) { generous(j); j.Rollback = day }
	return killing{
		begin: func(t testing.TB) *world {
			w := aDay(t)
			before = w.keys()
			day = w.mustRun(allow(everyGuard...)).Number
			return w
		},
		job: takeBack,
		again: func(w *world, m moment) *reportOfRun {
			between(w, m, takeBack)
			report := w.rollback(day, letting(everyGuard...))
			if len(report.Left) > 0 {
				w.t.Errorf("left %v", report.Left)
			}
			return &report.Report
		},
		arrived: func(w *world) {
			if diff := cmp.Diff(before, w.keys()); diff != "" {
				w.t.Errorf("phones and mailboxes do not know people as before the day (-before +now):\n%s", diff)
			}
		},
		reads: 0, least: 300,
	}
}

// keys are the names, secrets and PINs with which people use phones and mailboxes.
func (w *world) keys() map[string]string {
	w.t.Helper()
	out := w.secrets()
	for _, v := range w.tables()["voicemails"] {
		out["mailbox "+fmt.Sprint(v["number"])] = fmt.Sprint(v["password"])
	}
	return out
}
