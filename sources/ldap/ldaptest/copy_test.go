package ldaptest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/sources/ldap/ldaptest"
)

// TestTree starts a second server with what the first one holds: ids, versions,
// times and groups are the same.
func TestTree(t *testing.T) {
	t.Parallel()
	ann := ldaptest.Plain("ann", "givenName", "Ann", "sn", "Önß 日本")
	first := ldaptest.Slapd(t, ldaptest.Options{People: []ldaptest.Person{ann}})
	first.Modify(ann.DN, "title", " blank first")
	second := ldaptest.Slapd(t, ldaptest.Options{Tree: first.Tree()})
	seen := func(s *ldaptest.Server) map[string]map[string][]string {
		all := map[string]map[string][]string{}
		for _, e := range s.Search(ldaptest.Suffix, "(objectClass=*)", "*", "+") {
			all[e.DN] = map[string][]string{}
			for _, a := range e.Attributes {
				if a.Name != "contextCSN" { // drawn at each start
					all[e.DN][a.Name] = a.Values
				}
			}
		}
		return all
	}
	want := seen(first)
	if want[ann.DN]["entryUUID"] == nil || want[ann.DN]["title"] == nil {
		t.Fatalf("the first server shows of ann only %v", want[ann.DN])
	}
	if diff := cmp.Diff(want, seen(second)); diff != "" {
		t.Errorf("the second server differs (-first +second):\n%s", diff)
	}
}
