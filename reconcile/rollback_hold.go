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

// sourceOf names what a field's value went through last. Where nothing is known of
// that (whoever is brought back has no state, and recovery may have forgotten it), it
// is what the field is mapped to now.
func (b *rollback) sourceOf(p *person, m *Mapping) string {
	if base, known := p.state.Fields[m.Field.Name]; known {
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
	if old, held := p.holds[h.Field]; held && byHand(old) {
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
