package reconcile

import (
	"context"
	"slices"

	"xivosync/reconcile/record"
)

// recoverCycle goes on with a cycle that a crash interrupted: forward, or back
// where that had begun. Nobody stays parked until a later run.
func (r *runner) recoverCycle(ctx context.Context, u record.Unit, at int) error {
	c := r.cycleOf(u)
	var err error
	failed := slices.IndexFunc(u.Changes, func(c record.Change) bool { return c.Step == record.Failed || c.Error != "" })
	if failed < 0 {
		err = r.turn(ctx, c, &u, at)
	} else {
		err = r.back(ctx, c, &u, at, record.Refused)
	}
	if err != nil {
		return err
	}
	for _, change := range u.Changes {
		r.report.Recoveries = append(r.report.Recoveries, record.NewRecovery(change))
	}
	n := &r.report.Recovered
	switch steps := u.Changes; {
	case slices.ContainsFunc(steps, func(c record.Change) bool { return c.Step == record.Unknown }):
		n.Unknown++
	case steps[len(steps)-1].Step == record.Done:
		n.Done++
	default:
		n.Undone++
	}
	r.Log.Info("recovered", "change", u.Changes[at].ID(), "record", u.Changes[at].Person.Label(), "outcome", u.Changes[at].Step)
	return nil
}

// isCycle tells whether a unit is a cycle.
func isCycle(u record.Unit) bool { return u.Changes[0].Parks && len(u.Changes) > 1 }

// cycleOf is the cycle whose unit is in the journal.
func (r *runner) cycleOf(u record.Unit) *cycle {
	people := map[uint64]*person{}
	who := func(change record.Change) *person {
		p := people[change.Link]
		if p == nil {
			p = r.recalled(change)
			people[change.Link] = p
			// The next run looks at everybody in detail.
			p.behind, p.dropped = true, true
		}
		return p
	}
	last := len(u.Changes) - 1
	first := u.Changes[last]
	c := &cycle{field: first.FieldNames()[0]}
	d := first.Fields[c.field]
	c.parked, d.Before = d.Before, u.Changes[0].Fields[c.field].Before
	first.Fields = map[string]record.Delta{c.field: d}
	c.turns = []turn{{who(first), first}}
	for _, change := range slices.Backward(u.Changes[1:last]) {
		c.turns = append(c.turns, turn{who(change), change})
	}
	return c
}
