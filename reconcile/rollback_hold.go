package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// restore says what the state of a field goes back to, and holds it: unless both
// sides are then as they were last known, so that there is nothing to hold.
func (b *rollback) restore(p *person, w *walk, name string) {
	mark := w.marks[name]
	if mark.follows {
		p.setHold(b.newHold(p, name))
		return
	}
	p.undo.bases[name] = mark.base
	if !p.changes(name) { // somebody took it back already
		p.undo.restored[name] = true
	}
	h := b.newHold(p, name)
	switch m := b.Settings.Mapping(name); {
	case name == enabled:
		if !b.matters(p, w) {
			b.endHold(p, h.Field)
			return
		}
		h.Side, h.Value = record.LDAP, record.Text(p.awayAs())
	case m != nil && mark.base != nil && b.sourceOf(p, m) == mark.base.Source && b.inStep(m, p, w, *mark.base):
		b.endHold(p, h.Field)
		return
	case m != nil:
		h.Side, h.Value, h.Secret = mark.side, mark.cause, mark.secret
		h.Source = b.sourceOf(p, m)
		if old, held := p.holds[name]; held && old.Side == h.Side && !b.takesBack(old.Run) {
			h.Value, h.Source = old.Value, old.Source // of a later run that was taken back before
		}
		if mark.forced {
			b.holdNow(p, m, &h)
		}
	}
	p.setHold(h)
}

// sourceOf names what a field's value went through last. Recovery of an interrupted
// rollback may have forgotten that; then it is what the field is mapped to now.
func (b *rollback) sourceOf(p *person, m *Mapping) string {
	if base, known := p.state.Fields[m.Field.Name]; known || len(b.earlier) == 0 || p.state.Number == 0 {
		return base.Source
	}
	return m.Source()
}

// holdNow makes a hold wait for a change of what the side holds now.
func (b *rollback) holdNow(p *person, m *Mapping, h *record.Hold) {
	switch {
	case h.Side == record.LDAP && p.entry != nil:
		h.Value, h.Source = p.entry.Values[m.Attribute], m.Source()
	case h.Side == record.XiVO && p.user != nil:
		h.Value = p.user.Values[m.Field.Name]
	}
	if h.Secret {
		h.Value = b.digestValue(h.Value)
	}
}

// setHold adds a hold, unless somebody holds the field by hand.
func (p *person) setHold(h record.Hold) {
	if old, held := p.holds[h.Field]; held && old.Side == "" {
		return
	}
	p.undo.holds = slices.DeleteFunc(p.undo.holds, func(o record.Hold) bool { return o.Field == h.Field })
	p.undo.holds = append(p.undo.holds, h)
}

// endHold ends the hold that a rollback had set, where that rollback is taken back.
func (b *rollback) endHold(p *person, field string) {
	if old, held := p.holds[field]; held && b.takesBack(old.Run) {
		p.undo.ended = append(p.undo.ended, old)
	}
}

// takesBack tells whether a run is one of those that are rolled back.
func (b *rollback) takesBack(run uint64) bool {
	return run >= b.opt.First && run <= max(b.opt.First, b.opt.Last)
}

func (b *rollback) newHold(p *person, field string) record.Hold {
	why := fmt.Sprintf("rollback of run %d", b.opt.First)
	if b.opt.Last > b.opt.First {
		why = fmt.Sprintf("rollback of the runs %d to %d", b.opt.First, b.opt.Last)
	}
	return record.Hold{Person: p.Who(), Link: p.state.Number, Entry: p.entryID(), User: p.userID(), Field: field, Who: b.opt.Who, Why: why, Since: b.now()}
}

// changes tells whether the person's plan has a change of the field.
func (p *person) changes(field string) bool {
	has := func(c record.Change) bool { return c.Has(field) }
	return p.xivo != nil && has(*p.xivo) || p.life != nil && has(*p.life) || slices.ContainsFunc(slices.Concat(p.ldap, p.things, p.lifeThings), has)
}

