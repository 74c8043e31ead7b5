package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// situation is what `why` says of a person.
func (w *world) situation(id string) string {
	w.t.Helper()
	found, err := w.engine().Why(context.Background(), id)
	if err != nil || len(found) != 1 {
		w.t.Fatalf("%d explanations of %s, %v", len(found), id, err)
	}
	return found[0].Situation
}

func wantText(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}

func TestWhySaysUntilWhenSomebodyIsInGrace(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.ldap.Disable(ids[0], true)
	w.run()
	left := w.clock
	wantText(t, w.situation("p000"), "deactivated since "+left.Format("2006-01-02 15:04"), "never deleted")
	w.settings.Removal.DeleteAfter = 30 * 24 * time.Hour
	wantText(t, w.situation("p000"), "the account is disabled", "deleted after "+left.Add(30*24*time.Hour).Format("2006-01-02 15:04"))
	w.clock = w.clock.Add(31 * 24 * time.Hour)
	wantText(t, w.situation("p000"), "is to be deleted")
	w.ldap.Remove(ids[1])
	wantText(t, w.situation("p001"), "not listed any more")
}

// A person of an older store is in grace from the first run that deletes.
func TestGraceOfWhoLeftBeforeItWasRemembered(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.ldap.Disable(ids[0], true)
	w.run()
	s := w.state(ids[0])
	s.Left = time.Time{}
	if err := w.store.Save([]record.State{s}); err != nil {
		t.Fatal(err)
	}
	w.settings.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.clock = w.clock.Add(300 * 24 * time.Hour)
	w.quiet()
	if left := w.state(ids[0]).Left; !left.Equal(w.clock) {
		t.Errorf("grace begins %v, want %v", left, w.clock)
	}
	w.clock = w.clock.Add(30 * 24 * time.Hour)
	if report := w.run(); report.Counts.Deleted != 1 {
		t.Errorf("%+v", report.Counts)
	}
	w.quiet()
}

// ruled sets the removal policy of the people of a department.
func ruled(department string, policy reconcile.RemovalPolicy) reconcile.Rule {
	return reconcile.Rule{Name: department, When: reconcile.Condition{Attribute: "employeeType", Equals: department},
		Set: map[string]string{reconcile.SetRemoval: string(policy)}}
}

// A rule's policy is remembered: when the entry is gone, nobody can ask it.
func TestARuleSetsWhatBecomesOfALeaver(t *testing.T) {
	for name, tc := range map[string]struct {
		policy, outOfScope, rule reconcile.RemovalPolicy
		grace                    time.Duration
		hide                     bool
		want                     record.Counts
	}{
		"kept in spite of the policy":               {policy: reconcile.RemovalDelete, rule: reconcile.RemovalKeep},
		"deleted in spite of the policy":            {policy: reconcile.RemovalKeep, rule: reconcile.RemovalDelete, want: record.Counts{Deleted: 1}},
		"deactivated, and no more than that":        {policy: reconcile.RemovalDeactivate, rule: reconcile.RemovalDeactivate, grace: time.Hour, want: record.Counts{Deactivated: 1}},
		"elsewhere, the rule is the milder":         {policy: reconcile.RemovalDelete, outOfScope: reconcile.RemovalDelete, rule: reconcile.RemovalKeep, hide: true},
		"elsewhere, out_of_scope is the milder":     {policy: reconcile.RemovalKeep, outOfScope: reconcile.RemovalDeactivate, rule: reconcile.RemovalDelete, hide: true, want: record.Counts{Deactivated: 1}},
		"elsewhere, without a rule: out_of_scope":   {policy: reconcile.RemovalKeep, outOfScope: reconcile.RemovalDelete, hide: true, want: record.Counts{Deleted: 1}},
		"after grace, the general policy goes on":   {policy: reconcile.RemovalDeactivate, grace: time.Hour, want: record.Counts{Deactivated: 1, Deleted: 1}},
		"after grace, out_of_scope does not":        {policy: reconcile.RemovalDeactivate, outOfScope: reconcile.RemovalDeactivate, grace: time.Hour, hide: true, want: record.Counts{Deactivated: 1}},
		"elsewhere and to be deleted: after grace":  {policy: reconcile.RemovalKeep, outOfScope: reconcile.RemovalDelete, grace: time.Hour, hide: true, want: record.Counts{Deactivated: 1, Deleted: 1}},
		"a rule that deletes, after grace":          {policy: reconcile.RemovalKeep, rule: reconcile.RemovalDelete, grace: time.Hour, want: record.Counts{Deactivated: 1, Deleted: 1}},
		"keep is keep, whatever the grace":          {policy: reconcile.RemovalKeep, grace: time.Hour},
		"no rule for that department, so no policy": {policy: reconcile.RemovalKeep, outOfScope: reconcile.RemovalKeep, hide: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			openGuards(w)
			w.settings.Removal.Policy, w.settings.Removal.OutOfScope, w.settings.Removal.DeleteAfter = tc.policy, tc.outOfScope, tc.grace
			if tc.rule != "" {
				w.settings.Rules = reconcile.Rules{ruled("intern", tc.rule)}
			}
			w.people(5)
			leaver := w.person("leaver", "employeeType", "intern")
			w.run()
			if tc.hide {
				w.ldap.Hide(leaver, true)
			} else {
				w.ldap.Remove(leaver)
			}
			var got record.Counts
			for range 5 {
				counts := w.run().Counts
				got.Deactivated += counts.Deactivated
				got.Deleted += counts.Deleted
				w.clock = w.clock.Add(25 * time.Hour)
			}
			same(t, tc.want, got)
			w.quiet()
		})
	}
}

