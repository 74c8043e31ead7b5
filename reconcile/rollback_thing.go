package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// backThing goes back over a change of a thing: what was made goes, what was
// deleted comes back, numbers move back in place.
func (w *walk) backThing(c record.Change) {
	name := string(c.Thing)
	d, main := c.Fields[name]
	key := string(c.Side) + name
	if w.backDetails(c) || !w.wants(w.fallsWith(c)) || w.stuck[key] {
		return
	}
	if !main { // an agent's features or queues, which have no state of their own
		w.undoThing(c, record.Update)
		w.follow(c)
		return
	}
	now, read := w.user[name]
	if !read {
		w.stuck[key] = true
		w.leave(w.a.person, c.Thing, name, "XiVO does not show it as the person's own any more")
		return
	}
	come, gone := d.After, d.Before
	if c.Op == record.Deactivate || c.Op == record.Reactivate {
		come, gone = d.After, nil
	}
	w.forcing = !w.holdsAll(name, now, come)
	switch there := w.holdsAll(name, now, come); {
	case there && w.holdsNone(name, now, without(gone, come)) && w.room(name, now, come, gone):
		w.undoThing(c, opposite(c.Op))
	case w.opt.Force && w.force(c, now):
	case w.already(c, now):
	default:
		w.leaveChanged(c, name, now, false)
		return
	}
	w.noteThing(name, c, d)
}

// fallsWith is the field with which a change of a thing goes back: what a deactivation
// or reactivation did goes back with the label, or not at all.
func (w *walk) fallsWith(c record.Change) string {
	if w.a.living[idOf(c)] != "" {
		return enabled
	}
	return string(c.Thing)
}

// follow holds a thing of which something went back that has no field of its own,
// and so no state.
func (w *walk) follow(c record.Change) {
	if name := string(c.Thing); w.marks[name] == nil && !w.ours(c) {
		w.marks[name] = &mark{run: c.Run, follows: true}
	}
}

// already tells whether a thing is as it was before the change.
func (w *walk) already(c record.Change, now record.Value) bool {
	name := string(c.Thing)
	d, m := c.Fields[name], w.Settings.Mapping(name)
	switch c.Op {
	case record.Create:
		return now.Empty() || m != nil && m.Field.Many && w.holdsNone(name, now, d.After)
	case record.Delete, record.Update:
		return w.holdsAll(name, now, d.Before)
	}
	return false
}

// room tells whether a deleted thing has its place still: somebody may have given
// the person another one.
func (w *walk) room(name string, now, come, gone record.Value) bool {
	m := w.Settings.Mapping(name)
	return !come.Empty() || m != nil && m.Field.Many || now.Empty()
}

func (w *walk) holdsAll(name string, now, part record.Value) bool {
	return includes(w.canonicalThing(name, now), w.canonicalThing(name, part))
}

func (w *walk) holdsNone(name string, now, part record.Value) bool {
	return disjoint(w.canonicalThing(name, now), w.canonicalThing(name, part))
}

func (w *walk) canonicalThing(name string, v record.Value) record.Value {
	if m := w.Settings.Mapping(name); m != nil {
		return m.Chain.Canonical(v)
	}
	return v
}

// force takes back what was changed since, where there is a way: the number that
// is there now becomes the former one.
func (w *walk) force(c record.Change, now record.Value) bool {
	m, name := w.Settings.Mapping(string(c.Thing)), string(c.Thing)
	if m == nil || m.Field.Many || now.Empty() {
		return false
	}
	c.Fields = maps.Clone(c.Fields)
	d := c.Fields[name]
	switch c.Op {
	case record.Update, record.Create:
		d.After = now
	case record.Delete:
		c.Op, d.After = record.Update, now
	default:
		d.Before, d.After = now, now
	}
	c.Fields[name] = d
	w.undoThing(c, opposite(c.Op))
	return true
}

func (w *walk) noteThing(name string, c record.Change, d record.Delta) {
	if w.a.living[idOf(c)] != "" {
		return // the thing itself is as it was: the label is what is held
	}
	w.note(name, c, d)
}

