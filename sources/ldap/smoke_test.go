package ldap_test

import (
	"testing"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

func TestSmoke(t *testing.T) {
	people := ldaptest.People(1200, 1)
	srv := ldaptest.Slapd(t, ldaptest.Options{People: people})
	dir, err := ldap.Open(t.Context(), ldap.Config{
		URLs: []string{srv.URL}, StartTLS: true, CA: srv.CA, BindDN: srv.BindDN, Password: srv.Password,
		Bases: []string{ldaptest.PeopleDN}, Filter: "(mail=*)", Disabled: "(employeeType=contractor)",
		Attributes: []string{"givenName", "surname", "mail", "ipPhone", "TELEPHONENUMBER"}, Identifier: "employeeNumber",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	n := 0
	var last record.Record
	for rec, err := range dir.List(t.Context(), record.Survey) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.ID == "" || rec.Version == "" || rec.Identifier == "" || rec.Name == "" || rec.Values["surname"].Empty() {
			t.Fatalf("%+v", rec)
		}
		n++
		if rec.Values["TELEPHONENUMBER"].Empty() {
			last = rec
		}
	}
	if n != len(people) {
		t.Fatalf("%d", n)
	}
	t.Logf("%+v", last)
	rec, err := dir.Apply(t.Context(), record.Change{Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: last.ID,
		Fields: map[string]record.Delta{"did": {Attribute: "telephoneNumber", After: record.Text("+33 1")}}})
	t.Logf("%+v %v", rec, err)
	rec, err = dir.Apply(t.Context(), record.Change{Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: last.ID,
		Fields: map[string]record.Delta{"did": {Attribute: "telephoneNumber", Before: record.Text("+331"), After: record.Text("+33 1")}}})
	t.Logf("%+v %v", rec, err)
	rec, err = dir.Apply(t.Context(), record.Change{Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: last.ID,
		Fields: map[string]record.Delta{"did": {Attribute: "telephoneNumber", Before: record.Text("+33 1"), After: record.Text("+331")}}})
	t.Logf("%+v %v", rec, err)
	rec, err = dir.Apply(t.Context(), record.Change{Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: last.ID,
		Fields: map[string]record.Delta{"did": {Attribute: "nonsense", After: record.Text("+331")}}})
	t.Logf("%+v %v", rec, err)
	found, err := dir.Find(t.Context(), last.Identifier)
	t.Log(len(found), err)
	id, err := dir.Identity(t.Context())
	t.Log(id, err, dir.Requests())
	_, err = dir.Read(t.Context(), "12345678-1234-1234-1234-123456789012")
	t.Log(err)
	srv.SetLimits("size.soft=5 size.hard=5 size.prtotal=100")
	for _, err := range dir.List(t.Context(), record.Survey) {
		if err != nil {
			t.Log(err)
		}
	}
}