// TestARuleOfADisabledAccount is asked of the entry as it is now.
func TestARuleOfADisabledAccount(t *testing.T) {
	w, ids := settledWorld(t, 10)
	openGuards(w)
	w.settings.Rules = reconcile.Rules{ruled("intern", reconcile.RemovalDelete)}
	w.ldap.Set(ids[0], "employeeType", "intern")
	w.ldap.Disable(ids[0], true)
	w.ldap.Disable(ids[1], true)
	report := w.run()
	same(t, record.Counts{Deactivated: 1, Deleted: 1}, record.Counts{Deactivated: report.Counts.Deactivated, Deleted: report.Counts.Deleted})
	if w.user("p000") != "" || w.user("p001") == "" {
		t.Error("not the one that the rule means")
	}
	w.quiet()
}

func TestDeletionsCountAsRemovals(t *testing.T) {
	for name, grace := range map[string]time.Duration{"at once": 0, "after grace": time.Hour} {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 20)
			w.settings.Removal.Policy, w.settings.Removal.DeleteAfter = reconcile.RemovalDelete, grace
			for _, id := range ids[:4] {
				w.ldap.Disable(id, true)
			}
			if grace > 0 {
				w.limit(reconcile.GuardRemovals, reconcile.Limit{Count: 4})
				w.run()
				w.clock = w.clock.Add(48 * time.Hour)
			}
			w.limit(reconcile.GuardRemovals, reconcile.Limit{Count: 3})
			report := w.run(unattended)
			same(t, record.OutcomeGuarded, report.Outcome)
			same(t, []string{reconcile.GuardRemovals}, tripped(report.Guards))
			if n := len(w.xivo.IDs()); n != 20 {
				t.Errorf("%d users are left", n)
			}
			w.ldap.Disable(ids[0], false)
			same(t, 3, w.run(unattended).Counts.Deleted)
			// Those of the last 24 hours count with those of the plan.
			w.ldap.Disable(ids[5], true)
			if grace > 0 {
				w.clock = w.clock.Add(3 * time.Hour)
			}
			same(t, []string{reconcile.GuardRemovals}, tripped(w.run(unattended).Guards))
			same(t, record.OutcomeGuarded, w.run(unattended).Outcome)
			w.run(allow(reconcile.GuardRemovals))
		})
	}
}

// An unrelated guard holds deletions back, though not the deactivation of a
// disabled account.
func TestADeletionIsNotUrgent(t *testing.T) {
	for name, tc := range map[string]struct {
		policy reconcile.RemovalPolicy
		want   record.Counts
	}{
		"deactivated": {reconcile.RemovalDeactivate, record.Counts{Deactivated: 1}},
		"deleted":     {reconcile.RemovalDelete, record.Counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 20)
			w.settings.Removal.Policy = tc.policy
			w.limit(reconcile.GuardUpdates, reconcile.Limit{Count: 1})
			w.ldap.Disable(ids[0], true)
			w.ldap.Set(ids[1], "sn", "Changed")
			w.ldap.Set(ids[2], "sn", "Changed")
			report := w.run(unattended)
			same(t, record.OutcomeGuarded, report.Outcome)
			same(t, tc.want, record.Counts{Deactivated: report.Counts.Deactivated, Deleted: report.Counts.Deleted})
		})
	}
}

// A deletion does not make the next listing look like one that lost people, nor
// like a restored backup.
func TestAListingAfterManyDeletionsIsBelieved(t *testing.T) {
	w, ids := settledWorld(t, 10)
	openGuards(w)
	w.settings.Removal.Policy = reconcile.RemovalDelete
	for _, id := range ids[3:] {
		w.ldap.Disable(id, true)
	}
	same(t, 7, w.run(unattended).Counts.Deleted)
	w.xivo.Remove(w.user("p000"))
	same(t, []string{}, tripped(w.run(unattended).Guards))
}
