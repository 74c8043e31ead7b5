package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// RollbackOptions say what is taken back.
type RollbackOptions struct {
	// First and Last are the runs, both included; a Last of zero is First.
	First, Last uint64
	// Only restricts the rollback to these people: identifiers, DNs, e-mails or
	// GUIDs. Field restricts it to one field.
	Only  []string
	Field string
	// Force takes back what somebody changed since, too.
	Force bool
	// Allow names the guards that are let through.
	Allow []string
	// Approved, where set, is the saved plan: nothing else is carried out.
	Approved *Approved
	// Trigger and Who are journaled: what started it, and on whose behalf.
	Trigger, Who string
}

// Left is something that a rollback leaves as it is.
type Left struct {
	record.Person
	Thing  record.Thing `json:"thing"`
	Field  string       `json:"field"`
	Reason string       `json:"reason"`
}

// RollbackPlan is what a rollback would do.
type RollbackPlan struct {
	*Plan
	Asked
	Left []Left
}

// RollbackReport is what a rollback leaves to read.
type RollbackReport struct {
	Report
	Left []Left
}

// MarshalJSON writes the plan with two keys more (design, section 15).
func (p *RollbackPlan) MarshalJSON() ([]byte, error) {
	return withKeys(p.Plan, struct {
		Asked
		Left []Left `json:"left"`
	}{p.Asked, orEmpty(p.Left)})
}

// MarshalJSON writes the run with two keys more (design, section 15).
func (r *RollbackReport) MarshalJSON() ([]byte, error) {
	return withKeys(&r.Report, struct {
		RolledBack []uint64 `json:"rolled_back"`
		Left       []Left   `json:"left"`
	}{orEmpty(r.RolledBack), orEmpty(r.Left)})
}

// withKeys adds keys to those of an object; of a key that both have, the later
// one counts.
func withKeys(object, more any) ([]byte, error) {
	var keys map[string]json.RawMessage
	for _, v := range []any{object, more} {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &keys); err != nil {
			return nil, err
		}
	}
	return json.Marshal(keys)
}

// ErrNoRun is returned when the journal does not have a run that is to be rolled
// back.
var ErrNoRun = errors.New("the journal has no such run")

// PlanRollback plans the inverse of what runs did, newest change first, and
// writes nothing anywhere.
func (e *Engine) PlanRollback(ctx context.Context, opt RollbackOptions) (*RollbackPlan, error) {
	open, err := e.Store.Unclosed()
	if err != nil {
		return nil, err
	}
	b := &rollback{Engine: e, opt: opt}
	plan, err := b.plan(ctx)
	if err != nil {
		return nil, err
	}
	plan.Open = len(open)
	return plan, nil
}

// Rollback plans the inverse of what runs did and carries it out, as a run that
// can itself be rolled back. What it restores is held. The report is nil only
// where nothing was begun.
func (e *Engine) Rollback(ctx context.Context, opt RollbackOptions) (*RollbackReport, error) {
	if err := opt.Approved.fits(e); err != nil {
		return nil, err
	}
	b := &rollback{Engine: e, opt: opt}
	runs, err := b.runs()
	if err != nil {
		return nil, err
	}
	if len(opt.Only) > 0 { // whoever is misspelled is told before anything is done
		if _, err := b.arcs(runs); err != nil {
			return nil, err
		}
	}
	run, err := e.begin(record.Run{Mode: record.Full, Trigger: opt.Trigger, Who: opt.Who, Allowed: opt.options().allowed(), RolledBack: runs})
	if err != nil {
		return nil, err
	}
	b.self = run.Number
	r := &runner{Engine: e, opt: opt.options(), report: &Report{Run: run}}
	before := e.requests()
	out := &RollbackReport{}
	err = r.rollBack(ctx, b, out)
	err = errors.Join(err, r.finish(before, err))
	out.Report = *r.report
	return out, err
}

// rollBack is a rollback from recovery to the holds.
func (r *runner) rollBack(ctx context.Context, b *rollback, out *RollbackReport) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	var err error
	if r.next, err = r.Store.NextLink(); err != nil {
		return err
	}
	plan, err := b.plan(ctx)
	if err != nil {
		return err
	}
	out.Left = plan.Left
	r.report.Plan, r.report.Counts, r.report.Guards = plan.Plan, record.Counts{}, plan.Guards
	r.left = len(plan.Left)
	if plan.Tripped() {
		r.report.Outcome = record.OutcomeGuarded
		return nil
	}
	r.seq = uint64(len(plan.Changes()))
	plan.numbered(r.report.Number)
	if err := b.holdMeanwhile(plan.people); err != nil {
		return err
	}
	err = r.apply(ctx, plan.Plan)
	return errors.Join(err, b.holdRestored(plan.people), r.dropMails(plan.Plan), r.queueFound(), r.rememberGone(plan.Plan))
}

