package e2e

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// tripped are the names of the guards that stand against a run.
func tripped(report *reportOfRun) []string {
	var names []string
	for _, g := range report.Guards {
		if g.Tripped {
			names = append(names, g.Name)
		}
	}
	return names
}

// guarded makes a run that has to be stopped by exactly these guards, and to
// leave both systems alone. The message of the first has to say all the words.
func (w *world) guarded(names []string, words ...string) {
	w.t.Helper()
	before := w.snapshot()
	report, err := w.run(refuse)
	if err != nil {
		w.t.Fatalf("run: %v", err)
	}
	if got := tripped(report); report.Outcome != record.OutcomeGuarded || !slices.Equal(got, names) {
		w.t.Fatalf("outcome %s, tripped %v, want %v", report.Outcome, got, names)
	}
	for _, g := range report.Guards {
		if g.Tripped {
			wantWords(w.t, g.Message, words...)
			break
		}
	}
	w.same(before)
}

// approve saves the plan, as `plan -o` does, and reads it again.
func (w *world) approve() func(*optionsOfRun) {
	w.t.Helper()
	text := encode(w.t, w.plan())
	approved, err := reconcile.ParseApproved(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return func(o *optionsOfRun) { o.Allow, o.Approved = nil, approved }
}

// TestFirstRunStops until somebody has looked at the plan; the saved plan lets
// exactly itself through.
func TestFirstRunStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(8))
	w.guarded([]string{reconcile.GuardFirstRun}, "--plan", "--allow first-run")
	w.guarded([]string{reconcile.GuardFirstRun})
	approved := w.approve()
	w.slapd.Modify(dn("a00"), "sn", "Later")                         // no longer what was approved
	w.slapd.Add(person("late"))                                      // not in the plan
	w.slapd.Delete(dn("a01"))                                        // gone
	w.addUser(map[string]any{"firstname": "By", "userfield": "a02"}) // exists by now
	report := w.mustRun(approved)
	if report.Outcome != record.OutcomePartial || report.Counts.Created != 5 || report.Counts.Stale != 3 || report.Counts.Adopted != 0 {
		t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
	}
	for _, f := range report.Failures {
		wantWords(t, f.Error, "changed since the plan was made")
	}
	users := w.users()
	for _, id := range []string{"a00", "a01", "late"} {
		if _, made := users[id]; made {
			t.Errorf("%s was created although the plan did not say so", id)
		}
	}
	w.wantUser("a02", "firstname", "By")
	next := w.mustRun(refuse)
	if next.Outcome != record.OutcomeDone || next.Counts.Created != 2 || next.Counts.Adopted != 1 {
		t.Errorf("the run after: %s %+v %v", next.Outcome, next.Counts, tripped(next))
	}
	w.quiet()
}

// addUser creates a user in XiVO.
func (w *world) addUser(fields map[string]any) {
	w.t.Helper()
	w.rest("POST", "/1.1/users", fields, nil)
}

// TestSavedPlanOfAnother configuration or store is refused as a whole.
func TestSavedPlanOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(2))
	approved := w.approve()
	before := w.snapshot()
	specs := w.Specs
	w.Specs = append(slices.Clone(specs), field("description", "title", reconcile.ToXiVO))
	if _, err := w.run(approved); !errors.Is(err, reconcile.ErrOtherPlan) {
		t.Errorf("another configuration: %v", err)
	}
	w.Specs = specs
	path := w.Path
	w.Path += ".other"
	w.plan()
	// A store beside the first has the same key file or not; it is another one.
	if _, err := w.run(approved); !errors.Is(err, reconcile.ErrOtherPlan) {
		t.Errorf("another store: %v", err)
	}
	w.Path = path
	w.same(before)
	w.mustRun(approved)
	w.quiet()
}

// TestRemovals of sixty people trip the guard, and nobody is deactivated until
// somebody lets it through.
func TestRemovals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(80))
	w.settle()
	for i := range 30 {
		w.slapd.Delete(dn(fmt.Sprintf("a%02d", i)))
	}
	w.mustRun()
	w.later(25 * time.Hour)
	w.guarded([]string{reconcile.GuardRemovals}, "30 people", "5 are allowed", "--allow removals")
	report := w.mustRun(refuse, allow(reconcile.GuardRemovals))
	if report.Outcome != record.OutcomeDone || report.Counts.Deactivated != 30 {
		t.Errorf("outcome %s, %+v", report.Outcome, report.Counts)
	}
	for id, u := range w.users() {
		if gone := id < "a30"; u["enabled"] != !gone {
			t.Errorf("%s: enabled is %v", id, u["enabled"])
		}
	}
	w.quiet()
}

// TestSixtyGoneAtOnce of eighty is more than half: the source itself is not
// believed.
func TestSixtyGoneAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(80))
	w.settle()
	for i := range 60 {
		w.slapd.Delete(dn(fmt.Sprintf("a%02d", i)))
	}
	for range 3 {
		w.later(24 * time.Hour)
		w.guarded([]string{reconcile.GuardSource}, "the directory shows 20", "80")
	}
	w.mustRun(allow(reconcile.GuardSource))
	w.later(25 * time.Hour)
	w.mustRun()
	w.guarded([]string{reconcile.GuardRemovals}, "60 people")
}

