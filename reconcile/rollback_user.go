package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// ourWrites are the values of the fields and things that our own runs last wrote
// of one user, by name.
type ourWrites map[string]record.Value

// writtenOf replays the journal of one user.
func (b *rollback) writtenOf(a *arc, uuid string) (ourWrites, error) {
	var changes []record.Change
	for c, err := range b.Store.History(a.link, a.entry) {
		if err != nil {
			return nil, fmt.Errorf("read the journal of %s: %w", a.person.Label(), err)
		}
		if c.Side == record.XiVO && c.Key == uuid && c.Step == record.Done {
			changes = append(changes, c)
		}
	}
	w := ourWrites{}
	for _, c := range slices.Backward(changes) {
		w.replay(c)
	}
	return w, nil
}

func (w ourWrites) replay(c record.Change) {
	if c.Thing == record.User {
		for name, d := range c.Fields {
			w[name] = d.After
		}
		return
	}
	name := string(c.Thing)
	if d, main := c.Fields[name]; main {
		w[name] = slices.Concat(without(without(w[name], d.Before), d.After), d.After)
	}
}

// takeDownUser plans to take down a user whom the run created: unless there is
// more than what was written by us.
func (b *rollback) takeDownUser(ctx context.Context, p *person, a *arc, created record.Change) error {
	w := b.newWalk(a.of("", true), nil, p.entry) // what was written to the directory goes back, too
	for _, c := range w.a.changes {
		w.back(c)
	}
	b.assemble(p, w)
	p.undo.holds = nil
	b.holdWhole(p, w)
	if p.user == nil { // taken down already
		p.undo.restored[wholePerson] = true
		return nil
	}
	ours, err := b.writtenOf(a, p.user.ID)
	if err != nil {
		return err
	}
	if !b.opt.Force {
		foreign, err := b.foreign(ctx, p, ours)
		if err != nil || len(foreign) > 0 {
			if err == nil {
				b.leave(p.Who(), record.User, "", "the user has more than what was written: "+strings.Join(foreign, "; "))
				p.ldap, p.undo = nil, newUndo()
			}
			return err
		}
	}
	p.undo.exempt = true
	p.life = &record.Change{Side: record.XiVO, Op: record.Delete, Thing: record.User, Key: p.user.ID,
		Reason: fmt.Sprintf("rollback of run %d, which created the user", created.Run), Fields: b.lastSeen(p)}
	for i := range b.Settings.Fields {
		m := &b.Settings.Fields[i]
		if m.Field.IsThing() && m.Direction != None {
			p.lifeThings = append(p.lifeThings, b.takenDown(p, m, p.user.Values[m.Field.Name])...)
		}
	}
	for i := range p.lifeThings {
		if c := &p.lifeThings[i]; c.Thing == record.Agent { // made by us, not only taken on
			c.Fields[agentRemove] = key(agentRemove, "true", false)
		}
	}
	slices.SortStableFunc(p.lifeThings, inTeardownOrder)
	return nil
}

// foreign lists what a user holds that no run of ours wrote.
func (b *rollback) foreign(ctx context.Context, p *person, ours ourWrites) ([]string, error) {
	var out []string
	for i := range b.Settings.Fields {
		m := &b.Settings.Fields[i]
		name := m.Field.Name
		now, read := p.user.Values[name]
		want, wrote := ours[name]
		base, known := p.state.Fields[name]
		switch {
		case !read || m.Direction == None:
		case wrote && sameSet(m.Chain.Canonical(now), m.Chain.Canonical(want)):
		case !wrote && (now.Empty() || known && !m.Field.Secret && now.Equal(base.XiVO) || m.Field.Secret):
		default:
			out = append(out, fmt.Sprintf("%s is %s", name, shownText(now, m.Field.Secret)))
		}
	}
	if asked, ok := b.XiVO.(Estates); ok {
		estates, err := asked.Estates(ctx, []record.Leaver{{User: p.user.ID, DIDs: p.user.Values[string(record.DID)]}})
		if err != nil {
			return nil, err
		}
		out = append(out, slices.Concat(estates[0].Obstacles, estates[0].Pointers)...)
	}
	asked, ok := b.XiVO.(Belongings)
	if !ok {
		return out, nil
	}
	more, err := asked.Belongings(ctx, p.user.ID)
	return append(out, more...), err
}

