package reconcile

import (
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// backDetails goes back over an update of how a thing is set up. It returns false
// for a change that is about something else.
func (w *walk) backDetails(c record.Change) bool {
	thing := w.Settings.Mapping(string(c.Thing))
	moved := c.Fields[string(c.Thing)]
	if c.Op != record.Update || thing == nil || !moved.Before.Equal(moved.After) {
		return false
	}
	back := c
	back.Fields = map[string]record.Delta{}
	about := false
	for _, name := range c.FieldNames() {
		m := w.Settings.Mapping(name)
		if m == nil || !m.Field.Detail {
			continue
		}
		about = true
		if d := c.Fields[name]; w.backDetail(c, m, moved.After.First()) {
			back.Fields[name] = d
		}
	}
	if len(back.Fields) > 0 {
		if c.Has(string(c.Thing)) { // the element that is meant
			back.Fields[string(c.Thing)] = moved
		}
		w.undoThing(back, record.Update)
	}
	return about
}

// backDetail tells whether a detail is as the change left it, so that it goes back.
func (w *walk) backDetail(c record.Change, m *Mapping, element string) bool {
	name := m.Field.Name
	d, key := c.Fields[name], string(c.Side)+name
	if !w.wants(name) || w.stuck[key] {
		return false
	}
	now, read := w.user[name]
	if !read {
		w.stuck[key] = true
		w.leave(w.a.person, c.Thing, name, "XiVO does not show it as the person's own any more")
		return false
	}
	one := now
	if len(now) > 1 {
		one = record.Text(now.Of(element))
	}
	switch {
	case w.same(name, one, d.After):
	case w.same(name, one, d.Before):
		w.note(name, c, d)
		return false
	default:
		w.leaveChanged(c, name, one, d.Secret)
		return false
	}
	w.user = maps.Clone(w.user)
	w.user[name] = d.Before
	if elements := w.user[string(c.Thing)]; element != "" && slices.Contains(elements, element) {
		w.user[name] = record.Spread(elements, func(e string) string {
			if e == element {
				return d.Before.First()
			}
			return now.Of(e)
		})
	}
	w.note(name, c, d)
	return true
}
