package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// rotate carries out a cycle. While it is under way, only what XiVO was last
// known to hold advances; the directory's part of the base follows when all have
// arrived. So whatever happens in between, the merge still sees what was asked.
func (r *runner) rotate(ctx context.Context, c *cycle, u *record.Unit) error {
	for _, p := range c.people() {
		if p.failed && p.chained { // it was decided from a write-back that was not made
			for _, p := range c.people() {
				p.left--
			}
			c.hold()
			return r.Store.Keep(r.statesOf(c))
		}
	}
	if err := r.Store.Open(*u); err != nil {
		return err
	}
	return r.turn(ctx, c, u, 0)
}

// turn makes the steps of a cycle from one on. When one is not made, those before
// it are taken back: nobody is left parked.
func (r *runner) turn(ctx context.Context, c *cycle, u *record.Unit, from int) error {
	for i := from; i < len(u.Changes); i++ {
		change, p := &u.Changes[i], c.who(i)
		if err := r.move(ctx, p, *change); err != nil {
			if record.ClassOf(err) == record.Down {
				return err
			}
			return r.giveBack(ctx, c, u, i, err)
		}
		change.Step = record.Done
		r.wrote++
		if i == len(u.Changes)-1 {
			break
		}
		if err := r.Store.Settle(*u, i, i+1, r.outcome(p)); err != nil {
			return err
		}
	}
	for _, t := range c.turns {
		r.settle(t)
	}
	for _, p := range c.people() {
		p.left--
		r.countUpdated(p)
	}
	return r.Store.Settle(*u, len(u.Changes)-1, -1, r.statesOf(c))
}

// move sends one change of a cycle and takes in what XiVO holds then. A value
// that it accepted and did not store is an error: the cycle cannot go on.
func (r *runner) move(ctx context.Context, p *person, change record.Change) error {
	rec, err := r.XiVO.Apply(context.WithoutCancel(ctx), change)
	if err != nil {
		return err
	}
	r.recallAfter(ctx, p, &rec)
	name := change.FieldNames()[0]
	m, d := r.Settings.Mapping(name), change.Fields[name]
	now, read := rec.Values[name]
	if read && !now.Equal(d.After) && !stored(m, d, now) {
		return &record.Error{Side: record.XiVO, Class: record.Uncertain, Object: change.Key,
			Message: fmt.Sprintf("XiVO accepted %s and holds %s", Quoted(d.After.String()), shownText(now, d.Secret))}
	}
	if r.meanwhile(p, change, rec) {
		p.dropped, p.behind = true, true
	}
	p.user, p.detailed = &rec, true
	b := p.next.Fields[name]
	switch {
	case m.Field.Many:
		b.XiVO = slices.Concat(without(without(b.XiVO, d.Before), d.After), d.After)
	case read:
		b.XiVO = now
	default:
		b.XiVO = d.After
	}
	p.next.Fields[name] = b
	r.freshen(&p.next, p)
	p.next.Person = p.Who()
	return nil
}

// settle advances both sides of the base of somebody who has arrived. After a
// crash, the directory's side of a set of which a part is still to come stays.
func (r *runner) settle(t turn) {
	p, name := t.p, t.change.FieldNames()[0]
	m, d, now := r.Settings.Mapping(name), t.change.Fields[name], p.next.Fields[name]
	b := record.Base{LDAP: d.Cause, XiVO: now.XiVO, Was: d.Before, Mapping: m.fingerprint(r.Settings.Numbering.Site(p.next.Person.Site)), Source: m.Source()}
	switch a := p.answer(r.Engine, name); {
	case len(p.answers) == 0 && m.Field.Many && !r.complete(p, m, d.Cause, now.XiVO):
		b.LDAP = now.LDAP
	case len(p.answers) == 0:
	case m.Field.Many:
		b = m.takeElement(now, a, m.chain(p.site), d, record.Update, p.user.Values[name])
	default:
		b = a.Base
		b.XiVO = now.XiVO
	}
	if !r.restoreBase(p, t.change, name, record.Record{}) {
		p.next.Fields[name] = b
	}
}

// complete tells whether XiVO holds the whole of a set.
func (r *runner) complete(p *person, m *Mapping, cause, now record.Value) bool {
	chain := m.chain(r.Settings.Numbering.Site(p.next.Person.Site))
	want, err := chain.ToField(cause)
	return err == nil && chain.Canonical(want).Equal(chain.Canonical(now))
}

