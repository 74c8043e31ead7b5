package reconcile_test

import (
	"context"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// holdByHand holds somebody, or a field, until it is released.
func (w *world) holdByHand(id, field string) {
	w.t.Helper()
	if _, err := w.engine().HoldByHand(context.Background(), reconcile.HoldRequest{ID: id, Field: field, Who: "ann", Why: "so"}); err != nil {
		w.t.Fatal(err)
	}
}

// apart makes a conflict on the e-mail of p000.
func (w *world) apart(entry string) {
	w.ldap.Set(entry, "mail", "l@parts.test")
	w.xivo.Set(w.user("p000"), "email", "x@parts.test")
}

// A decision about a field that somebody holds waits for the release.
func TestADecisionAboutAHeldFieldWaits(t *testing.T) {
	w, ids := followed(t, 5)
	w.apart(ids[0])
	w.run()
	w.decide("email", record.DecideLDAP)
	w.holdByHand("p000", "email")
	w.writes()
	for range 2 {
		w.run()
	}
	w.untouched()
	if err := reconcile.Release(w.store, w.holds()...); err != nil {
		t.Fatal(err)
	}
	w.follow()
	if c := w.open(); len(c) > 0 {
		t.Errorf("open: %q", c)
	}
	w.expect(w.xivo, w.user("p000"), "email", "l@parts.test")
	w.quiet()
}

// What a run carried out because somebody decided it is not carried out again
// once it was rolled back.
func TestADecisionThatWasRolledBackIsNotCarriedOutAgain(t *testing.T) {
	for _, take := range []string{record.DecideLDAP, record.DecideXiVO, "=v@parts.test"} {
		t.Run(take, func(t *testing.T) {
			w, ids := followed(t, 5)
			w.apart(ids[0])
			w.run()
			w.decide("email", take)
			run := w.run()
			w.rollback(takeBack(run.Number))
			w.writes()
			for _, mode := range []func(*reconcile.Options){incremental, audit, func(*reconcile.Options) {}} {
				w.run(mode)
			}
			w.untouched()
			w.expect(w.ldap, ids[0], "mail", "l@parts.test")
			w.expect(w.xivo, w.user("p000"), "email", "x@parts.test")
		})
	}
}

// A decision about somebody who is gone meanwhile is carried out by nobody, and
// stops nobody.
func TestADecisionAboutSomebodyWhoIsDeletedMeanwhile(t *testing.T) {
	w, ids := followed(t, 5)
	w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor = 1, 0
	w.settings.Removal.Policy = reconcile.RemovalDelete
	w.apart(ids[0])
	w.run()
	w.decide("email", record.DecideXiVO)
	w.ldap.Remove(ids[0])
	w.xivo.Remove(w.user("p000"))
	w.run()
	w.run()
	if open := w.open(); len(open) > 0 {
		t.Errorf("open: %q", open)
	}
	w.quiet()
}

// Whoever is held as a whole is left alone even when the account is disabled: a
// hold says so in every plan, until it is released.
func TestAHeldPersonIsNotDeactivatedBeforeTheRelease(t *testing.T) {
	w, ids := followed(t, 5)
	w.holdByHand("p000", "")
	w.ldap.Disable(ids[0], true)
	w.writes()
	r := w.run()
	w.untouched()
	if len(r.Plan.Held) != 1 {
		t.Errorf("held: %v", r.Plan.Held)
	}
	if err := reconcile.Release(w.store, w.holds()...); err != nil {
		t.Fatal(err)
	}
	w.follow()
	if !w.xivo.Disabled(w.user("p000")) {
		t.Error("released, and not deactivated")
	}
	w.quiet()
}

// A hold of a field does not keep somebody's account alive.
func TestAHeldFieldDoesNotKeepALeaver(t *testing.T) {
	w, ids := followed(t, 5)
	w.holdByHand("p000", "email")
	w.ldap.Disable(ids[0], true)
	w.follow()
	if !w.xivo.Disabled(w.user("p000")) {
		t.Error("the account is disabled, and the user is not deactivated")
	}
	w.quiet()
}

// Who came back after the deletion has a user of their own: the rollback leaves
// it. Before that, the user is made again and taken up.
func TestADeletionIsRolledBackOfSomebodyWhoCameBack(t *testing.T) {
	for name, before := range map[string]bool{"before the next run": true, "after the next run": false} {
		t.Run(name, func(t *testing.T) {
			w, ids := followed(t, 5)
			w.settings.Removal.DeleteAfter = 2 * time.Hour
			w.ldap.Disable(ids[0], true)
			w.run()
			w.clock = w.clock.Add(3 * time.Hour)
			run := w.run()
			if w.user("p000") != "" {
				t.Fatal("not deleted")
			}
			w.ldap.Disable(ids[0], false)
			if !before {
				w.run()
			}
			report := w.rollback(takeBack(run.Number))
			if before == (len(report.Left) > 0) {
				t.Errorf("left %v", report.Left)
			}
			for range 3 {
				w.run(incremental)
			}
			if u := w.user("p000"); u == "" || w.xivo.Disabled(u) {
				t.Errorf("user %q is missing or still deactivated; open %q, held %v", u, w.open(), w.heldFields())
			}
			w.quiet()
		})
	}
}

// Runs that changed one field may be taken back one after the other: the second
// rollback waits for the value for which the first one waited.
func TestTwoRunsAreRolledBackOneAfterTheOther(t *testing.T) {
	w, ids := followed(t, 5)
	w.ldap.Set(ids[0], "sn", "One")
	first := w.run()
	w.ldap.Set(ids[0], "sn", "Two")
	second := w.run()
	w.rollback(takeBack(second.Number))
	w.expect(w.xivo, w.user("p000"), "lastname", "One")
	w.quiet()
	w.rollback(takeBack(first.Number))
	for range 3 {
		w.quiet()
	}
	w.expect(w.xivo, w.user("p000"), "lastname", "Parts")
	w.ldap.Set(ids[0], "sn", "Three")
	w.run()
	w.expect(w.xivo, w.user("p000"), "lastname", "Three")
	w.quiet()
}
