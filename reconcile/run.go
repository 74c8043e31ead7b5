package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xivosync/reconcile/record"
)

// Report is what a run leaves to read.
type Report struct {
	record.Run
	// Plan is what was planned, after the guards; nil where it did not come to
	// one.
	Plan *Plan
	// Found are the conflicts that the run saw.
	Found []record.Conflict
}

// MarshalJSON writes the run under the keys that other programs rely on (design,
// section 15).
func (r *Report) MarshalJSON() ([]byte, error) {
	run := r.Run
	run.Guards, run.Failures = orEmpty(run.Guards), orEmpty(run.Failures)
	return json.Marshal(run)
}

// runner is one run on its way.
type runner struct {
	*Engine
	opt    Options
	report *Report
	// next numbers the next link.
	next uint64
	// found are conflicts that showed while changes were carried out.
	found []record.Conflict
	// seq numbers the changes that were not planned, undone counts their units.
	seq    uint64
	undone int
	// left counts what a rollback leaves as it is.
	left int
	// wrote counts the changes that a side carried out.
	wrote int
}

// Run makes a plan and carries it out. The error is about a side, the store or a
// signal; what concerns single people is in the report. The report is never nil
// once the run has a number.
func (e *Engine) Run(ctx context.Context, opt Options) (*Report, error) {
	if opt.Approved != nil && len(opt.Approved.RolledBack) > 0 {
		return nil, fmt.Errorf("the saved plan is one of a rollback, for rollback --plan: %w", ErrOtherPlan)
	}
	if err := opt.Approved.fits(e); err != nil {
		return nil, err
	}
	run, err := e.begin(record.Run{Mode: opt.Mode, Trigger: opt.Trigger, Who: opt.Who, Allowed: opt.allowed(), Some: len(opt.Only) > 0, Due: opt.Due})
	if err != nil {
		return nil, err
	}
	r := &runner{Engine: e, opt: opt, report: &Report{Run: run}}
	before := e.requests()
	err = r.pass(ctx)
	return r.report, errors.Join(err, r.finish(before, err))
}

func (e *Engine) requests() map[record.Side]record.Requests {
	return map[record.Side]record.Requests{record.LDAP: e.LDAP.Requests(), record.XiVO: e.XiVO.Requests()}
}

// pass is the run from recovery to the new state.
func (r *runner) pass(ctx context.Context) error {
	var err error
	end := r.timed("recover")
	err = r.recover(ctx)
	if end(); err != nil {
		return err
	}
	// Only now: recovery stores the links of users that it found created.
	if r.next, err = r.Store.NextLink(); err != nil {
		return err
	}
	plan, err := r.plan(ctx, r.opt)
	if err != nil {
		return err
	}
	r.report.Plan, r.report.Counts, r.report.Guards = plan, record.Counts{}, plan.Guards
	r.report.Mode, r.report.FullBecause = plan.Mode, plan.FullBecause
	if plan.Tripped() {
		r.report.Outcome = record.OutcomeGuarded
		whole := plan.Units
		if !r.holdTripped(plan) || len(plan.Units) == 0 {
			plan.Units = whole // what the person who lets it through has to see
			return r.queue(plan)
		}
	}
	if err := r.Store.Keep(Effect{Holds: plan.reheld, Released: plan.Ended}); err != nil {
		return err
	}
	r.seq = uint64(len(plan.Changes()))
	plan.numbered(r.report.Number)
	end = r.timed("write")
	err = r.apply(ctx, plan)
	if end(); err != nil {
		return errors.Join(err, r.queue(plan))
	}
	if err := r.queue(plan); err != nil {
		return err
	}
	return r.remember(plan)
}

// queue tells the conflicts to the queue. What a run has not looked at stays as
// it was.
func (r *runner) queue(plan *Plan) error {
	found := map[string]record.Conflict{}
	for _, c := range slices.Concat(plan.Conflicts, r.found) {
		found[c.Key()] = c
	}
	for _, key := range sortedKeys(found) {
		r.report.Found = append(r.report.Found, found[key])
	}
	r.offer(r.report.Found)
	r.reopen(r.report.Found, plan.seen.decided, plan.people)
	r.report.Found = append(r.report.Found, r.unfinished(plan, found)...)
	absent, held, chosen := map[string]bool{}, map[string]*person{}, map[string]bool{}
	for _, w := range plan.people {
		chosen[w.entryID()] = true
		if len(w.holds) > 0 {
			held[w.entryID()] = w
		}
		absent[w.entryID()] = w.missed && (w.life == nil || w.life.Op != record.Unlink && w.life.Op != record.Delete)
	}
	for _, i := range plan.seen.unsure {
		absent[plan.seen.links[i].Entry] = true
	}
	examined := func(c record.Conflict) bool {
		if w := held[c.Entry]; w != nil && w.holding(c.Field) {
			return false // nobody asked: what was decided about it waits for the release
		}
		return !plan.blind && !absent[c.Entry] && (len(r.opt.Only) == 0 || chosen[c.Entry] || meant(c, r.opt.Only))
	}
	r.countFound()
	return r.Store.Reconcile(r.report.Number, r.now(), r.report.Found, examined)
}

func (r *runner) countFound() {
	c := &r.report.Counts
	for _, f := range r.report.Found {
		if f.Kind == record.EmptyBlocked {
			c.Blocked++
		} else {
			c.Conflicts++
		}
	}
}

// meant tells whether a conflict is about one of the people that ids name.
func meant(c record.Conflict, ids []string) bool {
	return slices.ContainsFunc([]string{c.Person.Identifier, c.Person.DN, c.Person.UUID, c.Entry}, func(s string) bool {
		return s != "" && slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(s, id) })
	})
}

// remember keeps what the next run compares with, unless only a part was done.
func (r *runner) remember(plan *Plan) error {
	if len(r.opt.Only) > 0 || plan.Tripped() {
		return nil
	}
	m := plan.store
	if m.Completed > 0 || len(plan.Units) > 0 || plan.Linked > 0 {
		m.Completed++ // else the first run that does something is still to come
	}
	if !r.covered(plan) {
		m.Cursor = nil
	}
	return r.Store.Remember(m)
}

// finish closes the run with its outcome.
func (r *runner) finish(before map[record.Side]record.Requests, err error) error {
	run := &r.report.Run
	end := r.now()
	run.Finished, run.Seconds = &end, end.Sub(run.Started).Round(time.Millisecond).Seconds()
	run.Requests = map[record.Side]record.Requests{}
	for side, now := range r.requests() {
		run.Requests[side] = record.Requests{Read: now.Read - before[side].Read, Write: now.Write - before[side].Write}
	}
	switch {
	case errors.Is(err, context.Canceled):
		run.Outcome, run.Error = record.OutcomeStopped, err.Error()
	case err != nil:
		run.Outcome, run.Error = record.OutcomeFailed, err.Error()
	case run.Outcome == record.OutcomeGuarded:
	case len(run.Failures)+r.left > 0 || run.Recovered.Unknown > 0:
		run.Outcome = record.OutcomePartial
	case r.wrote == 0 && run.Counts.Adopted+run.Counts.Mails == 0:
		run.Outcome = record.OutcomeNothing
	default:
		run.Outcome = record.OutcomeDone
	}
	if err := r.Store.Finish(*run); err != nil { // the journal knows of no end
		run.Outcome, run.Error = record.OutcomeFailed, err.Error()
		return err
	}
	return nil
}