// Belongings is implemented by a side on which people attach to a user what no
// run writes.
type Belongings interface {
	// Belongings lists, for a reader, what a user has beside the fields and things
	// of the configuration: forwards, keys, groups, permissions.
	Belongings(ctx context.Context, user string) ([]string, error)
}

// bringBack plans to make a user again who was deleted, with everything that the
// deletion's before-images hold.
func (b *rollback) bringBack(p *person, a *arc, deleted record.Change) error {
	found, err := b.again(p, deleted)
	if found || err != nil {
		return err
	}
	values := map[string]record.Value{}
	for name, d := range deleted.Fields {
		if d.After.Empty() {
			values[name] = d.Before
		}
	}
	ghost := &record.Record{Side: record.XiVO, ID: deleted.Key, Name: p.Who().Name, Values: values, Disabled: values[enabled].First() == "false"}
	for i := range b.Settings.Fields { // things that were taken down before the user
		if m := &b.Settings.Fields[i]; m.Field.IsThing() && values[m.Field.Name].Empty() {
			values[m.Field.Name] = nil
		}
	}
	w := b.newWalk(a, ghost, p.entry)
	for _, c := range a.changes {
		w.back(c)
	}
	b.assemble(p, w)
	b.rebirth(p, deleted, w)
	return nil
}

// again tells whether somebody made the user again already.
func (b *rollback) again(p *person, deleted record.Change) (bool, error) {
	if p.state.Number == 0 {
		return false, nil
	}
	b.leave(p.Who(), record.User, "", fmt.Sprintf("deleted by run %d, and linked to another user by now", deleted.Run))
	return true, nil
}

// rebirth makes a creation of a deletion.
func (b *rollback) rebirth(p *person, deleted record.Change, w *walk) {
	fields := map[string]record.Delta{}
	for name, d := range deleted.Fields {
		switch {
		case unreadable(d):
			w.lost = append(w.lost, name)
			continue
		case !d.After.Empty(): // said how to delete, not what was there
			continue
		}
		back := d.Before
		if t := w.fields[name]; t != nil {
			back = t.back
		}
		if !back.Empty() {
			fields[name] = record.Delta{Attribute: name, After: back, Cause: w.basis(name).LDAP, Secret: d.Secret}
		}
		if base, marked := d.Base, w.marks[name] != nil; !marked && base != nil {
			p.undo.bases[name] = base
		}
	}
	p.origin = fromEntry
	p.state.User, p.state.Number = "", 0
	p.xivo = &record.Change{Side: record.XiVO, Op: record.Create, Thing: record.User, Key: p.state.Identifier, Fields: fields,
		Reason: fmt.Sprintf("rollback of run %d, which deleted the user", deleted.Run)}
	h := b.newHold(p, enabled)
	h.User, h.Side, h.Value = "", record.LDAP, record.Text(presenceOf(p.entry))
	if presenceOf(p.entry) == present { // out of the listing's sight
		h.Value = record.Text(absent)
	}
	if p.entry == nil || len(p.undo.holds) == 0 {
		p.setHold(h)
	}
	p.undo.restored[wholePerson] = true
}

// unlink takes back an adoption: the user stays, and is nobody's.
func (b *rollback) unlink(p *person, w *walk) {
	p.undo.holds = nil
	b.holdWhole(p, w)
	p.undo.restored[wholePerson] = true
	p.life = &record.Change{Side: record.XiVO, Op: record.Unlink, Thing: record.User, Key: p.userID(), Reason: "rollback of the run that linked them"}
}

// holdWhole holds a person as a whole until the entry, as the rollback leaves it,
// changes.
func (b *rollback) holdWhole(p *person, w *walk) {
	h := b.newHold(p, wholePerson)
	if p.entry != nil {
		h.Side, h.Value = record.LDAP, b.portrait(w.entry)
	}
	p.setHold(h)
}
