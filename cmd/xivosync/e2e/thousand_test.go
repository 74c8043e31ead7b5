package e2e

import (
	"fmt"
	"strings"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// hostile are people of whom XiVO cannot take everything.
func hostile(people []ldaptest.Person) []ldaptest.Person {
	return append(people,
		ldaptest.SameMail(people[7]),
		ldaptest.Nameless("nameless"),
		ldaptest.LongName("long"),
		ldaptest.ControlCharacters("control"),
	)
}

// TestThousandPeople is the main job on real input: everybody is created who may
// be, the others are reported, the second run is quiet, edits travel both ways,
// and an edit on both sides is one conflict.
func TestThousandPeople(t *testing.T) {
	t.Parallel()
	people := hostile(ldaptest.People(1000, 1))
	w := newWorld(t, people)

	first := w.mustRun()
	if first.Outcome != record.OutcomeDone {
		t.Fatalf("outcome %s, guards %+v, failures %v", first.Outcome, first.Guards, first.Failures)
	}
	users := w.users()
	t.Logf("created %d of %d, conflicts %v", first.Counts.Created, len(people), kinds(first.Found))
	for _, c := range first.Found {
		t.Logf("%s %s %s: %s", c.Kind, c.Person.Identifier, c.Field, c.Message)
	}
	for _, p := range people {
		uid := p.First("uid")
		_, created := users[uid]
		if may := p.First("givenName") != ""; may != created {
			if uid == "long" {
				continue
			}
			t.Errorf("%s: may be created %v, was created %v", uid, may, created)
		}
	}
	spellings := map[string]bool{}
	for i, p := range people[:1000] {
		spelt := p.First("mobile")
		if spelt == "" {
			continue
		}
		spellings[strings.NewReplacer("0", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "").Replace(spelt)+spelt[:2]] = true
		if got, want := users[p.First("uid")]["mobile_phone_number"], fmt.Sprintf("+33%d", 612000000+i); got != want {
			t.Errorf("%s: the mobile number %q arrived as %v, want %s", p.DN, spelt, got, want)
		}
	}
	if len(spellings) < 10 {
		t.Errorf("only %d spellings of numbers: %v", len(spellings), spellings)
	}
	for i := range 5 {
		p := people[i]
		u := users[p.First("uid")]
		if u["firstname"] != p.First("givenName") || u["lastname"] != p.First("sn") || u["outgoing_caller_id"] != "default" {
			t.Errorf("%s arrived as %v", p.DN, u)
		}
	}
	w.quiet()

	w.slapd.Modify(people[10].DN, "sn", "Changed-in-LDAP")
	w.edit("u000011", map[string]any{"email": "changed.in.xivo@parts.test"})
	w.slapd.Modify(people[12].DN, "mail", "ldap@parts.test")
	w.edit("u000012", map[string]any{"email": "xivo@parts.test"})
	w.slapd.Modify(people[13].DN, "givenName", "Served")
	report := w.mustRun()
	if got := w.users()["u000010"]["lastname"]; got != "Changed-in-LDAP" {
		t.Errorf("the surname changed in LDAP arrived as %v", got)
	}
	if got := w.slapd.Values(people[11].DN, "mail"); fmt.Sprint(got) != "[changed.in.xivo@parts.test]" {
		t.Errorf("the mail changed in XiVO arrived as %v", got)
	}
	if got := w.users()["u000013"]["firstname"]; got != "Served" {
		t.Errorf("somebody else was not served: %v", got)
	}
	if n := kinds(report.Found)[record.ConflictField]; n != 1 {
		t.Errorf("%d field conflicts, want the one that was made: %v", n, report.Found)
	}
	if got := w.users()["u000012"]["email"]; got != "xivo@parts.test" {
		t.Errorf("the conflict was overwritten: %v", got)
	}
	w.quiet()
}
