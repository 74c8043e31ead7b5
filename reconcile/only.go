package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// ErrNobody is returned when an id names nobody on either side: most often it
// was mistyped, and doing nothing would look like success.
var ErrNobody = errors.New("nobody is known by that identifier, DN, e-mail or GUID")

// choose keeps the people and conflicts that ids name. An id that names nobody
// is an error, unless a listed entry or user carries it about whom there is
// nothing to decide.
func (m *matched) choose(o *observation, ids []string) error {
	var unknown []string
	for _, id := range ids {
		if !m.has(o, id) && !o.has(id) {
			unknown = append(unknown, Quoted(id))
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(unknown, ", "), ErrNobody)
	}
	m.people = slices.DeleteFunc(m.people, func(p *person) bool { return !slices.ContainsFunc(ids, p.is) })
	m.conflicts = slices.DeleteFunc(m.conflicts, func(c record.Conflict) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return o.means(c, id) })
	})
	return nil
}

func (m *matched) has(o *observation, id string) bool {
	return slices.ContainsFunc(m.people, func(p *person) bool { return p.is(id) }) ||
		slices.ContainsFunc(m.conflicts, func(c record.Conflict) bool { return o.means(c, id) })
}

// means tells whether a conflict of the matching is about the person of an id: by
// what it says itself, or by the entry that was read.
func (o *observation) means(c record.Conflict, id string) bool {
	if meant(c, []string{id}) {
		return true
	}
	if i, linked := o.byEntry[c.Entry]; linked && o.ldap.changed[i] != nil {
		return o.ldap.changed[i].Is(id)
	}
	return slices.ContainsFunc(o.ldap.free, func(r *record.Record) bool { return r.ID == c.Entry && r.Is(id) })
}

// has tells whether a record that no link holds carries the id.
func (o *observation) has(id string) bool {
	is := func(r *record.Record) bool { return r.Is(id) }
	return slices.ContainsFunc(o.ldap.free, is) || slices.ContainsFunc(o.xivo.free, is)
}
