package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"xivosync/store"
)

// crashWorld is one whose next run creates, updates, writes back, adopts,
// deactivates, reactivates, and has a conflict.
func crashWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, crowd(8))
	w.Removal.AbsentRuns, w.Removal.AbsentFor = 1, 0
	w.mustRun()
	w.slapd.Modify(dn("a05"), "employeeType", "disabled")
	w.mustRun()
	w.slapd.Modify(dn("a05"), "employeeType", "internal")
	w.slapd.Add(person("n00"))
	w.slapd.Add(person("n01"))
	w.slapd.Modify(dn("a00"), "sn", "Changed")
	w.slapd.Modify(dn("a01"), "sn", "Changed")
	w.edit("a02", map[string]any{"email": "changed.a02@parts.test"})
	w.edit("a03", map[string]any{"email": "changed.a03@parts.test"})
	w.slapd.Modify(dn("a03"), "sn", "Changed")
	w.slapd.Modify(dn("a04"), "employeeType", "disabled")
	w.slapd.Modify(dn("a06"), "mail", "ldap@parts.test")
	w.edit("a06", map[string]any{"email": "xivo@parts.test"})
	w.slapd.Delete(dn("a07"))
	w.slapd.Add(person("p00"))
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Before", "userfield": "p00", "email": "p00@parts.test"}, nil)
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Door", "lastname": "Phone"}, nil)
	w.sim.ResetLog()
	return w
}

// ending is the state of both systems and the open conflicts, without what
// differs from one server to another.
type ending struct {
	Users     map[string]map[string]any
	Entries   map[string]map[string][]string
	Conflicts []string
}

func (w *world) ending() ending {
	w.t.Helper()
	e := ending{Users: w.users(), Entries: map[string]map[string][]string{}}
	for _, u := range e.Users {
		for _, own := range []string{"id", "uuid", "links"} {
			delete(u, own)
		}
	}
	for _, values := range w.snapshot().Entries {
		delete(values, "entryUUID")
		delete(values, "entryCSN")
		e.Entries[values["dn"][0]] = values
	}
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if problems, err := db.Check(); err != nil || len(problems) > 0 {
		w.t.Errorf("the store: %v %v", problems, err)
	}
	for c, err := range db.Conflicts() {
		if err != nil {
			w.t.Fatal(err)
		}
		e.Conflicts = append(e.Conflicts, fmt.Sprintf("%s %s %s", c.Kind, c.Person.Identifier, c.Field))
	}
	return e
}

// TestCrash kills the run of such a world wherever it can be.
func TestCrash(t *testing.T) {
	t.Parallel()
	killing{begin: crashWorld, reads: 2, least: 60, ended: func(w *world) any { return w.ending() }}.everywhere(t)
}

// TestEditsAfterCrash are made on both sides between a crash and the run that
// recovers it: they travel like any other.
func TestEditsAfterCrash(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]string{"create": http.MethodPost, "update": http.MethodPut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, crowd(2))
			id := "a00"
			if method == http.MethodPost {
				id = "n00"
			}
			w.settle()
			if method == http.MethodPost {
				w.slapd.Add(person("n00"))
			} else {
				w.slapd.Modify(dn(id), "sn", "Sent")
			}
			w.killed(nil, afterFirst(method))
			w.slapd.Modify(dn(id), "sn", "After the crash")
			w.edit(id, map[string]any{"email": "after.the.crash@parts.test"})
			report := w.mustRun()
			if report.Recovered.Done != 1 || len(report.Found) > 0 || len(report.Failures) > 0 {
				t.Errorf("recovered %+v, failures %v%s", report.Recovered, report.Failures, told(report.Found))
			}
			w.wantUser(id, "lastname", "After the crash", "email", "after.the.crash@parts.test")
			w.wantEntry(dn(id), "mail", "after.the.crash@parts.test")
			w.quiet()
		})
	}
}
