package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// settled is a world of n people who are in step, a day and more after their
// first run.
func settledWorld(t testing.TB, n int) (*world, []string) {
	w := newWorld(t)
	ids := w.people(n)
	w.run()
	w.clock = w.clock.Add(25 * time.Hour)
	w.run()
	w.writes()
	return w, ids
}

// limit is the threshold of one guard, the others far away.
func (w *world) limit(name string, l reconcile.Limit) {
	openGuards(w)
	w.settings.Guards.Limits[name] = l
}

// triggers make a person count in a guard.
var triggers = map[string]func(w *world, i int, id string){
	reconcile.GuardRemovals: func(w *world, _ int, id string) { w.ldap.Disable(id, true) },
	reconcile.GuardClears:   func(w *world, _ int, id string) { w.ldap.Set(id, "sn") },
	reconcile.GuardUpdates:  func(w *world, _ int, id string) { w.ldap.Set(id, "sn", "Changed") },
	reconcile.GuardCreates:  func(w *world, i int, _ string) { w.person(fmt.Sprintf("new%d", i)) },
	reconcile.GuardWritebacks: func(w *world, i int, _ string) {
		w.xivo.Set(w.user(fmt.Sprintf("p%03d", i)), "email", fmt.Sprintf("x%d@parts.test", i))
	},
}

func TestAGuardTripsAboveItsLimitAndNotAtIt(t *testing.T) {
	for name, trigger := range triggers {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 10)
			w.limit(name, reconcile.Limit{Count: 3})
			for i := range 3 {
				trigger(w, i, ids[i])
			}
			same(t, []string{}, tripped(w.plan(unattended).Guards))
			trigger(w, 3, ids[3])
			plan := w.plan(unattended)
			same(t, []string{name}, tripped(plan.Guards))
			for _, g := range plan.Guards {
				if g.Name == name && (g.Count != 4 || g.Limit != 3 || g.Message == "") {
					t.Errorf("%+v", g)
				}
			}
			report := w.run(unattended)
			same(t, record.OutcomeGuarded, report.Outcome)
			w.untouched()
			report = w.run(unattended, allow(name))
			same(t, record.OutcomeDone, report.Outcome)
			same(t, []string{name}, report.Allowed)
			same(t, 4, len(w.writes()))
		})
	}
}

func TestALimitIsTheLargerOfCountAndShareAndNeverAboveItsCap(t *testing.T) {
	for name, tc := range map[string]struct {
		limit  reconcile.Limit
		linked int
		want   int
	}{
		"count":  {reconcile.Limit{Count: 5, Share: 0.05, Cap: 50}, 50, 5},
		"share":  {reconcile.Limit{Count: 5, Share: 0.05, Cap: 50}, 400, 20},
		"cap":    {reconcile.Limit{Count: 5, Share: 0.05, Cap: 50}, 10000, 50},
		"no cap": {reconcile.Limit{Count: 50, Share: 0.30}, 10000, 3000},
	} {
		t.Run(name, func(t *testing.T) { same(t, tc.want, tc.limit.Of(tc.linked)) })
	}
}

func TestAShareIsOneOfTheLinkedPeopleNotOfThoseWhoAreNew(t *testing.T) {
	w, ids := settledWorld(t, 20)
	w.limit(reconcile.GuardRemovals, reconcile.Limit{Count: 1, Share: 0.10})
	for i := range 200 {
		w.person(fmt.Sprintf("new%d", i))
	}
	for _, id := range ids[:3] {
		w.ldap.Disable(id, true)
	}
	same(t, []string{reconcile.GuardRemovals}, tripped(w.plan(unattended).Guards))
}

func TestChangesOfTheLast24HoursCountOncePerPerson(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.limit(reconcile.GuardUpdates, reconcile.Limit{Count: 3})
	for i := range 3 {
		w.ldap.Set(ids[i], "sn", "Changed")
		same(t, record.OutcomeDone, w.run(unattended).Outcome)
	}
	w.ldap.Set(ids[0], "sn", "Again")
	same(t, record.OutcomeDone, w.run(unattended).Outcome)
	w.ldap.Set(ids[3], "sn", "Changed")
	same(t, record.OutcomeGuarded, w.run(unattended).Outcome)
	w.clock = w.clock.Add(24 * time.Hour)
	same(t, record.OutcomeDone, w.run(unattended).Outcome)
}

