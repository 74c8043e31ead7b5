package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// claim finds people who ask for a value that only one user may hold: two of
// the plan among themselves, or one against a user of XiVO. A value that its
// holder gives up in the same plan is free for the next, who then goes after
// them. Held claims can make a value unfree again, so it repeats until nothing
// changes.
func (e *Engine) claim(ctx context.Context, o *observation, people []*person) error {
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		if !m.Field.Unique {
			continue
		}
		for again := true; again; {
			var err error
			if again, err = e.claimField(ctx, o.holders[m.Field.Name], m, people); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimField settles the claims on one field, and tells whether one was held.
func (e *Engine) claimField(ctx context.Context, holders map[uint64]string, m *Mapping, people []*person) (bool, error) {
	claims, leaving := e.claims(m, people)
	held := false
	for _, value := range sortedKeys(claims) {
		rivals := claims[value]
		if len(rivals) > 1 {
			for _, p := range rivals {
				e.holdClaim(p, m, value, others(rivals, p), "asked for by several people at once")
			}
			held = true
			continue
		}
		p := rivals[0]
		holder := holders[hashed(value)]
		if holder != "" && holder == p.userID() {
			continue
		}
		if giver := leaving[holder+"\x00"+value]; giver != nil && !waitsFor(giver, p) {
			p.before = append(p.before, giver)
			continue
		}
		owner, err := e.holder(ctx, m, value, holder)
		if err != nil {
			return false, err
		}
		if owner.Free() || owner.User.ID != "" && owner.User.ID == p.userID() {
			continue
		}
		c := e.holdClaim(p, m, value, owner.String(), "held by another user")
		if owner.Remedy != "" {
			c.Message = strings.Replace(c.Message, "held by another user", "in use already", 1)
			c.Hint = fmt.Sprintf("give the person another %s in the directory, or delete by hand: %s", m.Attribute, owner.Remedy)
		}
		held = true
	}
	return held, nil
}

// claims lists who asks for which value, and who gives theirs up.
func (e *Engine) claims(m *Mapping, people []*person) (claims map[string][]*person, leaving map[string]*person) {
	claims, leaving = map[string][]*person{}, map[string]*person{}
	for _, p := range people {
		p.before = slices.DeleteFunc(p.before, func(b *person) bool { return b.xivo == nil && len(b.things) == 0 })
		for _, c := range p.claiming(m) {
			d := c.Fields[m.Field.Name]
			if p.userID() != "" && !d.Before.Empty() && !d.Before.Equal(d.After) {
				leaving[p.userID()+"\x00"+m.Chain.Canonical(d.Before).First()] = p
			}
			if !d.After.Empty() && !d.Before.Equal(d.After) {
				v := m.Chain.Canonical(d.After).First()
				claims[v] = append(claims[v], p)
			}
		}
	}
	return claims, leaving
}

// claiming are the person's changes of a field.
func (p *person) claiming(m *Mapping) []record.Change {
	if !m.Field.IsThing() {
		if p.xivo == nil || !p.xivo.Has(m.Field.Name) {
			return nil
		}
		return []record.Change{*p.xivo}
	}
	var out []record.Change
	for _, c := range p.things {
		if c.Has(m.Field.Name) {
			out = append(out, c)
		}
	}
	return out
}

// waitsFor tells whether one person's changes already have to come after
// another's: then the other cannot wait for them.
func waitsFor(p, other *person) bool {
	return p == other || slices.ContainsFunc(p.before, func(b *person) bool { return waitsFor(b, other) })
}

// holder tells who holds a value. What the survey shows is read once more; for a
// number, which things without a user may hold, XiVO is asked.
func (e *Engine) holder(ctx context.Context, m *Mapping, value, uuid string) (record.Holder, error) {
	if uuid == "" {
		return e.thingHolder(ctx, m, value)
	}
	r, err := e.XiVO.Read(ctx, uuid)
	switch {
	case err != nil && record.ClassOf(err) == record.Missing:
		return record.Holder{}, nil
	case err != nil:
		return record.Holder{}, err
	}
	return record.Holder{User: record.Record{ID: r.ID, Name: r.Name}}, nil
}

func (e *Engine) thingHolder(ctx context.Context, m *Mapping, value string) (record.Holder, error) {
	asked, ok := e.XiVO.(Owners)
	if !ok || !m.Field.IsThing() {
		return record.Holder{}, nil
	}
	return asked.Owner(ctx, m.Field.Name, value)
}

// holdClaim takes the value out of the person's changes and reports it.
func (e *Engine) holdClaim(p *person, m *Mapping, value, owner, why string) *record.Conflict {
	d := p.withdraw(m, value)
	c := e.conflict(p, m.Field.Name, record.ResourceExists,
		fmt.Sprintf("%s %s is %s: %s", m.Field.Name, Quoted(d.After.String()), why, owner),
		fmt.Sprintf("give one of them another %s in the directory, or free it in XiVO", m.Attribute))
	c.Owner = owner
	b := p.state.Fields[m.Field.Name]
	c.Base = record.Pair{LDAP: b.LDAP, XiVO: b.XiVO}
	c.Raw = record.Pair{LDAP: d.Cause, XiVO: d.Before}
	c.Now = record.Pair{LDAP: m.Chain.Canonical(d.After), XiVO: m.Chain.Canonical(d.Before)}
	c.Decisions, c.Secret = []string{"VALUE", "ignore"}, m.Field.Secret
	p.conflicts = append(p.conflicts, c)
	return &p.conflicts[len(p.conflicts)-1]
}

// withdraw takes the change to a value out of the person's plan and returns it.
func (p *person) withdraw(m *Mapping, value string) record.Delta {
	name := m.Field.Name
	if !m.Field.IsThing() {
		d := p.xivo.Fields[name]
		if delete(p.xivo.Fields, name); len(p.xivo.Fields) == 0 {
			p.xivo = nil
		}
		return d
	}
	i := slices.IndexFunc(p.things, func(c record.Change) bool {
		return c.Has(name) && m.Chain.Canonical(c.Fields[name].After).First() == value
	})
	d := p.things[i].Fields[name]
	p.things = slices.DeleteFunc(p.things, func(c record.Change) bool { // a renumbering, and what comes after it
		return c.Has(name) && m.Chain.Canonical(c.Fields[name].After).First() == value
	})
	return d
}

func others(rivals []*person, p *person) string {
	var names []string
	for _, r := range rivals {
		if r != p {
			names = append(names, r.Who().Label())
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
