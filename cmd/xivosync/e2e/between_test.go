package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// onUser calls do when the nth request of that method for a user arrives.
func (w *world) onUser(method, uuid string, nth int, do func()) {
	n := 0
	w.sim.OnRequest(func(r *http.Request) {
		if r.Method != method || !strings.HasSuffix(r.URL.Path, uuid) || r.Host == "admin.test" {
			return
		}
		if n++; n == nth {
			do()
		}
	}, nil)
}

// TestUserEditedBeforeTheWrite has somebody edit the user between our reading
// and our write: nothing of theirs is overwritten.
func TestUserEditedBeforeTheWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(4))
	w.settle()
	w.slapd.Modify(dn("a00"), "mail", "ldap@parts.test")
	w.slapd.Modify(dn("a01"), "sn", "Served")
	uuid := w.user("a00")["uuid"].(string)
	w.onUser(http.MethodGet, uuid, 2, func() { w.edit("a00", map[string]any{"email": "xivo@parts.test"}) })
	report := w.mustRun()
	w.sim.OnRequest(nil, nil)
	if report.Outcome != record.OutcomePartial || report.Counts.Stale != 1 || report.Counts.Updated != 1 {
		t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
	}
	wantWords(t, report.Failures[0].Error, "email", "changed since it was read")
	w.wantUser("a00", "email", "xivo@parts.test")
	w.wantUser("a01", "lastname", "Served")
	next := w.mustRun()
	if c := find(t, next.Found, "a00", "email"); c.Kind != record.ConflictField {
		t.Errorf("kind %s", c.Kind)
	}
	w.wantUser("a00", "email", "xivo@parts.test")
	w.quiet()
}

// TestUserDeletedBeforeTheWrite is told, and not made again.
func TestUserDeletedBeforeTheWrite(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]string{"before the last reading": http.MethodGet, "directly before the write": http.MethodPut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, crowd(4))
			w.settle()
			w.slapd.Modify(dn("a00"), "sn", "Changed")
			w.slapd.Modify(dn("a01"), "sn", "Served")
			uuid := w.user("a00")["uuid"].(string)
			nth := map[string]int{http.MethodGet: 2, http.MethodPut: 1}[method]
			w.onUser(method, uuid, nth, func() { w.rest(http.MethodDelete, "/1.1/users/"+uuid, nil, nil) })
			report := w.mustRun()
			w.sim.OnRequest(nil, nil)
			if report.Outcome != record.OutcomePartial || len(report.Failures) != 1 || report.Failures[0].Identifier != "a00" {
				t.Errorf("outcome %s, failures %v", report.Outcome, report.Failures)
			}
			w.wantUser("a01", "lastname", "Served")
			next := w.mustRun()
			if c := find(t, next.Found, "a00", ""); c.Kind != record.UserMissing {
				t.Errorf("kind %s", c.Kind)
			}
			if n := len(w.list()); n != 3 {
				t.Errorf("XiVO has %d users, want 3", n)
			}
			w.quiet()
		})
	}
}

// TestEntryMovedBeforeTheWrite renames the entry, or takes it away, directly
// before its value is written.
func TestEntryMovedBeforeTheWrite(t *testing.T) {
	t.Parallel()
	t.Run("renamed", func(t *testing.T) {
		t.Parallel()
		w, g := backWorld(t)
		g.onModify(modifyRequest, 2, func(*message) { w.slapd.Rename(dn("a01"), "cn=Renamed", "") })
		report := w.mustRun()
		if report.Outcome != record.OutcomeDone || report.Counts.WrittenBack != 3 {
			t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
		}
		w.wantEntry("cn=Renamed,"+ldaptest.PeopleDN, "mail", "xivo.a01@parts.test")
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		w, g := backWorld(t)
		g.onModify(modifyRequest, 2, func(*message) { w.slapd.Delete(dn("a01")) })
		report := w.mustRun()
		g.Watch(nil)
		if report.Outcome != record.OutcomePartial || report.Counts.WrittenBack != 2 || len(report.Failures) != 1 {
			t.Errorf("outcome %s, %+v, failures %v", report.Outcome, report.Counts, report.Failures)
		}
		next := w.mustRun()
		if len(next.Failures) > 0 || next.Counts.Deactivated > 0 {
			t.Errorf("%+v, failures %v", next.Counts, next.Failures)
		}
		w.wantUser("a01", "enabled", true)
		w.quiet()
	})
}

