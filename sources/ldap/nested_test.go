package ldap_test

import (
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

func nested(groups ...string) func(*ldap.Config) {
	return func(c *ldap.Config) {
		c.Attributes, c.Nested = append(slices.Clone(c.Attributes), reconcile.NestedMemberOf), groups
	}
}

// inChain lists who is in a group by way of others or at once.
func inChain(t *testing.T, dir *ldap.Directory, group string) (names []string) {
	t.Helper()
	for dn, rec := range list(t, dir) {
		got, read := rec.Values[reconcile.NestedMemberOf]
		if !read {
			t.Errorf("%s: the groups were not read", dn)
		}
		if slices.Contains(got, group) {
			names = append(names, strings.Split(dn, ",")[0])
		}
		again, err := dir.Read(t.Context(), rec.ID)
		if err != nil || !again.Values[reconcile.NestedMemberOf].Equal(got) {
			t.Errorf("%s: read %q, listed %q, %v", dn, again.Values[reconcile.NestedMemberOf], got, err)
		}
	}
	slices.Sort(names)
	return names
}

func TestNestedGroupsOnSamba(t *testing.T) {
	dc, people, cfg := onSamba(t, 5, ldaptest.BindAD)
	inner := dc.Group("inner", people[1], people[2])
	middle := dc.Group("middle", inner)
	outer := dc.Group("outer", middle, people[3])
	nested(outer)(&cfg)
	dir := openWith(t, cfg)
	if got := inChain(t, dir, outer); !slices.Equal(got, []string{"CN=p001", "CN=p002", "CN=p003"}) {
		t.Errorf("in chain: %q", got)
	}
	s := newShadow(t, dir)
	dc.Modify(inner, "member", people[1], people[4])
	inc, err := dir.Follow(t.Context(), s.cursor, nil)
	if err != nil || !strings.Contains(inc.Refused, "groups") {
		t.Errorf("refused %q, %v", inc.Refused, err)
	}
	if got := inChain(t, dir, outer); !slices.Equal(got, []string{"CN=p001", "CN=p003", "CN=p004"}) {
		t.Errorf("in chain: %q", got)
	}
	cfg.Nested = []string{"CN=nobody," + ldaptest.GroupsAD}
	_, err = collect(t.Context(), openWith(t, cfg))
	wantError(t, err, record.Down, "CN=nobody", "check the DN")
}

func TestNestedGroupsElsewhere(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(5, 1))
	group := func(name string, members ...string) string {
		p := ldaptest.Person{DN: "cn=" + name + "," + ldaptest.GroupsDN, Attributes: map[string][]string{
			"objectClass": {"groupOfNames"}, "cn": {name}, "member": members,
		}}
		b.Add(p)
		return p.DN
	}
	outer := group("outer", group("inner", b.people[1].DN), b.people[3].DN)
	got := inChain(t, b.open(t, nested(outer)), outer)
	want := []string{strings.Split(b.people[1].DN, ",")[0], strings.Split(b.people[3].DN, ",")[0]}
	if !slices.Equal(got, want) {
		t.Errorf("in chain: %q, want %q", got, want)
	}
}
