package ldap_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

// What directories really hold comes through byte for byte, and a person whom it
// makes unreadable for others is one record like any other.
func TestHostilePeople(t *testing.T) {
	t.Parallel()
	usual := ldaptest.People(20, 1)
	people := append(usual, ldaptest.SameMail(usual[0]), ldaptest.Nameless("nameless"), ldaptest.LongName("long"),
		ldaptest.ControlCharacters("control"), ldaptest.InvalidUTF8("invalid"), ldaptest.Blank("blank"))
	b := onSlapd(t, people)
	dir := b.open(t, func(c *ldap.Config) {
		c.Attributes = []string{"displayName", "description", "l", "partsBlob", "title", "sn", "givenName"}
		c.Identifier = "uid"
	})
	all := list(t, dir)
	if len(all) != len(people) {
		t.Fatalf("%d people, want %d", len(all), len(people))
	}
	for _, p := range people[len(usual):] {
		rec, err := dir.Read(t.Context(), all[p.DN].ID)
		if err != nil {
			t.Errorf("read %s: %v", p.DN, err)
		}
		for key, got := range rec.Values {
			if diff := cmp.Diff(text(p.Attributes[key]...), got); diff != "" {
				t.Errorf("%s of %s: %s", key, p.DN, diff)
			}
		}
	}
	blob := all[ldaptest.InvalidUTF8("invalid").DN]
	got, err := dir.Apply(t.Context(), set(blob.ID, "partsBlob", blob.Values["partsBlob"], record.Value{"\xff\x00\xfe"}))
	if err != nil || got.Values["partsBlob"].First() != "\xff\x00\xfe" {
		t.Errorf("%+v, %v", got, err)
	}
}
