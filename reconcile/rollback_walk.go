package reconcile

import (
	"slices"

	"xivosync/reconcile/record"
)

// walk goes back over what was done to one user and entry, newest change first,
// from what both sides hold now. A value that is no longer what a change left
// was changed by somebody since: it stays, and so does what came before.
//
//	run 41  lastname  a → b
//	run 42  lastname  b → c      XiVO holds c: c → b → a
//	                             XiVO holds d: left, changed since run 42
type walk struct {
	*rollback
	a *arc
	// user and entry are what the sides would hold, walked back so far.
	user, entry map[string]record.Value
	// fields and attributes are those of the user and of the entry that go back,
	// by field; things the changes of things, newest first.
	fields     map[string]*trail
	attributes map[string]*trail
	things     []record.Change
	// label takes back a deactivation or reactivation.
	label *record.Change
	// marks are what is known of each field that goes back.
	marks map[string]*mark
	stuck map[string]bool
	lost  []string
	// known are the last-known values of the person's link.
	known map[string]record.Base
	// forcing tells that the change at hand goes back from another value than the
	// one that it left.
	forcing bool
}

// trail is how a value goes back.
type trail struct {
	attribute string
	now, back record.Value
	secret    bool
}

// mark is what the state and the hold of a field are made from.
type mark struct {
	// base is what was last known before the oldest change.
	base *record.Base
	// side and cause are what the newest run made its first change from.
	side   record.Side
	cause  record.Value
	secret bool
	run    uint64
	// forced tells that it goes back from what somebody changed since: then the hold
	// waits for a change of what the other side holds now.
	forced bool
	// follows tells that only something about the thing went back that has no state
	// of its own.
	follows bool
}

func (b *rollback) newWalk(a *arc, user, entry *record.Record) *walk {
	w := &walk{rollback: b, a: a, user: map[string]record.Value{}, entry: map[string]record.Value{}, fields: map[string]*trail{},
		attributes: map[string]*trail{}, marks: map[string]*mark{}, stuck: map[string]bool{}}
	if user != nil {
		for name, v := range user.Values {
			w.user[name] = v
		}
		w.user[enabled] = record.Text(enabledText(user))
	}
	if entry != nil {
		for name, v := range entry.Values {
			w.entry[name] = v
		}
	}
	return w
}

func enabledText(user *record.Record) string {
	if user.Disabled {
		return "false"
	}
	return "true"
}

// back goes back over one change.
func (w *walk) back(c record.Change) {
	switch {
	case c.Side == record.LDAP:
		w.backEntry(c)
	case c.Thing != record.User:
		w.backThing(c)
	case c.Op == record.Update:
		w.backUser(c)
	case c.Op == record.Deactivate || c.Op == record.Reactivate:
		w.backLabel(c)
	}
}

// note remembers what the field's state and hold are made from.
func (w *walk) note(name string, c record.Change, d record.Delta) {
	m := w.marks[name]
	if m == nil || m.follows {
		m = &mark{}
		w.marks[name] = m
	}
	m.base = d.Base
	if w.ours(c) { // what is taken back says what to hold, not the taking back
		return
	}
	if m.run == 0 {
		m.run = c.Run
	}
	m.forced = m.forced || w.forcing
	if m.run != c.Run {
		return
	}
	m.side, m.cause, m.secret = c.Side.Other(), d.Cause, d.Secret
	if c.Side == record.LDAP && d.Cause.Empty() { // a number from a pool: the directory had none
		m.side, m.cause = record.LDAP, d.Before
	}
}

// leaveChanged lists a field that somebody changed since.
func (w *walk) leaveChanged(c record.Change, name string, holds record.Value, secret bool) {
	w.stuck[string(c.Side)+name] = true
	w.leave(w.a.person, c.Thing, name, w.changedSince(c, name, holds, secret))
}

// backUser goes back over an update of the user's own fields.
func (w *walk) backUser(c record.Change) {
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		if !w.wants(name) || w.stuck[string(c.Side)+name] {
			continue
		}
		if unreadable(d) {
			w.leave(w.a.person, c.Thing, name, "its value before was sealed with a key that is lost")
			w.stuck[string(c.Side)+name] = true
			continue
		}
		now, read := w.user[name]
		if !read {
			now = d.After // the write finds out
		}
		w.forcing = !w.same(name, now, d.After)
		switch {
		case w.same(name, now, d.After) || w.opt.Force:
			w.put(w.fields, w.user, name, name, now, d.Before, d.Secret)
		case w.fields[name] != nil && w.same(name, w.fields[name].now, d.Before): // taken back by force
			w.put(w.fields, w.user, name, name, now, d.Before, d.Secret)
		case !w.same(name, now, d.Before):
			w.leaveChanged(c, name, now, d.Secret)
			continue
		}
		w.note(name, c, d)
	}
}

