package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// notStored reports a value that the side accepted and did not keep.
func (r *runner) notStored(p *person, m *Mapping, c record.Change, got record.Value) {
	d := c.Fields[m.Field.Name]
	x := r.conflict(p, m.Field.Name, record.Rejected,
		fmt.Sprintf("not stored: %s accepted the change of %s, and holds %s", c.Side, d.Attribute, shownText(got, d.Secret)),
		"look at the field on that side; the same value is not sent again until something changes")
	x.Basis = r.basis(nextTime(c, m.Field.Name, got))
	p.conflicts = append(p.conflicts, x)
	r.found = append(r.found, x)
	r.failure(p, x.Message)
}

// nextTime is the change that the next run would propose for a field whose value
// was not stored: from what the side holds now.
func nextTime(c record.Change, field string, got record.Value) record.Change {
	d := c.Fields[field]
	if len(got) < 2 || !slices.Contains(got, d.Before.First()) {
		d.Before = got
	}
	return record.Change{Side: c.Side, Op: record.Update, Fields: map[string]record.Delta{field: d}}
}

func shownText(v record.Value, secret bool) string {
	switch {
	case v.Empty():
		return "nothing"
	case secret:
		return "another value"
	}
	return Quoted(v.String())
}

// fail journals an error about one person; everybody else is served.
func (r *runner) fail(p *person, c *record.Change, err error) {
	c.Step, c.Error = record.Failed, message(err)
	p.failed = true
	switch record.ClassOf(err) {
	case record.Stale, record.Missing:
		p.behind = true
		r.report.Counts.Stale++
	case record.Refused:
		r.refused(p, *c)
		r.report.Counts.Failed++
	case record.Uncertain:
		c.Step = record.Unknown
		r.unknown(p, *c)
		r.report.Counts.Failed++
	}
	r.Log.Warn("change not made", "change", c.ID(), "record", p.Who().Label(), "side", c.Side, "error", c.Error)
	r.failure(p, fmt.Sprintf("%s %s: %s", c.Op, c.Thing, c.Error))
}

// message is the side's own words, where it has any.
func message(err error) string {
	var side *record.Error
	if errors.As(err, &side) && side.Message != "" {
		return side.Message
	}
	return err.Error()
}

func (r *runner) failure(p *person, text string) {
	r.report.Failures = append(r.report.Failures, record.Failure{Person: p.Who(), Error: text})
}

// refused opens a conflict with the target's own words. The same change is not
// sent again until something about it changes.
func (r *runner) refused(p *person, c record.Change) {
	field, basis := "", r.basis(c)
	switch {
	case p.origin == fromEntry && !apart(c):
		basis = r.wholeBasis(p)
	case c.Side == record.LDAP:
		field = c.FieldNames()[0]
	default:
		field = subject(c)
	}
	x := r.conflict(p, field, record.Rejected, fmt.Sprintf("%s refused to %s the %s: %s", sideName(c.Side), c.Op, c.Thing, c.Error),
		"correct what it says; the same change is sent again when something about it changes, with --only ID, or by run --audit")
	x.Basis, x.Decisions = basis, []string{record.DecideLDAP, record.DecideIgnore}
	p.conflicts = append(p.conflicts, x)
	r.found = append(r.found, x)
}

// unknown opens the conflict of a change of which nobody knows whether it was
// made; the person is left alone until somebody has looked.
func (r *runner) unknown(p *person, c record.Change) {
	x := r.conflict(p, "", record.UnknownOutcome,
		fmt.Sprintf("change %s (%s %s) may or may not have been made: %s", c.ID(), c.Op, c.Thing, c.Error),
		"compare both sides; it closes by itself when they agree")
	x.Decisions = []string{record.DecideLDAP, record.DecideXiVO, record.DecideIgnore}
	p.conflicts = append(p.conflicts, x)
	r.found = append(r.found, x)
}

func sideName(s record.Side) string {
	if s == record.LDAP {
		return "the directory"
	}
	return "XiVO"
}

// listStale reports the approved changes that were not made because something
// had changed since.
func (r *runner) listStale(plan *Plan) {
	for _, c := range plan.Stale {
		r.report.Counts.Stale++
		r.report.Failures = append(r.report.Failures, record.Failure{Person: c.Person, Error: c.Reason})
	}
	for _, p := range plan.people {
		if p.held || len(p.standing()) > 0 {
			r.report.Counts.Held++
		}
	}
	slices.SortFunc(r.report.Failures, func(a, b record.Failure) int { return cmp.Compare(a.Identifier, b.Identifier) })
}
