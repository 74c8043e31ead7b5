package e2e

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/store"
)

// room takes the room on the disk from one of the calls that write to the store:
// the process may write to no file then.
type room struct {
	at    int
	after bool // it does not come back
}

// during carries out the nth call.
func (r room) during(n int, do func() error) error {
	if r.at == 0 || n < r.at || n > r.at && !r.after {
		return do()
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	full := limit
	full.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		return err
	}
	defer func() { _ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) }()
	return do()
}

// starving is a job whose store finds no room, at one write after the other. Each
// time the world is made again as it was before the job; one more run has to end as
// the job ends that has all the room.
type starving struct {
	begin func(testing.TB) *world
	job   func(*job)
	// again is what is done once there is room again; nil is one more run.
	again func(*world) *reportOfRun
	// least is how many writes there have to be.
	least int
}

func (s starving) everywhere(t *testing.T) {
	t.Helper()
	begun := s.begin(t).keep()
	w := begun.world(t)
	steps := 0
	for _, m := range (killing{job: s.job}).undisturbed(w) {
		if m.kind == aStep {
			steps = max(steps, m.nth)
		}
	}
	want, done := w.ended(), w.ledger().made(begun)
	w.quiet()
	t.Logf("%d writes of the store", steps)
	if steps < s.least {
		t.Fatalf("there are %d writes, want at least %d: is it still the job that is wanted?", steps, s.least)
	}
	var idle atomic.Int32
	t.Cleanup(func() {
		if n := int(idle.Load()); n > steps/4 {
			t.Errorf("%d of %d calls wrote nothing", n, steps)
		}
	})
	for at := 1; at <= steps; at++ {
		m := moment{aStep, at, at%2 == 1}
		t.Run(shortage(m), func(t *testing.T) {
			t.Parallel()
			w := begun.world(t)
			if !w.starvedAt(m, s.job) {
				idle.Add(1)
			}
			starved := w.ledger()
			report := s.again(w)
			if report.Recovered.Unknown > 0 || len(report.Failures) > 0 {
				t.Errorf("recovered %+v, failures %v%s", report.Recovered, report.Failures, told(report.Found))
			}
			if diff := cmp.Diff(want, w.ended()); diff != "" {
				t.Errorf("the full disk made a difference (-without +with):\n%s", diff)
			}
			now := w.ledger()
			now.keeps(t, starved)
			if diff := cmp.Diff(done, now.made(begun)); diff != "" {
				t.Errorf("the journal tells something else (-without +with):\n%s", diff)
			}
			w.quiet()
		})
	}
}

// shortage names a moment.
func shortage(m moment) string {
	if m.after {
		return fmt.Sprintf("from write %d on", m.nth)
	}
	return fmt.Sprintf("at write %d", m.nth)
}

// starvedAt runs a child whose store finds no room at the moment: it ends with an
// error that says what to do, and what it leaves is sound. It tells whether the call
// had something to write at all: with no room, a call that succeeds wrote nothing.
func (w *world) starvedAt(m moment, change func(*job)) bool {
	w.t.Helper()
	killed, err := w.startChild(func(j *job) {
		if change != nil {
			change(j)
		}
		j.FullAt, j.FullAfter = m.nth, m.after
	}).wait()
	if err == nil && !m.after && !killed {
		return false
	}
	if killed || err == nil {
		w.t.Fatalf("without room %s: killed %v, error %v", shortage(m), killed, err)
	}
	wantWords(w.t, err.Error(), w.Path, "make room on its disk")
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if problems, err := db.Check(); err != nil || len(problems) > 0 {
		w.t.Errorf("the store: %v %v", problems, err)
	}
	return true
}

// TestDiskFullDuringAWholeDay is about the run that has everything to do.
func TestDiskFullDuringAWholeDay(t *testing.T) {
	t.Parallel()
	starving{begin: func(t testing.TB) *world { return aDay(t) }, job: generous, least: 60,
		again: func(w *world) *reportOfRun { return w.mustRun(allow(everyGuard...)) }}.everywhere(t)
}
