package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// draw gives people without an internal number the next free one of their site's
// pool: one that nothing in XiVO holds and that nobody in the plan asks for. It
// travels to the directory where the field goes both ways.
func (e *Engine) draw(ctx context.Context, o *observation, people []*person) error {
	i := slices.IndexFunc(e.Settings.Fields, func(m Mapping) bool { return m.Field.Thing == record.Extension && m.Field.IsThing() })
	if i < 0 {
		return nil
	}
	m := &e.Settings.Fields[i]
	var failed error
	claimed := e.claims(o.holders[m.Field.Name], m, people).by
	pools := NewPools(func(raw string) bool {
		if claimed[raw] != nil || o.holders[m.Field.Name][hashed(raw)] != "" {
			return true
		}
		owner, err := e.thingHolder(ctx, m, raw)
		if err != nil {
			failed = err
		}
		return !owner.Free()
	})
	for _, p := range people {
		if !e.wantsNumber(p, m, i) {
			continue
		}
		if raw, ok := pools.Next(p.site); ok {
			e.drawn(p, m, i, raw)
		} else {
			e.exhausted(p, m)
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// wantsNumber tells whether the person has no number on either side and belongs
// to a site with a pool.
func (e *Engine) wantsNumber(p *person, m *Mapping, i int) bool {
	if p.held || p.holding(m.Field.Name) || p.missed || p.waits() || p.site == nil || len(p.site.Pool) == 0 || p.conflicted(m.Field.Name) || p.entry == nil {
		return false
	}
	if m.When != nil && !m.When.Match(p.attribute) {
		return false
	}
	v, read := e.source(p, m, nil)
	if !read || !v.Empty() {
		return false
	}
	if p.origin == fromEntry {
		return p.xivo != nil
	}
	if p.user == nil {
		return false
	}
	now, told := p.user.Values[m.Field.Name]
	return told && now.Empty() && i < len(p.answers)
}

// drawn plans the number. Where it goes to the directory, it is taken for written
// there, and feeds whatever else the attribute does.
func (e *Engine) drawn(p *person, m *Mapping, i int, raw string) {
	reason := "next free number of site " + p.site.Name
	v, err := m.chain(p.site).ToAttribute(record.Text(raw))
	if m.Direction != Both || err != nil {
		a := Answer{Verdict: WriteXiVO, Write: record.Text(raw), Thing: record.Create, Reason: reason,
			Base: record.Base{Mapping: m.fingerprint(p.site), Source: m.Source()}}
		p.answers[i] = a
		p.things = append(p.things, e.thingChanges(p, m, a)...)
		slices.SortStableFunc(p.things, inThingOrder)
		return
	}
	if p.drawn == nil {
		p.drawn = map[string]record.Value{}
	}
	p.drawn[m.Attribute] = v
	if p.origin != fromEntry {
		e.merge(p)
	}
	e.propose(p)
	for j := range p.things {
		if c := &p.things[j]; c.Thing == record.Extension {
			c.Reason = reason
			back := Answer{Write: v, Reason: reason}
			if p.origin == fromEntry { // else the directory is written first
				back.Raw.XiVO = record.Text(raw)
			}
			p.ldap, p.chained = append(p.ldap, e.writeBack(p, m, back)), true
			return
		}
	}
	delete(p.drawn, m.Attribute)
}

// exhausted reports that a pool has no number left.
func (e *Engine) exhausted(p *person, m *Mapping) {
	c := e.conflict(p, m.Field.Name, record.NumberTaken, fmt.Sprintf("no number of the pool of site %s is free", p.site.Name),
		fmt.Sprintf("widen the pool, free a number, or write one into %s in the directory", m.Attribute))
	p.conflicts = append(p.conflicts, c)
}