// unreadable tells that a secret's values are lost.
func unreadable(d record.Delta) bool { return d.Secret && d.Before.Empty() && d.After.Empty() }

// put leads a value one step back.
func (w *walk) put(trails map[string]*trail, side map[string]record.Value, name, attribute string, now, back record.Value, secret bool) {
	if trails[name] == nil {
		trails[name] = &trail{attribute: attribute, now: now, secret: secret}
	}
	trails[name].back = back
	side[attribute] = back
}

// same compares two values of XiVO's side.
func (w *walk) same(name string, a, b record.Value) bool {
	if m := w.Settings.Mapping(name); m != nil {
		a, b = m.Chain.Canonical(a), m.Chain.Canonical(b)
	}
	return a.Equal(b)
}

// backEntry goes back over a write to the directory. Values of the attribute that
// the write had no part in stay.
func (w *walk) backEntry(c record.Change) {
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		if !w.wants(name) || w.stuck[string(c.Side)+name] {
			continue
		}
		now, read := w.entry[d.Attribute]
		if !read {
			now = d.After
		}
		gone, come := without(d.Before, d.After), without(d.After, d.Before)
		w.forcing = !includes(now, come)
		switch {
		case w.tookAnother(name, now, come) && !w.opt.Force:
			w.leaveChanged(c, name, now, d.Secret)
			continue
		case includes(now, come) && disjoint(now, gone):
			w.put(w.attributes, w.entry, name, d.Attribute, now, replaced(now, come, gone), d.Secret)
		case w.opt.Force:
			w.put(w.attributes, w.entry, name, d.Attribute, now, d.Before, d.Secret)
		case !includes(now, gone) || !disjoint(now, come):
			w.leaveChanged(c, name, now, d.Secret)
			continue
		}
		w.note(name, c, d)
	}
}

// tookAnother tells whether the field was fed by another of several values since:
// ours is among them because somebody put it there.
func (w *walk) tookAnother(name string, now, ours record.Value) bool {
	m, last := w.Settings.Mapping(name), w.known[name].LDAP
	return m != nil && !m.Field.Many && len(now) > 1 && len(last) == 1 && !last.Equal(ours) && includes(now, last)
}

func includes(v, part record.Value) bool { return len(without(part, v)) == 0 }
func disjoint(v, part record.Value) bool { return len(intersection(v, part)) == 0 }

// replaced puts values in the place of others, and the rest at the end.
func replaced(now, old, new record.Value) record.Value {
	out := slices.Clone(now)
	for i, s := range old {
		at := slices.Index(out, s)
		if i < len(new) {
			out[at] = new[i]
			continue
		}
		out = slices.Delete(out, at, at+1)
	}
	return append(out, new[min(len(old), len(new)):]...)
}

// backLabel goes back over a deactivation or reactivation.
func (w *walk) backLabel(c record.Change) {
	d := c.Fields[enabled]
	now := w.user[enabled]
	switch {
	case !w.wants(enabled) || w.stuck[string(c.Side)+enabled]:
		return
	case !now.Equal(d.After) && !now.Equal(d.Before) && !w.opt.Force:
		w.leaveChanged(c, enabled, now, false)
		return
	}
	w.note(enabled, c, d)
	w.user[enabled] = d.Before
	if w.label != nil { // the other way round, since
		w.label = nil
		return
	}
	w.label = &record.Change{Side: record.XiVO, Op: opposite(c.Op), Thing: record.User, Key: c.Key, Run: c.Run, Unit: c.Unit,
		Fields: map[string]record.Delta{enabled: {Attribute: enabled, Before: now, After: d.Before}}}
}

// opposite is the operation that takes another one back.
func opposite(op record.Op) record.Op {
	switch op {
	case record.Create:
		return record.Delete
	case record.Delete:
		return record.Create
	case record.Deactivate:
		return record.Reactivate
	case record.Reactivate:
		return record.Deactivate
	}
	return op
}
