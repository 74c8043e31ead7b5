package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// showPlan prints a plan: the changes person by person, what cannot be decided,
// what is worth knowing, what the guards say, and what to do next.
func (p *program) showPlan(w io.Writer, plan *reconcile.Plan, flags planning) error {
	changes := plan.Changes()
	if err := p.showChanges(w, changes); err != nil {
		return err
	}
	if len(plan.Conflicts) > 0 {
		p.heading(w, len(changes) > 0, "Cannot be decided: %s. These fields and people stay as they are.", count(len(plan.Conflicts), "conflict"))
		if err := p.showConflicts(w, plan.Conflicts); err != nil {
			return err
		}
	}
	if err := p.showNotes(w, plan.Notes); err != nil {
		return err
	}
	if err := p.showAbsent(w, plan.Absent); err != nil {
		return err
	}
	if len(plan.Held) > 0 {
		p.heading(w, true, "Held, and left alone (\"xivosync holds\"):")
		if err := showHolds(w, "  ", plan.Held); err != nil {
			return err
		}
	}
	if err := p.showMailsOf(w, plan); err != nil {
		return err
	}
	if err := p.showStale(w, plan.Stale); err != nil {
		return err
	}
	if err := p.showTold(w, plan.Guards); err != nil {
		return err
	}
	p.showSummary(w, plan, len(changes), flags)
	showNext(w, plan, flags)
	return nil
}

// heading prints a line that begins a section.
func (p *program) heading(w io.Writer, gap bool, format string, args ...any) {
	if gap {
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, p.style.bold(fmt.Sprintf(format, args...)))
}

func (p *program) showNotes(w io.Writer, notes []reconcile.Note) error {
	if len(notes) == 0 {
		return nil
	}
	p.heading(w, true, "Worth knowing:")
	t := newTable(w, "  ")
	sorted := slices.SortedStableFunc(slices.Values(notes), func(a, b reconcile.Note) int { return comparePeople(a.Person, b.Person) })
	for _, n := range sorted {
		t.row(n.Person.Label(), n.Field, n.Text)
	}
	return t.end()
}

// showAbsent prints who is missing in the directory, and until when nothing comes
// of it.
func (p *program) showAbsent(w io.Writer, absent []reconcile.Absence) error {
	if len(absent) == 0 {
		return nil
	}
	p.heading(w, true, "Missing in the directory, and left alone for now:")
	t := newTable(w, "  ")
	for _, a := range slices.SortedStableFunc(slices.Values(absent), func(a, b reconcile.Absence) int { return comparePeople(a.Person, b.Person) }) {
		t.row(a.Label(), a.String())
	}
	return t.end()
}

// showMailsOf prints who would get a mail.
func (p *program) showMailsOf(w io.Writer, plan *reconcile.Plan) error {
	if len(plan.Mails) == 0 {
		return nil
	}
	p.heading(w, true, "%s would go out, to:", capital(count(len(plan.Mails), "onboarding mail")))
	t := newTable(w, "  ")
	for _, who := range slices.SortedStableFunc(slices.Values(plan.Mails), comparePeople) {
		t.row(who.Label(), who.Identifier)
	}
	return t.end()
}

func (p *program) showStale(w io.Writer, stale []record.Change) error {
	if len(stale) == 0 {
		return nil
	}
	p.heading(w, true, "In the saved plan, but left out:")
	t := newTable(w, "  ")
	for _, c := range stale {
		t.row(c.Person.Label(), action(c), c.Reason)
	}
	return t.end()
}

// showSummary prints the plan in one line.
func (p *program) showSummary(w io.Writer, plan *reconcile.Plan, changes int, flags planning) {
	people := len(byPerson(plan.Changes()))
	reading := ""
	if plan.Mode == record.Audit {
		reading = " Every user of XiVO was read in full."
	}
	switch {
	case plan.Mode == record.Incremental:
		reading = " Of the directory, only what changed was read."
	case plan.FullBecause != "":
		reading = fmt.Sprintf(" Everybody was read: %s.", plan.FullBecause)
	}
	head := "Nothing to do: both sides are in step."
	switch {
	case changes > 0:
		head = fmt.Sprintf("%s for %s: %s.", count(changes, "change"), count(people, "person"), tally(plan.Counts))
	case len(plan.Conflicts) > 0:
		head = "Nothing to do but the conflicts."
	case plan.Tripped():
		head = "Nothing was planned."
	case len(plan.Absent) > 0:
		head = "Nothing to do yet."
	case len(flags.only) > 0:
		head = fmt.Sprintf("Nothing to do for %s. \"xivosync why\" with the same ID tells why.", shown(flags.only, false))
	}
	p.heading(w, changes > 0 || len(plan.Conflicts)+len(plan.Notes)+len(plan.Absent) > 0 || plan.Tripped(), "%s", head)
	fmt.Fprintf(w, "%s linked; %s of XiVO without an entry are left alone.%s\n", capital(count(plan.Linked, "person")), count(plan.Unmanaged, "user"), reading)
	if plan.Open > 0 {
		fmt.Fprintf(w, "A run was cut off: changes for %s are open. The next run looks after them first.\n", count(plan.Open, "person"))
	}
}

// showNext says what to do with the plan.
func showNext(w io.Writer, plan *reconcile.Plan, flags planning) {
	if len(plan.Units)+len(plan.Mails) == 0 && !plan.Tripped() {
		return
	}
	run := "xivosync run"
	if flags.output != "" {
		run += " --plan " + plain(flags.output)
	} else if stops := tripped(plan.Guards); len(stops) > 0 {
		run += " --allow " + strings.Join(stops, ",")
	}
	for _, id := range flags.only {
		if flags.output == "" {
			run += " --only " + plain(id)
		}
	}
	if plan.Tripped() {
		fmt.Fprintf(w, "\nA run would stop here. When the plan is what you want:\n  %s\n", run)
		return
	}
	fmt.Fprintf(w, "\nTo carry it out:\n  %s\n", run)
}
