package reconcile

import (
	"context"
	"fmt"

	"xivosync/reconcile/record"
)

// tearsDown tells whether a unit deletes somebody.
func tearsDown(u record.Unit) bool {
	return len(u.Changes) > 1 && u.Changes[len(u.Changes)-1].Op == record.Unlink
}

// furnishImage adds to a deletion what it takes to make the thing again: with it
// one that a crash interrupted is found half-done, and a rollback brings back
// what can be brought back. What was decided from stays as it is; the names and
// forms of the rest are XiVO's side's (its Image lists them), all of them
// before-values, secrets marked. Where a thing is gone, Apply says so.
func (r *runner) furnishImage(ctx context.Context, c *record.Change) error {
	side, ok := r.XiVO.(Estates)
	if !ok || c.Thing == record.Agent && !c.Has(agentRemove) {
		return nil
	}
	image, err := side.Image(ctx, c.Thing, c.Key, c.Fields[string(c.Thing)].Before.First())
	if err != nil && record.ClassOf(err) == record.Missing {
		return nil
	}
	for name, d := range image {
		if !c.Has(name) {
			c.Fields[name] = d
		}
	}
	return err
}

// tornDown takes in that a thing of somebody who is being deleted is gone. Its
// base goes too: were the person to come back in the middle, it would be made
// again.
func tornDown(s *record.State, c record.Change) {
	s.Halfway = true
	delete(s.Fields, string(c.Thing))
	if c.Thing == record.Agent {
		takeAgent(s, c)
	}
}

// gone takes in that a user was deleted. The next run must not take that for a
// listing that lost somebody, nor for a restored backup.
func (r *runner) gone(p *person) {
	r.report.Counts.Deleted++
	left := &r.report.Plan.store
	left.SeenXiVO--
	if p.user != nil && p.user.Serial == left.Serial {
		left.Serial = 0 // who is the last one now, the next reading tells
	}
}

// unlink forgets the link of somebody who was deleted.
func (r *runner) unlink(p *person, c *record.Change) error {
	if err := r.Store.Forget([]uint64{c.Link}); err != nil {
		return fmt.Errorf("forget the link of %s: %w", p.Who().Label(), err)
	}
	c.Step = record.Done
	p.next.User = ""
	return nil
}

// recoverTeardown closes the unit of a deletion that was interrupted. Whatever is
// left of the person is planned anew: they may be back by now.
func (r *runner) recoverTeardown(ctx context.Context, p *person, u record.Unit, i int) error {
	c, last := &u.Changes[i], len(u.Changes)-1
	if i < last {
		if err := r.compareIntent(ctx, p, c); err != nil {
			return err
		}
		r.countRecovered(p, *c)
		switch {
		case c.Step != record.Done:
			p.next.Halfway = true
		case c.Thing != record.User:
			tornDown(&p.next, *c)
		}
		r.Log.Info("recovered", "change", c.ID(), "record", c.Person.Label(), "outcome", c.Step)
	}
	if i < last-1 || i < last && c.Step != record.Done {
		return r.Store.Settle(u, i, -1, r.recovered(p))
	}
	if i < last {
		if err := r.Store.Settle(u, i, last, Effect{}); err != nil {
			return err
		}
	}
	if err := r.unlink(p, &u.Changes[last]); err != nil {
		return err
	}
	return r.Store.Settle(u, last, -1, Effect{})
}
