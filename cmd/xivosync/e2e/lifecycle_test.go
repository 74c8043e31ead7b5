package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

const elsewhere = "ou=elsewhere," + ldaptest.Suffix

// roomy adds a place outside of the base, and one more inside.
func roomy(o *options) {
	o.slapd.LDIF = "dn: " + elsewhere + "\nobjectClass: organizationalUnit\nou: elsewhere\n\n" +
		"dn: ou=team," + ldaptest.PeopleDN + "\nobjectClass: organizationalUnit\nou: team\n\n"
}

// TestLeaver is deactivated once absent for long enough and often enough, and is
// otherwise left as they were.
func TestLeaver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(5))
	w.Removal.AbsentRuns, w.Removal.AbsentFor = 3, 24*time.Hour
	w.settle()
	w.slapd.Delete(dn("a01"))
	was := w.user("a01")
	w.quietly("the first absence")
	w.quietly("the second absence")
	w.quietly("the third absence, too early")
	w.later(22 * time.Hour)
	report := w.mustRun()
	if report.Counts.Deactivated != 1 {
		t.Errorf("after a day and four runs: %+v", report.Counts)
	}
	was["enabled"] = false
	if diff := cmp.Diff(was, w.user("a01")); diff != "" {
		t.Errorf("more than the label changed:\n%s", diff)
	}
	w.quiet()

	// Long absent, but seen in one run between.
	w.slapd.Delete(dn("a02"))
	w.mustRun()
	w.mustRun()
	w.slapd.Add(person("a02")) // another entry: a new hire
	w.later(48 * time.Hour)
	reused := w.mustRun()
	c := find(t, reused.Found, "a02", "")
	wantWords(t, c.Message, "linked to another entry")
	w.wantUser("a02", "enabled", false)
}

// TestAbsentRuns counts runs, however long they are apart.
func TestAbsentRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(5))
	w.settle()
	w.slapd.Delete(dn("a01"))
	w.later(100 * time.Hour)
	w.quietly("one absence is none")
	w.plan() // does not count
	w.plan()
	w.later(100 * time.Hour)
	if report := w.mustRun(); report.Counts.Deactivated != 1 {
		t.Errorf("%+v", report.Counts)
	}
	w.quiet()
}

// TestDisabledAndBack locks an account and opens it again; edits made meanwhile
// travel with the return.
func TestDisabledAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(3))
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Given-s00", "lastname": "s00", "userfield": "s00", "email": "s00@parts.test", "enabled": false}, nil)
	w.slapd.Add(person("s00"))
	w.settle()
	before := w.snapshot().Users
	for _, id := range []string{"a00", "s00"} {
		w.slapd.Modify(dn(id), "employeeType", "disabled")
	}
	if report := w.mustRun(); report.Counts.Deactivated != 2 {
		t.Errorf("%+v", report.Counts)
	}
	w.wantUser("a00", "enabled", false)
	w.wantUser("s00", "enabled", false)
	w.quiet()
	for _, id := range []string{"a00", "s00"} {
		w.slapd.Modify(dn(id), "employeeType", "internal")
	}
	if report := w.mustRun(); report.Counts.Reactivated != 2 {
		t.Errorf("%+v", report.Counts)
	}
	if diff := cmp.Diff(before, w.snapshot().Users); diff != "" {
		t.Errorf("the return did not restore what was:\n%s", diff)
	}
	w.quiet()

	w.slapd.Modify(dn("a01"), "employeeType", "disabled")
	w.mustRun()
	w.slapd.Modify(dn("a01"), "sn", "Married")
	w.edit("a01", map[string]any{"email": "married@parts.test"})
	w.quietly("in grace the fields wait")
	w.slapd.Modify(dn("a01"), "employeeType", "internal")
	w.mustRun()
	w.wantUser("a01", "lastname", "Married", "enabled", true)
	w.wantEntry(dn("a01"), "mail", "married@parts.test")
	w.quiet()
}

