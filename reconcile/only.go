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
		if !m.has(id) && !o.has(id) {
			unknown = append(unknown, Quoted(id))
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(unknown, ", "), ErrNobody)
	}
	m.people = slices.DeleteFunc(m.people, func(p *person) bool { return !slices.ContainsFunc(ids, p.is) })
	m.conflicts = slices.DeleteFunc(m.conflicts, func(c record.Conflict) bool { return !meant(c, ids) })
	return nil
}

func (m *matched) has(id string) bool {
	return slices.ContainsFunc(m.people, func(p *person) bool { return p.is(id) }) ||
		slices.ContainsFunc(m.conflicts, func(c record.Conflict) bool { return meant(c, []string{id}) })
}

// has tells whether a record that no link holds carries the id.
func (o *observation) has(id string) bool {
	is := func(r *record.Record) bool { return r.Is(id) }
	return slices.ContainsFunc(o.ldap.free, is) || slices.ContainsFunc(o.xivo.free, is)
}
