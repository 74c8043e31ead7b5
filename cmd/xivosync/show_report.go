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
// since that is what has to be looked at.
func (p *program) showReport(w io.Writer, report *reconcile.Report) error {
	plan := report.Plan
	if plan != nil {
		if err := p.showDone(w, report); err != nil {
			return err
		}
	}
	if err := p.showRun(w, report.Run); err != nil {
		return err
	}
	if stops := tripped(report.Guards); len(stops) > 0 {
		fmt.Fprintf(w, "\nLook at the plan with \"xivosync plan\". When it is what you want:\n  xivosync run --allow %s\n", strings.Join(stops, ","))
	}
	if len(report.Found) > 0 {
		fmt.Fprintf(w, "\n%s for you: \"xivosync conflicts list\".\n", capital(count(len(report.Found), "conflict")+waitWord(len(report.Found))))
	}
	return nil
}

func waitWord(n int) string {
	if n == 1 {
		return " waits"
	}
	return " wait"
}

// showDone prints the changes, the conflicts and what was left out.
func (p *program) showDone(w io.Writer, report *reconcile.Report) error {
	changes := report.Plan.Changes()
	for i, c := range changes {
		if c.Step == record.Planned {
			changes[i].Step = notMade
		}
	}
	if err := p.showChanges(w, changes); err != nil {
		return err
	}
	if len(report.Found) > 0 {
		p.heading(w, len(changes) > 0, "Could not be decided:")
		if err := p.showConflicts(w, report.Found); err != nil {
			return err
		}
	}
	if err := p.showNotes(w, report.Plan.Notes); err != nil {
		return err
	}
	if err := p.showStale(w, report.Plan.Stale); err != nil {
		return err
	}
	if len(changes)+len(report.Found)+len(report.Plan.Notes)+len(report.Plan.Stale) > 0 {
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
