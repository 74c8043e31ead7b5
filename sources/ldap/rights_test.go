package ldap_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/sources/ldap/ldaptest"
)

// What slapd's access rules keep from the account is named, and asking for it
// changes nothing.
func TestUnwritableOnSlapd(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(3, 1))
	b.slapd.Configure("olcAccess",
		`to dn.subtree="`+ldaptest.PeopleDN+`" attrs=telephoneNumber,mail by dn.exact="`+ldaptest.BindDN+`" write by * read`,
		`to * by dn.exact="`+ldaptest.BindDN+`" read by * read`)
	dir := b.open(t)
	before := list(t, dir)
	refused, err := dir.Unwritable(t.Context(), b.people[0].DN, []string{"telephoneNumber", "mail", "ipPhone", "mobile", "title"})
	if diff := cmp.Diff([]string{"ipPhone", "mobile", "title"}, refused); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(before, list(t, dir)); diff != "" {
		t.Errorf("asking changed something: %s", diff)
	}
}

// What was not delegated is named.
func TestUnwritableOnSamba(t *testing.T) {
	_, people, cfg := onSamba(t, 1, ldaptest.BindAD)
	dir := openWith(t, cfg)
	refused, err := dir.Unwritable(t.Context(), people[0], []string{"ipPhone", "mail", "telephoneNumber", "givenName"})
	if diff := cmp.Diff([]string{"mail", "givenName"}, refused); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
