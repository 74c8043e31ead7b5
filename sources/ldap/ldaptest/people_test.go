package ldaptest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/sources/ldap/ldaptest"
)

func TestPeopleAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(ldaptest.People(200, 7), ldaptest.People(300, 7)[:200]); diff != "" {
		t.Errorf("same seed, other people: %s", diff)
	}
	if cmp.Equal(ldaptest.People(20, 7), ldaptest.People(20, 8)) {
		t.Error("another seed gives the same people")
	}
}

func TestPeopleDifferInWhatMustBeUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, p := range ldaptest.People(5000, 1) {
		for _, key := range []string{"dn " + p.DN, "uid " + p.First("uid"), "mail " + p.First("mail"), "ext " + p.First("ipPhone")} {
			if key == "ext " {
				continue
			}
			if other := seen[key]; other != "" {
				t.Errorf("%s: %s and %s", key, other, p.DN)
			}
			seen[key] = p.DN
		}
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 10 {
		seen[ldaptest.Spell(i, 472101112)] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d spellings, want 10: %v", len(seen), seen)
	}
}
