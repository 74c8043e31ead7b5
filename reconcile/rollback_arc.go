package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// arc is what the runs that are rolled back did to one person, newest change
// first.
type arc struct {
	entry   string
	person  record.Person
	link    uint64
	changes []record.Change
	// living are the units that deactivated or reactivated the person, whether or
	// not they came to their end.
	living map[unitID]record.Op
}

// unitID names a unit of the journal.
type unitID struct {
	run  uint64
	unit int
}

func idOf(c record.Change) unitID { return unitID{c.Run, c.Unit} }

// arcs collects what was done, by person, in the order of their names.
func (b *rollback) arcs(runs []uint64) ([]*arc, error) {
	by := map[string]*arc{}
	for _, run := range slices.Backward(runs) {
		var changes []record.Change
		for c, err := range b.Store.Changes(run) {
			if err != nil {
				return nil, fmt.Errorf("read the changes of run %d: %w", run, err)
			}
			changes = append(changes, c)
		}
		for _, c := range slices.Backward(changes) {
			b.collect(by, c)
		}
	}
	meant, err := b.meant()
	if err != nil {
		return nil, err
	}
	var out []*arc
	for _, a := range by {
		if a.isFor(meant) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(x, y *arc) int {
		return strings.Compare(x.person.Identifier+"\x00"+x.entry, y.person.Identifier+"\x00"+y.entry)
	})
	if len(b.opt.Only) > 0 && len(out) == 0 {
		return nil, fmt.Errorf("the runs changed nothing of %s: %w", Quoted(strings.Join(b.opt.Only, ", ")), ErrNobody)
	}
	for _, a := range out {
		a.changes = slices.DeleteFunc(a.changes, func(c record.Change) bool { return !b.counts(c) })
	}
	return out, nil
}

// collect adds a change to the arc of its person.
func (b *rollback) collect(by map[string]*arc, c record.Change) {
	who := c.Entry
	if who == "" {
		who = c.Key
	}
	a := by[who]
	if a == nil {
		a = &arc{entry: c.Entry, person: c.Person, living: map[unitID]record.Op{}}
		by[who] = a
	}
	if a.link == 0 {
		a.link = c.Link
	}
	if c.Thing == record.User && (c.Op == record.Deactivate || c.Op == record.Reactivate) {
		a.living[idOf(c)] = c.Op
	}
	a.changes = append(a.changes, c)
}

// counts tells whether a change was made. One of which nobody knows is left.
func (b *rollback) counts(c record.Change) bool {
	if c.Step == record.Unknown {
		for _, name := range c.FieldNames() {
			b.leave(c.Person, c.Thing, name, fmt.Sprintf("change %s may or may not have been made: look at both sides", c.ID()))
		}
	}
	return c.Step == record.Done
}

// meant finds out who is to be rolled back: nil for everybody.
func (b *rollback) meant() (all []*Named, err error) {
	for _, id := range b.opt.Only {
		n, err := NamedBy(b.Store, id)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// isFor tells whether an arc is about one of these people.
func (a *arc) isFor(people []*Named) bool {
	return len(people) == 0 || slices.ContainsFunc(people, func(n *Named) bool {
		return n.Is(a.person, a.entry) || slices.ContainsFunc(a.changes, n.Made)
	})
}

// wants tells whether a field is to be rolled back.
func (b *rollback) wants(field string) bool { return b.opt.Field == "" || b.opt.Field == field }
