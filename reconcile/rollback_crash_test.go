package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/reconcile/sidetest"
)

// bombedFake is a side that crashes before and after each request that writes, and
// can do everything else that it could.
type bombedFake struct {
	*sidetest.Fake
	*bomb
}

func (s bombedFake) Apply(ctx context.Context, c record.Change) (r record.Record, err error) {
	step(s.bomb, func() error { r, err = s.Fake.Apply(ctx, c); return err })
	return r, err
}

func (s bombedFake) Withdraw(ctx context.Context, w reconcile.Withdrawal) (r record.Record, err error) {
	step(s.bomb, func() error { r, err = s.Fake.Withdraw(ctx, w); return err })
	return r, err
}

// crashRollback takes a run back and stops at a step; it tells whether it came so
// far.
func (w *world) crashRollback(run uint64, at int) (crashed bool) {
	b := &bomb{at: at}
	w.wrap = func(e *reconcile.Engine) {
		e.Store, e.LDAP, e.XiVO = bombedStore{e.Store, b}, bombedFake{w.ldap, b}, bombedFake{w.xivo, b}
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

// badDay is a world in which the last run did everything that a run does: it
// created, adopted, changed on both sides, wrote where nothing was, let two swap
// their numbers, deactivated somebody who left, and deleted somebody who had left
// long before; and what there was before it.
func badDay(t *testing.T, removal reconcile.Removal) (w *world, run uint64, before []string) {
	w = newWorld(t, append(usualFields(), field("extension", "ipPhone", reconcile.ToXiVO), field("password", "title", reconcile.Initial),
		field("voicemail", "pager", reconcile.ToXiVO))...)
	openGuards(w)
	w.settings.Numbering.Sites = []reconcile.Site{{Name: "lyon", Context: "default", Extensions: []reconcile.Range{{First: "1000", Last: "1999"}}}}
	w.settings.Removal = removal
	phone := func(uid, number string) string {
		return w.person(uid, "ipPhone", number, "pager", number, "title", "pass of "+uid)
	}
	ann, bob, eve := phone("ann", "1001"), phone("bob", "1002"), phone("eve", "1005")
	fay, gus := phone("fay", "1006"), phone("gus", "1007")
	w.run()
	if removal.DeleteAfter > 0 {
		w.ldap.Disable(eve, true)
		w.run()
		w.clock = w.clock.Add(removal.DeleteAfter)
	}
	w.ldap.Set(ann, "sn", "Garbled")
	w.ldap.Set(ann, "mail", "other@parts.test")
	w.xivo.Set(w.user("ann"), "music_on_hold", "jazz")
	w.ldap.Disable(bob, true)
	w.ldap.Disable(eve, true)
	w.ldap.Set(fay, "ipPhone", "1007")
	w.ldap.Set(gus, "ipPhone", "1006")
	phone("cid", "1003")
	w.xivo.Put("dan", map[string]string{"firstname": "Daniel", "lastname": "Old"})
	w.person("dan")
	before = w.everything()
	return w, w.run(audit).Number, before
}

// everything is what both sides hold, and with which keys phones and mailboxes are
// used.
func (w *world) everything() []string {
	out := strings.Split(w.dump(), "\n")
	for _, id := range w.xivo.IDs() {
		for _, name := range []string{"sip_username", "sip_secret", "provisioning_code", "voicemail_password"} {
			out = append(out, fmt.Sprintf("%s %s %q", w.xivo.Get(id, "userfield"), name, w.xivo.Get(id, name)))
		}
	}
	slices.Sort(out)
	return out
}

// removals are the ways in which people leave in such a world.
var removals = map[string]reconcile.Removal{
	"deactivated, and deleted later": {Policy: reconcile.RemovalDeactivate, DeleteAfter: 30 * 24 * time.Hour},
	"deleted at once":                {Policy: reconcile.RemovalDelete},
}

// TestARollbackSurvivesACrash stops the program at every step of a rollback. The same
// rollback once more, with or without a run in between, ends as without the crash:
// both sides are as before the run, and the next run changes nothing.
func TestARollbackSurvivesACrash(t *testing.T) {
	for name, removal := range removals {
		for between, runs := range map[string]int{"": 0, ", a run in between": 1} {
			t.Run(name+between, func(t *testing.T) {
				w, run, before := badDay(t, removal)
				w.rollback(takeBack(run))
				if diff := cmp.Diff(before, w.everything()); diff != "" {
					t.Fatalf("without a crash (-before +now)\n%s", diff)
				}
				w.quiet()
				holds := w.heldFields()
				for at := 1; ; at++ {
					w, run, before := badDay(t, removal)
					crashed := w.crashRollback(run, at)
					if crashed {
						for range runs {
							if r := w.run(allow(known...)); len(r.Plan.Changes()) > 0 {
								t.Errorf("the run in between plans %s", describe(r.Plan.Changes()))
							}
						}
						w.rollback(takeBack(run))
					}
					if diff := cmp.Diff(before, w.everything()); diff != "" {
						t.Fatalf("crashed at step %d (-before +now)\n%s", at, diff)
					}
					w.quiet()
					same(t, holds, w.heldFields())
					if t.Failed() {
						t.Fatalf("crashed at step %d: %v", at, w.open())
					}
					if !crashed {
						t.Logf("%d steps", at)
						break
					}
				}
			})
		}
	}
}

// TestARollbackSurvivesTwoCrashes stops the one that goes on, too, after a run or
// without one.
func TestARollbackSurvivesTwoCrashes(t *testing.T) {
	for one := 1; one < 100; one += 7 {
		for other := 1; other < 80; other += 4 {
			w, run, before := badDay(t, removals["deactivated, and deleted later"])
			w.crashRollback(run, one)
			if other%8 == 1 {
				w.run(allow(known...))
			}
			w.crashRollback(run, other)
			w.rollback(takeBack(run))
			same(t, before, w.everything())
			w.quiet()
			if t.Failed() {
				t.Fatalf("crashed at step %d, and then at %d: %v", one, other, w.open())
			}
		}
	}
}

// TestAnInterruptedRollbackIsTakenBack stops a rollback at every step, and takes back
// what it did: then everything is as after the run, and nobody waits to be gone on with.
func TestAnInterruptedRollbackIsTakenBack(t *testing.T) {
	for name, removal := range removals {
		t.Run(name, func(t *testing.T) {
			for at := 3; ; at++ { // after two, the journal has it
				w, run, _ := badDay(t, removal)
				after := w.everything()
				if !w.crashRollback(run, at) {
					break
				}
				report := w.rollback(takeBack(run + 1))
				w.run(allow(known...)) // whose taking down was only begun is looked at once more
				if diff := cmp.Diff(after, w.everything()); diff != "" || len(report.Left) > 0 {
					t.Errorf("left %v (-after the run +now)\n%s", report.Left, diff)
				}
				w.quiet()
				for h := range w.store.Holds() {
					if h.Side == "" {
						t.Errorf("%s waits still: %s", h.Person.Identifier, h.Why)
					}
				}
				if t.Failed() {
					t.Fatalf("crashed at step %d: %v", at, w.open())
				}
			}
		})
	}
}

// TestARollbackThatXiVOBreaksOffIsGoneOnWith has XiVO go away before each of its
// changes: a run in between changes nothing, and the same rollback once more ends it.
func TestARollbackThatXiVOBreaksOffIsGoneOnWith(t *testing.T) {
	for name, removal := range removals {
		t.Run(name, func(t *testing.T) {
			for at := 1; ; at++ {
				w, run, before := badDay(t, removal)
				changes := 0
				w.xivo.Refuse = func(record.Change) error {
					if changes++; changes < at {
						return nil
					}
					return &record.Error{Side: record.XiVO, Class: record.Down, Message: "connection refused"}
				}
				_, err := w.engine().Rollback(context.Background(), takeBack(run))
				if w.xivo.Refuse = nil; err == nil {
					t.Logf("%d changes", changes)
					break
				}
				if planned := w.run(allow(known...)).Plan.Changes(); len(planned) > 0 {
					t.Errorf("the run in between plans %s", describe(planned))
				}
				w.rollback(takeBack(run))
				if diff := cmp.Diff(before, w.everything()); diff != "" {
					t.Errorf("gone on with (-before +now)\n%s", diff)
				}
				w.quiet()
				if t.Failed() {
					t.Fatalf("broken off at change %d: %v", at, w.open())
				}
			}
		})
	}
}
