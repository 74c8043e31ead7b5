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
	if c.Thing == record.User || c.Thing == record.Habits {
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
				b.leaveUser(p, "the user has more than what was written: "+strings.Join(foreign, "; "))
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

// leaveUser leaves a user who was created with everything that there is by now.
func (b *rollback) leaveUser(p *person, reason string) {
	b.leave(p.Who(), record.User, "", reason)
	p.life, p.lifeThings, p.ldap, p.undo = nil, nil, nil, newUndo()
}

// lookAround leaves those whom XiVO would not let go, or to whom something of
// others leads by now: once for all who are to be taken down.
func (b *rollback) lookAround(ctx context.Context, people []*person) error {
	side, ok := b.XiVO.(Estates)
	var leaving []*person
	var asked []record.Leaver
	for _, p := range people {
		if p.deletes() {
			leaving = append(leaving, p)
			asked = append(asked, record.Leaver{User: p.userID(), DIDs: p.user.Values[string(record.DID)]})
		}
	}
	if !ok || len(asked) == 0 {
		return nil
	}
	b.progressOf("looking at what leads to users who are to be taken down", 0, len(asked))
	estates, err := side.Estates(ctx, asked)
	if err != nil {
		return err
	}
	pointers := make([][]record.Pointer, len(asked))
	if !b.opt.Force {
		if pointers, _, err = side.Pointers(ctx, asked); err != nil {
			return err
		}
	}
	for i, p := range leaving {
		found := slices.Concat(estates[i].Obstacles, record.PointerTexts(pointers[i]))
		if len(found) > 0 {
			b.leaveUser(p, "in the way, or of others and leading to the user: "+strings.Join(found, "; "))
		}
	}
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
		case !wrote && (now.Empty() || m.Field.Secret || known && defaulted(m.Field) && now.Equal(base.XiVO)):
		default:
			out = append(out, fmt.Sprintf("%s is %s", name, shownText(now, m.Field.Secret)))
		}
	}
	asked, ok := b.XiVO.(Belongings)
	if !ok {
		return out, nil
	}
	more, err := asked.Belongings(ctx, p.user.ID)
	for _, name := range sortedKeys(more) {
		if ours[name].First() != more[name] && b.Settings.Mapping(name) == nil && !(name == "agent_id" && !ours[string(record.Agent)].Empty()) &&
			!(name == "cti_profile" && b.Settings.Mapping(string(record.CTI)) != nil) {
			out = append(out, fmt.Sprintf("%s is %s", name, shownText(record.Text(more[name]), false)))
		}
	}
	return out, err
}

// defaulted tells whether XiVO fills a field by itself where nothing is sent.
func defaulted(f record.Field) bool {
	return f.Kind != record.String || f.CallerID || f.Thing == record.Entity || f.Thing == record.CTI
}

// Belongings is implemented by a side on which people attach to a user what no
// run writes.
type Belongings interface {
	// Belongings tells what a user has that changes may not name, by name, as an
	// image does: forwards, keys, groups, permissions.
	Belongings(ctx context.Context, user string) (map[string]string, error)
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
	return b.rebirth(p, deleted, w)
}

// again tells whether the person has another user already, one that this rollback
// does not take down.
func (b *rollback) again(p *person, deleted record.Change) (bool, error) {
	if p.state.Number == 0 && !p.undo.elsewhere {
		return false, nil
	}
	b.leave(p.Who(), record.User, "", fmt.Sprintf("deleted by run %d, and linked to another user by now", deleted.Run))
	return true, nil
}

