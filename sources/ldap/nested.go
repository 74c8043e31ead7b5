package ldap

import (
	"context"
	"fmt"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// readNested finds the members of the groups whose inner groups count. Active
// Directory resolves them itself; elsewhere the groups are read.
func (d *Directory) readNested(ctx context.Context, g *groups) (err error) {
	if len(d.cfg.Nested) == 0 {
		return nil
	}
	if d.server.activeDirectory {
		return d.readChains(ctx, g)
	}
	g.inner = &groups{listed: true, byDN: map[string][]string{}, byUID: map[string][]string{}}
	if g.inner.nested, err = d.allGroups(ctx); err != nil {
		return err
	}
	for _, dn := range d.cfg.Nested {
		if err := d.readGroup(ctx, g.inner, dn); err != nil {
			return down(dn, "read the group", err)
		}
	}
	g.inner.nested = nil
	return nil
}

// readChains asks for the people in each group. A name that is nobody's would
// look like a group without members, so the group itself is read before.
func (d *Directory) readChains(ctx context.Context, g *groups) error {
	g.chain = map[string][]string{}
	for _, dn := range d.cfg.Nested {
		err := d.ask(ctx, func(s *session) error {
			_, err := d.entry(ctx, s, dn, []string{"objectClass"})
			return err
		})
		if err != nil {
			return down(dn, "read the group", err)
		}
		for _, base := range d.cfg.Bases {
			q := query{
				base: base, scope: goldap.ScopeWholeSubtree, attributes: []string{d.server.id},
				filter: all(d.cfg.Filter, fmt.Sprintf("(%s=%s)", reconcile.NestedMemberOf, goldap.EscapeFilter(dn))),
			}
			err := d.walk(ctx, q, func(_ *session, e *goldap.Entry) error {
				id, err := d.idOf(e)
				g.chain[id] = append(g.chain[id], dn)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// putNested sets the groups, of those that conditions name, that the record is in
// by way of others or at once.
func (d *Directory) putNested(g *groups, rec *record.Record, uids []string) (err error) {
	at := d.layout.nested
	switch {
	case at < 0:
		return nil
	case g.inner != nil:
		rec.Values[d.layout.keys[at]], err = g.inner.of(rec.DN, uids)
		return err
	}
	of := slices.Clone(g.chain[rec.ID])
	slices.Sort(of)
	rec.Values[d.layout.keys[at]] = record.Value(of)
	return nil
}
