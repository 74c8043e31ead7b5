package reconcile

import (
	"time"

	"xivosync/reconcile/record"
)

// done takes in what the side holds after the write.
func (r *runner) done(p *person, c *record.Change, rec record.Record) {
	counts := &r.report.Counts
	if r.meanwhile(p, *c, rec) {
		p.dropped, p.behind = true, true
	}
	if c.Side == record.LDAP {
		p.entry = &rec
		r.takeBack(p, *c, rec)
		if !p.wroteBack {
			p.wroteBack = true
			counts.WrittenBack++
		}
		return
	}
	if c.Thing != record.User {
		r.doneThing(p, *c, rec)
		return
	}
	if c.Op == record.Delete {
		r.gone(p)
		return
	}
	if p.undo != nil && c.Has(enabled) {
		p.undo.restored[enabled] = true
	}
	p.user, p.detailed = &rec, !c.More
	switch c.Op {
	case record.Create:
		c.Key = rec.ID
		p.next.User, p.next.Welcome = rec.ID, p.owed
		counts.Created++
		if c.More { // reading back waits for the last of the things
			p.pending = append(p.pending, *c)
			break
		}
		r.born(p, *c, rec)
	case record.Deactivate:
		labelled(&p.next, *c, r.now())
		counts.Deactivated++
	case record.Reactivate:
		labelled(&p.next, *c, r.now())
		counts.Reactivated++
	default:
		r.takeBack(p, *c, rec)
		r.countUpdated(p)
	}
	r.freshen(&p.next, p)
	p.next.Person = p.Who()
}

// labelled takes in that a deactivation or reactivation is finished. What enabled
// was before is remembered until the return, and grace counts from now.
func labelled(s *record.State, c record.Change, now time.Time) {
	s.Halfway = false
	if c.Op == record.Reactivate {
		s.Deactivated, s.Left = false, time.Time{}
		delete(s.Fields, enabled)
		return
	}
	if !s.Deactivated {
		s.Fields[enabled] = record.Base{XiVO: c.Fields[enabled].Before}
		s.Left = now
	}
	s.Deactivated = true
}

// countUpdated counts everybody once.
func (r *runner) countUpdated(p *person) {
	if !p.counted {
		p.counted = true
		r.report.Counts.Updated++
	}
}

// meanwhile tells whether the side shows, after a write, another edit than ours:
// it was made since the reading, and the next run has to look at it.
func (r *runner) meanwhile(p *person, c record.Change, rec record.Record) bool {
	was, ours := p.user, map[string]bool{}
	if c.Side == record.LDAP {
		was = p.entry
	} else if p.origin == fromEntry {
		return false // nobody else knows them yet
	}
	for _, d := range c.Fields {
		ours[d.Attribute] = true
	}
	for i := range r.Settings.Fields {
		m := &r.Settings.Fields[i]
		name, base := m.Field.Name, p.next.Fields[m.Field.Name].XiVO
		if m.Field.IsThing() && c.More || m.Field.Detail && m.Field.Thing == c.Thing {
			continue // read back later, or come with what is made
		}
		if c.Side == record.LDAP {
			name, base = m.Attribute, p.next.Fields[m.Field.Name].LDAP
		}
		now, read := rec.Values[name]
		if !m.Compared() || !read || ours[name] || c.Op == record.Create {
			continue
		}
		known := false
		if was != nil {
			if before, told := was.Values[name]; told {
				base, known = before, true
			}
		}
		if (known || !m.Field.Secret) && !now.Equal(base) {
			return true
		}
	}
	return was != nil && c.Op == record.Update && !c.Has(r.Settings.Identifier.XiVO) && (was.Identifier != rec.Identifier || was.Disabled != rec.Disabled)
}