func TestWhatAPersonLetThroughIsNotCountedAgain(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.limit(reconcile.GuardUpdates, reconcile.Limit{Count: 3})
	for i := range 5 {
		w.ldap.Set(ids[i], "sn", "Changed")
	}
	w.run(unattended, allow(reconcile.GuardUpdates))
	w.ldap.Set(ids[6], "sn", "Changed")
	same(t, record.OutcomeDone, w.run(unattended).Outcome)
}

func TestWithHoldEverythingButTheTrippedKindRuns(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.limit(reconcile.GuardWritebacks, reconcile.Limit{Count: 1})
	w.settings.Guards.OnTrip = reconcile.OnTripHold
	for i := range 3 {
		triggers[reconcile.GuardWritebacks](w, i, ids[i])
	}
	w.ldap.Set(ids[5], "sn", "Changed")
	report := w.run(unattended)
	same(t, record.OutcomeGuarded, report.Outcome)
	same(t, 1, report.Counts.Updated)
	same(t, 0, report.Counts.WrittenBack)
	same(t, record.Text("p000@parts.test"), w.ldap.Get(ids[0], "mail"))
	same(t, 3, w.run(unattended, allow(reconcile.GuardWritebacks)).Counts.WrittenBack)
}

func TestADisabledAccountIsNotPausedByOtherGuards(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.limit(reconcile.GuardUpdates, reconcile.Limit{Count: 1})
	for i := range 3 {
		w.ldap.Set(ids[i], "sn", "Changed")
	}
	w.ldap.Disable(ids[5], true)
	report := w.run(unattended)
	same(t, record.OutcomeGuarded, report.Outcome)
	same(t, record.Counts{Deactivated: 1}, report.Counts)
	same(t, true, w.xivo.Disabled(w.user("p005")))
	same(t, 3, w.run(unattended, allow(reconcile.GuardUpdates)).Counts.Updated)
}

func TestTheFirstRunWantsToBeLookedAt(t *testing.T) {
	w := newWorld(t)
	w.limit(reconcile.GuardCreates, reconcile.Limit{Count: 1})
	w.people(3)
	report := w.run(unattended)
	same(t, []string{reconcile.GuardFirstRun}, tripped(report.Guards))
	same(t, record.OutcomeGuarded, report.Outcome)
	w.untouched()
	same(t, 3, w.run(unattended, allow(reconcile.GuardFirstRun)).Counts.Created)
}

func TestASourceThatCannotBeBelievedStopsTheRun(t *testing.T) {
	for name, tc := range map[string]func(w *world, ids []string){
		"the directory shows nobody": func(w *world, ids []string) {
			for _, id := range ids {
				w.ldap.Hide(id, true)
			}
		},
		"the directory shows less than half": func(w *world, ids []string) {
			for _, id := range ids[:13] {
				w.ldap.Hide(id, true)
			}
		},
		"XiVO shows less than half": func(w *world, _ []string) {
			for _, id := range w.xivo.IDs()[:13] {
				w.xivo.Remove(id)
			}
		},
		"an attribute is gone from more than half": func(w *world, ids []string) {
			for _, id := range ids[:13] {
				w.ldap.Set(id, "sn")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 24)
			openGuards(w)
			w.ldap.Set(ids[20], "givenName", "Changed")
			tc(w, ids)
			report := w.run(unattended)
			same(t, []string{reconcile.GuardSource}, tripped(report.Guards))
			w.untouched()
			for _, id := range ids {
				same(t, 0, w.link(id).Missed)
			}
			same(t, []string{}, w.open())
			if report := w.run(unattended, allow(reconcile.GuardSource)); report.Plan.Tripped() {
				t.Errorf("it was let through, and tripped: %v", report.Guards)
			}
		})
	}
}

func TestHalfOfThePeopleIsStillBelieved(t *testing.T) {
	w, ids := settledWorld(t, 24)
	openGuards(w)
	for _, id := range ids[:12] {
		w.ldap.Hide(id, true)
	}
	same(t, []string{}, tripped(w.plan(unattended).Guards))
}

func TestAFewPeopleTellNothingAboutAnAttribute(t *testing.T) {
	w, ids := settledWorld(t, 9)
	openGuards(w)
	for _, id := range ids {
		w.ldap.Set(id, "sn")
	}
	same(t, []string{}, tripped(w.plan(unattended).Guards))
}

