package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// apply carries the plan out: first what needs no request, then unit by unit.
func (r *runner) apply(ctx context.Context, plan *Plan) error {
	owner, cycles := map[int]*person{}, map[int]*cycle{}
	for _, p := range plan.people {
		p.chosen()
		p.next = r.settled(p)
		if p.undo != nil {
			r.restoreAll(p)
			if p.undo.nobodys {
				p.next.User = ""
			}
		}
		p.left = len(p.units)
		for _, i := range p.units {
			owner[i] = p
		}
	}
	for _, c := range cyclesOf(plan.people) {
		cycles[c.unit] = c
	}
	if err := r.dropOutdated(plan); err != nil {
		return err
	}
	if err := r.withoutRequests(plan, owner); err != nil {
		return err
	}
	for i := range plan.Units {
		r.progressOf("writing", i+1, len(plan.Units))
		u := &plan.Units[i]
		if op := u.Changes[0].Op; op == record.LinkUp || op == record.Unlink {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("stopped before change %s: %w", u.Changes[0].ID(), err)
		}
		var err error
		if c := cycles[i]; c != nil {
			err = r.rotate(ctx, c, u)
		} else if frees(owner[i], u) {
			err = r.free(ctx, owner[i], u)
		} else {
			err = r.unit(ctx, owner[i], u)
		}
		if err != nil {
			return err
		}
	}
	r.listStale(plan)
	return nil
}

// withoutRequests stores the adoptions, the forgotten links, and the states of
// whoever needs no write.
func (r *runner) withoutRequests(plan *Plan, owner map[int]*person) error {
	var unlinks, links []record.Unit
	var linked, plain []record.State
	var forget []uint64
	var late []Effect
	for i := range plan.Units {
		u, p := &plan.Units[i], owner[i]
		switch u.Changes[0].Op {
		case record.LinkUp:
			if p.state.Number == 0 {
				r.number(p, plan)
			}
			p.left--
			r.mark(p)
			linked = append(linked, p.next)
			r.report.Counts.Adopted++
		case record.Unlink:
			p.left--
			p.next.User = "" // what is still to be written leaves no state
			forget = append(forget, p.state.Number)
		default:
			continue
		}
		u.Changes[0].Step = record.Done
		if u.Changes[0].Op == record.Unlink {
			unlinks = append(unlinks, *u)
		} else {
			links = append(links, *u)
		}
	}
	for _, p := range plan.people {
		if p.undo != nil && p.undo.forget != 0 {
			forget = append(forget, p.undo.forget)
		}
		if len(p.units) == 0 && p.state.Number != 0 && !p.held {
			r.mark(p)
			effect := Effect{}
			if err := r.welcome(p, &effect); err != nil {
				return err
			}
			if len(effect.Mails) > 0 {
				late = append(late, effect)
				continue
			}
			plain = append(plain, p.next)
		}
	}
	if err := r.Store.Adopt(unlinks, Effect{}); err != nil {
		return err
	}
	if err := r.Store.Forget(forget); err != nil { // first: one of both sides may be linked anew
		return err
	}
	if err := r.Store.Adopt(links, Effect{States: linked}); err != nil {
		return err
	}
	for _, effect := range late {
		if err := r.Store.Keep(effect); err != nil {
			return err
		}
	}
	return r.Store.Save(plain)
}

// number gives the person's link its number, in the changes that wait, too.
func (r *runner) number(p *person, plan *Plan) {
	p.state.Number, p.next.Number = r.next, r.next
	r.next++
	for _, i := range p.units {
		for j := range plan.Units[i].Changes {
			if c := &plan.Units[i].Changes[j]; c.Entry == p.entryID() {
				c.Link = p.state.Number
			}
		}
	}
}

// attention tells whether the person has to be looked at again even when
// nothing changes.
func (p *person) attention() bool {
	return p.left > 0 || p.next.Welcome || len(p.conflicts) > 0 || p.held || p.skipped || p.dropped || p.failed || len(p.standing()) > 0 ||
		p.undo != nil && len(p.undo.holds) > 0
}