// rebirth makes a creation of a deletion: the user first, what needs the user
// after that.
func (b *rollback) rebirth(p *person, deleted record.Change, w *walk) error {
	parts := map[record.Thing]map[string]record.Delta{record.User: {}, record.Habits: {}}
	for name, d := range deleted.Fields {
		switch {
		case unreadable(d):
			b.makeAnew(p, name)
			continue
		case !d.After.Empty(), name == "agent_id" && w.has(record.Agent): // how to delete; or made by a change of its own
			continue
		}
		back := d.Before
		if t := w.fields[name]; t != nil {
			back = t.back
		}
		if thing := partOf(name); !back.Empty() && parts[thing] != nil {
			parts[thing][name] = record.Delta{Attribute: name, After: back, Cause: w.basis(name).LDAP, Secret: d.Secret}
		}
		if d.Base != nil && w.marks[name] == nil {
			p.undo.bases[name] = d.Base
		}
	}
	p.origin, p.undo.returns = fromEntry, true
	p.state.User, p.state.Number = "", 0
	reason := fmt.Sprintf("rollback of run %d, which deleted the user", deleted.Run)
	change := func(op record.Op, thing record.Thing, fields map[string]record.Delta) record.Change {
		return record.Change{Side: record.XiVO, Op: op, Thing: thing, Key: p.state.Identifier, Fields: fields, Reason: reason}
	}
	user := change(record.Create, record.User, parts[record.User])
	p.xivo = &user
	set := func(thing record.Thing, v record.Value) {
		if !v.Empty() {
			p.things = append(p.things, change(record.Update, thing, map[string]record.Delta{string(thing): {Attribute: string(thing), After: v}}))
		}
	}
	set(record.Entity, deleted.Fields["entity"].Before)
	if profile := deleted.Fields["cti_profile"]; !deleted.Fields["cti_enabled"].Before.Empty() {
		set(record.CTI, profile.Before)
		delete(parts[record.Habits], "cti_profile")
	}
	if len(parts[record.Habits]) > 0 {
		p.things = append(p.things, change(record.Create, record.Habits, parts[record.Habits]))
	}
	slices.SortStableFunc(p.things, inThingOrder)
	if run, err := b.Store.Run(deleted.Run); err == nil && len(run.RolledBack) > 0 {
		b.endHold(p, wholePerson) // that rollback is itself taken back
		return b.graceOf(p, deleted)
	}
	h := b.newHold(p, enabled)
	h.User, h.Side, h.Value = "", record.LDAP, record.Text(p.awayAs())
	if p.awayAs() != present { // who is back is not taken for gone
		p.setHold(h)
	}
	p.undo.restored[enabled] = true
	return b.graceOf(p, deleted)
}

// partOf tells what the part of a user's image belongs to; "" for what a change of
// its own brings.
func partOf(name string) record.Thing {
	switch {
	case name == "entity", name == "cti_enabled":
		return ""
	case slices.Contains([]string{"funckeys", "fallbacks", "callpermissions", "groups", "agent_id", "cti_profile"}, name),
		strings.HasPrefix(name, "forward_"), strings.HasPrefix(name, "service_"):
		return record.Habits
	}
	return record.User
}

// has tells whether a change of a thing was walked back.
func (w *walk) has(thing record.Thing) bool {
	return slices.ContainsFunc(w.things, func(c record.Change) bool { return c.Thing == thing })
}

// graceOf finds out whether the user was deactivated before being deleted: then
// that is what comes back.
func (b *rollback) graceOf(p *person, deleted record.Change) error {
	for c, err := range b.Store.History(deleted.Link, deleted.Entry) {
		switch {
		case err != nil:
			return fmt.Errorf("read the journal of %s: %w", p.Who().Label(), err)
		case c.Key != deleted.Key || c.Step != record.Done || !c.Has(enabled) || c.Thing != record.User || c.Op == record.Delete:
			continue
		}
		if c.Op == record.Deactivate {
			p.state.Deactivated, p.state.Left = true, b.now()
			p.undo.bases[enabled] = &record.Base{XiVO: c.Fields[enabled].Before}
		}
		return nil
	}
	return nil
}

// unlink takes back an adoption: the user stays, and is nobody's.
func (b *rollback) unlink(p *person, w *walk) {
	p.undo.holds = nil
	b.holdWhole(p, w)
	p.undo.restored[wholePerson] = true
	if w.unlinked(w.a) { // it is in the journal, and perhaps only there
		p.undo.nobodys, p.undo.forget = true, p.state.Number
		p.state.Number = 0
		return
	}
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
	for field, old := range p.holds { // it goes without saying now
		if field != wholePerson && old.Run != 0 {
			p.undo.ended = append(p.undo.ended, old)
			p.undo.restored[field] = true
		}
	}
}
