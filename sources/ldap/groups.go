package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// memberOf is the attribute in which a server tells an entry's groups.
const memberOf = reconcile.MemberOf

// GroupsBy says how it is found out which groups an entry is a member of.
type GroupsBy string

// The ways. Auto is memberOf on Active Directory and wherever at least one
// person shows it, else the listing of the groups that the configuration names.
const (
	GroupsAuto     GroupsBy = "auto"
	GroupsMemberOf GroupsBy = "memberof"
	GroupsListed   GroupsBy = "list"
)

// groups is what a listing knows of the groups. Where they were read themselves,
// it holds the DNs of the named ones by each member.
type groups struct {
	listed bool
	byDN   map[string][]string // by [reconcile.DNKey]
	byUID  map[string][]string // of the memberUid of POSIX groups
	// nested are, while groups are read, the DNs of all there are, by key: a member
	// may be a group itself.
	nested map[string]string
	// chain holds the DNs of the [Config.Nested] by the id of each member, where the
	// server resolves them; inner holds them where the groups were read.
	chain map[string][]string
	inner *groups
}

// refreshGroups reads the groups anew: once for each listing.
func (d *Directory) refreshGroups(ctx context.Context) error {
	if len(d.cfg.Groups)+len(d.cfg.AnyGroup)+len(d.cfg.Nested) == 0 {
		return nil
	}
	g, err := d.readGroups(ctx)
	if err == nil {
		err = d.readNested(ctx, g)
	}
	if err == nil {
		d.groups.Store(g)
	}
	return err
}

// knowGroups reads the groups unless a listing did: what is read of one person
// has to fit what was listed.
func (d *Directory) knowGroups(ctx context.Context) error {
	if d.groups.Load() != nil {
		return nil
	}
	return d.refreshGroups(ctx)
}

// readGroups is complete or an error: a group that cannot be read is never one
// without members.
func (d *Directory) readGroups(ctx context.Context) (*groups, error) {
	shown, err := d.showsMemberOf(ctx)
	if err != nil {
		return nil, down(memberOf, "look whether the directory tells the groups of a person", err)
	}
	g := &groups{listed: !shown, byDN: map[string][]string{}, byUID: map[string][]string{}}
	if shown {
		return g, nil
	}
	if len(d.cfg.AnyGroup) > 0 {
		return nil, down(memberOf, "", fmt.Errorf("this directory does not tell the groups of a person, and %s asks for more than whether somebody is a member of a group with that DN: name the group",
			strings.Join(d.cfg.AnyGroup, ", ")))
	}
	if g.nested, err = d.allGroups(ctx); err != nil {
		return nil, err
	}
	for _, dn := range d.cfg.Groups {
		if err := d.readGroup(ctx, g, dn); err != nil {
			return nil, down(dn, "read the group", err)
		}
	}
	g.nested = nil
	return g, nil
}

// showsMemberOf tells whether the server says of a person which groups they are
// in. That its schema has the attribute proves nothing: OpenLDAP has it as soon
// as the overlay's module is loaded, for whatever database, and an account may
// lack the right to read it.
func (d *Directory) showsMemberOf(ctx context.Context) (shown bool, err error) {
	if d.cfg.GroupsBy != GroupsAuto {
		return d.cfg.GroupsBy == GroupsMemberOf, nil
	}
	if d.server.activeDirectory {
		return true, nil
	}
	if _, known := d.layout.known.same(memberOf); !known {
		return false, nil
	}
	for _, base := range d.cfg.Bases {
		q := query{base: base, scope: goldap.ScopeWholeSubtree, filter: all(d.cfg.Filter, present(memberOf)), attributes: []string{"1.1"}, limit: 1}
		err := d.ask(ctx, func(s *session) error {
			res, err := d.search(ctx, s, q)
			if goldap.IsErrorWithCode(err, goldap.LDAPResultSizeLimitExceeded) { // there are even two
				shown = true
				return nil
			}
			shown = shown || err == nil && len(res.Entries) > 0
			return err
		})
		if shown || err != nil {
			return shown, err
		}
	}
	return false, nil
}

// groupClasses are the object classes of groups that have members in an attribute.
var groupClasses = []string{"groupOfNames", "groupOfUniqueNames", "groupOfMembers", "groupOfEntries", "posixGroup", "group"}

// anyGroup is the filter that matches groups of all servers.
func anyGroup() string {
	var classes strings.Builder
	for _, class := range groupClasses {
		classes.WriteString(equals("objectClass", class))
	}
	return "(|" + classes.String() + ")"
}

// allGroups lists the DNs of all groups in the trees of the bases and of the
// named groups.
func (d *Directory) allGroups(ctx context.Context) (map[string]string, error) {
	known := map[string]string{}
	for _, tree := range d.treesOf(slices.Concat(d.cfg.Bases, d.cfg.Groups, d.cfg.Nested)) {
		q := query{base: tree, scope: goldap.ScopeWholeSubtree, filter: anyGroup(), attributes: []string{"1.1"}}
		err := d.walk(ctx, q, func(_ *session, e *goldap.Entry) error {
			key, err := reconcile.DNKey(e.DN)
			known[key] = e.DN
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return known, nil
}

// treesOf returns the naming contexts that these names lie in, once each.
func (d *Directory) treesOf(names []string) []string {
	var trees []string
	for _, name := range names {
		if c := d.contextOf(name); c != "" && !slices.Contains(trees, c) {
			trees = append(trees, c)
		}
	}
	return trees
}

// putGroups sets the record's groups, where the server does not tell them.
func (d *Directory) putGroups(rec *record.Record, uids []string) error {
	at := d.layout.memberOf
	if at < 0 && d.layout.nested < 0 || len(d.cfg.Groups)+len(d.cfg.AnyGroup)+len(d.cfg.Nested) == 0 {
		return nil
	}
	g := d.groups.Load()
	if g != nil {
		if err := d.putNested(g, rec, uids); err != nil {
			return err
		}
	}
	switch {
	case g == nil: // a fault of this package, which must not look like no groups
		return fmt.Errorf("%w: the groups were not read", ErrCutShort)
	case !g.listed || at < 0:
		return nil
	}
	of, err := g.of(rec.DN, uids)
	rec.Values[d.layout.keys[at]] = of
	return err
}

// of lists the groups that were read of which an entry is a member.
func (g *groups) of(dn string, uids []string) (record.Value, error) {
	key, err := reconcile.DNKey(dn)
	if err != nil {
		return nil, err
	}
	of := slices.Clone(g.byDN[key])
	for _, uid := range uids {
		of = append(of, g.byUID[uid]...)
	}
	slices.Sort(of) // the order of members is the server's, and means nothing
	return record.Value(slices.Compact(of)), nil
}

// String tells how groups are found; "" of nil.
func (g *groups) String() string {
	switch {
	case g == nil:
		return ""
	case g.listed:
		return fmt.Sprintf("by reading the named groups with those in them (%d members)", len(g.byDN)+len(g.byUID))
	}
	return "by the memberOf of each person"
}
