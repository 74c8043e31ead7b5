package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// undo is what a rollback makes of one person's state.
type undo struct {
	// bases are what the fields go back to once they are restored, nil for first
	// sight; restored are those that were.
	bases    map[string]*record.Base
	restored map[string]bool
	// holds are what keeps it so, and ended the holds that a rollback of their
	// rollback ends.
	holds []record.Hold
	ended []record.Hold
	notes []Note
	// mails are those that wait for somebody who is taken down.
	mails []record.Mail
	// exempt tells that a removal only takes down what the run itself had created.
	exempt bool
	// unlisted tells that the entry is there and out of the listing's sight.
	unlisted bool
	// elsewhere tells that the entry is linked to a user of whom these runs know
	// nothing.
	elsewhere bool
	// nobodys tells that the user is linked to nobody, and stays so.
	nobodys bool
	// forget is a link that a crash left although the journal has its end.
	forget uint64
	// anew are the secrets that nobody can read any more.
	anew []string
	// returns tells that the user was deleted, and is made again.
	returns bool
}

func newUndo() *undo {
	return &undo{bases: map[string]*record.Base{}, restored: map[string]bool{}}
}

// abandon forgets a field whose change is not made.
func (u *undo) abandon(field string) {
	delete(u.bases, field)
	delete(u.restored, field)
	u.holds = slices.DeleteFunc(u.holds, func(h record.Hold) bool { return h.Field == field })
	u.ended = slices.DeleteFunc(u.ended, func(h record.Hold) bool { return h.Field == field })
}