// giveBack takes back, in reverse order, what was made of a cycle of which the
// step at an index was not made. That step may have been made after all where the
// target does not tell: then it is taken back like the others.
func (r *runner) giveBack(ctx context.Context, c *cycle, u *record.Unit, at int, cause error) error {
	failed := &u.Changes[at]
	failed.Error = message(cause)
	class := record.ClassOf(cause)
	if class == record.Uncertain {
		return r.back(ctx, c, u, at, class)
	}
	failed.Step = record.Failed
	if at > 0 {
		if err := r.Store.Settle(*u, at, at-1, Effect{}); err != nil {
			return err
		}
		return r.back(ctx, c, u, at-1, class)
	}
	r.notMade(c, u, class)
	return r.Store.Settle(*u, at, -1, r.statesOf(c))
}

// back takes the steps of a cycle back from one on. Their outcomes are journaled
// in the unit itself, so that it stays open until nobody is parked any more.
func (r *runner) back(ctx context.Context, c *cycle, u *record.Unit, from int, class record.Class) error {
	for i := from; i >= 0; i-- {
		change, p := &u.Changes[i], c.who(i)
		err := r.move(ctx, p, reversed(*change))
		switch {
		case err != nil && record.ClassOf(err) == record.Down:
			return err
		case err != nil:
			return r.stuck(c, u, i, err)
		}
		change.Step = record.Undone
		if i == 0 {
			r.notMade(c, u, class)
			return r.Store.Settle(*u, i, -1, r.statesOf(c))
		}
		if err := r.Store.Settle(*u, i, i-1, r.outcome(p)); err != nil {
			return err
		}
	}
	return nil
}

// stuck ends a cycle that goes neither forward nor back: a person has to look at
// whoever was to get the value back, and at whoever is parked.
func (r *runner) stuck(c *cycle, u *record.Unit, at int, cause error) error {
	change := &u.Changes[at]
	change.Step, change.Error = record.Unknown, message(cause)
	parked := u.Changes[0]
	parked.Error = fmt.Sprintf("%s is still parked as %s, since %s", parked.Fields[c.field].Before, parked.Fields[c.field].After, change.Error)
	r.unknown(c.who(0), parked)
	if c.who(at) != c.who(0) {
		r.unknown(c.who(at), *change)
	}
	for _, p := range c.people() {
		p.failed = true
		p.left--
	}
	r.report.Counts.Failed++
	r.failure(c.who(at), fmt.Sprintf("%s %s: %s", change.Op, change.Thing, change.Error))
	return r.Store.Settle(*u, at, -1, r.statesOf(c))
}

// reversed is the change that takes a step back.
func reversed(change record.Change) record.Change {
	change.Fields = maps.Clone(change.Fields)
	for name, d := range change.Fields {
		d.Before, d.After = d.After, d.Before
		change.Fields[name] = d
	}
	change.Reason = "taken back: another step of the cycle was refused"
	return change
}

// notMade reports a cycle that was taken back, for everybody in it.
func (r *runner) notMade(c *cycle, u *record.Unit, class record.Class) {
	at := slices.IndexFunc(u.Changes, func(change record.Change) bool { return change.Error != "" })
	failed, who := u.Changes[at], c.who(at)
	for _, p := range c.people() {
		p.failed, p.behind = true, p.behind || class != record.Refused
		p.left--
	}
	if class == record.Stale || class == record.Missing {
		r.report.Counts.Stale++
	} else {
		r.report.Counts.Failed++
		r.refusedTogether(c, failed, who)
	}
	r.Log.Warn("cycle taken back", "change", failed.ID(), "record", who.Who().Label(), "error", failed.Error)
	r.failure(who, fmt.Sprintf("%s %s: %s; nothing was changed for %s", failed.Op, failed.Thing, failed.Error, c.names()))
}

// refusedTogether opens the conflicts of a cycle of which one step was refused.
func (r *runner) refusedTogether(c *cycle, failed record.Change, who *person) {
	seen := map[string]bool{}
	for _, t := range c.turns {
		x := r.conflict(t.p, t.conflictField(), record.Rejected,
			fmt.Sprintf("XiVO refused to change the %s of %s: %s; %s change hands together or not at all", c.field, who.Who().Label(), failed.Error, c.names()),
			"correct what it says, or give one of them another value")
		x.Basis, x.Decisions = c.basis(r.Engine), []string{record.DecideLDAP, record.DecideIgnore}
		if seen[x.Key()] {
			continue
		}
		seen[x.Key()] = true
		t.p.conflicts = append(t.p.conflicts, x)
		r.found = append(r.found, x)
	}
}

// statesOf are the states of everybody in a cycle.
func (r *runner) statesOf(c *cycle) Effect {
	var out Effect
	for _, p := range c.people() {
		out.States = append(out.States, r.outcome(p).States...)
	}
	return out
}
