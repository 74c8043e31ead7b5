package reconcile_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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

// TestOneFieldDoesNotLetGoWhoWasRolledBack: whose user was taken down is held as a
// whole, and a rollback of one field after that is no reason to create them again.
func TestOneFieldDoesNotLetGoWhoWasRolledBack(t *testing.T) {
	w, run, before := badDay(t, removals["deleted at once"])
	w.rollback(takeBack(run))
	held := w.heldFields()
	w.rollback(takeBack(run, onlyField("extension")))
	same(t, held, w.heldFields())
	w.quiet()
	same(t, before, w.everything())
}

// TestADeactivationGoesBackWithItsLabelOrNotAtAll: the phone of a leaver does not
// come back alone, which the next run would stop anew, taking the label for what it was
// before; and with the label, the phone comes back.
func TestADeactivationGoesBackWithItsLabelOrNotAtAll(t *testing.T) {
	w, run, before := badDay(t, removals["deactivated, and deleted later"])
	bob := w.user("bob")
	stopped, secret := w.xivo.Disabled(bob), w.xivo.Get(bob, "sip_secret")
	w.rollback(takeBack(run, onlyField("voicemail")))
	same(t, stopped, w.xivo.Disabled(bob))
	same(t, secret, w.xivo.Get(bob, "sip_secret"))
	w.quiet()
	w.rollback(takeBack(run, onlyField("enabled")))
	same(t, false, w.xivo.Disabled(bob))
	same(t, false, secret.Equal(w.xivo.Get(bob, "sip_secret")))
	w.quiet()
	w.rollback(takeBack(run))
	same(t, before, w.everything())
	w.quiet()
}

// TestRollbacksInAnyOrderEndAsOne asks for parts of a rollback and for all of it, some
// broken off, with runs in between that change nothing; then for all of it again.
func TestRollbacksInAnyOrderEndAsOne(t *testing.T) {
	fields := []string{"lastname", "email", "extension", "voicemail", "enabled", "music_on_hold"}
	people := []string{"ann", "bob", "cid", "dan", "eve", "fay", "gus"}
	for seed := range uint64(60) {
		pick := rand.New(rand.NewPCG(seed, 7))
		w, run, before := badDay(t, removals[sortedNames(removals)[pick.IntN(len(removals))]])
		saved, told := w.savedRollback(takeBack(run)), ""
		for range 1 + pick.IntN(4) {
			opt := takeBack(run)
			switch pick.IntN(5) {
			case 0:
				opt = takeBack(run, onlyField(fields[pick.IntN(len(fields))]))
			case 1:
				opt = takeBack(run, onlyPerson(people[pick.IntN(len(people))]))
			case 2:
				opt = saved
			}
			broken := w.breakOff(opt, 1+pick.IntN(16))
			told += fmt.Sprintf("\nfield %q only %q saved %t, broken off %t: held %q", opt.Field, opt.Only, opt.Approved != nil, broken, w.heldFields())
			if pick.IntN(2) > 0 {
				if planned := w.run(allow(known...)).Plan.Changes(); len(planned) > 0 {
					t.Errorf("a run in between plans %s", describe(planned))
				}
			}
		}
		w.rollback(takeBack(run))
		if diff := cmp.Diff(before, w.everything()); diff != "" {
			t.Errorf("(-before +now)\n%s", diff)
		}
		for h := range w.store.Holds() {
			if h.Side == "" {
				t.Errorf("%s waits still: %s", h.Person.Identifier, h.Why)
			}
		}
		w.quiet()
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, told)
		}
	}
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