// unwind makes the changes that take an arc back. There may be several people in
// it: a user who was deleted, and one who was created after that.
func (b *rollback) unwind(ctx context.Context, o *observation, a *arc) ([]*person, error) {
	entry, err := b.readIf(ctx, b.LDAP, a.entry)
	if err != nil {
		return nil, err
	}
	unlisted, err := b.unlisted(ctx, a, entry)
	if err != nil {
		return nil, err
	}
	var out []*person
	users := usersOf(a)
	again := b.rebornIn(a)
	users = slices.DeleteFunc(users, func(uuid string) bool { return b.made(a, uuid) })
	if len(users) == 0 {
		users = []string{""}
	}
	for i, uuid := range users {
		part := a.of(uuid, i == 0)
		user, err := b.readIf(ctx, b.XiVO, uuid)
		if err != nil {
			return nil, err
		}
		p, err := b.stateOf(o, part, uuid)
		if err != nil {
			return nil, err
		}
		p.entry, p.user, p.detailed = entry, user, user != nil
		p.undo, p.holds = newUndo(), o.holds.of(p)
		p.undo.unlisted = unlisted
		if i, linked := o.byEntry[a.entry]; linked {
			p.undo.elsewhere = !slices.Contains(users, o.links[i].User) && (again == nil || o.links[i].User != again.now)
		}
		b.place(p)
		if err := b.recall(ctx, p, p.user); err != nil {
			return nil, err
		}
		if err := b.unwindUser(ctx, p, part, uuid); err != nil {
			return nil, err
		}
		if again != nil && again.old == uuid {
			if err := b.goOn(ctx, o, p, again); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// readIf reads a record; nil where there is none.
func (b *rollback) readIf(ctx context.Context, side Side, id string) (*record.Record, error) {
	if id == "" {
		return nil, nil
	}
	r, err := side.Read(ctx, id)
	switch {
	case err == nil:
		return &r, nil
	case record.ClassOf(err) == record.Missing:
		return nil, nil
	}
	return nil, err
}

// usersOf lists the users whom an arc is about, newest first.
func usersOf(a *arc) (uuids []string) {
	for _, c := range a.changes {
		if c.Side == record.XiVO && c.Key != "" && !slices.Contains(uuids, c.Key) {
			uuids = append(uuids, c.Key)
		}
	}
	return uuids
}

// of is the part of an arc that is about a user; the directory's part goes with
// the newest one.
func (a *arc) of(uuid string, newest bool) *arc {
	part := *a
	part.changes = nil
	for _, c := range a.changes {
		if c.Side == record.XiVO && c.Key == uuid || c.Side == record.LDAP && newest {
			part.changes = append(part.changes, c)
		}
	}
	return &part
}

// stateOf is the state of the link between entry and user as it is now, or that of
// a link that is no more.
func (b *rollback) stateOf(o *observation, a *arc, uuid string) (*person, error) {
	who := a.person
	if uuid != "" {
		who.UUID = uuid
	}
	p := &person{state: record.State{Person: who, Link: record.Link{Entry: a.entry, User: uuid, Identifier: who.Identifier}}}
	i, linked := o.byEntry[a.entry]
	if !linked || uuid != "" && o.links[i].User != uuid {
		return p, nil
	}
	state, err := b.Store.State(o.links[i].Number)
	if err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", who.Label(), err)
	}
	p.state = state
	return p, nil
}

// unwindUser finds out how a user's life went in these runs, and takes it back.
func (b *rollback) unwindUser(ctx context.Context, p *person, a *arc, uuid string) error {
	is := func(op record.Op) *record.Change {
		i := slices.IndexFunc(a.changes, func(c record.Change) bool {
			return c.Thing == record.User && c.Op == op && c.Side == record.XiVO && !b.ours(c)
		})
		if i < 0 {
			return nil
		}
		return &a.changes[i]
	}
	created, deleted := is(record.Create), is(record.Delete)
	whole := b.opt.Field == ""
	switch {
	case created != nil && deleted != nil:
		a = a.of("", true) // nothing is left of the user, and nothing was there before
	case created != nil && whole:
		return b.takeDownUser(ctx, p, a, *created)
	case deleted != nil && whole:
		return b.bringBack(p, a, *deleted)
	case created != nil || deleted != nil:
		return nil // there is no going back of a single field
	case p.user == nil && uuid != "":
		b.leave(a.person, record.User, "", fmt.Sprintf("the user %s is gone from XiVO", uuid))
		a = a.of("", true)
	}
	w := b.newWalk(a, p.user, p.entry)
	w.known = p.state.Fields
	for _, c := range a.changes {
		w.back(c)
	}
	b.assemble(p, w)
	if linked := is(record.LinkUp); linked != nil && whole && (p.state.Number != 0 || b.unlinked(a)) {
		b.unlink(p, w)
	}
	if unlinked := is(record.Unlink); unlinked != nil && whole && p.user != nil && p.state.Number == 0 {
		p.origin = fromAdopt
		b.endHold(p, wholePerson)
	}
	return nil
}

// assemble makes the person's changes of what was walked back.
func (b *rollback) assemble(p *person, w *walk) {
	w.dropOurs()
	reason := func(run uint64) string { return fmt.Sprintf("rollback of run %d", run) }
	fields := map[string]record.Delta{}
	latest := uint64(0)
	for name, t := range w.fields {
		if !t.now.Equal(t.back) {
			fields[name] = record.Delta{Attribute: name, Before: t.now, After: t.back, Cause: w.basis(name).LDAP, Secret: t.secret}
			latest = max(latest, w.marks[name].run)
		}
	}
	if len(fields) > 0 {
		p.xivo = &record.Change{Side: record.XiVO, Op: record.Update, Thing: record.User, Key: p.userID(), Fields: fields, Reason: reason(latest)}
	}
	for _, name := range sortedKeys(w.attributes) {
		if t := w.attributes[name]; !includes(t.now, t.back) || !includes(t.back, t.now) {
			d := t.edit()
			d.Cause = w.basis(name).XiVO
			p.ldap = append(p.ldap, record.Change{Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: p.entryID(),
				Fields: map[string]record.Delta{name: d}, Reason: reason(w.marks[name].run)})
		}
	}
	b.assembleThings(p, w, reason)
	for _, name := range sortedKeys(w.marks) {
		b.restore(p, w, name)
	}
	for _, name := range w.lost {
		b.makeAnew(p, name)
	}
}

// basis is what was last known of a field before all this.
func (w *walk) basis(name string) record.Base {
	if m := w.marks[name]; m != nil && m.base != nil {
		return *m.base
	}
	return record.Base{}
}

// edit is how the directory's values go back. Values that stay are named only
// where others are added to them.
func (t *trail) edit() record.Delta {
	gone, come := without(t.now, t.back), without(t.back, t.now)
	d := record.Delta{Attribute: t.attribute, Before: gone, After: come, Secret: t.secret}
	if len(gone) == 0 {
		d.Before, d.After = t.now, t.back
	}
	return d
}

// assembleThings puts the changes of things where they belong: those of a
// deactivation stand and fall with its label.
func (b *rollback) assembleThings(p *person, w *walk, reason func(uint64) string) {
	life := w.label
	for _, c := range w.things {
		c.Fields = maps.Clone(c.Fields)
		if d, main := c.Fields[string(c.Thing)]; main {
			d.Cause = w.basis(string(c.Thing)).LDAP
			c.Fields[string(c.Thing)] = d
		}
		op, living := w.a.living[idOf(c)]
		c.Reason = reason(c.Run)
		if !living {
			c.Run, c.Unit = 0, 0
			p.things = append(p.things, c)
			continue
		}
		if life == nil { // it never came to its label
			now := w.user[enabled]
			life = &record.Change{Side: record.XiVO, Op: opposite(op), Thing: record.User, Key: c.Key, Run: c.Run,
				Fields: map[string]record.Delta{enabled: {Attribute: enabled, Before: now, After: now}}}
		}
		c.Run, c.Unit = 0, 0
		p.lifeThings = append(p.lifeThings, c)
	}
	slices.SortStableFunc(p.things, inThingOrder)
	slices.SortStableFunc(p.lifeThings, inThingOrder)
	if life != nil {
		life.Reason, life.Run, life.Unit = reason(life.Run), 0, 0
		p.life = life
	}
}
