package ldap_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

// personDN is where a plain person is.
func personDN(uid string) string { return "uid=" + uid + "," + ldaptest.PeopleDN }

// withGroups is a slapd with four people and these groups; overlay says whether
// people show their memberOf.
func withGroups(t *testing.T, overlay bool, groups ...ldaptest.Person) *bench {
	t.Helper()
	people := []ldaptest.Person{ldaptest.Plain("ann"), ldaptest.Plain("bob"), ldaptest.Plain("cid"), ldaptest.Plain("dot")}
	srv := ldaptest.Slapd(t, ldaptest.Options{People: people, NoMemberOf: !overlay})
	for _, g := range groups {
		srv.Add(g)
	}
	cfg := baseConfig()
	cfg.URLs, cfg.StartTLS, cfg.CA = []string{srv.URL}, true, srv.CA
	cfg.Identifier, cfg.Attributes = "uid", []string{"mail", "memberOf"}
	return &bench{Admin: srv.Admin, people: people, config: cfg, slapd: srv}
}

// naming sets the groups that the configuration names.
func naming(names ...string) func(*ldap.Config) {
	return func(c *ldap.Config) {
		for _, n := range names {
			c.Groups = append(c.Groups, ldaptest.GroupDN(n))
		}
	}
}

// groupsOf lists everybody's groups by their short names, as "ann: a b".
func groupsOf(t *testing.T, dir *ldap.Directory) []string {
	t.Helper()
	var out []string
	for _, rec := range list(t, dir) {
		if !rec.Values["memberOf"].Empty() {
			out = append(out, rec.Identifier+":"+short(rec))
		}
	}
	slices.Sort(out)
	return out
}

func short(rec record.Record) string {
	var names strings.Builder
	for _, dn := range slices.Sorted(slices.Values(rec.Values["memberOf"])) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(dn), "cn="), ",")
		names.WriteString(" " + name)
	}
	return names.String()
}

func wantGroups(t *testing.T, dir *ldap.Directory, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, groupsOf(t, dir)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestGroupsAreFoundEitherWay asks two servers the same, one of which shows
// nobody's groups; who joins or leaves shows in the next listing, and a single
// person reads as in the listing.
func TestGroupsAreFoundEitherWay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		overlay bool
		by      string
	}{
		"the server tells the groups of people": {true, "by the memberOf of each person"},
		"the server does not":                   {false, "by reading the named groups"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withGroups(t, tc.overlay, ldaptest.Group("sales", strings.ToUpper(personDN("ann")), personDN("bob")), ldaptest.Group("boss", personDN("bob")))
			dir := b.open(t, naming("sales", "boss"))
			ann, err := dir.Read(t.Context(), b.UUID(personDN("ann"))) // before any listing
			if err != nil || short(ann) != " sales" {
				t.Errorf("ann is read as%s, %v", short(ann), err)
			}
			wantGroups(t, dir, "ann: sales", "bob: boss sales")
			b.Modify(ldaptest.GroupDN("sales"), "member", personDN("ann"), personDN("cid"))
			wantGroups(t, dir, "ann: sales", "bob: boss", "cid: sales")
			found, err := dir.Find(t.Context(), "cid")
			if err != nil || len(found) != 1 || short(found[0]) != " sales" {
				t.Errorf("cid is found as %v, %v", found, err)
			}
			now, err := dir.Apply(t.Context(), set(found[0].ID, "mail", text("cid@parts.test"), text("c@parts.test")))
			if err != nil || short(now) != " sales" {
				t.Errorf("cid is written as%s, %v", short(now), err)
			}
			can, err := dir.Capabilities(t.Context())
			if err != nil || !strings.HasPrefix(can.Groups, tc.by) {
				t.Errorf("groups are found %q, %v", can.Groups, err)
			}
		})
	}
}

// TestMembersOfEveryKind are listed by their DNs, by DNs with a unique id, and by
// uid; a group in a group counts, one that contains itself does no harm.
func TestMembersOfEveryKind(t *testing.T) {
	t.Parallel()
	b := withGroups(t, false,
		ldaptest.UniqueGroup("unique", personDN("ann")+"#'0101'B", `uid=bob\2C x,`+ldaptest.PeopleDN),
		ldaptest.PosixGroup("posix", "bob", "nobody"),
		ldaptest.PosixGroup("empty"),
		ldaptest.Group("outer", ldaptest.GroupDN("inner"), personDN("dot")),
		ldaptest.Group("inner", "CN=Outer, "+ldaptest.GroupsDN, personDN("cid"), personDN("dot")),
		ldaptest.Group("unnamed", personDN("ann")),
	)
	dir := b.open(t, naming("unique", "posix", "empty", "outer"))
	wantGroups(t, dir, "ann: unique", "bob: posix", "cid: outer", "dot: outer")
}

