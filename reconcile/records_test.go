package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// same fails the test unless both are equal; null and empty are one.
func same(t testing.TB, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnEntryWithoutAUserGetsOne(t *testing.T) {
	w := newWorld(t)
	w.person("ann", "mobile", "06 12 34 56 78")
	report := w.run()
	same(t, record.Counts{Created: 1}, report.Counts)
	u := w.user("ann")
	for name, want := range map[string]string{"firstname": "Ann", "lastname": "Parts", "email": "ann@parts.test",
		"mobile_phone_number": "+33612345678", "outgoing_caller_id": "default"} {
		same(t, record.Text(want), w.xivo.Get(u, name))
	}
	w.quiet()
}

func TestTheOneUserWithTheIdentifierIsAdopted(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	u := w.xivo.Put("ann", map[string]string{"firstname": "Anne", "lastname": "Parts", "email": "ann@parts.test", "music_on_hold": "jazz"})
	report := w.run()
	same(t, record.Counts{Adopted: 1, Updated: 1, WrittenBack: 1}, report.Counts)
	same(t, record.Text("Ann"), w.xivo.Get(u, "firstname"))
	same(t, []string{u}, w.xivo.IDs())
	w.quiet()
}

func TestAnAdoptedUserThatAgreesNeedsNoWrite(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	w.xivo.Put("ann", map[string]string{"firstname": "Ann", "lastname": "Parts", "email": "ANN@parts.test"})
	same(t, record.Counts{Adopted: 1}, w.run().Counts)
	w.untouched()
	w.quiet()
}

func TestALeaversUserIsNotGivenToANewHire(t *testing.T) {
	for name, forget := range map[string]bool{"while the leaver's link is there": false, "after the leaver is forgotten": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			old := w.person("ann")
			w.run()
			u := w.user("ann")
			if forget {
				if err := w.store.Forget([]uint64{w.link(old).Number}); err != nil {
					t.Fatal(err)
				}
			}
			w.ldap.Remove(old)
			w.person("ann", "mail", "other@parts.test")
			w.writes()
			w.run(allow(reconcile.GuardSource))
			same(t, []string{"ann: identifier_reused"}, w.open())
			w.untouched()
			same(t, record.Text("ann@parts.test"), w.xivo.Get(u, "email"))
		})
	}
}

func TestTwoWithOneIdentifierAreBothLeftAlone(t *testing.T) {
	for name, tc := range map[string]func(w *world){
		"two new entries": func(w *world) { w.person("ann"); w.person("ann") },
		"two users of one new entry": func(w *world) {
			w.person("ann")
			w.xivo.Put("ann", map[string]string{})
			w.xivo.Put("ann", map[string]string{})
		},
		"a linked entry and a new one": func(w *world) {
			id := w.person("ann")
			w.run()
			w.person("ann")
			w.ldap.Set(id, "sn", "Changed")
		},
		"a linked user and another one": func(w *world) {
			id := w.person("ann")
			w.run()
			w.xivo.Put("ann", map[string]string{})
			w.ldap.Set(id, "sn", "Changed")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tc(w)
			bob := w.person("bob")
			w.writes()
			report := w.run()
			for _, c := range report.Found {
				if c.Kind != record.DuplicateIdentifier {
					t.Errorf("conflict %s: %s", c.Kind, c.Message)
				}
			}
			if len(report.Found) == 0 {
				t.Error("no conflict was found")
			}
			for _, c := range w.writes() {
				if c.Entry != bob {
					t.Errorf("somebody was touched: %s", describe([]record.Change{c}))
				}
			}
			if w.user("bob") == "" {
				t.Error("somebody else was not served")
			}
		})
	}
}

func TestAnEntryThatIsGoneCountsAfterTwoRunsAndADay(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	w.ldap.Remove(id)
	for hour := range 24 {
		if report := w.run(); report.Counts.Deactivated != 0 {
			t.Fatalf("deactivated after %d hours", hour)
		}
	}
	same(t, 1, w.run().Counts.Deactivated)
	same(t, true, w.xivo.Disabled(u))
	w.quiet()
}

