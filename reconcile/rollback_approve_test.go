package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// savedRollback is the plan of a rollback as `rollback -o` writes it, and what
// `rollback --plan` makes of it.
func (w *world) savedRollback(opt reconcile.RollbackOptions) reconcile.RollbackOptions {
	w.t.Helper()
	plan, err := w.engine().PlanRollback(context.Background(), opt)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(plan)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := reconcile.ParseApproved(text)
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := a.Rollback()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestASavedRollbackIsCarriedOutThroughTheGuards(t *testing.T) {
	w := newWorld(t)
	ids := w.people(60)
	w.run()
	for _, id := range ids {
		w.ldap.Set(id, "sn", "Garbled")
	}
	w.person("new")
	w.xivo.Set(w.user("p000"), "music_on_hold", "jazz")
	before := w.dump()
	run := w.run(audit, allow(reconcile.GuardUpdates))
	if w.dump() == before {
		t.Fatal("nothing to take back")
	}
	saved := w.savedRollback(takeBack(run.Number))
	report := w.rollback(saved)
	same(t, record.OutcomeDone, report.Outcome)
	same(t, []string{"plan"}, report.Allowed)
	same(t, 62, len(w.heldFields()))
	done := len(report.Plan.Changes())
	same(t, before, w.dump())
	for range 3 {
		w.quiet()
	}
	report = w.rollback(saved) // a second time there is nothing left of it
	same(t, record.OutcomePartial, report.Outcome)
	same(t, done, report.Counts.Stale)
	same(t, before, w.dump())
}

// TestASavedRollbackTakesBackWhatItListsAndNothingElse: what could be taken back by
// now, and could not when somebody looked at the plan, stays and is not held.
func TestASavedRollbackTakesBackWhatItListsAndNothingElse(t *testing.T) {
	w, ids := settledWorld(t, 4)
	for _, id := range ids[:3] {
		w.ldap.Set(id, "sn", "Garbled")
	}
	run := w.run()
	w.xivo.Set(w.user("p001"), "lastname", "Mine")
	saved := w.savedRollback(takeBack(run.Number, onlyField("lastname")))
	w.xivo.Set(w.user("p001"), "lastname", "Garbled")
	w.xivo.Set(w.user("p002"), "lastname", "Later")
	report := w.rollback(saved)
	same(t, record.OutcomePartial, report.Outcome)
	same(t, 1, report.Counts.Stale)
	same(t, 1, len(report.Left))
	same(t, "p002", report.Failures[0].Identifier)
	w.expect(w.xivo, w.user("p000"), "lastname", "Parts")
	w.expect(w.xivo, w.user("p001"), "lastname", "Garbled")
	w.expect(w.xivo, w.user("p002"), "lastname", "Later")
	same(t, []string{"p000 lastname"}, w.heldFields())
}

// TestASavedRollbackLeavesWhoMayNotGoAltogether: a user who has more by now than
// when the plan was looked at stays, with all that would have gone with them.
func TestASavedRollbackLeavesWhoMayNotGoAltogether(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	run := w.run()
	saved := w.savedRollback(takeBack(run.Number))
	w.xivo.Set(w.user("ann"), "music_on_hold", "jazz")
	before := w.dump()
	report := w.rollback(saved)
	same(t, record.OutcomePartial, report.Outcome)
	same(t, len(saved.Approved.Changes), report.Counts.Stale)
	same(t, before, w.dump())
	same(t, []string{}, w.heldFields())
}

// TestASavedRollbackTakesARingBack: where somebody broke it since, whoever can go
// back by a change of the saved plan still does, and nobody else is held.
func TestASavedRollbackTakesARingBack(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(w *world)
		back   []string
	}{
		"as it was":           {func(*world) {}, []string{"p000", "p001", "p002", "p003", "p004"}},
		"one changed by hand": {func(w *world) { w.xivo.Set(w.user("p002"), "email", "mine@parts.test") }, []string{"p003", "p004"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := ringWorld(t, 5)
			w.pass(ids, "mail")
			run := w.run()
			saved := w.savedRollback(takeBack(run.Number))
			tc.change(w)
			report := w.rollback(saved)
			same(t, len(tc.back) == 5, report.Outcome == record.OutcomeDone)
			var back, held []string
			for i := range ids {
				uid := fmt.Sprintf("p%03d", i)
				if w.xivo.Get(w.user(uid), "email").First() == uid+"@parts.test" {
					back, held = append(back, uid), append(held, uid+" email")
				}
			}
			same(t, tc.back, back)
			same(t, held, w.heldFields())
		})
	}
}

func TestASavedRollbackIsRefusedWhereItDoesNotBelong(t *testing.T) {
	for name, tc := range map[string]func(w *world) (*reconcile.RollbackReport, error){
		"another configuration": func(w *world) (*reconcile.RollbackReport, error) {
			saved := w.savedRollback(takeBack(1))
			w.settings.Fingerprint = "another"
			return w.engine().Rollback(context.Background(), saved)
		},
		"another store": func(w *world) (*reconcile.RollbackReport, error) {
			saved := w.savedRollback(takeBack(1))
			w.store = otherStore{w.store}
			return w.engine().Rollback(context.Background(), saved)
		},
		"the plan of a run": func(w *world) (*reconcile.RollbackReport, error) {
			_, err := w.saved(false).Rollback()
			return nil, err
		},
		"as a run": func(w *world) (*reconcile.RollbackReport, error) {
			saved := w.savedRollback(takeBack(1))
			report, err := w.engine().Run(context.Background(), options(approved(saved.Approved)))
			if report != nil {
				t.Error("a run was begun")
			}
			return nil, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := settledWorld(t, 1)
			w.writes()
			report, err := tc(w)
			if !errors.Is(err, reconcile.ErrOtherPlan) || report != nil {
				t.Errorf("report %v, error %v", report, err)
			}
			w.untouched()
		})
	}
}

func TestASavedRollbackDoesNotMakeUpForAnotherXiVO(t *testing.T) {
	w, _ := settledWorld(t, 2)
	saved := w.savedRollback(takeBack(1))
	w.writes()
	w.xivo.Server = "another"
	report := w.rollback(saved)
	same(t, record.OutcomeGuarded, report.Outcome)
	same(t, []string{reconcile.GuardIdentity}, tripped(report.Guards))
	w.untouched()
}