// rememberGone keeps the next run from taking users who were taken down for a
// listing that lost them.
func (r *runner) rememberGone(plan *Plan) error {
	m := plan.memory
	if m.SeenXiVO, m.Serial = plan.store.SeenXiVO, plan.store.Serial; m.SeenXiVO == plan.memory.SeenXiVO {
		return nil
	}
	return r.Store.Remember(m)
}

// numbered tells the changes which run makes them.
func (p *Plan) numbered(run uint64) {
	for i := range p.Units {
		p.Units[i].Run = run
		for j := range p.Units[i].Changes {
			p.Units[i].Changes[j].Run = run
		}
	}
}

// queueFound tells the queue what showed while changes were carried out; of
// everything else a rollback knows nothing.
func (r *runner) queueFound() error {
	r.report.Found = r.found
	r.countFound()
	return r.Store.Reconcile(r.report.Number, r.now(), r.found, func(record.Conflict) bool { return false })
}

// rollback is one on its way to a plan.
type rollback struct {
	*Engine
	opt  RollbackOptions
	left []Left
	// self is the run that carries it out, zero for a plan; earlier are those
	// that had begun the same before.
	self    uint64
	earlier map[uint64]bool
}

// runs are the numbers of the runs, oldest first.
func (b *rollback) runs() ([]uint64, error) {
	last := max(b.opt.First, b.opt.Last)
	var out []uint64
	for n := b.opt.First; n <= last; n++ {
		if _, err := b.Store.Run(n); err != nil {
			return nil, fmt.Errorf("roll back run %d: %w", n, errors.Join(ErrNoRun, err))
		}
		out = append(out, n)
	}
	return out, nil
}

// plan makes the inverse plan.
func (b *rollback) plan(ctx context.Context) (*RollbackPlan, error) {
	b.left = nil
	p := &Plan{Fingerprint: b.Settings.Fingerprint, Store: b.storeID(), Mode: record.Full}
	runs, err := b.runs()
	if err != nil {
		return nil, err
	}
	if p.memory, err = b.Store.Memory(); err != nil {
		return nil, err
	}
	if err := b.identify(ctx, p); err != nil {
		return nil, err
	}
	if b.earlier, err = b.begunBefore(runs); err != nil {
		return nil, err
	}
	arcs, err := b.arcs(slices.Sorted(slices.Values(slices.Concat(runs, slices.Collect(maps.Keys(b.earlier))))))
	if err != nil {
		return nil, err
	}
	if p.seen, err = b.newObservation(Options{Only: b.opt.Only}); err != nil {
		return nil, err
	}
	for i, a := range arcs {
		b.progressOf("looking at what was changed", i+1, len(arcs))
		people, err := b.unwind(ctx, p.seen, a)
		if err != nil {
			return nil, err
		}
		p.people = append(p.people, people...)
	}
	if err := b.lookAround(ctx, p.people); err != nil {
		return nil, err
	}
	if err := b.settleClaims(ctx, p); err != nil {
		return nil, err
	}
	b.approve(p)
	return b.finish(p, runs)
}

// settleClaims finds values that were given to somebody else since, and makes the
// rings of those that change hands.
func (b *rollback) settleClaims(ctx context.Context, p *Plan) error {
	for _, w := range p.people {
		b.noteHolder(p.seen, w)
	}
	slices.SortStableFunc(p.people, byKey)
	var err error
	p.people, err = b.claim(ctx, p.seen, p.people)
	if err != nil {
		return err
	}
	for _, w := range p.people {
		for _, c := range w.conflicts {
			b.leave(w.Who(), thingOf(b.Settings.Mapping(c.Field)), c.Field, c.Message)
			w.undo.abandon(c.Field)
		}
		w.conflicts = nil
	}
	return nil
}

// noteHolder enters what a user holds of fields of which everybody has their own.
func (b *rollback) noteHolder(o *observation, w *person) {
	if w.user == nil {
		return
	}
	for field, holders := range o.holders {
		for _, v := range b.Settings.Mapping(field).Chain.Canonical(w.user.Values[field]) {
			holders[hashed(v)] = w.user.ID
		}
	}
}

func thingOf(m *Mapping) record.Thing {
	if m == nil {
		return record.User
	}
	return m.Field.Thing
}

// finish puts the changes in order and sets the guards against them.
func (b *rollback) finish(p *Plan, runs []uint64) (*RollbackPlan, error) {
	p.Linked = len(p.seen.links)
	if err := b.countGuards(p); err != nil {
		return nil, err
	}
	b.letThrough(p, b.opt.options())
	p.Units = b.units(p.people)
	p.count()
	for _, w := range p.people {
		p.Held = append(p.Held, w.undo.holds...)
		p.Notes = append(p.Notes, w.undo.notes...)
	}
	p.Counts.Held = len(p.Held)
	if err := b.noteMails(p, runs); err != nil {
		return nil, err
	}
	return &RollbackPlan{Plan: p, Asked: b.opt.asked(runs), Left: b.left}, nil
}

// leave lists something that stays as it is.
func (b *rollback) leave(who record.Person, thing record.Thing, field, reason string) {
	b.left = append(b.left, Left{Person: who, Thing: thing, Field: field, Reason: reason})
}
