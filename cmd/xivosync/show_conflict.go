package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"xivosync/reconcile/record"
)

// kinds are the kinds of conflict in words.
var kinds = map[record.ConflictKind]string{
	record.ConflictField:       "changed on both sides",
	record.ResourceExists:      "in use by somebody else",
	record.DuplicateIdentifier: "two people with one identifier",
	record.IdentifierReused:    "identifier belonged to somebody else",
	record.IdentifierChanged:   "identifier changed",
	record.AmbiguousMatch:      "several people match",
	record.AmbiguousValue:      "several values for one field",
	record.UserMissing:         "user is gone from XiVO",
	record.RequiredEmpty:       "empty, but XiVO needs a value",
	record.EmptyBlocked:        "emptied in XiVO only",
	record.NumberInvalid:       "not a phone number",
	record.NumberTaken:         "number is taken",
	record.OutOfRange:          "number outside its range",
	record.Immutable:           "XiVO cannot change it",
	record.Contested:           "changed back again and again",
	record.UnknownOutcome:      "outcome of a change is unknown",
	record.Rejected:            "refused",
}

func kindWords(k record.ConflictKind) string {
	if words := kinds[k]; words != "" {
		return words
	}
	return string(k)
}

// showConflicts prints conflicts in order of the names, each with what both
// sides hold and what to do.
func (p *program) showConflicts(w io.Writer, conflicts []record.Conflict) error {
	sorted := slices.SortedStableFunc(slices.Values(conflicts), func(a, b record.Conflict) int { return comparePeople(a.Person, b.Person) })
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
	fmt.Fprintf(w, "%s: %s\n", p.style.bold(head), kindWords(c.Kind))
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
	if c.Number != 0 && c.State == record.Open && len(c.Decisions) > 0 {
		fmt.Fprintf(w, "  Or decide:  xivosync conflicts decide %d %s --why TEXT\n", c.Number, strings.Join(c.Decisions, "|"))
	}
	return nil
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