// mark says in the state what the next run has to look at again, and whether the
// survey is enough for that: not where something is open of which it tells
// nothing.
func (r *runner) mark(p *person) {
	hidden := false
	for i, a := range p.answers {
		hidden = hidden || (a.Verdict >= WriteXiVO || a.Held) && !r.Settings.Fields[i].Field.Surveyed
	}
	p.next.Attention = p.attention()
	p.next.Stale = p.behind || p.next.Attention && hidden || p.state.Stale && !p.detailed
}

// unit carries out one unit, each change with its intent on disk before the
// request leaves and its outcome before the next.
func (r *runner) unit(ctx context.Context, p *person, u *record.Unit) error {
	if p.state.Number == 0 {
		r.number(p, r.report.Plan)
	}
	if p.barred {
		p.left--
		return nil
	}
	if first := &u.Changes[0]; p.origin == fromEntry && apart(*first) {
		if p.next.User == "" { // the person was not made
			p.left--
			return nil
		}
		first.Key = p.next.User
	}
	if err := r.furnish(ctx, p, u); err != nil {
		return err
	}
	if err := r.Store.Open(*u); err != nil {
		return err
	}
	p.living = ofLife(*u) || tearsDown(*u)
	for i := 0; i >= 0; {
		err := r.step(ctx, p, &u.Changes[i])
		if err != nil && record.ClassOf(err) == record.Down {
			return err
		}
		next := following(*u, i, err)
		if next < 0 {
			p.left--
		} else if c := &u.Changes[next]; c.Side == record.XiVO && p.origin == fromEntry {
			c.Key = p.next.User // known only now, and part of the intent
		}
		effect := r.outcome(p)
		if next < 0 {
			if err := r.welcome(p, &effect); err != nil {
				return err
			}
		}
		if err := r.Store.Settle(*u, i, next, effect); err != nil {
			return err
		}
		if err != nil && i > 0 && p.origin == fromEntry && u.Changes[i].Side == record.XiVO {
			return r.takeDown(ctx, p, *u, i)
		}
		i = next
	}
	return nil
}

// following is the change of a unit that comes after another, or -1. A refusal
// ends the unit; only what stops or starts somebody's telephony is independent
// of one another, and the label at its end says that all of it is done.
func following(u record.Unit, i int, err error) int {
	next, last := i+1, len(u.Changes)-1
	switch {
	case next > last, err != nil && !ofLife(u):
		return -1
	case next == last && ofLife(u) && slices.ContainsFunc(u.Changes[:next], refused):
		return -1
	}
	return next
}

// ofLife tells whether a unit deactivates or reactivates somebody.
func ofLife(u record.Unit) bool {
	last := u.Changes[len(u.Changes)-1]
	return last.Thing == record.User && (last.Op == record.Deactivate || last.Op == record.Reactivate)
}

// outcome is what to store with a settled change: no state where there is no
// user.
func (r *runner) outcome(p *person) Effect {
	if p.next.User == "" {
		return Effect{}
	}
	r.mark(p)
	return Effect{States: []record.State{p.next}}
}

// step sends one change and takes in what came back. A request that is on its
// way is not cancelled: its answer decides what is journaled.
func (r *runner) step(ctx context.Context, p *person, c *record.Change) error {
	if c.Op == record.Unlink {
		return r.unlink(p, c)
	}
	rec, err := r.send(context.WithoutCancel(ctx), p, *c)
	if err != nil {
		r.fail(p, c, err)
		return err
	}
	c.Step = record.Done
	r.wrote++
	if c.Side == record.XiVO {
		r.recallAfter(ctx, p, &rec)
	}
	r.done(p, c, rec)
	return nil
}

// clone copies the fields, so that a state that was handed to the store does not
// change under it.
func clone(s record.State) record.State {
	s.Fields = maps.Clone(s.Fields)
	return s
}
