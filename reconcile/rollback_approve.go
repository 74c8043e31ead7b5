package reconcile

import (
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// Asked is what a rollback was asked for, as its saved plan holds it: carrying the
// plan out needs no more than its file.
type Asked struct {
	RolledBack []uint64 `json:"rolled_back"`
	Only       []string `json:"only"`
	Field      string   `json:"field"`
	Force      bool     `json:"force"`
}

// Rollback returns the options that carry the saved rollback out, and nothing
// else. The plan of a run is refused.
func (a *Approved) Rollback() (RollbackOptions, error) {
	if len(a.RolledBack) == 0 {
		return RollbackOptions{}, fmt.Errorf("the saved plan is one of a run, for run --plan: %w", ErrOtherPlan)
	}
	return RollbackOptions{
		First: slices.Min(a.RolledBack), Last: slices.Max(a.RolledBack),
		Only: a.Only, Field: a.Field, Force: a.Force, Approved: a,
	}, nil
}

// asked is what goes with the plan into its file.
func (o RollbackOptions) asked(runs []uint64) Asked {
	return Asked{orEmpty(runs), orEmpty(o.Only), o.Field, o.Force}
}

// options are those by which guards stand against the rollback, and by which it is
// carried out.
func (o RollbackOptions) options() Options {
	return Options{Only: o.Only, Allow: o.Allow, Approved: o.Approved}
}

// approve leaves in the inverse plan what the saved one lists, if it is carried out
// from one. A directory or XiVO that is another one now is not made up for.
func (b *rollback) approve(p *Plan) {
	if p.blind = p.mustStop(b.opt.options()); b.opt.Approved == nil {
		return
	}
	before := map[*person][]record.Change{}
	for _, w := range p.people {
		before[w] = w.all()
	}
	b.opt.Approved.restrict(p)
	for _, w := range p.people {
		w.forgetUntaken(before[w])
	}
}

// all are the person's changes, wherever they are made.
func (p *person) all() []record.Change {
	out := slices.Concat(p.ldap, p.owned(), p.lifeThings)
	for _, c := range []*record.Change{p.xivo, p.life} {
		if c != nil {
			out = append(out, *c)
		}
	}
	return out
}

// forgetUntaken drops what would have been remembered and held of the changes that
// are not made after all.
func (p *person) forgetUntaken(before []record.Change) {
	if p.skipped {
		p.undo = newUndo()
		return
	}
	now := p.all()
	for _, c := range before {
		for _, name := range c.FieldNames() {
			if !slices.ContainsFunc(now, func(c record.Change) bool { return c.Has(name) }) {
				p.undo.abandon(name)
			}
		}
	}
}
