package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// release parks a number of somebody who is in grace, since another entry asks
// for it and the person's own entry no longer does. It tells whether it did.
func (e *Engine) release(ctx context.Context, o *observation, m *Mapping, value, holder string, people *[]*person) (bool, error) {
	if e.Settings.Removal.Reserve == ReserveStrict || !m.Field.Numbered || holder == "" {
		return false, nil
	}
	p, err := e.inGrace(ctx, o, holder, people)
	if p == nil || err != nil || p.holding(m.Field.Name) || p.unparked[m.Field.Name] {
		return false, err
	}
	now := p.user.Values[m.Field.Name]
	i := slices.IndexFunc(now, func(s string) bool { return m.Chain.Canonical(record.Text(s)).First() == value })
	if i < 0 {
		return false, nil
	}
	if asks, err := e.stillAsks(ctx, p, m, value); asks || err != nil {
		return false, err
	}
	c := record.Change{Side: record.XiVO, Op: record.Update, Thing: m.Field.Thing, Key: p.userID(), Parks: true,
		Reason: "parked: another entry asks for the number of somebody who is away"}
	c.Fields = map[string]record.Delta{m.Field.Name: {Attribute: m.Field.Name, Before: now[i : i+1]}}
	d := c.Fields[m.Field.Name]
	if d.After, err = e.parkingPlace(ctx, e.claims(o.holders[m.Field.Name], m, *people), m, c); err != nil {
		return false, err
	}
	c.Fields[m.Field.Name] = d
	p.things = append(p.things, c)
	slices.SortStableFunc(p.things, inThingOrder)
	return true, nil
}

// inGrace returns the person of a user who is deactivated, or is about to be,
// as XiVO holds them now; nil for anybody else.
func (e *Engine) inGrace(ctx context.Context, o *observation, user string, people *[]*person) (*person, error) {
	var p *person
	at := slices.IndexFunc(*people, func(p *person) bool { return p.userID() == user })
	link, linked := o.byUser[user]
	switch {
	case at >= 0:
		p = (*people)[at]
	case linked && o.links[link].Deactivated && len(o.only) == 0:
		state, err := e.Store.State(o.links[link].Number)
		if err != nil {
			return nil, fmt.Errorf("read the state of %s: %w", o.links[link].Identifier, err)
		}
		p = e.meet(o, &person{state: state, missed: true})
		*people = append(*people, p)
	}
	if p == nil || p.held || p.skipped || !p.waits() {
		return nil, nil
	}
	if p.user == nil || !p.detailed {
		if err := e.readDetail(ctx, p); err != nil || p.held {
			return nil, err
		}
	}
	return p, nil
}

// stillAsks tells whether the entry of somebody who is away asks for a value.
func (e *Engine) stillAsks(ctx context.Context, p *person, m *Mapping, value string) (bool, error) {
	seen := &person{state: p.state, entry: p.entry}
	if seen.entry == nil {
		entry, err := e.LDAP.Read(ctx, p.state.Entry)
		if err != nil {
			if record.ClassOf(err) == record.Missing {
				return false, nil
			}
			return false, err
		}
		seen.entry = &entry
	}
	e.place(seen)
	v, _ := e.source(seen, m, nil)
	want, err := m.chain(seen.site).ToField(v)
	return err != nil || slices.Contains(m.Chain.Canonical(want), value), nil
}

// putAside remembers where a number of somebody is parked who is away. Otherwise
// the base stays: a return restores it.
func putAside(b record.Base, d record.Delta) record.Base {
	b.Parked = slices.Concat(without(b.Parked, d.After), d.After)
	return b
}

// aside tells whether XiVO holds a thing where it was parked while the person was
// away: not what anybody chose, so it never travels.
func (q *Question) aside() bool {
	return q.Base != nil && q.ReadXiVO && slices.ContainsFunc(q.Base.Parked, func(s string) bool { return slices.Contains(q.XiVO, s) })
}

// comeBack gives somebody who is back the number again, or the one that the entry
// asks for by now.
func comeBack(q Question) Answer {
	back := &question{Question: q}
	if trouble := back.prepare(); trouble != nil {
		return *trouble
	}
	if back.want.Empty() {
		return Answer{Verdict: Nothing, Base: *q.Base}
	}
	return Answer{Verdict: WriteXiVO, Thing: record.Update, Replaces: q.XiVO, Write: back.want,
		Raw: record.Pair{LDAP: back.LDAP, XiVO: q.XiVO}, Canonical: record.Pair{LDAP: back.L, XiVO: back.X},
		Base:   record.Base{LDAP: back.LDAP, XiVO: q.Base.XiVO, Mapping: q.Mapping.fingerprint(q.Site), Source: q.Mapping.Source()},
		Reason: "parked while the person was away"}
}

// keptForReturn words a conflict about what a deactivated person still holds: XiVO
// keeps their e-mail and username for their return, as it does their numbers where
// reserve = "strict".
func (o *observation) keptForReturn(owner record.Holder, m *Mapping, c *record.Conflict) {
	if i, linked := o.byUser[owner.User.ID]; !linked || !o.links[i].Deactivated {
		return
	}
	c.Message += ", who is deactivated and keeps it for a return"
	c.Hint = fmt.Sprintf("give the person another %s in the directory; if %s does not come back, take it off that user of XiVO by hand", m.Attribute, owner.String())
}

// takenAway words a conflict about a number that was given to somebody else
// while the person was away.
func takenAway(p *person, m *Mapping, c *record.Conflict) {
	if !slices.Contains(p.state.Fields[m.Field.Name].Parked, c.Raw.XiVO.First()) {
		return
	}
	c.Kind = record.NumberTaken
	c.Message += "; it was given away while the person was deactivated"
	c.Hint = fmt.Sprintf("give the person another %s in the directory", m.Attribute)
}
