package reconcile_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// breakOff has XiVO go away before the nth change of a rollback. It tells whether the
// rollback came so far.
func (w *world) breakOff(opt reconcile.RollbackOptions, at int) bool {
	changes := 0
	w.xivo.Refuse = func(record.Change) error {
		if changes++; changes < at {
			return nil
		}
		return &record.Error{Side: record.XiVO, Class: record.Down, Message: "connection refused"}
	}
	defer func() { w.xivo.Refuse = nil }()
	_, err := w.engine().Rollback(context.Background(), opt)
	return err != nil
}

// renumbered is a world in which the last run gave ann another number and name.
func renumbered(t *testing.T) (w *world, run uint64, before string) {
	w = newWorld(t, append(usualFields(), field("extension", "ipPhone", reconcile.ToXiVO))...)
	openGuards(w)
	w.settings.Numbering.Sites = []reconcile.Site{{Name: "lyon", Context: "default", Extensions: []reconcile.Range{{First: "1000", Last: "1999"}}}}
	ann := w.person("ann", "ipPhone", "1001")
	w.person("bob")
	w.run()
	w.ldap.Set(ann, "ipPhone", "1011")
	w.ldap.Set(ann, "sn", "Garbled")
	before = w.dump()
	return w, w.run().Number, before
}

// TestOneFieldDoesNotEndAnInterruptedRollback: half of ann is rolled back, and a
// rollback of one field is not the rest of it.
func TestOneFieldDoesNotEndAnInterruptedRollback(t *testing.T) {
	w, run, before := renumbered(t)
	if !w.breakOff(takeBack(run), 2) {
		t.Fatal("it was not interrupted")
	}
	w.rollback(takeBack(run, onlyField("music_on_hold")))
	same(t, []string{"ann "}, w.heldFields())
	w.quiet()
	w.rollback(takeBack(run))
	same(t, before, w.dump())
	same(t, []string{"ann extension", "ann lastname"}, w.heldFields())
	w.quiet()
}

// TestAnInterruptedRollbackOfOneFieldIsGoneOnWith: asked for again, that is all.
func TestAnInterruptedRollbackOfOneFieldIsGoneOnWith(t *testing.T) {
	w, run, _ := renumbered(t)
	opt := takeBack(run, onlyField("lastname"))
	if !w.breakOff(opt, 1) {
		t.Fatal("it was not interrupted")
	}
	same(t, []string{"ann "}, w.heldFields())
	w.rollback(opt)
	w.expect(w.xivo, w.user("ann"), "lastname", "Parts")
	same(t, []string{"ann lastname"}, w.heldFields())
	w.quiet()
}

// TestAnInterruptedRollbackIsTakenBackOfOnePerson: nobody is left to wait who was
// named, and whoever was not waits on.
func TestAnInterruptedRollbackIsTakenBackOfOnePerson(t *testing.T) {
	w, run, _ := renumbered(t)
	after := w.dump()
	if !w.breakOff(takeBack(run), 2) {
		t.Fatal("it was not interrupted")
	}
	w.rollback(takeBack(run+1, onlyField("music_on_hold")))
	same(t, []string{"ann "}, w.heldFields())
	w.rollback(takeBack(run+1, onlyPerson("ann")))
	same(t, after, w.dump())
	same(t, []string{}, w.heldFields())
	w.quiet()
}

// TestASavedRollbackThatWasBrokenOffIsAskedForAgain: of what is half brought back, the
// plan does not list the rest. It is left alone until the rollback itself goes on.
func TestASavedRollbackThatWasBrokenOffIsAskedForAgain(t *testing.T) {
	for name, removal := range removals {
		t.Run(name, func(t *testing.T) {
			for at := 1; ; at++ {
				w, run, before := badDay(t, removal)
				saved := w.savedRollback(takeBack(run))
				if !w.breakOff(saved, at) {
					break
				}
				w.rollback(saved)
				if planned := w.run(allow(known...)).Plan.Changes(); len(planned) > 0 {
					t.Errorf("the run in between plans %s", describe(planned))
				}
				w.rollback(takeBack(run))
				if diff := cmp.Diff(before, w.everything()); diff != "" {
					t.Errorf("gone on with (-before +now)\n%s", diff)
				}
				w.quiet()
				if t.Failed() {
					t.Fatalf("broken off at change %d: %v, held %v", at, w.open(), w.heldFields())
				}
			}
		})
	}
}