// TestAGroupThatCannotBeReadIsAnError is promise 1: never a group without
// members.
func TestAGroupThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	const rest = `to * by dn.exact="` + ldaptest.BindDN + `" write by users read by * none`
	hide := func(what string) []string {
		return []string{"to attrs=userPassword by anonymous auth", "to " + what + ` by dn.exact="` + ldaptest.BindDN + `" none by users read`, rest}
	}
	for name, tc := range map[string]struct {
		group  string
		rights []string
		words  []string
	}{
		"there is no such group": {group: "ghost", words: []string{"cn=ghost", "read the group", "check the DN"}},
		"it is no group":         {group: "person", words: []string{"no group but", "inetOrgPerson", "check the DN"}},
		"it is hidden":           {"sales", hide(`dn.exact="` + ldaptest.GroupDN("sales") + `"`), []string{"cn=sales", "read the group"}},
		"its members are hidden": {"sales", hide("attrs=member"), []string{"cn=sales", "shows no members", "let the account read them"}},
		"nothing of it is shown": {"posix", hide("attrs=objectClass,memberUid"), []string{"cn=posix", "nothing is visible"}},
		"one in it is hidden":    {"outer", hide(`dn.exact="` + ldaptest.GroupDN("inner") + `" attrs=member`), []string{"cn=outer", "cn=inner", "which is in it", "shows no members"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withGroups(t, false, ldaptest.Group("sales", personDN("ann")), ldaptest.Plain("x"), ldaptest.PosixGroup("posix", "ann"),
				ldaptest.Group("outer", ldaptest.GroupDN("inner"), personDN("bob")), ldaptest.Group("inner", personDN("cid")))
			dir := b.open(t, naming(tc.group), func(c *ldap.Config) {
				if tc.group == "person" {
					c.Groups = []string{personDN("x")}
				}
			})
			if tc.rights != nil {
				if groupsOf(t, dir) == nil {
					t.Error("nobody is in a group although nothing is hidden yet")
				}
				b.slapd.Configure("olcAccess", tc.rights...)
			}
			listed, err := collect(t.Context(), dir)
			wantError(t, err, record.Down, tc.words...)
			if len(listed) > 0 {
				t.Errorf("%d people were listed all the same", len(listed))
			}
			_, err = b.open(t, naming("ghost")).Read(t.Context(), b.UUID(personDN("ann")))
			wantError(t, err, record.Down, "cn=ghost")
		})
	}
}

// TestGroupsAreReadWhereMemberOfIsHidden falls back to the groups themselves: a
// right that the account lost must not take everybody out of their groups.
func TestGroupsAreReadWhereMemberOfIsHidden(t *testing.T) {
	t.Parallel()
	b := withGroups(t, true, ldaptest.Group("sales", personDN("ann")))
	dir := b.open(t, naming("sales"))
	wantGroups(t, dir, "ann: sales")
	b.slapd.Configure("olcAccess", "to attrs=memberOf by * none", `to * by dn.exact="`+ldaptest.BindDN+`" write by * auth`)
	wantGroups(t, dir, "ann: sales")
	can, err := dir.Capabilities(t.Context())
	if err != nil || !strings.Contains(can.Groups, "by reading") {
		t.Errorf("groups are found %q, %v", can.Groups, err)
	}
}

// TestTheWayToFindGroupsCanBeChosen where the configuration knows better.
func TestTheWayToFindGroupsCanBeChosen(t *testing.T) {
	t.Parallel()
	b := withGroups(t, true, ldaptest.Group("sales", personDN("ann"), ldaptest.GroupDN("inner")), ldaptest.Group("inner", personDN("bob")))
	by := func(way ldap.GroupsBy) func(*ldap.Config) { return func(c *ldap.Config) { c.GroupsBy = way } }
	wantGroups(t, b.open(t, naming("sales"), by(ldap.GroupsMemberOf)), "ann: sales", "bob: inner")
	wantGroups(t, b.open(t, naming("sales"), by(ldap.GroupsListed)), "ann: sales", "bob: sales")
}

// TestWhatListedGroupsCannotTell is an error, not silence.
func TestWhatListedGroupsCannotTell(t *testing.T) {
	t.Parallel()
	b := withGroups(t, false, ldaptest.Group("sales", personDN("ann")))
	dir := b.open(t, naming("sales"), func(c *ldap.Config) { c.AnyGroup = []string{"(memberOf=*sales*)"} })
	_, err := collect(t.Context(), dir)
	wantError(t, err, record.Down, "(memberOf=*sales*)", "name the group")
}
