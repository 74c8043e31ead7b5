package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// showReport prints what a run did. A run that a guard stopped shows its plan,
// since that is what has to be looked at. Of the conflicts that wait, the new
// ones are shown in full: a schedule would repeat the others for ever.
func (p *program) showReport(w io.Writer, report *reconcile.Report, waiting []record.Conflict) error {
	if report.Plan != nil {
		if err := p.showDone(w, report, newIn(report.Number, waiting)); err != nil {
			return err
		}
	}
	if err := p.showRun(w, report.Run); err != nil {
		return err
	}
	if stops := tripped(report.Guards); len(stops) > 0 {
		fmt.Fprintf(w, "\nLook at the plan with \"xivosync plan\". When it is what you want:\n  xivosync run --allow %s\n", strings.Join(stops, ","))
	}
	switch len(waiting) {
	case 0:
	case 1:
		fmt.Fprintln(w, "\n1 conflict waits for you: \"xivosync conflicts list\".")
	default:
		fmt.Fprintf(w, "\n%d conflicts wait for you: \"xivosync conflicts list\".\n", len(waiting))
	}
	return nil
}

// newIn returns the conflicts that this run was the first to see.
func newIn(run uint64, conflicts []record.Conflict) []record.Conflict {
	var fresh []record.Conflict
	for _, c := range conflicts {
		if c.FirstRun == run {
			fresh = append(fresh, c)
		}
	}
	return fresh
}

// newlyMissed returns those whom this run was the first to miss.
func newlyMissed(absent []reconcile.Absence) []reconcile.Absence {
	return slices.DeleteFunc(slices.Clone(absent), func(a reconcile.Absence) bool { return a.Missed > 1 })
}

// showDone prints the changes, the new conflicts and what was left out.
func (p *program) showDone(w io.Writer, report *reconcile.Report, fresh []record.Conflict) error {
	changes := withUnmade(report.Plan.Changes())
	if err := p.showChanges(w, changes); err != nil {
		return err
	}
	if len(fresh) > 0 {
		p.heading(w, len(changes) > 0, "New, and cannot be decided:")
		if err := p.showConflicts(w, fresh); err != nil {
			return err
		}
	}
	if err := p.showNotes(w, report.Plan.Notes); err != nil {
		return err
	}
	if err := p.showStale(w, report.Plan.Stale); err != nil {
		return err
	}
	missed := newlyMissed(report.Plan.Absent)
	if err := p.showAbsent(w, missed); err != nil {
		return err
	}
	if len(changes)+len(fresh)+len(report.Plan.Notes)+len(report.Plan.Stale)+len(missed) > 0 {
		fmt.Fprintln(w)
	}
	return nil
}

func listed(names []string) string { return strings.Join(names, ", ") }

// knownGuards refuses names that are no guard's.
func knownGuards(names []string) error {
	for _, name := range names {
		if !slices.Contains(guards, name) {
			return usagef("--allow %s: there is no such guard; there are %s", name, listed(guards))
		}
	}
	return nil
}
