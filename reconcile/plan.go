package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// Plan is everything that a run would do, before it does it.
type Plan struct {
	// Fingerprint is that of the configuration, Store tells which store the plan
	// was made from.
	Fingerprint string
	Store       string
	Mode        record.Mode
	// Units are the changes in the order in which they are made.
	Units     []record.Unit
	Conflicts []record.Conflict
	Guards    []record.Guard
	Counts    record.Counts
	// Notes are what is worth knowing once: values that are kept, drift that is
	// restored.
	Notes []Note
	// Unmanaged counts the XiVO users that no entry is linked to, Linked the
	// people that are in step or will be.
	Unmanaged int
	Linked    int
	// Open counts the units that a crash left open; a run looks after them first.
	Open int
	// FullBecause says why a plan that should have been incremental is not.
	FullBecause string
	// Mails are the people who would get an onboarding mail.
	Mails []record.Person
	// Held is what is kept out of the plan, and Ended are the numbers of holds that
	// waited for what has happened.
	Held  []record.Hold
	Ended []uint64
	// reheld are those that wait for the value of another mapping now.
	reheld []record.Hold
	// Absent are the people who are missing in the directory and not removed yet.
	Absent []Absence
	// Stale are the approved changes that are no longer what would be done.
	Stale []record.Change

	people []*person
	seen   *observation
	// blind tells that the reading cannot be believed: nothing was concluded.
	blind  bool
	memory Memory
	store  Memory // the memory that a complete run leaves
}

// Changes are those of all units, in order.
func (p *Plan) Changes() []record.Change {
	var out []record.Change
	for _, u := range p.Units {
		out = append(out, u.Changes...)
	}
	return out
}

// Tripped tells whether a guard stands against the plan.
func (p *Plan) Tripped() bool {
	return slices.ContainsFunc(p.Guards, func(g record.Guard) bool { return g.Tripped })
}

// Plan reads both sides and decides, without writing anything anywhere.
func (e *Engine) Plan(ctx context.Context, opt Options) (*Plan, error) {
	open, err := e.Store.Unclosed()
	if err != nil {
		return nil, err
	}
	p, err := e.plan(ctx, opt)
	if err != nil {
		return nil, err
	}
	p.Open = len(open)
	return p, e.recognise(p.Conflicts)
}

// recognise gives the conflicts that are in the queue already their number and their
// dates there; a run leaves that to the queue.
func (e *Engine) recognise(found []record.Conflict) error {
	known := map[string]record.Conflict{}
	for c, err := range e.Store.Conflicts() {
		if err != nil {
			return fmt.Errorf("read the conflicts: %w", err)
		}
		known[c.Key()] = c
	}
	for i := range found {
		c := &found[i]
		if k, there := known[c.Key()]; there {
			c.Number, c.FirstRun, c.LastRun, c.Since, c.State = k.Number, k.FirstRun, k.LastRun, k.Since, k.State
		}
	}
	return nil
}

// plan is the pass from left to right: observe, match, merge, read detail, merge
// again, claim, order, guard.
func (e *Engine) plan(ctx context.Context, opt Options) (*Plan, error) {
	p, err := e.newPlan(ctx, opt)
	if err != nil {
		return nil, err
	}
	end := e.timed("read")
	err = e.read(ctx, p, &opt)
	if end(); err != nil {
		return nil, err
	}
	defer e.timed("decide")()
	if p.seen.decided, err = e.readDecisions(); err != nil {
		return nil, err
	}
	if e.sourceGuards(p); p.mustStop(opt) {
		p.blind = true
		return p, e.finishPlan(p, opt, &matched{})
	}
	return p, e.conclude(ctx, p, opt)
}

// newPlan is a plan before anybody was read.
func (e *Engine) newPlan(ctx context.Context, opt Options) (*Plan, error) {
	p := &Plan{Fingerprint: e.Settings.Fingerprint, Store: e.storeID(), Mode: opt.Mode}
	var err error
	if p.memory, err = e.Store.Memory(); err != nil {
		return nil, err
	}
	return p, e.identify(ctx, p)
}

// conclude makes the plan of what was read.
func (e *Engine) conclude(ctx context.Context, p *Plan, opt Options) error {
	m, err := e.match(p.seen)
	if err != nil {
		return err
	}
	if err := e.lifecycle(ctx, p.seen, m); err != nil {
		return err
	}
	if err := e.identities(ctx, p.seen, m); err != nil {
		return err
	}
	if err := e.decideAll(ctx, p, opt, m); err != nil {
		return err
	}
	return e.finishPlan(p, opt, m)
}

