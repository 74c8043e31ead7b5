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
// changes. What is left of people who ask for one another's values are cycles.
func (e *Engine) claim(ctx context.Context, o *observation, people []*person) ([]*person, error) {
	for again := true; again; {
		var err error
		if people, err = e.claimAll(ctx, o, people); err != nil {
			return nil, err
		}
		again = false
		for _, p := range people { // what falls with a refused claim may have freed a value
			again = e.holdTogether(p) || again
		}
	}
	return people, nil
}

// claimAll settles the claims field by field.
func (e *Engine) claimAll(ctx context.Context, o *observation, people []*person) ([]*person, error) {
	after := precedence{}
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		if !m.Field.Unique {
			continue
		}
		for again := true; again; {
			var err error
			if again, err = e.claimField(ctx, o, m, &people, after); err != nil {
				return nil, err
			}
		}
		if err := e.closeRings(ctx, o.holders[m.Field.Name], m, people); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// claimField settles the claims on one field, and tells whether one was held.
func (e *Engine) claimField(ctx context.Context, o *observation, m *Mapping, people *[]*person, after precedence) (bool, error) {
	holders := o.holders[m.Field.Name]
	after[m.Field.Name] = map[piece][]piece{}
	all := e.claims(holders, m, *people)
	held, ringed := false, slices.Concat(all.rings()...)
	for _, value := range sortedKeys(all.by) {
		rivals := all.by[value]
		if len(rivals) > 1 {
			for _, p := range rivals {
				e.holdClaim(p, m, value, others(rivals, p), "asked for by several people at once")
			}
			held = true
			continue
		}
		p := rivals[0]
		holder := holders[hashed(value)]
		if holder != "" && holder == p.userID() || slices.Contains(ringed, value) {
			continue
		}
		if giver := all.giver(value); giver.p != nil {
			taker := all.takers[value]
			if !after.waits(giver, taker) {
				after[m.Field.Name][taker] = append(after[m.Field.Name][taker], giver)
				continue
			}
			if e.setApart(all, m) {
				return true, nil
			}
		}
		if released, err := e.release(ctx, o, m, value, holder, people); released || err != nil {
			return true, err
		}
		owner, err := e.holder(ctx, m, value, holder)
		if err != nil && m.Field.Thing == record.Agent && ctx.Err() == nil {
			e.noService(p, m, value, err)
			held = true
			continue
		}
		if err != nil {
			return false, err
		}
		if m.Field.Thing == record.Agent && owner.User.ID == "" {
			continue // an agent of nobody is taken
		}
		if owner.Free() || owner.User.ID != "" && owner.User.ID == p.userID() {
			continue
		}
		c := e.holdClaim(p, m, value, owner.String(), "held by another user")
		if owner.Remedy != "" {
			c.Message = strings.Replace(c.Message, "held by another user", "in use already", 1)
			c.Hint = fmt.Sprintf("give the person another %s in the directory, or delete by hand: %s", m.Attribute, owner.Remedy)
		}
		if owner.Remedy == "" && m.Field.IsThing() {
			c.Hint = fmt.Sprintf("give the person another %s in the directory, or delete by hand: the %s of %s", m.Attribute, m.Field.Name, owner.String())
		}
		o.keptForReturn(owner, m, c)
		takenAway(p, m, c)
		held = true
	}
	return held, nil
}

// claims lists who asks for which value, and who gives theirs up.
func (e *Engine) claims(holders map[uint64]string, m *Mapping, people []*person) *claims {
	all := &claims{by: map[string][]*person{}, takers: map[string]piece{}, givers: map[string]piece{}, exchanges: map[string]string{}, holders: holders}
	for _, p := range people {
		for _, c := range p.claiming(m) {
			d := c.Fields[m.Field.Name]
			if d.Before.Equal(d.After) {
				continue
			}
			before, after := m.Chain.Canonical(d.Before).First(), m.Chain.Canonical(d.After).First()
			if p.userID() != "" && before != "" {
				key := p.userID() + "\x00" + before
				all.givers[key], all.exchanges[key] = p.piece(c), after
			}
			if after != "" {
				all.by[after], all.takers[after] = append(all.by[after], p), p.piece(c)
			}
		}
	}
	return all
}

// givenUp counts the values that people give up and others may ask for.
func (e *Engine) givenUp(people []*person) int {
	n := 0
	for i := range e.Settings.Fields {
		if m := &e.Settings.Fields[i]; m.Field.Unique {
			n += len(e.claims(nil, m, people).givers)
		}
	}
	return n
}

// claiming are the person's changes of a field.
func (p *person) claiming(m *Mapping) []record.Change {
	var out []record.Change
	if p.xivo != nil && p.xivo.Has(m.Field.Name) {
		out = append(out, *p.xivo)
	}
	things := p.things
	if p.deletes() { // what a deleted person had is free
		things = append(slices.Clone(things), p.lifeUnit()...)
	}
	for _, c := range things {
		if c.Has(m.Field.Name) {
			out = append(out, c)
		}
	}
	return out
}

// piece is what of a person's changes is carried out in one go.
type piece struct {
	p    *person
	part string
}

// piece is the one to which a change belongs.
func (p *person) piece(c record.Change) piece {
	switch {
	case p.chained || p.origin == fromEntry:
		return piece{p, ""}
	case p.xivo != nil && c.Thing == record.User && p.xivo.Has(c.FieldNames()[0]):
		return piece{p, "user"}
	}
	return piece{p, fmt.Sprint(c.Thing, c.FieldNames()[0], c.Fields[c.FieldNames()[0]].Before)}
}

// precedence tells, by field, which pieces come after which others.
type precedence map[string]map[piece][]piece

// waits tells whether a piece has to come after another already: then the other
// cannot wait for it.
func (after precedence) waits(n, other piece) bool {
	if n == other {
		return true
	}
	for _, by := range after {
		if slices.ContainsFunc(by[n], func(next piece) bool { return after.waits(next, other) }) {
			return true
		}
	}
	return false
}

// setApart gives a field of the user a change of its own wherever it changes
// hands: another field of the same update may wait for the very people who wait
// for this one. It tells whether that helped.
func (e *Engine) setApart(all *claims, m *Mapping) bool {
	helped := false
	for _, value := range sortedKeys(all.by) {
		giver := all.giver(value).p
		if giver == nil {
			continue
		}
		for _, p := range []*person{all.by[value][0], giver} {
			if p.xivo == nil || !p.xivo.Has(m.Field.Name) || p.chained || p.origin == fromEntry || len(p.xivo.Fields) < 2 {
				continue
			}
			value := m.Chain.Canonical(p.xivo.Fields[m.Field.Name].After).First()
			p.things = append([]record.Change{e.takeOut(p, m, value)}, p.things...)
			helped = true
		}
	}
	return helped
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
	if !ok || !m.Field.IsThing() && !m.Field.Detail {
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
	c.Now = record.Pair{LDAP: m.Chain.Canonical(d.After), XiVO: m.Chain.Canonical(d.Before)}
	p.conflicts = append(p.conflicts, c)
	return &p.conflicts[len(p.conflicts)-1]
}

// withdraw takes the change to a value out of the person's plan and returns it.
func (p *person) withdraw(m *Mapping, value string) record.Delta {
	name := m.Field.Name
	if p.xivo != nil && p.xivo.Has(name) {
		d := p.xivo.Fields[name]
		if delete(p.xivo.Fields, name); len(p.xivo.Fields) == 0 {
			p.xivo = nil
		}
		return d
	}
	i := p.asking(m, value)
	d := p.things[i].Fields[name]
	if m.Field.Detail {
		p.dropDetail(i, name)
		return d
	}
	p.things = slices.DeleteFunc(p.things, func(c record.Change) bool { // a renumbering, and what comes after it
		return c.Has(name) && m.Chain.Canonical(c.Fields[name].After).First() == value
	})
	return d
}

// asking finds the person's change of a thing to a value.
func (p *person) asking(m *Mapping, value string) int {
	return slices.IndexFunc(p.things, func(c record.Change) bool {
		return c.Has(m.Field.Name) && m.Chain.Canonical(c.Fields[m.Field.Name].After).First() == value
	})
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
