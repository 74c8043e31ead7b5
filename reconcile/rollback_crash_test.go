package reconcile_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/reconcile/sidetest"
)

// bombedFake is a side that crashes in its withdrawals, too.
type bombedFake struct {
	bombedSide
	fake *sidetest.Fake
}

func (s bombedFake) Withdraw(ctx context.Context, w reconcile.Withdrawal) (r record.Record, err error) {
	step(s.bomb, func() error { r, err = s.fake.Withdraw(ctx, w); return err })
	return r, err
}

// crashRollback takes a run back and stops at a step; it tells whether it came so
// far.
func (w *world) crashRollback(run uint64, at int) (crashed bool) {
	b := &bomb{at: at}
	w.wrap = func(e *reconcile.Engine) {
		e.Store, e.LDAP, e.XiVO = bombedStore{e.Store, b}, bombedFake{bombedSide{e.LDAP, b}, w.ldap}, bombedSide{e.XiVO, b}
	}
	defer func() {
		w.wrap = nil
		if r := recover(); r != nil {
			if _, ours := r.(stopped); !ours {
				panic(r)
			}
			crashed = true
		}
	}()
	w.rollback(takeBack(run))
	return false
}

// badDay is a world in which the last run created, adopted, changed on both sides,
// wrote where nothing was, and deactivated; and what both sides held before it.
func badDay(t *testing.T) (w *world, run uint64, before string) {
	w = newWorld(t)
	openGuards(w)
	ann, bob := w.person("ann"), w.person("bob")
	w.run()
	w.ldap.Set(ann, "sn", "Garbled")
	w.ldap.Set(ann, "mail", "other@parts.test")
	w.xivo.Set(w.user("ann"), "music_on_hold", "jazz")
	w.ldap.Disable(bob, true)
	w.person("cid")
	w.xivo.Put("dan", map[string]string{"firstname": "Daniel", "lastname": "Old"})
	w.person("dan")
	before = w.dump()
	return w, w.run(audit).Number, before
}

// TestARollbackSurvivesACrash stops the program at every step of a rollback. A run
// and the same rollback once more end as without the crash: both sides are as
// before the run, and the next run changes nothing.
func TestARollbackSurvivesACrash(t *testing.T) {
	w, run, before := badDay(t)
	w.rollback(takeBack(run))
	if diff := cmp.Diff(before, w.dump()); diff != "" {
		t.Fatalf("without a crash (-before +now)\n%s", diff)
	}
	for at := 1; ; at++ {
		w, run, before := badDay(t)
		crashed := w.crashRollback(run, at)
		if crashed {
			w.rollback(takeBack(run))
		}
		if diff := cmp.Diff(before, w.dump()); diff != "" {
			t.Fatalf("crashed at step %d (-before +now)\n%s", at, diff)
		}
		w.quiet()
		if t.Failed() {
			t.Fatalf("crashed at step %d: %v", at, w.open())
		}
		if !crashed {
			t.Logf("%d steps", at)
			break
		}
	}
}
