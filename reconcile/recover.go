package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// recover looks after every unit that a crash left open, before anything else
// is read: an open intent is compared with the target as it is now, and closed
// as done, undone or unknown. Changes of the unit that were never sent stay so;
// the run that follows plans them anew.
func (r *runner) recover(ctx context.Context) error {
	units, err := r.Store.Unclosed()
	if err != nil {
		return fmt.Errorf("read the open units: %w", err)
	}
	for i, u := range units {
		r.progressOf("recovering", i+1, len(units))
		if err := r.recoverUnit(ctx, u); err != nil {
			return err
		}
	}
	if len(r.found) == 0 {
		return nil
	}
	return r.Store.Reconcile(r.report.Number, r.now(), r.found, func(record.Conflict) bool { return false })
}

func (r *runner) recoverUnit(ctx context.Context, u record.Unit) error {
	i := slices.IndexFunc(u.Changes, func(c record.Change) bool { return c.Step == record.Intent })
	if i < 0 {
		return r.Store.Settle(u, len(u.Changes)-1, -1, Effect{})
	}
	if isCycle(u) {
		return r.recoverCycle(ctx, u, i)
	}
	c := &u.Changes[i]
	p := r.recalled(*c)
	if tearsDown(u) {
		return r.recoverTeardown(ctx, p, u, i)
	}
	if ofLife(u) {
		p.next.Halfway = true // the run that follows does the rest
	}
	if err := r.compareIntent(ctx, p, c); err != nil {
		return err
	}
	r.countRecovered(p, *c)
	r.Log.Info("recovered", "change", c.ID(), "record", c.Person.Label(), "outcome", c.Step)
	return r.Store.Settle(u, i, -1, r.recovered(p))
}

// recovered is what recovery stores of a person: the next run looks at everything.
func (r *runner) recovered(p *person) Effect {
	if p.next.User == "" {
		return Effect{}
	}
	p.next.Attention, p.next.Stale = true, true
	return Effect{States: []record.State{p.next}}
}

// recalled is the person of a journaled change as last known.
func (r *runner) recalled(c record.Change) *person {
	p := &person{state: record.State{Link: record.Link{Number: c.Link, Entry: c.Entry}, Person: c.Person}}
	if state, err := r.Store.State(c.Link); err == nil {
		p.state = state
	}
	p.next = clone(p.state)
	if p.next.Fields == nil {
		p.next.Fields = map[string]record.Base{}
	}
	return p
}

func (r *runner) countRecovered(p *person, c record.Change) {
	r.report.Recoveries = append(r.report.Recoveries, record.NewRecovery(c))
	n := &r.report.Recovered
	switch c.Step {
	case record.Done:
		n.Done++
	case record.Undone:
		n.Undone++
	default:
		n.Unknown++
		r.unknown(p, c)
	}
}

// compareIntent finds out what became of the one change whose answer was lost.
func (r *runner) compareIntent(ctx context.Context, p *person, c *record.Change) error {
	switch {
	case c.Side == record.XiVO && c.Thing != record.User:
		return r.resume(ctx, p, c)
	case c.Op == record.Create:
		return r.findCreated(ctx, p, c)
	}
	side := r.XiVO
	if c.Side == record.LDAP {
		side = r.LDAP
	}
	rec, err := side.Read(ctx, c.Key)
	switch {
	case err != nil && record.ClassOf(err) == record.Missing && c.Op == record.Delete:
		c.Step = record.Done
		return nil
	case err != nil && record.ClassOf(err) == record.Missing:
		c.Step, c.Error = record.Undone, "the object is gone"
		return nil
	case err != nil:
		return err
	case c.Op == record.Delete:
		c.Step = record.Undone
		return nil
	}
	c.Step = outcomeOf(*c, rec)
	switch c.Step {
	case record.Done:
		r.takeRecovered(p, *c, rec)
	case record.Unknown:
		c.Error = "the object holds neither what was there before nor what was sent"
	}
	return nil
}

// resume lets XiVO's side find out how far a change of several requests came. What
// it then holds is looked at by the run that follows, from the beginning.
func (r *runner) resume(ctx context.Context, p *person, c *record.Change) error {
	side, ok := r.XiVO.(Resumer)
	if !ok {
		c.Step, c.Error = record.Unknown, "this side cannot tell how far it came"
		return nil
	}
	step, _, err := side.Resume(ctx, *c)
	switch class := record.ClassOf(err); {
	case err == nil:
		c.Step = step
	case class == record.Down:
		return err
	default:
		c.Step, c.Error = record.Unknown, message(err)
		return nil
	}
	if c.Step == record.Done && !p.next.Halfway {
		r.resumed(p, *c)
	}
	return nil
}

// resumed forgets the base of a thing that recovery completed, so that the run
// merges it anew; a thing that was given up stays so.
func (r *runner) resumed(p *person, c record.Change) {
	if c.Thing == record.Agent {
		takeAgent(&p.next, c)
	}
	for _, name := range c.FieldNames() {
		m := r.Settings.Mapping(name)
		if m == nil {
			continue
		}
		d := c.Fields[name]
		if c.Parks {
			p.next.Fields[name] = putAside(p.next.Fields[name], d)
			continue
		}
		if b, known := p.next.Fields[name]; known && m.Field.Many {
			p.next.Fields[name] = elementRecovered(b, d, c.Op)
			continue
		}
		if delete(p.next.Fields, name); c.Op == record.Deactivate && !p.next.Deactivated {
			p.next.Fields[name] = record.Base{LDAP: d.Cause, XiVO: d.After, Mapping: m.fingerprint(r.Settings.Numbering.Site(p.next.Person.Site)),
				Source: m.Source(), Retired: true}
		}
	}
}