// undoThing adds the change that takes another one back to those before it.
func (w *walk) undoThing(c record.Change, op record.Op) {
	name := string(c.Thing)
	inv := record.Change{Side: c.Side, Op: op, Thing: c.Thing, Key: c.Key, Run: c.Run, Unit: c.Unit, Fields: map[string]record.Delta{}}
	for field, d := range c.Fields {
		if unreadable(d) && d.Secret {
			w.lost = append(w.lost, field)
			continue
		}
		inv.Fields[field] = record.Delta{Attribute: d.Attribute, Before: d.After, After: d.Before, Secret: d.Secret}
	}
	now := w.user[name]
	d := inv.Fields[name]
	if op != record.Deactivate && op != record.Reactivate && inv.Has(name) {
		w.user[name] = slices.Concat(without(without(now, d.Before), d.After), d.After)
	}
	if !w.joined(inv) {
		w.things = append(w.things, inv)
	}
}

// joined makes one change of two that follow one another, or none of two that
// take one another back.
func (w *walk) joined(next record.Change) bool {
	name := string(next.Thing)
	for i, last := range slices.Backward(w.things) {
		if last.Thing != next.Thing || last.Has(name) != next.Has(name) {
			continue
		}
		if next.Has(name) && !last.Fields[name].After.Equal(next.Fields[name].Before) {
			continue
		}
		if last.Op == record.Delete && next.Op == record.Create {
			if !last.Fields[name].Before.Equal(next.Fields[name].After) {
				continue // another of the same kind
			}
			w.things = slices.Delete(w.things, i, i+1)
			return true
		}
		op, ok := joinedOps[[2]record.Op{last.Op, next.Op}]
		if !ok {
			return false
		}
		if op == "" {
			w.things = slices.Delete(w.things, i, i+1)
			return true
		}
		last.Op, last.Fields = op, joinedFields(last.Fields, next.Fields)
		if op == record.Delete {
			last.Fields = emptied(last.Fields)
		}
		w.things[i] = last
		if op == record.Update && unmoved(last.Fields) {
			w.things = slices.Delete(w.things, i, i+1)
		}
		return true
	}
	return false
}

// unmoved tells whether everything ends where it was.
func unmoved(fields map[string]record.Delta) bool {
	for _, d := range fields {
		if !d.Before.Equal(d.After) {
			return false
		}
	}
	return true
}

// joinedOps are what two operations on one thing are together, "" for nothing.
var joinedOps = map[[2]record.Op]record.Op{
	{record.Update, record.Update}:         record.Update,
	{record.Update, record.Delete}:         record.Delete,
	{record.Create, record.Update}:         record.Create,
	{record.Create, record.Delete}:         "",
	{record.Deactivate, record.Reactivate}: "",
	{record.Reactivate, record.Deactivate}: "",
}

func joinedFields(first, then map[string]record.Delta) map[string]record.Delta {
	out := maps.Clone(first)
	for name, d := range then {
		if f, both := first[name]; both {
			d.Before = f.Before
		}
		out[name] = d
	}
	return out
}

// emptied are the fields of something that goes.
func emptied(fields map[string]record.Delta) map[string]record.Delta {
	out := maps.Clone(fields)
	for name, d := range out {
		d.After = nil
		out[name] = d
	}
	return out
}

// changedSince says who changed a value, where the journal knows.
func (w *walk) changedSince(c record.Change, name string, holds record.Value, secret bool) string {
	text := fmt.Sprintf("%s holds %s, and run %d left %s", sideName(c.Side), shownText(holds, secret), c.Run, shownText(c.Fields[name].After, secret))
	for later, err := range w.Store.History(w.a.link, w.a.entry) {
		if err != nil || later.Run <= c.Run {
			break
		}
		if later.Step == record.Done && later.Side == c.Side && later.Has(name) {
			return text + fmt.Sprintf("; run %d changed it since", later.Run)
		}
	}
	return text + "; somebody changed it since"
}