// TestMoves renames entries, moves them inside the base, and out of it and back.
func TestMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(6), roomy)
	w.settle()
	before := w.snapshot().Users
	w.slapd.Rename(dn("a00"), "cn=Another Name", "")
	w.slapd.Rename(dn("a01"), "uid=a01", "ou=team,"+ldaptest.PeopleDN)
	// A renamed entry loses the old RDN's value: its uid is put back.
	w.slapd.Modify("cn=Another Name,"+ldaptest.PeopleDN, "uid", "a00")
	w.quiet()
	w.slapd.Modify("cn=Another Name,"+ldaptest.PeopleDN, "sn", "Renamed")
	w.mustRun()
	w.wantUser("a00", "lastname", "Renamed")
	w.slapd.Modify("cn=Another Name,"+ldaptest.PeopleDN, "sn", "a00")
	w.mustRun()

	w.slapd.Rename(dn("a02"), "uid=a02", elsewhere)
	w.mustRun()
	w.later(25 * time.Hour)
	plan := w.plan()
	if n := len(plan.Changes()); n != 1 {
		t.Fatalf("%d changes planned", n)
	}
	wantWords(t, plan.Changes()[0].Reason, "outside of base and filter", elsewhere)
	if report := w.mustRun(); report.Counts.Deactivated != 1 {
		t.Errorf("%+v", report.Counts)
	}
	w.wantUser("a02", "enabled", false)
	w.quiet()
	w.slapd.Rename("uid=a02,"+elsewhere, "uid=a02", ldaptest.PeopleDN)
	if report := w.mustRun(); report.Counts.Reactivated != 1 {
		t.Errorf("%+v", report.Counts)
	}
	if diff := cmp.Diff(before, w.snapshot().Users); diff != "" {
		t.Errorf("the return did not restore what was:\n%s", diff)
	}
	w.quiet()
}

// TestOutOfScopeKept is the policy that leaves them alone.
func TestOutOfScopeKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(3), roomy)
	w.Removal.OutOfScope = reconcile.RemovalKeep
	w.settle()
	w.slapd.Rename(dn("a02"), "uid=a02", elsewhere)
	for range 3 {
		w.quietly("out of scope, and to be kept")
		w.later(24 * time.Hour)
	}
	w.wantUser("a02", "enabled", true)
}

// TestUserDeletedInXiVO is reported, and not made again by itself; once the
// entry is gone too, the link is forgotten.
func TestUserDeletedInXiVO(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(4))
	w.settle()
	w.rest(http.MethodDelete, "/1.1/users/"+w.user("a01")["uuid"].(string), nil, nil)
	w.slapd.Modify(dn("a02"), "sn", "Served")
	report := w.mustRun()
	c := find(t, report.Found, "a01", "")
	if c.Kind != record.UserMissing {
		t.Errorf("kind %s", c.Kind)
	}
	wantWords(t, c.Message, "gone from XiVO", "the entry is still there")
	w.wantUser("a02", "lastname", "Served")
	if again := w.quietly("the deleted user was made again"); len(again.Found) != 1 {
		t.Errorf("found%s", told(again.Found))
	}
	w.slapd.Delete(dn("a01"))
	last := w.mustRun()
	if len(last.Found) > 0 {
		t.Errorf("both are gone, and still there is%s", told(last.Found))
	}
	w.quiet()
	w.slapd.Add(person("a01")) // somebody new, of whom nobody knows anything
	if report := w.mustRun(); report.Counts.Created != 1 {
		t.Errorf("%+v%s", report.Counts, told(report.Found))
	}
	w.quiet()
}

// TestIdentifierReused gives a leaver's login to a new hire, who must not
// inherit the leaver's user: not while the leaver's entry is there, not when it
// is gone.
func TestIdentifierReused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(3))
	w.settle()
	leaver := w.user("a01")["uuid"]
	w.slapd.Delete(dn("a01"))
	w.slapd.Add(person("a01", "title", "New hire"))
	w.slapd.Modify(dn("a01"), "sn", "Newcomer")
	for i := range 4 {
		report := w.mustRun()
		c := find(t, report.Found, "a01", "")
		if c.Kind != record.IdentifierReused {
			t.Errorf("run %d: %s", i, c.Kind)
		}
		wantWords(t, c.Message, leaver.(string), "another entry")
		w.wantUser("a01", "uuid", leaver, "lastname", "a01")
		w.later(24 * time.Hour)
	}
	w.wantUser("a01", "enabled", false)
}

// TestIdentifierChanged on either side is one conflict on that field; the rest
// of the person is served, and it closes when the change is taken back.
func TestIdentifierChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(4))
	w.settle()
	w.slapd.Rename(dn("a01"), "uid=married", "")
	w.slapd.Modify(dn("married"), "sn", "Married")
	w.edit("a02", map[string]any{"userfield": "other", "email": "two@parts.test"})
	report := w.mustRun()
	for id, words := range map[string][]string{"a01": {`"a01"`, `"married"`}, "a02": {`"a02"`, `"other"`}} {
		c := find(t, report.Found, id, "identifier")
		if c.Kind != record.IdentifierChanged {
			t.Errorf("%s: %s", id, c.Kind)
		}
		wantWords(t, c.Message, words...)
	}
	w.wantUser("a01", "lastname", "Married")
	w.wantEntry(dn("a02"), "mail", "two@parts.test")
	if n := len(w.list()); n != 4 {
		t.Errorf("XiVO has %d users, want 4", n)
	}
	w.quiet()
	w.slapd.Rename(dn("married"), "uid=a01", "")
	w.edit("other", map[string]any{"userfield": "a02"})
	if last := w.mustRun(); len(last.Found) > 0 {
		t.Errorf("taken back, and still there is%s", told(last.Found))
	}
	w.quiet()
}

