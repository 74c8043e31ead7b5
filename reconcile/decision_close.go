package reconcile

import (
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// reopen marks what was decided and is in question all the same: the decision did
// not fit any more, or could not be carried out. What is ignored stays so while
// it stays the same.
func (e *Engine) reopen(found []record.Conflict, known decisions, people []*person) {
	rulings := map[string]*ruling{}
	for _, p := range people {
		for _, r := range p.rulings {
			rulings[r.conflict.Key()] = r
		}
	}
	for i := range found {
		c := &found[i]
		old, decided := known[c.Key()]
		if !decided || c.Reopened != "" {
			continue
		}
		d := old.Decision
		r := rulings[c.Key()]
		switch {
		case d.Take == record.DecideIgnore && e.sameSight(old, *c):
			continue
		case d.Take == record.DecideIgnore:
			c.Reopened = fmt.Sprintf("it has changed since %s decided to ignore it", d.Who)
		case r != nil && r.misfit != "":
			c.Reopened = notCarriedOut(old, r.misfit)
		case r != nil && e.onlyDecided(old, *c):
			old.Person, old.Reopened = c.Person, notCarriedOut(old, c.Message)
			*c = old
		default:
			c.Reopened = notCarriedOut(old, c.Message)
		}
		c.Decision = d
	}
}

// onlyDecided tells whether a conflict arose from the attempt to carry a decision
// out, while both sides are still as they were. The next run attempts nothing, and
// would find the one that was decided about: that one is in question again.
func (e *Engine) onlyDecided(old, now record.Conflict) bool {
	attempted := old
	attempted.Kind = now.Kind
	return e.Settings.Mapping(old.Field) != nil && now.Kind != record.UnknownOutcome && now.Kind != old.Kind && e.sameSight(attempted, now)
}

// sameSight tells whether a conflict is about the same thing as before.
func (e *Engine) sameSight(a, b record.Conflict) bool {
	m := e.Settings.Mapping(a.Field)
	switch {
	case a.Kind != b.Kind:
		return false
	case m != nil:
		return e.alike(m, a.Raw.LDAP, b.Raw.LDAP) && e.alike(m, a.Raw.XiVO, b.Raw.XiVO)
	case a.Raw.LDAP.Empty() && a.Raw.XiVO.Empty():
		return a.Message == b.Message
	}
	return a.Raw.LDAP.Equal(b.Raw.LDAP) && a.Raw.XiVO.Equal(b.Raw.XiVO)
}

// unfinished are the decisions that the plan would have carried out and the run
// did not. What it did not come to waits for the next one; what was refused is in
// question again.
func (r *runner) unfinished(plan *Plan, found map[string]record.Conflict) []record.Conflict {
	var out []record.Conflict
	for _, p := range plan.people {
		for _, field := range p.ruledFields() {
			d := p.rulings[field]
			if _, again := found[d.conflict.Key()]; again || !d.taken {
				continue
			}
			c := d.conflict
			open := r.openChanges(plan, p, field)
			if i := slices.IndexFunc(open, refused); i >= 0 {
				if m := r.Settings.Mapping(field); m != nil {
					c.Raw = r.sight(p, m)
				}
				c.Reopened = notCarriedOut(c, open[i].Error)
				out = append(out, c)
			} else if len(open) > 0 || p.held || p.skipped || p.dropped || plan.Tripped() && !d.written {
				out = append(out, c)
			}
		}
	}
	return out
}

func refused(c record.Change) bool { return c.Step == record.Failed || c.Step == record.Unknown }

// openChanges are the changes of a decision that are not done.
func (r *runner) openChanges(plan *Plan, p *person, field string) []record.Change {
	return slices.DeleteFunc(plan.Changes(), func(c record.Change) bool {
		about := field == "" || c.Has(field) || field == identifierField && (c.Op == record.Unlink || c.Has(r.Settings.Identifier.XiVO))
		return c.Entry != p.entryID() || !about || c.Step == record.Done
	})
}

func notCarriedOut(c record.Conflict, why string) string {
	return fmt.Sprintf("%s, decided by %s, was not carried out: %s", c.Decision.Taken(c.Secret), c.Decision.Who, why)
}