func TestALeaverWhoIsDeactivatedCostsNoMoreRequests(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	id := w.person("ann")
	w.run()
	w.ldap.Remove(id)
	w.step = 25 * time.Hour
	w.run()
	w.run()
	same(t, true, w.link(id).Deactivated)
	ldap, xivo := w.ldap.Requests().Read, w.xivo.Requests().Read
	w.run()
	same(t, ldap+1, w.ldap.Requests().Read)
	same(t, xivo+1, w.xivo.Requests().Read)
	w.xivo.Remove(w.user("ann"))
	w.xivo.Put("later", map[string]string{})
	w.run()
	same(t, uint64(0), w.link(id).Number)
}

func TestADayAloneIsNotEnoughForAbsence(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	id := w.person("ann")
	w.run()
	w.ldap.Remove(id)
	w.step = 48 * time.Hour
	same(t, 0, w.run().Counts.Deactivated)
	same(t, 1, w.run().Counts.Deactivated)
}

func TestWhoeverIsBackStartsCountingAnew(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	id := w.person("ann")
	w.run()
	w.step = 20 * time.Hour
	for range 3 {
		w.ldap.Hide(id, true)
		w.run()
		w.ldap.Hide(id, false)
		w.run()
	}
	same(t, false, w.xivo.Disabled(w.user("ann")))
}

func TestAnEntryOutOfScopeIsNotReportedAsDeleted(t *testing.T) {
	for policy, want := range map[reconcile.RemovalPolicy]int{reconcile.RemovalKeep: 0, reconcile.RemovalDeactivate: 1} {
		t.Run(string(policy), func(t *testing.T) {
			w := newWorld(t)
			w.settings.Removal.OutOfScope = policy
			w.people(3)
			id := w.person("ann")
			w.run()
			w.ldap.Hide(id, true)
			w.step = 25 * time.Hour
			w.run()
			report := w.run()
			same(t, want, report.Counts.Deactivated)
			for _, c := range report.Plan.Changes() {
				if c.Reason != "the entry is outside of base and filter now: uid=ann,ou=people" {
					t.Errorf("reason %q", c.Reason)
				}
			}
		})
	}
}

func TestAUserThatIsGoneIsAConflict(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	w.person("ann")
	w.run()
	w.xivo.Remove(w.user("ann"))
	w.xivo.Put("unmanaged", map[string]string{})
	w.writes()
	w.run()
	same(t, []string{"ann: user_missing"}, w.open())
	w.untouched()
	same(t, "", w.user("ann"))
}

func TestWhatIsGoneOnBothSidesIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	id := w.person("ann")
	w.run()
	w.xivo.Remove(w.user("ann"))
	w.xivo.Put("unmanaged", map[string]string{})
	w.ldap.Remove(id)
	w.run()
	same(t, uint64(0), w.link(id).Number)
	same(t, []string{}, w.open())
	var ops []record.Op
	for c, err := range w.store.History(0, id) {
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, c.Op)
	}
	same(t, []record.Op{record.Unlink, record.Create}, ops)
}

func TestAnIdentifierThatChangesIsAConflictOnThatFieldAlone(t *testing.T) {
	for name, tc := range map[string]func(w *world, id string){
		"marriage in the directory": func(w *world, id string) { w.ldap.Set(id, "uid", "ann.two") },
		"another one in XiVO":       func(w *world, _ string) { w.xivo.Set(w.user("ann"), "userfield", "ann.two") },
		"emptied in XiVO":           func(w *world, _ string) { w.xivo.Set(w.user("ann"), "userfield") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.person("ann")
			w.run()
			u := w.user("ann")
			tc(w, id)
			w.ldap.Set(id, "sn", "Two")
			w.run()
			same(t, []string{"ann identifier: identifier_changed"}, w.open())
			same(t, record.Text("Two"), w.xivo.Get(u, "lastname"))
			same(t, 1, len(w.xivo.IDs()))
			w.quiet()
		})
	}
}

func TestAnIdentifierThatGoesBackClosesItsConflict(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	w.ldap.Set(id, "uid", "ann.two")
	w.run()
	w.ldap.Set(id, "uid", "ann")
	w.run()
	same(t, []string{}, w.open())
}

