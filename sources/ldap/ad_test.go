package ldap_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldapmem"
	"xivosync/sources/ldap/ldaptest"
)

// activeDirectory is a server with the id, the stamps, the names and the limits
// of Active Directory, whose people carry a userAccountControl.
func activeDirectory(t *testing.T) *bench {
	people := ldaptest.People(120, 1)
	for i := range people {
		people[i].Attributes["userAccountControl"] = []string{fmt.Sprint(512 + 2*(i%10/9))}
		delete(people[i].Attributes, "telephoneNumber")
	}
	for i := range 40 {
		people[3].Attributes["otherTelephone"] = append(people[3].Attributes["otherTelephone"], fmt.Sprint(1000+i))
	}
	b := inMemory(t, people, ldapmem.Quirks{ActiveDirectory: true, RangeLimit: 15})
	b.config.Identifier = "objectGUID"
	b.config.Attributes = append(b.config.Attributes, "otherTelephone")
	return b
}

func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	b := activeDirectory(t)
	dir := b.open(t)
	all := list(t, dir)
	disabled := 0
	for _, rec := range all {
		if rec.ID == "" || rec.Identifier != rec.ID || rec.Values["objectGUID"].First() != rec.ID {
			t.Errorf("id %q, identifier %q, values %q", rec.ID, rec.Identifier, rec.Values["objectGUID"])
		}
		if number, controller, ok := strings.Cut(rec.Version, "@"); !ok || number == "" || len(controller) != 36 {
			t.Errorf("version %q", rec.Version)
		}
		if rec.Disabled {
			disabled++
		}
		again, err := dir.Read(t.Context(), rec.ID)
		if err != nil || !cmp.Equal(rec, again) {
			t.Errorf("read: %v, %s", err, cmp.Diff(rec, again))
		}
	}
	if len(all) != 120 || disabled != 12 {
		t.Errorf("%d people, %d disabled", len(all), disabled)
	}
	some := all[b.people[3].DN]
	if diff := cmp.Diff(text(b.people[3].Attributes["otherTelephone"]...), some.Values["otherTelephone"]); diff != "" {
		t.Errorf("values in ranges: %s", diff)
	}
	found, err := dir.Find(t.Context(), some.ID)
	if err != nil || len(found) != 1 || !cmp.Equal(found[0], some) {
		t.Errorf("find: %v, %v", found, err)
	}
	counter, err := dir.Counter(t.Context())
	if err != nil || !strings.Contains(counter, "@") {
		t.Errorf("counter %q, %v", counter, err)
	}
	identity, err := dir.Identity(t.Context())
	if err != nil || !strings.HasPrefix(identity, ldaptest.Suffix+"/") {
		t.Errorf("identity %q, %v", identity, err)
	}
	c, err := dir.Capabilities(t.Context())
	if err != nil || !c.ActiveDirectory || c.ID != "objectGUID" || !strings.Contains(c.Vendor, "Active Directory") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestWriteToActiveDirectory(t *testing.T) {
	t.Parallel()
	b := activeDirectory(t)
	dir := b.open(t)
	p := b.people[1]
	old := list(t, dir)[p.DN]
	got, err := dir.Apply(t.Context(), set(old.ID, "telephoneNumber", nil, text("+33 1")))
	if err != nil || got.Values["telephoneNumber"].First() != "+33 1" || got.Version == old.Version {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = dir.Apply(t.Context(), set(old.ID, "telephoneNumber", nil, text("+33 2")))
	wantError(t, err, record.Stale)
	_, err = dir.Apply(t.Context(), set(old.ID, "telephoneNumber", text("+33 1"), text("+33 2", "+33 3")))
	wantError(t, err, record.Refused, "code 20")
	got, err = dir.Apply(t.Context(), set(old.ID, "telephoneNumber", text("+33 1"), text("+33 2")))
	if err != nil || got.Values["telephoneNumber"].First() != "+33 2" {
		t.Errorf("%+v, %v", got, err)
	}
	long := list(t, dir)[b.people[3].DN]
	got, err = dir.Apply(t.Context(), set(long.ID, "otherTelephone", text("1039"), text("2039")))
	if err != nil || len(got.Values["otherTelephone"]) != 40 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = dir.Read(t.Context(), "12345678-1234-1234-1234-123456789012")
	wantError(t, err, record.Missing)
}

func TestNobodyIsDisabledByDefaultElsewhere(t *testing.T) {
	t.Parallel()
	b := inMemory(t, []ldaptest.Person{ldaptest.Plain("x", "employeeNumber", "1", "userAccountControl", "514")}, ldapmem.Quirks{})
	for _, rec := range list(t, b.open(t)) {
		if rec.Disabled {
			t.Errorf("%s is disabled", rec.DN)
		}
	}
	bit := func(c *ldap.Config) { c.Disabled = "(userAccountControl:1.2.840.113556.1.4.803:=2)" }
	for _, rec := range list(t, b.open(t, bit)) {
		if !rec.Disabled {
			t.Errorf("%s is not disabled", rec.DN)
		}
	}
}
