package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"xivosync/reconcile"
)

// showRollbackPlan prints what a rollback would do, what it would leave, and how
// to carry it out.
func (p *program) showRollbackPlan(w io.Writer, plan *reconcile.RollbackPlan, flags undoing) error {
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
	if err := p.showStale(w, plan.Stale); err != nil {
		return err
	}
	if err := p.showTold(w, plan.Guards); err != nil {
		return err
	}
	if len(changes) == 0 {
		p.heading(w, len(plan.Left)+len(plan.Stale) > 0, "Nothing to take back of %s.", runsWords(plan.RolledBack))
		return nil
	}
	p.heading(w, true, "To take back %s: %s for %s. %s would be held.", runsWords(plan.RolledBack), count(len(changes), "change"),
		count(len(byPerson(changes)), "person"), capital(count(len(plan.Held), "value")))
	command := "xivosync rollback " + rollbackWords(plan.Asked, cmp.Or(flags.output, flags.plan))
	if stops := tripped(plan.Guards); len(stops) > 0 {
		if flags.output == "" {
			command += " --allow " + strings.Join(stops, ",")
		}
		fmt.Fprintf(w, "\nA rollback would stop here. When the plan is what you want:\n  %s\n", command)
		return nil
	}
	fmt.Fprintf(w, "\nTo carry it out:\n  %s\n", command)
	return nil
}

// rollbackWords are the arguments that carry a rollback out, from the file that it
// is saved in where there is one.
func rollbackWords(asked reconcile.Asked, file string) string {
	if file != "" {
		return "--plan " + plain(file)
	}
	words := fmt.Sprint(asked.RolledBack[0])
	if n := len(asked.RolledBack); n > 1 {
		words += fmt.Sprintf("..%d", asked.RolledBack[n-1])
	}
	for _, who := range asked.Only {
		words += " --only " + plain(who)
	}
	if asked.Field != "" {
		words += " --field " + plain(asked.Field)
	}
	if asked.Force {
		words += " --force"
	}
	return words
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
		if err := p.showStale(w, report.Plan.Stale); err != nil {
			return err
		}
		if len(changes)+len(report.Left)+len(report.Plan.Notes)+len(report.Plan.Stale) > 0 {
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
