package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"xivosync/conflicts"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// waiting are the conflicts in the store.
func (w *world) waiting() []record.Conflict {
	w.t.Helper()
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	found, err := conflicts.List(db, conflicts.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// decide decides about the conflict of that person and field: a word, or a value.
func (w *world) decide(id, field, take string) {
	w.t.Helper()
	number := find(w.t, w.waiting(), id, field).Number
	settings, err := w.settings()
	if err != nil {
		w.t.Fatal(err)
	}
	db, err := store.Open(w.Path, store.Options{NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	decision := conflicts.Take(take)
	decision.Who, decision.Why = "ann", "so it is"
	desk := conflicts.Desk{Queue: db, Settings: &settings, Now: func() time.Time { return w.Clock }}
	if _, err := desk.Decide([]uint64{number}, decision); err != nil {
		w.t.Fatal(err)
	}
}

// decided makes a run that carries out what was decided, and wants nothing to be
// left to decide.
func (w *world) decided() *reportOfRun {
	w.t.Helper()
	report := w.mustRun()
	if left := w.waiting(); len(left) > 0 {
		w.t.Errorf("left are %s; %v", told(left), report.Failures)
	}
	if report.Outcome != record.OutcomeDone {
		w.t.Errorf("the outcome is %s: %v", report.Outcome, report.Failures)
	}
	for _, c := range report.Plan.Changes() {
		if !strings.Contains(c.Reason, "decided by ann: so it is") {
			w.t.Errorf("%s %s of %s: the journal says %q", c.Op, c.Thing, c.Person.Label(), c.Reason)
		}
	}
	w.quiet()
	return report
}

// Conflicts of fields end on a real directory, and in XiVO as plain HTTP shows it,
// as they were decided.
func TestDecisionsAboutFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(5))
	w.settle()
	for _, id := range []string{"a00", "a01", "a02"} {
		w.slapd.Modify(dn(id), "mail", "ldap."+id+"@parts.test")
		w.edit(id, map[string]any{"email": "xivo." + id + "@parts.test"})
	}
	w.edit("a03", map[string]any{"email": nil})
	w.slapd.Modify(dn("a04"), "mobile", "ask Bob")
	w.mustRun()
	w.decide("a00", "email", "ldap")
	w.decide("a01", "email", "xivo")
	w.decide("a02", "email", "both.a02@parts.test")
	w.decide("a03", "email", "ldap")
	w.decide("a04", "mobile_phone_number", "06 12 34 56 78")
	w.decided()
	for id, want := range map[string]string{"a00": "ldap.a00@parts.test", "a01": "xivo.a01@parts.test", "a02": "both.a02@parts.test"} {
		w.wantEntry(dn(id), "mail", want)
		w.wantUser(id, "email", want)
	}
	mail := w.slapd.Values(dn("a03"), "mail")
	w.wantUser("a03", "email", mail[0])
	w.wantEntry(dn("a04"), "mobile", "06 12 34 56 78")
	w.wantUser("a04", "mobile_phone_number", "+33612345678")
}

// A number that somebody else holds is decided away, with its line and mailbox.
func TestDecisionAboutANumber(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.doorPhone("1005")
	w.settle()
	w.slapd.Modify(dn("w01"), "ipPhone", "1005")
	w.mustRun()
	w.decide("w01", "extension", "1050")
	w.mustRun()
	if left := w.waiting(); len(left) > 0 {
		t.Errorf("left are %s", told(left))
	}
	w.quiet()
	w.wantEntry(dn("w01"), "ipPhone", "1050")
	if got := w.phone("w01"); !slices.ContainsFunc(got.Extension, func(s string) bool { return strings.HasPrefix(s, "1050") }) {
		t.Errorf("the phone is %+v", got)
	}
}

// Identities: an identifier that was edited in XiVO, a user deleted there, and an
// identifier that was given to somebody new.
func TestDecisionsAboutIdentities(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(6), roomy)
	w.settle()
	before := w.users()
	w.edit("a00", map[string]any{"userfield": "renamed"})
	w.rest(http.MethodDelete, "/1.1/users/"+before["a01"]["uuid"].(string), nil, nil)
	for _, id := range []string{"a02", "a03"} {
		w.slapd.Delete(dn(id))
		w.slapd.Add(person(id))
		w.slapd.Modify(dn(id), "mail", "new."+id+"@parts.test")
	}
	w.mustRun()
	w.decide("a00", "identifier", "ldap")
	w.decide("a01", "", "new")
	w.decide("a02", "", "relink")
	w.decide("a03", "", "new")
	w.mustRun()
	if left := w.waiting(); len(left) > 0 {
		t.Errorf("left are %s", told(left))
	}
	w.quiet()
	after := w.users()
	uuid := func(users map[string]map[string]any, id string) any { return users[id]["uuid"] }
	if after["a00"] == nil || uuid(after, "a00") != uuid(before, "a00") {
		t.Errorf("a00 is %v", after["a00"])
	}
	if after["a01"] == nil || uuid(after, "a01") == uuid(before, "a01") {
		t.Errorf("a01 is %v", after["a01"])
	}
	if uuid(after, "a02") != uuid(before, "a02") || after["a02"]["email"] != "new.a02@parts.test" {
		t.Errorf("a02 is %v", after["a02"])
	}
	if uuid(after, "a03") == uuid(before, "a03") || after["a03"]["email"] != "new.a03@parts.test" {
		t.Errorf("a03 is %v", after["a03"])
	}
}