// inStep tells whether both sides hold, once the rollback is done, what was last
// known of them.
func (b *rollback) inStep(m *Mapping, p *person, w *walk, base record.Base) bool {
	ldap, told := w.entry[m.Attribute]
	if !told || p.entry == nil {
		return false
	}
	xivo, told := w.user[m.Field.Name]
	if !told {
		return false
	}
	if m.Field.Secret {
		return b.digestValue(ldap).Equal(base.LDAP) && b.digestValue(xivo).Equal(base.XiVO)
	}
	at := p.site
	return !base.Retired && (ldap.Equal(base.LDAP) || b.meansTheSame(m, at, ldap, base.LDAP)) && sameSet(m.Chain.Canonical(xivo), m.Chain.Canonical(base.XiVO))
}

// awayAs tells how the entry is there for a hold of coming and going: to a run,
// one that is out of the listing's sight is not.
func (p *person) awayAs() string {
	if p.undo.unlisted {
		return absent
	}
	return presenceOf(p.entry)
}

// unlisted tells whether a listing would not show an entry that is there, which
// matters only where somebody came or went. An entry without an identifier cannot
// be looked for, and counts as listed.
func (b *rollback) unlisted(ctx context.Context, a *arc, entry *record.Record) (bool, error) {
	comes := func(c record.Change) bool {
		return c.Side == record.XiVO && c.Thing == record.User && (c.Has(enabled) || c.Op == record.Delete)
	}
	if entry == nil || entry.Identifier == "" || !slices.ContainsFunc(a.changes, comes) {
		return false, nil
	}
	found, err := b.LDAP.Find(ctx, entry.Identifier)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(found, func(r record.Record) bool { return r.ID == entry.ID }), nil
}

// matters tells whether the next run would come or go again.
func (b *rollback) matters(p *person, w *walk) bool {
	deactivated := p.state.Deactivated
	if w.label != nil {
		deactivated = w.label.Op == record.Deactivate
	}
	return deactivated == (p.awayAs() == present)
}

// holdRestored holds what is about to be restored, before the first write: a crash
// in the middle leaves nothing unheld. The entry counts as it is and as it will be
// until then: its write may come after the crash, or not at all.
func (r *runner) holdRestored(plan *Plan) error {
	var all []record.Hold
	for _, p := range plan.people {
		for _, h := range p.undo.holds {
			h.Run = r.report.Number
			if h.Field == wholePerson {
				h.Value = slices.Concat(h.Value, p.undo.until)
			}
			all = append(all, h)
		}
	}
	return r.Store.Hold(all...)
}

// releaseLeft ends the holds of what was not restored after all, and those of a
// rollback that was itself taken back.
func (r *runner) releaseLeft(plan *Plan) error {
	wanted := map[string]bool{}
	var released []uint64
	var written []record.Hold
	for _, p := range plan.people {
		for _, h := range p.undo.holds {
			wanted[h.Key()] = p.kept(h.Field)
			if h.Field == wholePerson && len(p.undo.until) > 0 && !p.failed {
				h.Run = r.report.Number
				written = append(written, h)
			}
		}
		for _, h := range p.undo.ended {
			if p.kept(h.Field) {
				released = append(released, h.Number)
			}
		}
	}
	if err := r.Store.Hold(written...); err != nil {
		return err
	}
	for h, err := range r.Store.Holds() {
		if err != nil {
			return fmt.Errorf("read the holds: %w", err)
		}
		if kept, ours := wanted[h.Key()]; ours && !kept && h.Run == r.report.Number {
			released = append(released, h.Number)
		}
	}
	return r.Store.Release(released...)
}

// kept tells whether what a hold is about was restored; a person who was begun
// with is held as a whole.
func (p *person) kept(field string) bool {
	if field == wholePerson {
		return !p.failed || p.undo.restored[wholePerson]
	}
	return p.undo.restored[field] || field == string(record.Agent) && !p.failed
}
