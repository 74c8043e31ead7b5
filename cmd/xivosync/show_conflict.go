package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"xivosync/conflicts"
	"xivosync/reconcile/record"
)

// showConflicts prints conflicts in order of the names, each with what both
// sides hold and what to do.
func (p *program) showConflicts(w io.Writer, found []record.Conflict) error {
	sorted := slices.SortedStableFunc(slices.Values(found), func(a, b record.Conflict) int { return comparePeople(a.Person, b.Person) })
	for _, c := range sorted {
		if err := p.showConflict(w, c); err != nil {
			return err
		}
	}
	return nil
}

// showConflict prints one conflict.
func (p *program) showConflict(w io.Writer, c record.Conflict) error {
	head := plain(c.Person.Label())
	if c.Field != "" {
		head += ", " + plain(c.Field)
	}
	if c.Number != 0 {
		head = fmt.Sprintf("%d  %s", c.Number, head)
	}
	fmt.Fprintf(w, "%s: %s\n", p.style.bold(head), conflicts.KindWords(c.Kind))
	if c.Person.DN != "" {
		fmt.Fprintf(w, "  %s\n", plain(c.Person.DN))
	}
	if c.Message != "" {
		fmt.Fprintf(w, "  %s\n", lines(c.Message))
	}
	if c.Field != "" {
		if err := showValues(w, c); err != nil {
			return err
		}
	}
	if c.Owner != "" {
		fmt.Fprintf(w, "  held by %s\n", plain(c.Owner))
	}
	if c.Reopened != "" {
		fmt.Fprintf(w, "  Decide again: %s\n", lines(c.Reopened))
	}
	if c.Hint != "" {
		fmt.Fprintf(w, "  What to do: %s\n", lines(c.Hint))
	}
	return nil
}

// showChoices prints what can be decided about a conflict.
func showChoices(w io.Writer, c record.Conflict) error {
	if c.State != record.Open || len(c.Decisions) == 0 {
		return nil
	}
	fmt.Fprintf(w, "  Or decide:  xivosync conflicts decide %d %s --why TEXT\n", c.Number, strings.Join(c.Decisions, "|"))
	t := newTable(w, "    ")
	for _, choice := range conflicts.Choices(c, "xivosync") {
		t.row(choice.Take, choice.Does)
	}
	return t.end()
}

// seen is what both sides hold now, as it stands there: what could not be read
// as a value of the field has no other form.
func seen(c record.Conflict) record.Pair {
	if c.Raw.LDAP.Empty() && c.Raw.XiVO.Empty() {
		return c.Now
	}
	return c.Raw
}

// showValues prints what both sides hold now and held last.
func showValues(w io.Writer, c record.Conflict) error {
	now := seen(c)
	t := newTable(w, "    ")
	t.row("", "now", "last known")
	t.row("directory", shown(now.LDAP, c.Secret), shown(c.Base.LDAP, c.Secret))
	t.row("XiVO", shown(now.XiVO, c.Secret), shown(c.Base.XiVO, c.Secret))
	return t.end()
}

// showConflictHistory prints since when it stands, and what was decided.
func showConflictHistory(w io.Writer, c record.Conflict) {
	runs := fmt.Sprintf("run %d", c.FirstRun)
	if c.LastRun > c.FirstRun {
		runs = fmt.Sprintf("runs %d to %d", c.FirstRun, c.LastRun)
	}
	fmt.Fprintf(w, "  %s since %s (%s)\n", c.State, moment(c.Since), runs)
	if d := c.Decision; d != nil {
		fmt.Fprintf(w, "  decided: %s, by %s on %s: %s\n", plain(d.Taken(c.Secret)), plain(d.Who), moment(d.At), plain(d.Why))
	}
}

// moment writes a time for people, in their own time zone.
func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