func TestACanaryThatIsMissingStopsTheRun(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.settings.Guards.Canaries = []string{"p003"}
	same(t, []string{}, tripped(w.plan(unattended).Guards))
	w.ldap.Hide(ids[3], true)
	w.ldap.Set(ids[4], "sn", "Changed")
	same(t, []string{reconcile.GuardCanary}, tripped(w.run(unattended).Guards))
	w.untouched()
}

func TestAnotherServerStopsTheRun(t *testing.T) {
	for name, rename := range map[string]func(w *world){
		"another directory": func(w *world) { w.ldap.Server = "other" },
		"another XiVO":      func(w *world) { w.xivo.Server = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 10)
			rename(w)
			w.ldap.Set(ids[4], "sn", "Changed")
			same(t, []string{reconcile.GuardIdentity}, tripped(w.run(unattended).Guards))
			w.untouched()
			w.run(unattended, allow(reconcile.GuardIdentity))
			same(t, []string{}, tripped(w.run(unattended).Guards))
		})
	}
}

func TestAConfigurationThatChangesManyPeopleStopsTheRun(t *testing.T) {
	w, _ := settledWorld(t, 10)
	w.settings.Guards.Limits[reconcile.GuardUpdates] = reconcile.Limit{Count: 9}
	fields := usualFields()
	fields[2].Chain = chain(fields[2].Field, reconcile.Transform{Case: "upper"})
	w.remap(fields...)
	same(t, []string{reconcile.GuardConfiguration, reconcile.GuardUpdates}, tripped(w.run(unattended).Guards))
	w.untouched()
	w.settings.Guards.Limits[reconcile.GuardUpdates] = reconcile.Limit{Count: 10}
	same(t, 10, w.run(unattended).Counts.Updated)
	w.quiet()
}

func TestARestoredBackupStopsTheRun(t *testing.T) {
	for name, tc := range map[string]struct {
		trigger func(w *world, ids []string)
		want    []string
	}{
		"three values are those before our last write": {func(w *world, ids []string) { revert(w, ids[:3]) }, []string{}},
		"four are":                          {func(w *world, ids []string) { revert(w, ids[:4]) }, []string{reconcile.GuardRestored}},
		"the directory's counter is lower":  {func(w *world, _ []string) { w.ldap.Count = "20261120080000.000000Z#000000#000#000000" }, []string{reconcile.GuardRestored}},
		"the directory's counter is higher": {func(w *world, _ []string) { w.ldap.Count = "20261122080000.000000Z#000000#000#000000" }, []string{}},
		"the latest users are gone":         {func(w *world, _ []string) { w.xivo.Remove(w.user("p009")) }, []string{reconcile.GuardRestored}},
		"another user is gone":              {func(w *world, _ []string) { w.xivo.Remove(w.user("p003")) }, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 10)
			openGuards(w)
			w.ldap.Count = "20261121080000.000000Z#000000#000#000000"
			for _, id := range ids {
				w.ldap.Set(id, "sn", "Written")
			}
			w.run(unattended)
			w.writes()
			tc.trigger(w, ids)
			same(t, tc.want, tripped(w.plan(unattended).Guards))
		})
	}
}

// revert puts the users back to what they held before our last write.
func revert(w *world, ids []string) {
	for i := range ids {
		w.xivo.Set(w.user(fmt.Sprintf("p%03d", i)), "lastname", "Parts")
	}
}

func TestARunThatAGuardStopsRemembersNothing(t *testing.T) {
	w, ids := settledWorld(t, 24)
	for _, id := range ids[:13] {
		w.ldap.Hide(id, true)
	}
	for range 3 {
		same(t, []string{reconcile.GuardSource}, tripped(w.run(unattended).Guards))
	}
}

func TestOnePersonAloneDoesNotCountAsACompleteRun(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	w.run(only("p001"))
	same(t, 1, len(w.xivo.IDs()))
	if !slices.Contains(tripped(w.plan(unattended).Guards), reconcile.GuardFirstRun) {
		t.Error("the first run of everybody is not asked for any more")
	}
}

func TestWithHoldNothingOfTheTrippedKindIsWritten(t *testing.T) {
	for name, trigger := range triggers {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 10)
			w.limit(name, reconcile.Limit{Count: 2})
			w.settings.Guards.OnTrip = reconcile.OnTripHold
			for i := range 3 {
				trigger(w, i, ids[i])
			}
			for range 2 {
				report := w.run(unattended)
				same(t, record.OutcomeGuarded, report.Outcome)
				w.untouched()
			}
			w.run(unattended, allow(name))
			same(t, 3, len(w.writes()))
			w.quiet()
		})
	}
}