// TestSourceNotBelieved is a directory that shows less than it has.
func TestSourceNotBelieved(t *testing.T) {
	t.Parallel()
	rights := func(lines ...string) []string {
		var all []string
		for i, line := range append(lines, `to attrs=userPassword by anonymous auth by self write by * none`,
			`to * by dn.exact="`+ldaptest.BindDN+`" write by users read by * none`) {
			all = append(all, fmt.Sprintf("{%d}%s", i, line))
		}
		return all
	}
	for name, tc := range map[string]struct {
		lose  func(w *world)
		heal  func(w *world)
		guard string
		words []string
	}{
		"the base is empty": {
			lose:  func(w *world) { w.LDAP.Bases = []string{ldaptest.GroupsDN} },
			heal:  func(w *world) { w.LDAP.Bases = []string{ldaptest.PeopleDN} },
			guard: reconcile.GuardSource, words: []string{"shows nobody", "base, filter and the rights"},
		},
		"an attribute is no longer readable": {
			lose: func(w *world) {
				w.slapd.Configure("olcAccess", rights(`to attrs=mail by dn.exact="`+ldaptest.BindDN+`" none by * none`)...)
			},
			heal:  func(w *world) { w.slapd.Configure("olcAccess", rights()...) },
			guard: reconcile.GuardSource, words: []string{"mail", "0 people", "20 last time", "rights"},
		},
		"a canary is missing": {
			lose:  func(w *world) { w.slapd.Delete(dn("a00")) },
			heal:  func(w *world) { w.Guards.Canaries = nil },
			guard: reconcile.GuardCanary, words: []string{`"a00"`, "was not listed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, crowd(20))
			if tc.guard == reconcile.GuardCanary {
				w.Guards.Canaries = []string{"a00"}
			}
			w.settle()
			tc.lose(w)
			for range 2 {
				w.later(24 * time.Hour)
				w.guarded([]string{tc.guard}, tc.words...)
			}
			tc.heal(w)
			w.quiet()
		})
	}
}

// TestCreeping is a few changes every run, which no single run would be stopped
// for.
func TestCreeping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(60))
	w.Guards.Limits[reconcile.GuardWritebacks] = reconcile.Limit{Count: 6}
	w.settle()
	written := 0
	for i := range 10 {
		w.edit(fmt.Sprintf("a%02d", i), map[string]any{"email": fmt.Sprintf("new%d@parts.test", i)})
		report := w.mustRun(refuse)
		written += report.Counts.WrittenBack
		if stopped := report.Outcome == record.OutcomeGuarded; stopped != (i >= 6) {
			t.Errorf("run %d: %s %v", i, report.Outcome, tripped(report))
		}
	}
	if written != 6 {
		t.Errorf("%d write-backs went through, want 6", written)
	}
	w.later(24 * time.Hour)
	if report := w.mustRun(refuse); report.Counts.WrittenBack != 4 {
		t.Errorf("a day later: %s %+v %v", report.Outcome, report.Counts, tripped(report))
	}
	w.quiet()
}

// TestOnTripHold carries out everything but what tripped.
func TestOnTripHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(20))
	w.Guards.OnTrip = reconcile.OnTripHold
	w.Guards.Limits[reconcile.GuardWritebacks] = reconcile.Limit{Count: 2}
	w.settle()
	for i := range 4 {
		w.edit(fmt.Sprintf("a%02d", i), map[string]any{"email": fmt.Sprintf("new%d@parts.test", i)})
	}
	w.slapd.Modify(dn("a00"), "sn", "Both ways")
	w.slapd.Modify(dn("a10"), "sn", "Changed")
	w.slapd.Add(person("n00"))
	report := w.mustRun(refuse)
	if report.Outcome != record.OutcomeGuarded || !slices.Equal(tripped(report), []string{reconcile.GuardWritebacks}) ||
		report.Counts.Updated != 2 || report.Counts.Created != 1 || report.Counts.WrittenBack != 0 {
		t.Errorf("outcome %s, %+v, tripped %v", report.Outcome, report.Counts, tripped(report))
	}
	w.wantUser("a00", "lastname", "Both ways")
	w.wantUser("a10", "lastname", "Changed")
	w.wantEntry(dn("a00"), "mail", "a00@parts.test")
	last := w.mustRun(refuse, allow(reconcile.GuardWritebacks))
	if last.Outcome != record.OutcomeDone || last.Counts.WrittenBack != 4 {
		t.Errorf("outcome %s, %+v", last.Outcome, last.Counts)
	}
	w.wantEntry(dn("a00"), "mail", "new0@parts.test")
	w.quiet()
}

// TestDisabledIsNotPaused has an account be locked while a guard that concerns
// others stops the run.
func TestDisabledIsNotPaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(20))
	w.Guards.Limits[reconcile.GuardWritebacks] = reconcile.Limit{Count: 2}
	w.settle()
	for i := range 4 {
		w.edit(fmt.Sprintf("a%02d", i), map[string]any{"email": fmt.Sprintf("new%d@parts.test", i)})
	}
	w.slapd.Modify(dn("a15"), "employeeType", "disabled")
	report := w.mustRun(refuse)
	if report.Outcome != record.OutcomeGuarded || report.Counts.Deactivated != 1 || report.Counts.WrittenBack != 0 {
		t.Errorf("outcome %s, %+v", report.Outcome, report.Counts)
	}
	w.wantUser("a15", "enabled", false)
	w.mustRun(refuse, allow(reconcile.GuardWritebacks))
	w.quiet()
}
