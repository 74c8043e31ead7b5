package main

import (
	"fmt"
	"io"
	"strings"

	"xivosync/reconcile"
)

// showRollbackPlan prints what a rollback would do, what it would leave, and how
// to carry it out.
func (p *program) showRollbackPlan(w io.Writer, plan *reconcile.RollbackPlan, opt reconcile.RollbackOptions) error {
	changes := plan.Changes()
	if err := p.showChanges(w, changes); err != nil {
		return err
	}
	if err := p.showLeft(w, plan.Left, len(changes) > 0); err != nil {
		return err
	}
	if err := p.showNotes(w, plan.Notes); err != nil {
		return err
	}
	if err := p.showTold(w, plan.Guards); err != nil {
		return err
	}
	if len(changes) == 0 {
		p.heading(w, len(plan.Left) > 0, "Nothing to take back of %s.", runsWords(plan.RolledBack))
		return nil
	}
	p.heading(w, true, "To take back %s: %s for %s. %s would be held.", runsWords(plan.RolledBack), count(len(changes), "change"),
		count(len(byPerson(changes)), "person"), capital(count(len(plan.Held), "value")))
	command := "xivosync rollback " + rangeOf(opt)
	for _, who := range opt.Only {
		command += " --only " + plain(who)
	}
	if opt.Field != "" {
		command += " --field " + plain(opt.Field)
	}
	if opt.Force {
		command += " --force"
	}
	if stops := tripped(plan.Guards); len(stops) > 0 {
		fmt.Fprintf(w, "\nA rollback would stop here. When the plan is what you want:\n  %s --allow %s\n", command, strings.Join(stops, ","))
		return nil
	}
	fmt.Fprintf(w, "\nTo carry it out:\n  %s\n", command)
	return nil
}

func rangeOf(opt reconcile.RollbackOptions) string {
	if opt.Last > opt.First {
		return fmt.Sprintf("%d..%d", opt.First, opt.Last)
	}
	return fmt.Sprint(opt.First)
}

func runsWords(runs []uint64) string {
	if len(runs) == 1 {
		return fmt.Sprintf("run %d", runs[0])
	}
	return "the runs " + runNumbers(runs)
}

// showRolledBack prints what a rollback did.
func (p *program) showRolledBack(w io.Writer, report *reconcile.RollbackReport) error {
	if report.Plan != nil {
		changes := withUnmade(report.Plan.Changes())
		if err := p.showChanges(w, changes); err != nil {
			return err
		}
		if err := p.showLeft(w, report.Left, len(changes) > 0); err != nil {
			return err
		}
		if err := p.showNotes(w, report.Plan.Notes); err != nil {
			return err
		}
		if len(changes)+len(report.Left)+len(report.Plan.Notes) > 0 {
			fmt.Fprintln(w)
		}
	}
	if err := p.showRun(w, report.Run); err != nil {
		return err
	}
	if stops := tripped(report.Guards); len(stops) > 0 {
		fmt.Fprintf(w, "\nLook at the plan with --dry-run. When it is what you want, let it through with --allow %s.\n", strings.Join(stops, ","))
		return nil
	}
	if n := report.Counts.Held; n > 0 || report.Plan != nil && len(report.Plan.Held) > 0 {
		fmt.Fprintln(w, "\nWhat was taken back is held, and the next runs leave it alone: \"xivosync holds\".")
	}
	return nil
}

// showLeft lists what stays as it is.
func (p *program) showLeft(w io.Writer, left []reconcile.Left, gap bool) error {
	if len(left) == 0 {
		return nil
	}
	p.heading(w, gap, "Left as it is (--force takes back what was changed since):")
	t := newTable(w, "  ")
	for _, l := range left {
		what := l.Field
		if what == "" {
			what = string(l.Thing)
		}
		t.row(l.Person.Label(), what, l.Reason)
	}
	return t.end()
}
