package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

func filterOf(t *testing.T, text string) *reconcile.Filter {
	t.Helper()
	f, err := reconcile.ParseFilter(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatIsAskedAboutGroups(t *testing.T) {
	field := func(name, attribute, when string) reconcile.Mapping {
		m := reconcile.Mapping{Field: record.Field{Name: name}, Attribute: attribute, Direction: reconcile.ToXiVO}
		if when != "" {
			m.When = filterOf(t, when)
		}
		return m
	}
	s := reconcile.Settings{
		Rules: reconcile.Rules{
			{When: reconcile.Condition{Group: "cn=a,dc=org"}},
			{When: reconcile.Condition{Group: "CN=A, DC=org", Attribute: "l", Equals: "Lyon"}},
			{When: reconcile.Condition{Attribute: "memberof", Equals: "cn=d,dc=org"}},
			{When: reconcile.Condition{Filter: filterOf(t, "(|(l=x)(!(memberOf=cn=b,dc=org)))")}},
		},
		Fields: []reconcile.Mapping{
			field("agent", "employeeNumber", "(memberOf=cn=c,dc=org)"), field("cti", "uid", "(&(l=*)(memberof=*sales*))"),
			field("userfield", "MemberOf", ""), field("email", "mail", "(memberOf=people)"), {Attribute: "memberOf", Direction: reconcile.None},
		},
	}
	want := reconcile.Groups{Named: []string{"cn=a,dc=org", "cn=b,dc=org", "cn=c,dc=org"},
		Other: []string{"memberof is cn=d,dc=org", "(&(l=*)(memberof=*sales*))", "fields.userfield", "(memberOf=people)"}}
	if diff := cmp.Diff(want, s.Groups()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestKeysOfNames(t *testing.T) {
	for _, same := range [][]string{
		{"cn=Doe\\, John,dc=org", `CN="doe, john" , dc=ORG`, `cn=Doe\2C John;dc=org`},
		{"cn=a+sn=b,dc=org", "sn=b+CN=a,dc=org"},
	} {
		first, err := reconcile.DNKey(same[0])
		for _, text := range same {
			if key, e := reconcile.DNKey(text); key != first || e != nil || err != nil {
				t.Errorf("%s has the key %q, %s has %q", text, key, same[0], first)
			}
		}
	}
	seen := map[string]string{}
	for _, text := range []string{"cn=a,dc=org", `cn=a\,dc\=org`, `cn=a\+dc\=org`, "cn=a+dc=org", `cn=a\\,dc=org`, "dc=org"} {
		key, err := reconcile.DNKey(text)
		if other, twice := seen[key]; twice || err != nil {
			t.Errorf("%s and %s have the key %q, %v", text, other, key, err)
		}
		seen[key] = text
	}
	if _, err := reconcile.DNKey("nonsense"); err == nil {
		t.Error("nonsense has a key")
	}
}
