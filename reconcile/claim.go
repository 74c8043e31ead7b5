package reconcile

import (
	"context"
	"errors"
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
				e.holdClaim(p, m, others(rivals, p), "asked for by several people at once")
			}
			held = true
			continue
		}
		p := rivals[0]
		holder := holders[hashed(value)]
		if holder == "" || holder == p.userID() {
			continue
		}
		if giver := leaving[holder]; giver != nil && !waitsFor(giver, p) {
			p.before = append(p.before, giver)
			continue
		}
		owner, err := e.owner(ctx, holder)
		if err != nil {
			return false, err
		}
		if owner.Name == "" {
			continue
		}
		e.holdClaim(p, m, fmt.Sprintf("%s (user %s)", owner.Name, owner.ID), "held by another user")
		held = true
	}
	return held, nil
}

// claims lists who asks for which value, and who gives theirs up.
func (e *Engine) claims(m *Mapping, people []*person) (map[string][]*person, map[string]*person) {
	claims, leaving := map[string][]*person{}, map[string]*person{}
	for _, p := range people {
		p.before = slices.DeleteFunc(p.before, func(b *person) bool { return b.xivo == nil })
		if p.xivo == nil {
			continue
		}
		d, ok := p.xivo.Fields[m.Field.Name]
		if !ok {
			continue
		}
		if p.userID() != "" {
			leaving[p.userID()] = p
		}
		if !d.After.Empty() {
			v := m.Chain.Canonical(d.After).First()
			claims[v] = append(claims[v], p)
		}
	}
	return claims, leaving
}

// waitsFor tells whether one person's changes already have to come after
// another's: then the other cannot wait for them.
func waitsFor(p, other *person) bool {
	return p == other || slices.ContainsFunc(p.before, func(b *person) bool { return waitsFor(b, other) })
}

// owner reads who holds a value; a user that is gone holds nothing.
func (e *Engine) owner(ctx context.Context, uuid string) (record.Record, error) {
	r, err := e.XiVO.Read(ctx, uuid)
	var side *record.Error
	if errors.As(err, &side) && side.Class == record.Missing {
		return record.Record{}, nil
	}
	if err == nil && r.Name == "" {
		r.Name = r.ID
	}
	return r, err
}

// holdClaim takes the field out of the person's change and reports it.
func (e *Engine) holdClaim(p *person, m *Mapping, owner, why string) {
	name := m.Field.Name
	d := p.xivo.Fields[name]
	c := e.conflict(p, name, record.ResourceExists,
		fmt.Sprintf("%s %s is %s: %s", name, Quoted(d.After.String()), why, owner),
		fmt.Sprintf("give one of them another %s in the directory, or take it off %s in XiVO", m.Attribute, owner))
	c.Owner = owner
	c.Raw = record.Pair{LDAP: d.Cause, XiVO: d.Before}
	c.Now = record.Pair{LDAP: m.Chain.Canonical(d.After), XiVO: m.Chain.Canonical(d.Before)}
	c.Decisions, c.Secret = []string{"VALUE", "ignore"}, m.Field.Secret
	p.conflicts = append(p.conflicts, c)
	delete(p.xivo.Fields, name)
	if len(p.xivo.Fields) == 0 {
		p.xivo = nil
	}
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
