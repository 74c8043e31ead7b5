package reconcile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

func TestNestedGroupsInAFilter(t *testing.T) {
	f, err := reconcile.ParseFilter("(&(l=Lyon)(memberof:1.2.840.113556.1.4.1941:=CN=All, OU=groups,DC=x))")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"l", reconcile.NestedMemberOf}, f.Attributes()); diff != "" {
		t.Error(diff)
	}
	for group, want := range map[string]bool{"cn=all,ou=groups,dc=x": true, "cn=other,ou=groups,dc=x": false} {
		entry := map[string]record.Value{"l": record.Text("Lyon"), reconcile.NestedMemberOf: record.Text(group)}
		if got := f.Match(func(a string) record.Value { return entry[a] }); got != want {
			t.Errorf("%s: %v", group, got)
		}
	}
	s := reconcile.Settings{Fields: []reconcile.Mapping{{When: f}}}
	if g := s.Groups(); !slices.Equal(g.Nested, []string{"CN=All, OU=groups,DC=x"}) || len(g.Named)+len(g.Other) > 0 {
		t.Errorf("%+v", g)
	}
	for _, wrong := range []string{"(memberOf:1.2.840.113556.1.4.1941:=*)", "(memberOf:1.2.840.113556.1.4.1941:=CN=a*)",
		"(memberOf:1.2.840.113556.1.4.1941:=all)", "(manager:1.2.840.113556.1.4.1941:=CN=a)"} {
		if _, err := reconcile.ParseFilter(wrong); err == nil || !strings.Contains(err.Error(), "cannot be used as a filter") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