// takeBack advances the base of each written field to what the side holds now.
// A value that it did not store is a conflict, and the base stays.
func (r *runner) takeBack(p *person, c record.Change, rec record.Record) {
	for _, name := range c.FieldNames() {
		m, d := r.Settings.Mapping(name), c.Fields[name]
		if m == nil {
			r.restoreBase(p, c, name, rec) // of what the configuration no longer maps
			r.tookIdentifier(p, c, rec)
			continue
		}
		if _, read := rec.Values[d.Attribute]; !read && r.restoreBase(p, c, name, rec) {
			continue // mapped to another attribute by now
		}
		got, stored := held(m, c.Side, d, rec)
		if !stored {
			r.notStored(p, m, c, got)
			continue
		}
		if r.restoreBase(p, c, name, rec) {
			continue
		}
		a := p.answer(r.Engine, name)
		b := a.Base
		if m.Field.Many && a.Verdict == WriteXiVO {
			p.next.Fields[name] = m.takeElementBack(p.next.Fields[name], a, m.chain(p.site), c)
			continue
		}
		if p.origin == fromEntry {
			b = p.next.Fields[name] // both sides, as the creation left them
		}
		if c.Side == record.LDAP {
			b.LDAP = got
			b.Echo = &record.Echo{Before: d.Before, After: got, Version: rec.Version}
		} else {
			b.XiVO = got
		}
		if d.Secret {
			r.hideBase(&b, c.Side)
		}
		if _, on := p.drawn[d.Attribute]; c.Side == record.LDAP && on {
			delete(p.drawn, d.Attribute)
		} else {
			p.next.Fields[name] = b
		}
		if c.Side == record.LDAP {
			r.arrived(p, d.Attribute, b)
		}
	}
	if c.Side == record.LDAP {
		r.freshen(&p.next, p)
	}
}

// arrived stores the bases that were made from what an attribute now holds.
func (r *runner) arrived(p *person, attribute string, now record.Base) {
	for name, b := range p.awaiting {
		if r.Settings.Mapping(name).Attribute == attribute {
			b.LDAP, b.Echo = now.LDAP, now.Echo
			p.next.Fields[name] = b
			delete(p.awaiting, name)
		}
	}
}

// hideBase keeps only the digest of a secret that was written.
func (r *runner) hideBase(b *record.Base, side record.Side) {
	b.Echo, b.Was = nil, nil
	if side == record.LDAP {
		b.LDAP = r.digestValue(b.LDAP)
		return
	}
	b.XiVO = r.digestValue(b.XiVO)
}

// held returns what the side holds of a written field, in the spelling that came
// back, and whether it is what was meant.
func held(m *Mapping, side record.Side, d record.Delta, rec record.Record) (record.Value, bool) {
	now := rec.Values[d.Attribute]
	if side == record.LDAP && d.After.Empty() { // withdrawn
		return now, disjoint(now, d.Before)
	}
	if m.Field.Many {
		return now, len(without(d.After, now)) == 0
	}
	if side == record.XiVO {
		return now, m.Chain.Canonical(now).Equal(m.Chain.Canonical(d.After))
	}
	for _, s := range now {
		if s == d.After.First() {
			return record.Text(s), true
		}
	}
	want, _ := m.Chain.ToField(d.After)
	for _, s := range now {
		if got, err := m.Chain.ToField(record.Text(s)); err == nil && m.Chain.Canonical(got).Equal(m.Chain.Canonical(want)) {
			return record.Text(s), true
		}
	}
	return now, false
}

// answer is the verdict on a field.
func (p *person) answer(e *Engine, field string) Answer {
	for i, m := range e.Settings.Fields {
		if m.Field.Name == field && i < len(p.answers) {
			return p.answers[i]
		}
	}
	return Answer{}
}

// born makes the state of a user that was just created: both sides are known
// from their readings, so that the next run finds nothing to do.
func (r *runner) born(p *person, c record.Change, rec record.Record) {
	if p.undo != nil {
		r.restoreAll(p)
		return
	}
	doubtful := map[string]bool{}
	for _, conflict := range p.conflicts {
		doubtful[conflict.Field] = true
	}
	for i := range r.Settings.Fields {
		m := &r.Settings.Fields[i]
		d, sent := c.Fields[m.Field.Name]
		now, read := rec.Values[m.Field.Name]
		if sent && read && !m.Chain.Canonical(now).Equal(m.Chain.Canonical(d.After)) {
			r.notStored(p, m, c, now)
			continue
		}
		if !m.Compared() || !read || doubtful[m.Field.Name] || m.Field.IsThing() || m.Field.Detail {
			continue
		}
		source, _ := r.source(p, m, nil)
		ldap, err := pick(m, nil, source)
		if err != nil {
			continue
		}
		b := record.Base{LDAP: ldap, XiVO: now, Mapping: m.Chain.Fingerprint, Source: m.Source()}
		if m.Field.Secret {
			b.LDAP, b.XiVO = r.digestValue(b.LDAP), r.digestValue(b.XiVO)
		}
		p.next.Fields[m.Field.Name] = b
	}
}