// TestAdoption links users that were there before the first run, in every
// direction, and leaves those without an entry untouched.
func TestAdoption(t *testing.T) {
	t.Parallel()
	w := newWorld(t, []ldaptest.Person{
		person("same", "description", "Same"),
		person("differs", "description", "From LDAP", "employeeNumber", "1", "title", "LDAP title"),
		person("blank"),
		person("new"),
		person("twice"),
	})
	w.Specs = append(w.Specs,
		field("description", "description", reconcile.ToLDAP),
		field("username", "employeeNumber", reconcile.Both),
		field("preprocess_subroutine", "title", reconcile.Initial))
	for i := range w.Specs {
		if w.Specs[i].Field == "username" {
			w.Specs[i].First = reconcile.TakeXiVO
		}
	}
	user := func(id, description, username string, more map[string]any) {
		u := map[string]any{"firstname": "Old-" + id, "lastname": "Old", "userfield": id}
		if description != "" {
			u["description"] = description
		}
		if username != "" {
			u["username"] = username
		}
		for k, v := range more {
			u[k] = v
		}
		w.addUser(u)
	}
	user("same", "Same", "", map[string]any{"firstname": "Given-same", "lastname": "same", "email": "same@parts.test"})
	user("differs", "From XiVO", "xivo.name", map[string]any{"email": "other@parts.test", "preprocess_subroutine": "kept", "mobile_phone_number": "+33611111111"})
	user("blank", "Only XiVO", "blank.name", nil)
	user("twice", "", "", nil)
	user("twice", "", "", nil)
	user("door", "phone", "", nil)
	w.addUser(map[string]any{"firstname": "Fax"})
	unowned := map[string]map[string]any{}
	for _, u := range w.list() {
		if id := u["userfield"]; id == nil || id == "door" || id == "twice" {
			unowned[u["uuid"].(string)] = u
		}
	}

	report := w.mustRun(refuse, allow(reconcile.GuardFirstRun))
	if report.Counts.Adopted != 3 || report.Counts.Created != 1 || len(report.Found) != 1 {
		t.Errorf("%+v%s", report.Counts, told(report.Found))
	}
	c := find(t, report.Found, "twice", "")
	if c.Kind != record.DuplicateIdentifier {
		t.Errorf("kind %s", c.Kind)
	}
	wantWords(t, c.Message, "2 users", `"twice"`)
	w.wantAmong("differs", "firstname", "Given-differs", "lastname", "differs", "email", "differs@parts.test", "username", "xivo.name",
		"description", "From XiVO", "preprocess_subroutine", "kept", "mobile_phone_number", "+33611111111")
	w.wantAmong("blank", "firstname", "Given-blank", "email", "blank@parts.test", "description", "Only XiVO", "username", "blank.name")
	w.wantAmong("new", "firstname", "Given-new", "preprocess_subroutine", nil)
	w.wantEntry(dn("differs"), "description", "From XiVO")
	w.wantEntry(dn("differs"), "employeeNumber", "xivo.name")
	w.wantEntry(dn("differs"), "title", "LDAP title")
	w.wantEntry(dn("blank"), "description", "Only XiVO")
	w.wantEntry(dn("blank"), "employeeNumber", "blank.name")
	for _, u := range w.list() {
		if was, is := unowned[u["uuid"].(string)]; is {
			if diff := cmp.Diff(was, u); diff != "" {
				t.Errorf("a user without an entry was touched:\n%s", diff)
			}
			delete(unowned, u["uuid"].(string))
		}
	}
	if len(unowned) > 0 {
		t.Errorf("users without an entry are gone: %v", unowned)
	}
	w.quiet()
}

// wantAmong is wantUser where some users share an identifier.
func (w *world) wantAmong(id string, pairs ...any) {
	w.t.Helper()
	for _, u := range w.list() {
		if u["userfield"] != id {
			continue
		}
		for i := 0; i < len(pairs); i += 2 {
			if got := u[pairs[i].(string)]; got != pairs[i+1] {
				w.t.Errorf("%s of %s is %#v, want %#v", pairs[i], id, got, pairs[i+1])
			}
		}
		return
	}
	w.t.Errorf("XiVO has no user %s", id)
}
