package reconcile

import (
	"cmp"
	"context"
	"slices"

	"xivosync/reconcile/record"
)

// deleteAnyway is the key of a deletion that people let go ahead although others
// lead to the user.
const deleteAnyway = "delete_anyway"

// teardownOrder is the order in which a person's things are taken down: XiVO
// would leave an external number leading nowhere, and refuses to delete a user
// who has a mailbox or a line.
var teardownOrder = []record.Thing{record.DID, record.Agent, record.Voicemail, record.Extension, record.User}

// tearDown plans to delete the user with everything that is the user's own. The
// link is forgotten with the last step.
func (e *Engine) tearDown(ctx context.Context, p *person, why string) error {
	if err := e.readDetail(ctx, p); err != nil || p.held {
		return err
	}
	p.life = &record.Change{Side: record.XiVO, Op: record.Delete, Thing: record.User, Key: p.userID(), Reason: why, Fields: e.lastSeen(p)}
	p.lifeThings = nil
	for i := range e.Settings.Fields {
		if m := &e.Settings.Fields[i]; m.Field.IsThing() && m.Direction != None {
			p.lifeThings = append(p.lifeThings, e.takenDown(p, m, p.user.Values[m.Field.Name])...)
		}
	}
	slices.SortStableFunc(p.lifeThings, inTeardownOrder)
	return nil
}

func inTeardownOrder(a, b record.Change) int {
	return cmp.Compare(slices.Index(teardownOrder, a.Thing), slices.Index(teardownOrder, b.Thing))
}

// lastSeen is what the user holds whom the deletion was decided for: it has to be
// the same when the request leaves. What is needed to make the user again is
// added just before ([runner.furnish]).
func (e *Engine) lastSeen(p *person) map[string]record.Delta {
	held := map[string]record.Delta{}
	see := func(name string, v record.Value) {
		if !v.Empty() {
			held[name] = record.Delta{Attribute: name, Before: v}
		}
	}
	for i := range e.Settings.Fields {
		if f := &e.Settings.Fields[i].Field; !f.IsThing() && !f.Secret && e.Settings.Fields[i].Compared() {
			see(f.Name, p.user.Values[f.Name])
		}
	}
	see(e.Settings.Identifier.XiVO, record.Text(p.user.Identifier))
	if e.Settings.Removal.DeleteAnyway {
		held[deleteAnyway] = key(deleteAnyway, "true", false)
	}
	return held
}

// takenDown deletes the values of one thing. A CTI login and an entity go with
// the user; an agent is only taken off, unless on_clear says otherwise.
func (e *Engine) takenDown(p *person, m *Mapping, values record.Value) []record.Change {
	if !slices.Contains(teardownOrder, m.Field.Thing) {
		return nil
	}
	var out []record.Change
	for i := range values {
		c := record.Change{Side: record.XiVO, Op: record.Delete, Thing: m.Field.Thing, Key: p.userID(), Reason: p.life.Reason,
			Fields: map[string]record.Delta{m.Field.Name: {Attribute: m.Field.Name, Before: values[i : i+1]}}}
		if m.Field.Thing == record.Agent && m.OnClear == OnClearDelete {
			c.Fields[agentRemove] = key(agentRemove, "true", false)
		}
		out = append(out, c)
	}
	return out
}

// deletes tells whether the person is to be deleted.
func (p *person) deletes() bool { return p.life != nil && p.life.Op == record.Delete }

// lifeUnit is what is done about the person's life, in order. The label, or the
// deletion, comes last: it says that all the rest is done. With a deleted user
// the link goes.
func (p *person) lifeUnit() []record.Change {
	if p.life == nil {
		return nil
	}
	unit := append(slices.Clone(p.lifeThings), *p.life)
	if p.deletes() {
		unit = append(unit, *forgotten(p.life.Key, "the user is deleted"))
	}
	return unit
}

// forgotten is the change that ends the link of a user.
func forgotten(user, why string) *record.Change {
	return &record.Change{Side: record.XiVO, Op: record.Unlink, Thing: record.User, Key: user, Reason: why}
}

// leaves tells whether the removal of somebody with a disabled account has begun.
func (p *person) leaves() bool {
	return p.entry != nil && p.entry.Disabled && (p.state.Deactivated || p.state.Halfway)
}
