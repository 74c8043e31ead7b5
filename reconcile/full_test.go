package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/reconcile/sidetest"

	"github.com/google/go-cmp/cmp"
)

// watched is a side that is not to be written to after the disk was full, nor
// without the intent in the journal.
type watched struct {
	*sidetest.Fake
	w *world
	*disk
}

func (s watched) look(c record.Change) {
	s.w.t.Helper()
	if s.full {
		s.w.t.Errorf("written after the disk was full: %s", describe([]record.Change{c}))
	}
	if !s.w.journaled(c) {
		s.w.t.Errorf("no intent in the journal: %s", describe([]record.Change{c}))
	}
}

func (s watched) Apply(ctx context.Context, c record.Change) (record.Record, error) {
	s.look(c)
	return s.Fake.Apply(ctx, c)
}

// without makes a job on a disk that runs out of room, and wants its error to say
// so. It tells whether the job came so far.
func (w *world) without(d *disk, job func(*reconcile.Engine) (*record.Run, error)) (full bool) {
	w.t.Helper()
	w.wrap = func(e *reconcile.Engine) {
		e.Store, e.LDAP, e.XiVO = cramped{e.Store, d}, watched{w.ldap, w, d}, watched{w.xivo, w, d}
	}
	defer func() { w.wrap = nil }()
	w.clock = w.clock.Add(w.step)
	run, err := job(w.engine())
	if full := errors.Is(err, syscall.ENOSPC) && strings.Contains(err.Error(), "make room"); full != d.full {
		w.t.Errorf("full: %v, and the error is %v", d.full, err)
	}
	if d.full && run != nil && run.Outcome != record.OutcomeFailed {
		w.t.Errorf("the outcome is %s", run.Outcome)
	}
	return d.full
}

// disks are the ways in which a disk can be full.
var disks = map[string]disk{
	"for a moment": {}, "from then on": {forever: true},
	"for a moment, and it was written": {kept: true}, "from then on, and it was written": {kept: true, forever: true},
}

// crampedRun is a run of everybody, crampedRollback the rollback of one.
func crampedRun(e *reconcile.Engine) (*record.Run, error) {
	report, err := e.Run(context.Background(), options(allow(known...)))
	if report == nil {
		return nil, err
	}
	return &report.Run, err
}

func crampedRollback(run uint64) func(e *reconcile.Engine) (*record.Run, error) {
	return func(e *reconcile.Engine) (*record.Run, error) {
		report, err := e.Rollback(context.Background(), takeBack(run))
		if report == nil {
			return nil, err
		}
		return &report.Run, err
	}
}

// TestADiskThatIsFullAnywhereEndsAsWithoutIt has each write of the store fail once:
// the run stops there, sends nothing more, and the next one ends as if nothing had
// been.
func TestADiskThatIsFullAnywhereEndsAsWithoutIt(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *world{
		"a run with everything": busy, "the first run": first,
		"what was decided": func(t testing.TB) *world { return decidedWorld(t.(*testing.T)) },
	} {
		for how, d := range disks {
			t.Run(name+", "+how, func(t *testing.T) {
				calm := start(t)
				calm.run()
				calm.quiet()
				want, conflicts := calm.ends(), calm.open()
				for d.at = 1; ; d.at++ {
					w, now := start(t), d
					full := w.without(&now, crampedRun)
					w.run()
					w.quiet()
					same(t, want, w.ends())
					same(t, conflicts, w.open())
					if t.Failed() {
						t.Fatalf("full at write %d", d.at)
					}
					if !full {
						break
					}
				}
				t.Logf("%d writes", d.at-1)
				if d.at < 8 {
					t.Error("is that all?")
				}
			})
		}
	}
}

// TestADiskThatIsFullDuringARollback has each write of a rollback fail once: the
// same rollback once more ends as before the run, and the next run leaves it so.
func TestADiskThatIsFullDuringARollback(t *testing.T) {
	for how, d := range disks {
		t.Run(how, func(t *testing.T) {
			for d.at = 1; ; d.at++ {
				w, run, before := badDay(t, reconcile.Removal{Policy: reconcile.RemovalDelete})
				now := d
				full := w.without(&now, crampedRollback(run))
				if full {
					w.rollback(takeBack(run))
				}
				if diff := cmp.Diff(before, w.everything()); diff != "" {
					t.Fatalf("full at write %d (-before +now)\n%s", d.at, diff)
				}
				w.quiet()
				if t.Failed() {
					t.Fatalf("full at write %d: %v", d.at, w.open())
				}
				if !full {
					break
				}
			}
			t.Logf("%d writes", d.at-1)
		})
	}
}