func TestAnIdentifierThatChangesOnBothSidesAlikeIsRemembered(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	w.xivo.Set(w.user("ann"), "userfield", "ann.two")
	w.ldap.Set(id, "uid", "ann.two")
	w.run()
	same(t, []string{}, w.open())
	same(t, "ann.two", w.link(id).Identifier)
	w.quiet()
}

func TestTwoWhoSwapTheirIdentifiersKeepTheirUsers(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.person("ann"), w.person("bob")
	w.run()
	annsUser, bobsUser := w.user("ann"), w.user("bob")
	w.ldap.Set(ann, "uid", "bob")
	w.ldap.Set(bob, "uid", "ann")
	w.run()
	same(t, []string{"ann identifier: identifier_changed", "bob identifier: identifier_changed"}, w.open())
	same(t, record.Text("Ann"), w.xivo.Get(annsUser, "firstname"))
	same(t, record.Text("Bob"), w.xivo.Get(bobsUser, "firstname"))
}

func TestAUserWithoutAnEntryIsNeverTouched(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	door := w.xivo.Put("", map[string]string{"firstname": "Door phone"})
	fax := w.xivo.Put("fax", map[string]string{"firstname": "Fax"})
	w.run()
	report := w.run()
	same(t, 2, report.Plan.Unmanaged)
	same(t, record.Text("Door phone"), w.xivo.Get(door, "firstname"))
	same(t, record.Text("Fax"), w.xivo.Get(fax, "firstname"))
	same(t, 1, len(w.ldap.IDs()))
}

func TestInGraceOnlyTheLifecycleIsManagedAndTheReturnFindsAllAsItWas(t *testing.T) {
	for name, tc := range map[string]struct{ before bool }{"an enabled user": {false}, "a user that somebody had disabled": {true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.person("ann")
			w.run()
			u := w.user("ann")
			w.xivo.Disable(u, tc.before)
			w.run()
			w.ldap.Disable(id, true)
			w.run()
			same(t, true, w.xivo.Disabled(u))
			w.ldap.Set(id, "sn", "Two")
			w.xivo.Set(u, "email", "in.grace@parts.test")
			w.writes()
			w.run()
			w.untouched()
			w.ldap.Disable(id, false)
			w.run()
			same(t, tc.before, w.xivo.Disabled(u))
			same(t, record.Text("Two"), w.xivo.Get(u, "lastname"))
			same(t, record.Text("in.grace@parts.test"), w.ldap.Get(id, "mail"))
			w.quiet()
		})
	}
}

func TestADisabledEntryGetsNoUser(t *testing.T) {
	w := newWorld(t)
	w.ldap.Disable(w.person("ann"), true)
	w.person("bob")
	w.run()
	same(t, "", w.user("ann"))
}

func TestAnEditInXiVODuringAnAbsenceIsNotLost(t *testing.T) {
	w := newWorld(t)
	w.people(3)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	w.ldap.Hide(id, true)
	w.run()
	w.xivo.Set(u, "email", "meanwhile@parts.test")
	w.run()
	w.ldap.Hide(id, false)
	w.run()
	same(t, record.Text("meanwhile@parts.test"), w.ldap.Get(id, "mail"))
	w.quiet()
}

func TestAnEntryWithoutAnIdentifierIsReported(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	id := w.person("bob")
	w.ldap.Set(id, "uid")
	report := w.run()
	same(t, 1, report.Counts.Conflicts)
	same(t, record.RequiredEmpty, report.Found[0].Kind)
}

func TestAnEntryWithoutARequiredValueIsReportedForThatValue(t *testing.T) {
	w := newWorld(t)
	w.person("ann", "givenName", "")
	w.run()
	same(t, []string{"ann firstname: required_empty"}, w.open())
	w = newWorld(t)
	w.person("ann", "givenName", "", "mail", string(make([]byte, 3)))
	w.run()
	same(t, []string{"ann email: rejected", "ann firstname: required_empty"}, w.open())
	same(t, "", w.user("ann"))
}
