package ldap

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile"
)

// memberAttributes are what groups keep their members in: their DNs, or the uid
// of POSIX accounts.
var memberAttributes = []string{"member", "uniqueMember", memberUID}

const memberUID = "memberUid"

// readGroup adds the members of one named group, those of the groups in it
// included. A group that was visited is not visited again, so that groups that
// contain one another do no harm.
func (d *Directory) readGroup(ctx context.Context, g *groups, named string) error {
	visited := map[string]bool{}
	queue := []string{named}
	for len(queue) > 0 {
		dn := queue[0]
		queue = queue[1:]
		key, err := reconcile.DNKey(dn)
		if err != nil {
			return fmt.Errorf("%s: %w", dn, err)
		}
		if visited[key] {
			continue
		}
		visited[key] = true
		e, err := d.groupEntry(ctx, dn)
		if err != nil {
			return within(named, dn, err)
		}
		inner, err := g.add(named, e)
		if err != nil {
			return within(named, dn, err)
		}
		queue = append(queue, inner...)
	}
	return nil
}

// within says which group of a group an error is about.
func within(named, dn string, err error) error {
	if named == dn {
		return err
	}
	return fmt.Errorf("%s, which is in it: %w", dn, err)
}

// groupEntry reads a group with all its members.
func (d *Directory) groupEntry(ctx context.Context, dn string) (*goldap.Entry, error) {
	var e *goldap.Entry
	err := d.ask(ctx, func(s *session) (err error) {
		if e, err = d.entry(ctx, s, dn, append([]string{"objectClass"}, memberAttributes...)); err != nil {
			return err
		}
		return d.completeRanges(ctx, s, e)
	})
	if err != nil {
		return nil, err
	}
	return e, d.isGroup(e)
}

// isGroup fails for an entry that is no group, and for a group whose members are
// hidden from this account: it would pass for an empty one.
func (d *Directory) isGroup(e *goldap.Entry) error {
	for _, a := range e.Attributes {
		if isMember(a.Name) && len(a.Values) > 0 {
			return nil
		}
	}
	classes := e.GetEqualFoldAttributeValues("objectClass")
	is := func(wanted ...string) bool {
		return slices.ContainsFunc(classes, func(c string) bool {
			return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(c, w) })
		})
	}
	switch {
	case len(classes) == 0:
		return errors.New("it shows no objectClass and no members: let the account read them")
	case !is(groupClasses...):
		return fmt.Errorf("it is no group but %s, without %s: check the DN", strings.Join(classes, " and "), strings.Join(memberAttributes, ", "))
	case d.server.vendor == openLDAP && is("groupOfNames", "groupOfUniqueNames"):
		return errors.New("it shows no members, and a group of its class always has one here: let the account read them")
	}
	return nil
}

// isMember tells whether an attribute holds members, by any of its spellings.
func isMember(name string) bool {
	return slices.ContainsFunc(memberAttributes, func(m string) bool { return strings.EqualFold(typeOf(name), m) })
}

// uidOfName is what a uniqueMember may have behind its DN (RFC 4517, Name And
// Optional UID).
var uidOfName = regexp.MustCompile(`#'[01]*'B$`)

// add notes the members of a group, and returns those that are groups.
func (g *groups) add(named string, e *goldap.Entry) (inner []string, err error) {
	for _, a := range e.Attributes {
		if !isMember(a.Name) {
			continue
		}
		for _, v := range a.Values {
			if strings.EqualFold(typeOf(a.Name), memberUID) {
				g.byUID[v] = append(g.byUID[v], named)
				continue
			}
			key, err := reconcile.DNKey(uidOfName.ReplaceAllString(v, ""))
			if v == "" { // some servers put it into a group without members
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("its %s %q %w", a.Name, v, err)
			}
			g.byDN[key] = append(g.byDN[key], named)
			if dn, group := g.nested[key]; group {
				inner = append(inner, dn)
			}
		}
	}
	return inner, nil
}