// TestOnly serves one person, named in every way, and leaves everybody else and
// their conflicts as they are.
func TestOnly(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(w *world) string{
		"identifier": func(*world) string { return "a01" },
		"dn":         func(*world) string { return dn("a01") },
		"mail":       func(*world) string { return "a01@parts.test" },
		"entry":      func(w *world) string { return w.slapd.UUID(dn("a01")) },
		"user":       func(w *world) string { return w.user("a01")["uuid"].(string) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, crowd(4))
			w.settle()
			w.slapd.Modify(dn("a02"), "mail", "ldap@parts.test")
			w.edit("a02", map[string]any{"email": "xivo@parts.test"})
			w.mustRun()
			for _, id := range []string{"a01", "a03"} {
				w.slapd.Modify(dn(id), "sn", "Changed")
			}
			w.slapd.Add(person("n00"))
			report := w.mustRun(func(o *optionsOfRun) { o.Only = []string{of(w)} })
			if report.Counts.Updated != 1 || report.Counts.Created != 0 {
				t.Errorf("%+v", report.Counts)
			}
			w.wantUser("a01", "lastname", "Changed")
			w.wantUser("a03", "lastname", "a03")
			if e := w.ending(); len(e.Conflicts) != 1 {
				t.Errorf("conflicts %v", e.Conflicts)
			}
			w.mustRun()
			w.wantUser("a03", "lastname", "Changed")
			w.wantUser("n00", "lastname", "n00")
			w.quiet()
		})
	}
}

// TestMappingChanges with everybody in step: another format of numbers is no
// change of data, but one of many people, which the guard asks about; another
// direction writes nothing.
func TestMappingChanges(t *testing.T) {
	t.Parallel()
	people := crowd(70)
	for i := range people {
		people[i].Attributes["mobile"] = []string{ldaptest.Spell(i, 612000000+i)}
	}
	w := newWorld(t, people)
	w.mustRun()
	w.edit("a69", map[string]any{"mobile_phone_number": "0699999999"})
	w.mustRun() // drift, restored
	w.quiet()
	specs := w.Specs
	for i := range w.Specs {
		if w.Specs[i].Field == "mobile_phone_number" {
			w.Specs[i].Transforms = []reconcile.Transform{{Number: reconcile.FormatNational}, {Replace: &reconcile.Replace{Pattern: " ", With: ""}}}
		}
	}
	before := w.snapshot()
	report := w.mustRun(refuse)
	w.t.Logf("another format: %s %v %+v", report.Outcome, tripped(report), report.Counts)
	w.same(before) // by E.164 they are all the same numbers
	w.quiet()
	for i := range w.Specs {
		if w.Specs[i].Field == "mobile_phone_number" {
			w.Specs[i].Transforms = []reconcile.Transform{{Replace: &reconcile.Replace{Pattern: ".*", With: "0000"}}}
		}
	}
	report = w.mustRun(refuse)
	if report.Outcome != record.OutcomeGuarded {
		t.Errorf("seventy people would change: %s, %+v", report.Outcome, report.Counts)
	}
	w.same(before)
	w.Specs = specs
	for i := range w.Specs {
		if w.Specs[i].Field == "mobile_phone_number" {
			w.Specs[i].Transforms = []reconcile.Transform{{Number: reconcile.FormatE164}}
		}
	}
	w.quiet()
	for i := range w.Specs {
		if w.Specs[i].Field == "lastname" {
			w.Specs[i].Direction = reconcile.Both
		}
	}
	w.quiet()
	w.edit("a00", map[string]any{"lastname": "Back"})
	w.mustRun()
	w.wantEntry(dn("a00"), "sn", "Back")
	w.quiet()
}

// TestCrashOfRecovery kills a run after a write, and then the run that recovers
// it at each of its steps.
func TestCrashOfRecovery(t *testing.T) {
	t.Parallel()
	begun := crashWorld(t).keep()
	w := begun.world(t)
	w.mustRun()
	want := w.ending()
	for _, nth := range []int{1, 4, 7, 8, 9} {
		for step := 1; step <= 5; step++ {
			t.Run(fmt.Sprintf("request %d, step %d", nth, step), func(t *testing.T) {
				t.Parallel()
				w := begun.world(t)
				w.killedAt(moment{aWrite, nth, true}, nil)
				w.killedAt(moment{aStep, step, false}, nil)
				report := w.mustRun()
				if report.Recovered.Unknown > 0 || len(report.Failures) > 0 {
					t.Errorf("recovered %+v, failures %v", report.Recovered, report.Failures)
				}
				if diff := cmp.Diff(want, w.ending()); diff != "" {
					t.Errorf("the crash made a difference (-without +with):\n%s", diff)
				}
				w.quiet()
			})
		}
	}
}