// mustStop tells whether a guard stands that nobody let through.
func (p *Plan) mustStop(opt Options) bool {
	return slices.ContainsFunc(p.Guards, func(g record.Guard) bool { return g.Tripped && !slices.Contains(opt.Allow, g.Name) })
}

// decideAll merges everybody who has to be looked at.
func (e *Engine) decideAll(ctx context.Context, p *Plan, opt Options, m *matched) error {
	if len(opt.Only) > 0 {
		if err := m.choose(p.seen, opt.Only); err != nil {
			return err
		}
	}
	if err := e.auditSeats(ctx, p, opt, m); err != nil {
		return err
	}
	p.people, p.Linked = m.people, len(p.seen.links)
	slices.SortFunc(p.people, byKey)
	past, err := e.pastRefusals()
	if err != nil {
		return err
	}
	for _, w := range p.people {
		p.seen.decided.rule(w)
	}
	if err := e.examine(ctx, p, opt, past); err != nil {
		return err
	}
	for i, w := range p.people {
		e.progressOf("deciding", i+1, len(p.people))
		if err := e.decidePerson(ctx, p.seen, w, opt.depth()); err != nil {
			return err
		}
	}
	if err := e.claimLogins(ctx, p.people); err != nil {
		return err
	}
	if err := e.draw(ctx, p.seen, p.people); err != nil {
		return err
	}
	if err := p.seen.alone.suffices(p.people); err != nil {
		return err
	}
	return e.settleClaims(ctx, p, past, opt.retries())
}

// settleClaims leaves nobody a value that is not theirs to have, nor a write that
// was refused before. Whoever is kept from a write may have been about to give
// something up that another counts on: then all is asked again.
func (e *Engine) settleClaims(ctx context.Context, p *Plan, past past, retries bool) (err error) {
	for {
		if p.people, err = e.claim(ctx, p.seen, p.people); err != nil {
			return err
		}
		slices.SortStableFunc(p.people, byKey)
		for _, w := range p.people {
			e.withdrawBrought(w)
		}
		given := e.givenUp(p.people)
		if !retries {
			past.hold(e, p.people)
		} else {
			past.holdUnknown(p.people)
		}
		if e.givenUp(p.people) == given {
			return nil
		}
	}
}

func byKey(a, b *person) int {
	return cmp.Or(cmp.Compare(a.Who().Identifier, b.Who().Identifier), cmp.Compare(a.entryID(), b.entryID()))
}

// finishPlan puts the changes in order and sets the guards against them.
func (e *Engine) finishPlan(p *Plan, opt Options, m *matched) error {
	p.Conflicts = append(p.Conflicts, m.conflicts...)
	for _, w := range p.people {
		p.Conflicts = append(p.Conflicts, w.conflicts...)
		p.Notes = append(p.Notes, e.notes(w)...)
		p.Held = append(p.Held, w.standing()...)
		if a, waits := e.absence(w); waits {
			p.Absent = append(p.Absent, a)
		}
		p.reheld = append(p.reheld, w.reheld...)
		p.Ended = append(p.Ended, slices.Sorted(maps.Keys(w.ended))...)
	}
	slices.SortFunc(p.Conflicts, func(a, b record.Conflict) int {
		return cmp.Or(cmp.Compare(a.Person.Identifier, b.Person.Identifier), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Field, b.Field))
	})
	e.offer(p.Conflicts)
	e.reopen(p.Conflicts, p.seen.decided, p.people)
	p.Linked, p.Unmanaged = len(p.seen.links), p.seen.unmanaged()
	if opt.Approved != nil {
		opt.Approved.restrict(p)
	}
	if err := e.onboard(p, opt); err != nil {
		return err
	}
	if err := e.guard(p, opt); err != nil {
		return err
	}
	keepUnsearched(p, opt)
	p.Units = e.units(p.people)
	p.Mails = p.mails()
	p.count()
	return nil
}

// unmanaged counts the XiVO users without a link.
func (o *observation) unmanaged() int {
	n := o.xivo.total
	for _, seen := range o.xivo.seen {
		if seen {
			n--
		}
	}
	return n
}

// storeID tells one store from another without showing its key.
func (e *Engine) storeID() string { return hexOf(e.Store.Digest("store")) }