// elementRecovered advances the base of a set on XiVO's side alone: what the
// directory holds is compared with it by the run that follows.
func elementRecovered(b record.Base, d record.Delta, op record.Op) record.Base {
	b.XiVO = slices.Concat(without(without(b.XiVO, d.Before), d.After), d.After)
	b.GivenUp = without(without(b.GivenUp, d.Before), d.After)
	if op == record.Deactivate {
		b.GivenUp = slices.Concat(b.GivenUp, d.After)
	}
	return b
}

// outcomeOf compares the object with the change: it holds all the values from
// after, or all those from before, or something else.
func outcomeOf(c record.Change, rec record.Record) record.Step {
	done, undone := true, true
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		now := rec.Values[d.Attribute]
		switch _, read := rec.Values[d.Attribute]; {
		case d.Attribute == enabled && now.Empty():
			now = record.Text(fmt.Sprint(!rec.Disabled))
		case !read: // the only field that is written and not mapped
			now = record.Text(rec.Identifier)
		}
		after, before := holds(now, d.After), holds(now, d.Before)
		if withdraws(c) {
			done, undone = done && disjoint(now, d.Before), undone && includes(now, d.Before)
			continue
		}
		if len(now) > 1 {
			after, before = after && !before, before && !after
		}
		done, undone = done && after, undone && before
	}
	switch {
	case done:
		return record.Done
	case undone:
		return record.Undone
	}
	return record.Unknown
}

// holds tells whether an attribute holds a value; of several, one counts.
func holds(now, v record.Value) bool {
	if len(now) > 1 && len(v) == 1 {
		return slices.Contains(now, v[0])
	}
	return now.Equal(v)
}

// takeRecovered advances the base of what was written: the change remembers
// which value of the other side it was made from.
func (r *runner) takeRecovered(p *person, c record.Change, rec record.Record) {
	switch c.Op {
	case record.Deactivate:
		labelled(&p.next, c, r.now())
		return
	case record.Reactivate:
		labelled(&p.next, c, r.now())
		return
	}
	for name, d := range c.Fields {
		m := r.Settings.Mapping(name)
		if m == nil || d.Secret {
			continue
		}
		b := record.Base{LDAP: d.Cause, XiVO: d.After, Was: d.Before, Mapping: m.Chain.Fingerprint, Source: m.Source()}
		if c.Side == record.LDAP && d.Cause.Empty() {
			continue // a drawn number, which XiVO does not have yet
		}
		if c.Side == record.LDAP {
			b.LDAP, b.XiVO, b.Was = d.After, d.Cause, nil
			b.Echo = &record.Echo{Before: d.Before, After: d.After, Version: rec.Version}
		}
		p.next.Fields[name] = b
	}
}

// findCreated looks a created user up by its identifier: it is never created
// again blind.
func (r *runner) findCreated(ctx context.Context, p *person, c *record.Change) error {
	key := c.Fields[r.Settings.Identifier.XiVO].After.First()
	found, err := r.XiVO.Find(ctx, key)
	if err != nil {
		return err
	}
	switch len(found) {
	case 0:
		c.Step = record.Undone
		return nil
	case 1:
	default:
		c.Step, c.Error = record.Unknown, fmt.Sprintf("%d users carry the identifier %s", len(found), Quoted(key))
		return nil
	}
	entry, err := r.LDAP.Read(ctx, c.Entry)
	if err != nil && record.ClassOf(err) != record.Missing {
		return err
	}
	c.Step, c.Key = record.Done, found[0].ID
	p.entry, p.user = &entry, &found[0]
	p.next.User, p.next.Identifier, p.next.Entry = found[0].ID, key, c.Entry
	if p.next.Welcome, err = r.stillOwed(*c); err != nil {
		return err
	}
	r.reborn(p, *c, found[0])
	p.next.Person = p.Who()
	p.next.Person.Identifier = key
	return nil
}

// reborn makes the state of a created user that was found again. Its base is
// what the create was made from, not what either side holds by now: an edit
// made since the crash is one that the run has to carry over.
func (r *runner) reborn(p *person, c record.Change, rec record.Record) {
	for i := range r.Settings.Fields {
		m := &r.Settings.Fields[i]
		d, sent := c.Fields[m.Field.Name]
		b := record.Base{LDAP: d.Cause, XiVO: d.After, Mapping: m.Chain.Fingerprint, Source: m.Source()}
		if m.Field.Detail {
			continue
		}
		if !sent {
			b.LDAP, b.XiVO = p.entry.Values[m.Attribute], rec.Values[m.Field.Name]
		}
		_, read := rec.Values[m.Field.Name]
		// What was not sent although the entry has it was in doubt, or is new.
		if !m.Compared() || !read || !sent && m.Direction != ToLDAP && !b.LDAP.Empty() {
			continue
		}
		picked, err := pick(m, nil, b.LDAP)
		if err != nil {
			continue
		}
		b.LDAP = picked
		if m.Field.Secret {
			b.XiVO = r.digestValue(b.XiVO)
			if !sent {
				b.LDAP = r.digestValue(b.LDAP)
			}
		}
		p.next.Fields[m.Field.Name] = b
	}
}
